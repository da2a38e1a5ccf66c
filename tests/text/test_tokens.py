"""Batches hold every text once, of nearly equal length."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsung.text import tokens
from unsung.text.tokens import batches_of, encode_with, read_tokeniser


@pytest.fixture(scope="module")
def tokeniser(tmp_path_factory):
    from tokenizers import Tokenizer, models, pre_tokenizers

    made = Tokenizer(models.WordLevel({"[UNK]": 0, "red": 1, "lamp": 2}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.enable_padding(length=50)
    made.enable_truncation(3)
    path = tmp_path_factory.mktemp("tokeniser") / "tokenizer.json"
    made.save(str(path))
    return read_tokeniser(path, 8)


def test_own_padding_and_limits_of_the_file_are_left_out(tokeniser):
    assert tokeniser.encode("red lamp red lamp").ids == [1, 2, 1, 2]
    assert len(tokeniser.encode("red " * 20).ids) == 8


@given(st.lists(st.integers(0, 12).map(lambda n: "red " * n), max_size=30))
def test_every_text_is_in_one_batch(tokeniser, texts):
    budget = 32
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "TOKENS_PER_BATCH", budget)
        for rows, token_ids, mask in batches_of(tokeniser, texts):
            seen += rows.tolist()
            assert token_ids.shape == mask.shape
            assert token_ids.size <= budget
            lengths = [min(texts[row].count("red"), 8) for row in rows]
            assert mask.sum(axis=1).tolist() == lengths
            assert max([1, *lengths]) == token_ids.shape[1]
            np.testing.assert_array_equal(token_ids, mask)  # "red" is token 1
    assert sorted(seen) == list(range(len(texts)))


def test_equal_texts_are_encoded_once_and_empty_ones_never(tokeniser):
    seen = []

    def vectors_of(token_ids, mask):
        seen.append(token_ids.shape)
        return np.stack([token_ids.sum(axis=1), mask.sum(axis=1)], axis=1).astype(np.float32)

    texts = ["red\u200b", "", "red lamp", "red", " ", "lamp red"]
    vectors = encode_with(vectors_of, tokeniser, texts, 2)
    assert vectors.tolist() == [[1, 1], [0, 0], [3, 2], [1, 1], [0, 0], [3, 2]]
    assert seen == [(3, 2)]
    assert encode_with(vectors_of, tokeniser, [], 2).shape == (0, 2)
