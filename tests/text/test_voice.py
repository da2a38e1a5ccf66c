"""Stars alone teach what is praised and criticised; quotes are sentences that somebody wrote."""

import numpy as np
import pytest

from unsung.errors import InputError
from unsung.text.normalise import normalise
from unsung.text.voice import ReviewVoice, sentences_of, summarise_reviews

GOOD = [
    "The sound quality is rich and warm.", "Rich sound quality, I play it daily.",
    "Setup took a minute and the sound quality is superb.",
]  # fmt: skip
BAD = [
    "The battery died after a week.", "My battery died on the first evening.",
    "Sadly the battery died and support was silent.",
]  # fmt: skip
NEUTRAL = ["It came in a brown box.", "I ordered the black one."]


def shop(n: int = 20):
    texts = [f"{GOOD[row % 3]} {NEUTRAL[row % 2]}" for row in range(n)]
    texts += [f"{NEUTRAL[row % 2]} {BAD[row % 3]}" for row in range(n)]
    stars = np.repeat([5.0, 2.0], n)
    return texts, stars, np.arange(2 * n) % 2


@pytest.fixture(scope="module")
def voice() -> ReviewVoice:
    return ReviewVoice.fit(*shop())


def test_praise_and_criticism_are_told_from_stars(voice):
    found = voice.of_shop()
    assert {"sound quality", "quality"} & {aspect.phrase for aspect in found.praised}
    assert any("battery" in aspect.phrase for aspect in found.criticised)
    assert not {"brown box", "black"} & {aspect.phrase for half in found for aspect in half}
    assert all(aspect.effect > 0 for aspect in found.praised)
    assert all(aspect.effect < 0 for aspect in found.criticised)


def test_counts_are_of_reviews(voice):
    texts, _, _ = shop()
    for half in voice.of_shop():
        for aspect in half:
            holding = sum(aspect.phrase in normalise(text).lower() for text in texts)
            assert aspect.n_reviews == holding
            assert aspect.n_praised + aspect.n_criticised <= aspect.n_reviews


def test_quotes_are_real_and_hold_the_phrase(voice):
    texts, _, _ = shop()
    for half in voice.of_shop():
        for aspect in half:
            assert aspect.quote.text in texts[aspect.quote.review]
            assert aspect.phrase in aspect.quote.text.lower()


def test_an_item_speaks_for_itself_alone(voice):
    _, _, items = shop()
    for half in voice.of_item(1):
        for aspect in half:
            assert items[aspect.quote.review] == 1
            assert aspect.n_reviews >= 2
    assert voice.of_item(99) == ((), ())


def test_the_category_sets_the_mean():
    texts = ["cheap plastic case"] * 20 + ["steel case, well made"] * 20
    stars = np.repeat([2.0, 5.0], 20)
    together = ReviewVoice.fit(texts, stars)
    apart = ReviewVoice.fit(texts, stars, categories=np.repeat([0, 1], 20))
    assert np.abs(together.excess).mean() > 1.2
    assert np.abs(apart.excess).mean() < 0.2


def test_a_summary_holds_both_sides_without_repeats():
    texts, stars, _ = shop()
    quotes = summarise_reviews(texts, stars, 4)
    assert len({quote.text for quote in quotes}) == len(quotes) <= 4
    assert any(quote.polarity > 0.15 for quote in quotes)
    assert any(quote.polarity < -0.15 for quote in quotes)
    assert all(quote.text in texts[quote.review] for quote in quotes)


def test_personal_data_are_in_no_sentence():
    texts = ["Great sound quality, call me on 13812345678 or jo@a.example"] * 6
    voice = ReviewVoice.fit(texts, np.full(6, 5.0))
    assert all("[phone]" in said and "@" not in said for said in voice.sentences)


def test_chinese_reviews():
    texts = ["屏幕清晰，电池耐用。"] * 12 + ["经常死机，客服不理人。"] * 12
    found = ReviewVoice.fit(texts, np.repeat([5.0, 1.0], 12)).of_shop()
    assert any("屏幕" in aspect.phrase for aspect in found.praised)
    assert any("死机" in aspect.phrase for aspect in found.criticised)


@pytest.mark.parametrize("texts", [[], [""], ["!!!"], ["ok"]])
def test_nothing_to_say_is_said_as_nothing(texts):
    voice = ReviewVoice.fit(texts, np.full(len(texts), 4.0))
    assert voice.of_shop() == ((), ())
    assert voice.summary(0) == []


def test_sentences_keep_their_punctuation_and_numbers():
    assert sentences_of("Only 9.99! Wow\nnext。") == ["Only 9.99!", "Wow", "next。"]


def test_lengths_must_agree():
    with pytest.raises(InputError, match="1 reviews need as many stars"):
        ReviewVoice.fit(["a"], np.array([1.0, 2.0]))
