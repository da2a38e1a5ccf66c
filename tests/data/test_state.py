from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from unsung.data.interactions import Interactions
from unsung.data.state import ItemContent
from unsung.schema import DAY_US

NEVER = np.iinfo(np.int64).max


@pytest.fixture
def state(toy_shop):
    return toy_shop.as_of()


def test_sizes_and_clock(toy_shop, state):
    assert (state.n_users, state.n_items, state.has_clock) == (7, 10, True)
    assert not replace(toy_shop, has_clock=False).as_of().has_clock


def test_popularity_is_distinct_buyers_and_not_views(state):
    rows = Interactions.from_columns(
        user_index=np.array([0, 0, 1, 2]),
        item_index=np.array([4, 4, 4, 4]),
        timestamp=np.array([1, 2, 3, 4]),
        is_target=np.array([True, True, True, False]),
    )
    assert replace(state, interactions=rows).buyers.tolist() == [0, 0, 0, 0, 2, 0, 0, 0, 0, 0]


def test_first_seen_is_the_first_sale(state):
    rows = Interactions.from_columns(
        user_index=np.array([0, 0, 1]),
        item_index=np.array([4, 4, 3]),
        timestamp=np.array([9, 5, 3]),
        is_target=np.array([True, True, False]),
    )
    first = replace(state, interactions=rows).first_seen
    assert first[4] == 5
    assert (np.delete(first, 4) == NEVER).all()


def test_pairs_are_aged_from_the_states_moment(toy_shop, state):
    assert state.pairs.age.min() == pytest.approx(1 / DAY_US, abs=1e-6)
    assert (state.pairs.last < state.as_of).all()
    assert replace(toy_shop, has_clock=False).as_of().pairs.age.min() == 0


def test_content_is_put_on_a_copy(state):
    content = ItemContent(
        sp.csr_array(np.eye(10, 3, dtype=np.float32)), np.ones((10, 2), np.float32)
    )
    richer = state.with_content(content)
    assert richer.content is content
    assert state.content.terms.shape == (10, 0)
    assert state.content.embeddings.shape == (10, 0)
    assert richer.interactions is state.interactions
