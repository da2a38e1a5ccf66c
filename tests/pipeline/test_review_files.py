import json
from pathlib import Path

import numpy as np

from unsung.artifacts import open_folder, write_folder
from unsung.pipeline.review_files import read_item_reviews, read_sentiment, write_reviews
from unsung.text.review_insight import ReviewInsight
from unsung.text.sentiment import Sentiment, SentimentSettings

ITEMS = {"i1": {"n_reviews": 2, "summary": ["音质很好。"]}, "i2": {"n_reviews": 0, "summary": []}}


def fitted() -> Sentiment:
    texts = [f"{word} {i}" for i in range(25) for word in ("great", "awful")]
    settings = SentimentSettings(min_documents=1, l2=(1.0,))
    praise = np.arange(50) % 2 == 0
    return Sentiment.fit(texts, praise, settings, rng=np.random.default_rng(0))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    sentiment = fitted()
    with write_folder(tmp_path / "bundle", created="2026-01-01T00:00:00Z") as draft:
        write_reviews(ReviewInsight({"n_reviews": 2}, ITEMS, sentiment), draft.path)
    folder = open_folder(tmp_path / "bundle")
    found = {name: json.loads(record) for name, record in read_item_reviews(folder).items()}
    assert found == ITEMS
    again = read_sentiment(folder)
    assert again is not None
    texts = ["great", "awful", ""]
    assert np.allclose(again.log_odds(texts), sentiment.log_odds(texts), atol=1e-5)


def test_a_bundle_without_reviews_has_none(tmp_path: Path) -> None:
    with write_folder(tmp_path / "bundle", created="2026-01-01T00:00:00Z"):
        pass
    folder = open_folder(tmp_path / "bundle")
    assert read_item_reviews(folder) == {}
    assert read_sentiment(folder) is None


def test_too_few_stars_leave_no_weights(tmp_path: Path) -> None:
    with write_folder(tmp_path / "bundle", created="2026-01-01T00:00:00Z") as draft:
        write_reviews(ReviewInsight({"n_reviews": 2}, ITEMS, None), draft.path)
    folder = open_folder(tmp_path / "bundle")
    assert read_sentiment(folder) is None
    assert set(read_item_reviews(folder)) == set(ITEMS)
