"""Phrases are runs of words that stand in the text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsung.text.normalise import normalise
from unsung.text.phrases import STOP_WORDS, count_phrases, phrases_of, without_fragments


def test_phrases_cross_neither_punctuation_nor_missing_letters():
    assert list(phrases_of("vitamin c serum, red mug")) == [
        "vitamin", "serum", "red", "red mug", "mug",
    ]  # fmt: skip


def test_chinese_words_are_joined_without_blanks():
    assert "屏幕清晰" in set(phrases_of("屏幕清晰，不错"))


@given(st.text("ab c的红杯子,. 1", max_size=40))
def test_phrases_stand_in_the_text_and_end_in_no_stop_word(text):
    text = normalise(text).lower()
    for phrase in phrases_of(text):
        assert phrase in text
        assert phrase.split(" ")[0] not in STOP_WORDS
        assert phrase.split(" ")[-1] not in STOP_WORDS


def test_counts_are_of_texts_and_of_uses():
    counts = count_phrases(["oak bed, oak", "oak bed", "pine"])
    assert counts.phrases == ("bed", "oak", "oak bed", "pine")
    assert counts.counts.toarray().tolist() == [[1, 2, 1, 0], [1, 1, 1, 0], [0, 0, 0, 1]]
    assert counts.n_texts_with.tolist() == [2, 2, 2, 1]
    assert counts.n_words.tolist() == [1, 1, 2, 1]


def test_rare_phrases_and_chance_neighbours_are_left_out():
    assert count_phrases(["red oak", "oak"], min_texts=2).phrases == ("oak",)
    texts = ["soft chair"] * 2 + ["soft"] * 40 + ["chair"] * 40
    assert "soft chair" not in count_phrases(texts).phrases


def test_no_texts_have_no_phrases():
    counts = count_phrases([])
    assert counts.counts.shape == (0, 0)
    assert counts.n_texts_with.dtype == np.int64


@pytest.mark.parametrize(
    ("phrases", "taken"),
    [
        (["easy", "easy to use"], [0]),
        (["easy to use", "easy"], [0]),
        (["box candle", "wick box candle", "red"], [0, 2]),
        (["质量", "质量好", "快"], [0, 2]),
    ],
)
def test_no_fragment_is_taken_beside_its_whole(phrases, taken):
    assert without_fragments(phrases, 5) == taken
