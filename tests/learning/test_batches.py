"""Texts become the tokens that the encoder reads, and every example comes once an epoch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsung.learning.batches import TokenisedTexts, fingerprint_of, shuffled_batches
from unsung.text.tokens import batches_of, read_tokeniser

TEXTS = ["red lamp", "", "garden spade red blue lamp tea pot", "tea"]


@pytest.fixture
def tokeniser(tiny_model):
    return read_tokeniser(tiny_model / "tokenizer.json", 16)


@pytest.mark.train
def test_batches_are_those_of_the_encoder(tokeniser):
    texts = TokenisedTexts(tokeniser, TEXTS, 16)
    for rows, token_ids, mask in batches_of(tokeniser, TEXTS):
        found_ids, found_mask = texts.batch(rows)
        np.testing.assert_array_equal(found_ids, token_ids)
        np.testing.assert_array_equal(found_mask, mask)
    assert texts.empty.tolist() == [False, True, False, False]
    assert texts.batch(np.array([3, 3, 1]))[0].tolist() == [[2, 7, 3], [2, 7, 3], [2, 3, 0]]


@pytest.mark.train
def test_long_texts_are_cut_and_the_tokeniser_is_left_alone(tokeniser):
    assert TokenisedTexts(tokeniser, TEXTS, 5).lengths.tolist() == [4, 2, 5, 3]
    assert TokenisedTexts(tokeniser, TEXTS, 16).lengths.max() == 9
    assert len(tokeniser.encode(TEXTS[2]).ids) == 9


@pytest.mark.train
def test_other_texts_have_another_fingerprint(tokeniser):
    def fingerprint(texts):
        return TokenisedTexts(tokeniser, texts, 16).fingerprint

    assert fingerprint(["red lamp", "tea"]) == fingerprint(["red  lamp", "tea"])
    assert fingerprint(["red lamp", "tea"]) != fingerprint(["red", "lamp tea"])


@given(
    n=st.integers(0, 60),
    size=st.integers(1, 20),
    seed=st.integers(0, 5),
    by_length=st.booleans(),
)
def test_an_epoch_goes_through_every_example_once(n, size, seed, by_length):
    lengths = np.arange(n) % 7 if by_length else None

    def epoch():
        rng = np.random.default_rng(seed)
        return [rows.tolist() for rows in shuffled_batches(n, size, rng, lengths=lengths)]

    batches = epoch()
    assert sorted(row for rows in batches for row in rows) == list(range(n))
    assert len(batches) == -(-n // size)
    assert all(len(rows) <= size for rows in batches)
    assert epoch() == batches


def test_a_smaller_batch_can_be_left_out_unless_it_is_the_only_one(rng):
    sizes = [len(rows) for rows in shuffled_batches(10, 4, rng, drop_last=True)]
    assert sizes == [4, 4]
    assert [len(rows) for rows in shuffled_batches(3, 4, rng, drop_last=True)] == [3]


def test_texts_of_like_length_come_together(rng):
    lengths = np.repeat([5, 30], 32)
    for rows in shuffled_batches(64, 8, rng, lengths=lengths):
        assert len(set(lengths[rows])) == 1


def test_a_fingerprint_sees_values_types_and_shapes():
    one = np.arange(6)
    others = [one[::-1], one.astype(np.float64), one.reshape(2, 3)]
    assert fingerprint_of(one) == fingerprint_of(one.copy())
    assert len({fingerprint_of(one), *map(fingerprint_of, others)}) == 4
