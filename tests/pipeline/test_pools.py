"""A pool is the scorer's own list, continued; what it says of users and items is what they are."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from unsung.data.settings import SegmentSettings
from unsung.pipeline import pools
from unsung.pipeline.pools import POOL_SIZE, Relevance, item_facts, make_pools, tastes_of
from unsung.pipeline.recommend import recommend_lists
from unsung.pipeline.rules import Rules
from unsung.popularity.segments import segment_items
from unsung.schema import EMPTY

RULES = Rules()


@pytest.fixture
def facts(state):
    return item_facts(state, segment_items(state, SegmentSettings()))


@pytest.fixture
def everybody(state) -> np.ndarray:
    return np.arange(-1, state.n_users, dtype=np.int32)


def test_a_pool_begins_with_the_list(two_stage, state, facts, everybody, monkeypatch):
    monkeypatch.setattr(pools, "BATCH", 7)
    lists = recommend_lists(two_stage, state, everybody, 4, RULES)
    pool = make_pools(two_stage, state, everybody, facts, rules=RULES)
    np.testing.assert_array_equal(pool.items[:, :4], lists)
    assert pool.items.shape[1] == min(POOL_SIZE, state.n_items)


def test_relevance_is_the_probability_and_nothing_at_empty_places(
    two_stage, state, facts, everybody
):
    pool = make_pools(two_stage, state, everybody, facts, rules=RULES)
    scores = two_stage.score(state, everybody)
    row, place = np.nonzero(pool.inside)
    expected = expit(scores[row, pool.items[row, place]].astype(np.float64))
    np.testing.assert_allclose(pool.relevance[row, place], expected)
    assert (pool.items == EMPTY).any()
    assert (pool.relevance[~pool.inside] == 0).all()


def test_scores_of_another_scale_become_probabilities(two_stage, state, facts, everybody):
    blend = two_stage.first.blend
    told = make_pools(
        blend, state, everybody, facts, rules=RULES, relevance=Relevance(2.0, -3.0), size=3
    )
    np.testing.assert_allclose(told.relevance, expit(2 * told.scores - 3))
    assert told.items.shape == (len(everybody), 3)


def test_tastes_are_shares_of_the_history(state, facts, everybody):
    tastes = tastes_of(state, everybody, facts.segments)
    assert (tastes[0] == 0).all()
    np.testing.assert_allclose(tastes[1:].sum(axis=1), 1)
    of_one = state.pairs.item_index[state.pairs.of_user(5)]
    counts = np.bincount(facts.segments[of_one], minlength=4)
    np.testing.assert_allclose(tastes[6], counts / len(of_one))


def test_items_are_known_by_their_brand_and_vectors(state, facts):
    assert facts.vectors is state.content.terms
    assert facts.sellers is None
    brands = state.catalogue.get("brand", None)
    assert (facts.brands is None) == (brands is None)
    if brands is not None:
        assert set(facts.brands[brands.isna().to_numpy()]) <= {-1}
        assert len(set(facts.brands)) == len(pd.unique(brands))
