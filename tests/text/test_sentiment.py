import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsung.errors import BundleError, NotEnoughDataError
from unsung.text.sentiment import (
    Sentiment,
    SentimentSettings,
    praise_of_stars,
    sentiment_documents,
)

PRAISE = ["works great and sounds good", "lovely strings, very happy", "好用，非常满意"]
CRITICISM = ["broke at once, a waste", "terrible noise, sent it back", "很差，太失望了"]
SETTINGS = SentimentSettings(min_documents=1, l2=(0.1, 1.0))


def made(n: int = 30) -> tuple[list[str], np.ndarray]:
    texts = [f"{text} {i}" for i in range(n) for text in (*PRAISE, *CRITICISM)]
    return texts, np.tile([True] * 3 + [False] * 3, n)


@pytest.fixture(scope="module")
def fitted() -> Sentiment:
    return Sentiment.fit(*made(), SETTINGS, rng=np.random.default_rng(0))


def test_unseen_texts_with_known_words_are_told_apart(fitted: Sentiment) -> None:
    found = fitted.probability(["sounds great", "what a terrible waste", "非常满意", "很差"])
    assert (found > 0.5).tolist() == [True, False, True, False]


def test_words_that_were_never_seen_lean_nowhere(fitted: Sentiment) -> None:
    unknown = fitted.head.intercept * fitted.line[0]
    assert fitted.leaning(["ξξξ"])[0] == pytest.approx(unknown)
    assert abs(unknown) < 1


def test_same_draws_same_bytes() -> None:
    both = [Sentiment.fit(*made(), SETTINGS, rng=np.random.default_rng(3)) for _ in range(2)]
    for name, values in both[0].to_arrays().items():
        assert np.array_equal(values, both[1].to_arrays()[name])


def test_arrays_bring_it_back(fitted: Sentiment) -> None:
    again = Sentiment.from_arrays(SETTINGS, fitted.to_arrays())
    texts = ["great", "waste", "满意", ""]
    assert again.log_odds(texts) == pytest.approx(fitted.log_odds(texts), abs=1e-5)


def test_arrays_that_do_not_fit_are_refused(fitted: Sentiment) -> None:
    arrays = fitted.to_arrays() | {"coefficients": np.zeros(3, np.float32)}
    with pytest.raises(BundleError, match="sentiment"):
        Sentiment.from_arrays(SETTINGS, arrays)


def test_a_shop_where_nearly_all_praise_is_calibrated_to_its_share() -> None:
    rng = np.random.default_rng(1)
    praise = rng.random(800) < 0.9
    words = np.where(rng.random(800) < 0.8, praise, ~praise)
    texts = [PRAISE[0] if word else CRITICISM[0] for word in words]
    found = Sentiment.fit(texts, praise, SETTINGS, rng=rng).probability(texts)
    assert found.mean() == pytest.approx(praise.mean(), abs=0.03)
    for said in (True, False):
        assert found[words == said].mean() == pytest.approx(praise[words == said].mean(), abs=0.06)


def test_too_few_of_a_kind_is_an_error_that_says_so() -> None:
    with pytest.raises(NotEnoughDataError, match="5 of criticism"):
        Sentiment.fit(
            ["good"] * 100 + ["bad"] * 5, np.arange(105) < 100, rng=np.random.default_rng(0)
        )


def test_the_end_of_a_long_text_is_not_read() -> None:
    settings = SentimentSettings(max_characters=50)
    documents = sentiment_documents(["good " * 10 + "bad"], settings)
    assert "bad" not in documents.titles[0]


@given(st.lists(st.floats(1, 5), max_size=30))
def test_three_stars_are_neither(stars: list[float]) -> None:
    rows, praise = praise_of_stars(np.array(stars))
    for row, praises in zip(rows.tolist(), praise.tolist(), strict=True):
        assert stars[row] >= 4 if praises else stars[row] < 3
    assert len(rows) == sum(not 3 <= star < 4 for star in stars)


@given(st.text(max_size=80))
def test_any_text_has_terms(text: str) -> None:
    documents = sentiment_documents([text], SentimentSettings())
    assert len(documents) == 1
    assert all(token[0] in "#_" for token in documents.tokens[0])
