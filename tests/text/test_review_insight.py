from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from unsung import schema
from unsung.data.dataset import Dataset
from unsung.schema import DAY_US
from unsung.text.base import TextEncoder
from unsung.text.review_insight import (
    ReviewInsight,
    ReviewSettings,
    praise_sentence,
    read_reviews,
    titles_and_texts,
)
from unsung.text.sentiment import SentimentSettings

SETTINGS = ReviewSettings(sentiment=SentimentSettings(min_documents=1, l2=(1.0,)))
GOOD = ["The sturdy strap held well on stage {}.", "Lovely sturdy strap, bought it for gig {}."]
BAD = ["The buckle broke after show {}.", "A weak buckle, it snapped at rehearsal {}."]


def written(n: int = 40) -> pd.DataFrame:
    rows = []
    for i in range(n):
        rows.append((2 * i, 0, (i + 1) * DAY_US, 5.0, None, GOOD[i % 2].format(f"number{i}")))
        rows.append(
            (2 * i + 1, i // 2 % 2, (i + 1) * DAY_US, 1.0, None, BAD[i % 2].format(f"number{i}"))
        )
    rows.append((-1, 2, DAY_US, 5.0, "Fine", "write to me@shop.example about this"))
    rows.append((-1, 2, DAY_US, np.nan, None, "??? !!!"))
    return pd.DataFrame(rows, columns=list(schema.REVIEW_DTYPES)).astype(schema.REVIEW_DTYPES)


def insight_of(
    shop: Dataset,
    reviews: pd.DataFrame,
    moment: int | None = None,
    settings: ReviewSettings = SETTINGS,
    encoder: TextEncoder | None = None,
) -> ReviewInsight:
    n_users = len(shop.users)
    spread = reviews.assign(user_index=(reviews["user_index"] % n_users).astype("int32"))
    spread.loc[reviews["user_index"] < 0, "user_index"] = -1
    alike = shop.catalogue.assign(category="straps")
    told = replace(shop, catalogue=alike, reviews=spread, read_at=200 * DAY_US)
    state = told.as_of(moment)
    found = read_reviews(state, settings, rng=np.random.default_rng(0), encoder=encoder)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def ids(shop: Dataset) -> list[str]:
    return [str(value) for value in shop.items.values]


def test_praise_and_criticism_come_with_counts_and_quotes(toy_shop: Dataset) -> None:
    found = insight_of(toy_shop, written())
    mixed, bad = (found.items[name] for name in ids(toy_shop)[:2])
    assert any("strap" in aspect["phrase"] for aspect in mixed["praised"])
    assert any("buckle" in aspect["phrase"] for aspect in mixed["criticised"])
    texts = written()["text"].tolist()
    for aspect in (*mixed["praised"], *mixed["criticised"]):
        assert any(aspect["quote"] in text for text in texts)
        assert aspect["n_reviews"] >= max(aspect["n_praised"], aspect["n_criticised"]) > 0
    assert bad["praise_share"] < 0.1
    assert mixed["praise_share"] == pytest.approx(2 / 3, abs=0.1)
    assert mixed["quality"]["low"] > bad["quality"]["stars"]


def test_one_perfect_review_stands_below_many(toy_shop: Dataset) -> None:
    good = written().query("rating == 5 and item_index == 0").assign(item_index=3)
    good = good.assign(text=good["text"].str.replace("number", "other"))
    found = insight_of(toy_shop, pd.concat([written(), good], ignore_index=True))
    one, many = (found.items[name]["quality"] for name in ids(toy_shop)[2:4])
    assert (one["n"], many["n"]) == (1, 40)
    assert one["low"] < many["low"]


def test_a_review_without_words_is_set_aside_with_its_reason(toy_shop: Dataset) -> None:
    record = insight_of(toy_shop, written()).items[ids(toy_shop)[2]]
    assert record["set_aside"] == {"no words": 1}
    assert record["n_reviews"] == 1
    assert record["praised"] == []


def test_personal_data_stand_nowhere(toy_shop: Dataset) -> None:
    reviews = written()
    reviews.loc[:, "text"] = reviews["text"] + " Ask me@shop.example for it."
    found = insight_of(toy_shop, reviews)
    assert "me@shop.example" not in str((found.shop, found.items))
    assert "[email]" in str(found.items)


def test_nothing_after_the_moment_is_read(toy_shop: Dataset) -> None:
    moment = 30 * DAY_US
    reviews = written()
    before = reviews[reviews["timestamp"] < moment]
    whole, part = (insight_of(toy_shop, rows, moment) for rows in (reviews, before))
    assert (whole.shop, whole.items) == (part.shop, part.items)


def test_too_few_stars_leave_the_sentiment_out(toy_shop: Dataset) -> None:
    found = insight_of(toy_shop, written(5))
    assert found.sentiment is None
    assert found.shop["learnt_from"] == 0
    assert found.items[ids(toy_shop)[0]]["praise_share"] is None


def test_stars_that_are_absent_come_from_the_words(toy_shop: Dataset) -> None:
    reviews = written()
    unrated = reviews.index % 6 == 1
    reviews.loc[unrated, "rating"] = np.nan
    found = insight_of(toy_shop, reviews)
    bad = found.items[ids(toy_shop)[1]]
    assert bad["praise_share"] < 0.2
    assert bad["quality"]["n"] < bad["n_reviews"]


def test_a_shop_without_reviews_has_no_insight(toy_shop: Dataset, rng: np.random.Generator) -> None:
    state = replace(toy_shop, reviews=written().iloc[:0]).as_of()
    assert read_reviews(state, rng=rng) is None


def test_no_praise_no_sentence() -> None:
    assert praise_sentence(None) == ""
    assert praise_sentence({"n_reviews": 3, "praised": []}) == ""


class Counting:
    """An encoder of two sides that counts the texts it is given."""

    name = "counting"
    dim = 2

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.texts += texts
        bad = np.array(["broke" in t or "weak" in t or "hate" in t for t in texts])
        return np.stack([bad, ~bad], axis=1).astype(np.float32)


def test_the_language_model_reads_no_more_reviews_than_it_may(toy_shop: Dataset) -> None:
    few = ReviewSettings(
        most_embedded=5,
        sentiment=SentimentSettings(min_documents=200, l2=(1.0,), most_embedded=40),
    )
    encoder = Counting()
    found = insight_of(toy_shop, written(), settings=few, encoder=encoder)
    assert found.shop["sentiment_reads"] == "words and counting"
    touchstones = 40
    assert len(encoder.texts) <= 40 + touchstones + 5


def test_titles_and_texts_are_learnt_from_by_themselves() -> None:
    reviews = pd.DataFrame({"title": ["Good ", None, ""], "text": ["It works.", "Bad.", np.nan]})
    texts, of_review = titles_and_texts(reviews)
    assert texts == ["Good", "It works.", "Bad."]
    assert of_review.tolist() == [0, 0, 1]


def test_reviews_without_stars_get_those_of_reviews_that_say_the_like(toy_shop: Dataset) -> None:
    many = pd.concat([written(60), written(60)], ignore_index=True)
    many.loc[many.index[-30:], "rating"] = np.nan
    found = insight_of(toy_shop, many)
    mixed, bad = (found.items[name] for name in ids(toy_shop)[:2])
    assert mixed["praise_share"] > bad["praise_share"]
