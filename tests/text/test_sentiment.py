from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsung.errors import BundleError, NotEnoughDataError
from unsung.text.language import language_of
from unsung.text.sentiment import (
    Sentiment,
    SentimentSettings,
    praise_of_stars,
    sentiment_documents,
)
from unsung.text.sentiment_vectors import drawn_to_embed
from unsung.text.touchstones import touchstones_of

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
    assert fitted.leaning(["ξξξ", ""]).tolist() == [0, 0]


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


class Knowing:
    """An encoder that knows a word of praise from one of criticism, also such as no review has."""

    name = "knowing"
    dim = 3
    liked = ("great", "lovely", "happy", "love", "wunderbar", "满意", "喜欢", "好用")
    scolded = ("waste", "terrible", "hate", "poor", "schlecht", "很差", "失望", "讨厌")

    def __init__(self) -> None:
        self.n_read = 0

    def encode(self, texts):
        self.n_read += len(texts)
        sides = [
            [any(word in text.lower() for word in words) for words in (self.liked, self.scolded)]
            for text in texts
        ]
        found = np.array([[*side, 0.3] for side in sides], dtype=np.float32).reshape(-1, 3)
        return found / np.linalg.norm(found, axis=1, keepdims=True)


class Blind(Knowing):
    """An encoder to which all texts are one."""

    name = "blind"

    def encode(self, texts):
        return np.tile(np.array([[1, 0, 0]], dtype=np.float32), (len(texts), 1))


def hard(n: int = 200) -> tuple[list[str], np.ndarray]:
    """Reviews whose one telling word is a rare one as often as not, so that words alone falter."""
    rng = np.random.default_rng(5)
    praise = rng.random(n) < 0.7
    sides = {True: Knowing.liked[:5], False: Knowing.scolded[:5]}
    filler = np.array(["strings", "case", "pedal", "bought", "came", "box", "week", "sound"])
    texts = []
    for praises in praise.tolist():
        said = rng.choice(filler, 6).tolist()
        telling = str(rng.choice(sides[praises]))
        texts.append(" ".join([*said, telling + "x" * int(rng.integers(1, 9)), telling]))
    return texts, praise


@pytest.fixture(scope="module")
def with_vectors() -> Sentiment:
    texts, praise = hard()
    return Sentiment.fit(
        texts, praise, SentimentSettings(min_documents=60), rng=np.random.default_rng(0),
        encoder=Knowing(),
    )  # fmt: skip


def test_a_language_model_that_helps_is_read(with_vectors: Sentiment) -> None:
    assert with_vectors.reads == "words and knowing"
    found = with_vectors.leaning(["wunderbar", "schlecht"])
    assert found[0] > 0 > found[1]


def test_with_vectors_the_shop_s_share_is_kept(with_vectors: Sentiment) -> None:
    texts, praise = hard()
    found = with_vectors.probability(texts)
    assert found.mean() == pytest.approx(praise.mean(), abs=0.05)
    assert found[praise].mean() > 0.9
    assert found[~praise].mean() < 0.3


def test_a_language_model_that_tells_nothing_is_left_out() -> None:
    texts, praise = hard()
    settings = SentimentSettings(min_documents=1)
    rng = np.random.default_rng(0)
    assert Sentiment.fit(texts, praise, settings, rng=rng, encoder=Blind()).reads == "words"


def test_without_texts_to_embed_words_stay_alone() -> None:
    encoder = Knowing()
    settings = SentimentSettings(min_documents=1, most_embedded=0)
    Sentiment.fit(*hard(), settings, rng=np.random.default_rng(0), encoder=encoder)
    assert encoder.n_read == 0


def test_only_what_words_are_least_sure_of_is_embedded(with_vectors: Sentiment) -> None:
    texts, _ = hard()
    by_words = replace(with_vectors, vectors=None).log_odds(texts)
    found = with_vectors.log_odds(texts, 10)
    changed = np.flatnonzero(found != by_words)
    assert set(changed) <= set(np.argsort(np.abs(by_words), kind="stable")[:10])
    assert len(changed) > 0
    assert np.array_equal(with_vectors.log_odds(texts, 0), by_words)


def test_arrays_bring_vectors_back_with_their_encoder_and_words_without(
    with_vectors: Sentiment,
) -> None:
    texts, _ = hard(20)
    arrays = with_vectors.to_arrays()
    again = Sentiment.from_arrays(with_vectors.settings, arrays, Knowing())
    assert again.log_odds(texts) == pytest.approx(with_vectors.log_odds(texts), abs=1e-4)
    alone = Sentiment.from_arrays(with_vectors.settings, arrays)
    assert alone.log_odds(texts) == pytest.approx(with_vectors.log_odds(texts, 0), abs=1e-4)
    other = Knowing()
    other.dim = 4
    with pytest.raises(BundleError, match="another encoder"):
        Sentiment.from_arrays(with_vectors.settings, arrays, other)


def test_a_review_s_title_and_text_are_held_out_together() -> None:
    """A title that its text repeats would teach the answer: then all would seem sure."""
    rng = np.random.default_rng(2)
    praise = rng.random(120) < 0.5
    own = [f"code{n:03d}" for n in range(120)]
    texts, truth = [*own, *own], np.tile(praise, 2)
    settings = SentimentSettings(min_documents=1, l2=(0.3,), characters=1)
    pairs = np.tile(np.arange(120), 2)
    apart = Sentiment.fit(texts, truth, settings, rng=np.random.default_rng(0))
    together = Sentiment.fit(texts, truth, settings, rng=np.random.default_rng(0), groups=pairs)
    assert apart.line[0] > 5 * abs(together.line[0])


@given(st.lists(st.booleans(), min_size=2, max_size=60), st.integers(1, 40))
def test_as_even_as_there_are_texts_and_no_more_than_asked(kinds: list[bool], most: int) -> None:
    truth = np.array(kinds)
    rows = drawn_to_embed(truth, most, np.random.default_rng(0))
    assert len(rows) <= most
    assert len(np.unique(rows)) == len(rows)
    assert len(rows) >= min(len(truth), most) - 1
    fewer = min(truth.sum(), (~truth).sum())
    assert min(truth[rows].sum(), (~truth[rows]).sum()) == min(fewer, most // 2)


def test_chinese_reviews_begin_from_chinese_touchstones() -> None:
    assert touchstones_of("zh") is not touchstones_of("en")
    assert touchstones_of("und") is touchstones_of("en")
    for language in ("zh", "en"):
        stones = touchstones_of(language)
        assert len(stones.praise) == len(stones.criticism)
        assert not set(stones.praise) & set(stones.criticism)
        assert {language_of(text) for text in stones.praise} == {language}


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
