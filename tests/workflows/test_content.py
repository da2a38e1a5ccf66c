"""Item text as vectors, as of a moment."""

from dataclasses import replace

import numpy as np

from unsung.data.dataset import Dataset
from unsung.workflows.content import ContentBuilder


class CountingEncoder:
    """Remembers what it was asked."""

    name, dim = "counting", 3

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts):
        self.asked += texts
        return np.array([[len(text), 1, 0] for text in texts], dtype=np.float32)


def test_a_text_is_encoded_once(toy_shop: Dataset):
    encoder = CountingEncoder()
    builder = ContentBuilder(encoder)
    first, _, _ = builder.build(toy_shop.as_of())
    second, _, _ = builder.build(toy_shop.as_of(toy_shop.end - 10**12))
    assert len(encoder.asked) == len(set(encoder.asked)) == toy_shop.n_items
    assert np.array_equal(first.content.embeddings, second.content.embeddings)


def test_items_that_are_not_listed_have_no_vectors_and_no_say(toy_shop: Dataset):
    state = toy_shop.as_of()
    kettle = int(state.items.index_of(["kettle"])[0])
    hidden = replace(state, listed=np.arange(state.n_items) != kettle)
    built, vectors, _ = ContentBuilder(CountingEncoder()).build(hidden)
    assert "kettle" not in vectors.terms
    assert built.content.terms[[kettle]].nnz == 0
    assert not built.content.embeddings[kettle].any()


def test_without_an_encoder_there_are_words_alone(toy_shop: Dataset):
    built, _, documents = ContentBuilder().build(toy_shop.as_of())
    assert built.content.embeddings.shape == (toy_shop.n_items, 0)
    assert built.content.terms.nnz > 0
    assert documents.attributes is not None


def test_an_empty_catalogue_is_no_error(toy_shop: Dataset):
    state = toy_shop.as_of()
    nothing = replace(state, listed=np.zeros(state.n_items, dtype=bool))
    built, vectors, _ = ContentBuilder(CountingEncoder()).build(nothing)
    assert vectors.terms == ()
    assert built.content.embeddings.shape == (state.n_items, 3)
