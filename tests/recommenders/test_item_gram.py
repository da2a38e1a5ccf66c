"""What items have in common, against the whole matrix."""

import numpy as np
import pytest

from unsung.data.dataset import Dataset
from unsung.data.state import ShopState
from unsung.recommenders.item_gram import ItemGram, TextWeights, common_buyers
from unsung.workflows.content import ContentBuilder


@pytest.fixture
def state(toy_shop: Dataset) -> ShopState:
    described, _, _ = ContentBuilder().build(toy_shop.as_of())
    return described


def test_parts_agree_with_the_whole(state: ShopState):
    gram = ItemGram.of(state, TextWeights(2.0, 0.0, 0.1), kept=1000)
    bought = state.pairs.matrix(state.n_items).toarray()
    terms = state.content.terms.toarray()
    whole = bought.T @ bought + 2 * terms @ terms.T
    np.testing.assert_allclose(gram.columns(0, state.n_items), whole, atol=1e-5)
    np.testing.assert_allclose(gram.diagonal(), np.diag(whole), atol=1e-5)
    some = np.array([3, 0, 4])
    np.testing.assert_allclose(gram.among(some), whole[np.ix_(some, some)], atol=1e-5)


def test_a_count_stays_where_either_item_keeps_it(state: ShopState):
    whole = common_buyers(state, state.n_items).toarray()
    few = common_buyers(state, 1).toarray()
    assert np.array_equal(few, few.T)
    assert np.array_equal(np.diag(few), state.buyers)
    assert np.array_equal(few[few > 0], whole[few > 0])
    others = whole - np.diag(np.diag(whole))
    kept = few - np.diag(np.diag(few))
    assert np.array_equal(kept.max(axis=0), others.max(axis=0))
    assert (kept > 0).sum() < (others > 0).sum()
