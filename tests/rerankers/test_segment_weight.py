"""What the weight maximises, by looking at all other lists; the three scales."""

from itertools import product

import numpy as np
import pytest
from tests.rerankers.conftest import all_lists, discounted, facts_of, pool_of

from unsung.rerankers.base import ItemFacts
from unsung.rerankers.segment_weight import (
    DEEP_TAIL,
    FRESHNESS,
    SegmentWeight,
    SegmentWeightSettings,
)


@pytest.mark.parametrize("scale", ["relevance", "share"])
@pytest.mark.parametrize("seed", range(4))
def test_no_other_lists_give_the_tail_as_much_and_keep_more(random_shop, scale, seed):
    pool, facts, relevance = random_shop(seed)
    if scale == "share":
        relevance = relevance / relevance.sum(axis=1, keepdims=True)
    tail = facts.in_segment("tail").astype(float)
    every = all_lists(range(5), 3)
    known = [[(discounted(r, a), discounted(tail, a)) for a in every] for r in relevance]
    method = SegmentWeight(SegmentWeightSettings(scale=scale))
    for strength in (0.01, 0.05, 0.2):
        lists = method.rerank(pool, facts, 3, np.full(2, strength))
        kept = sum(discounted(relevance[row], lists[row]) for row in range(2))
        given = sum(discounted(tail, row) for row in lists)
        for (v_one, t_one), (v_two, t_two) in product(*known):
            assert t_one + t_two < given - 1e-12 or v_one + v_two <= kept + 1e-12


def test_odds_are_multiplied_so_a_small_probability_gains_little():
    facts = facts_of([0, 1, 0, 1])
    pool = pool_of([[0, 1], [2, 3]], [[0.5, 0.4], [0.02, 0.01]])
    method = SegmentWeight(SegmentWeightSettings(scale="log_odds"))
    # Odds 1 against 2/3, and .0204 against .0101: once and twice.
    assert method.rerank(pool, facts, 1, np.log([1.49, 2.0])).tolist() == [[0], [2]]
    assert method.rerank(pool, facts, 1, np.log([1.51, 2.1])).tolist() == [[1], [3]]


def test_a_share_counts_each_user_the_same():
    facts = facts_of([0, 1])
    pool = pool_of([[0, 1], [0, 1]], [[0.3, 0.2], [0.03, 0.02]])
    lists = SegmentWeight().rerank(pool, facts, 1, np.full(2, 0.21))
    assert lists.tolist() == [[1], [1]]
    by_relevance = SegmentWeight(SegmentWeightSettings(scale="relevance"))
    assert by_relevance.rerank(pool, facts, 1, np.full(2, 0.021)).tolist() == [[0], [1]]


def test_the_boost_of_fresh_items_is_the_same_method():
    pool = pool_of([[0, 1, 2]], [[0.3, 0.2, 0.1]])
    method = SegmentWeight(FRESHNESS)
    assert method.name == "freshness_boost"
    assert method.rerank(pool, facts_of([0, 1, 2]), 3, np.ones(1)).tolist() == [[2, 0, 1]]


def test_by_depth_the_top_of_the_tail_gains_least():
    facts = ItemFacts(np.array([0, 1, 1, 1], np.int8), np.array([90, 50, 20, 1]))
    pool = pool_of([[0, 1, 2, 3]], [[0.4, 0.35, 0.3, 0.25]])
    method = SegmentWeight(
        SegmentWeightSettings(name="deep_tail_weight", by="depth", scale="relevance")
    )
    # Depths 0, .5 and 1: at strength .16 item 3 is worth .41, item 2 .38, and item 1 .35 as before.
    assert method.rerank(pool, facts, 4, np.array([0.16])).tolist() == [[3, 0, 2, 1]]
    assert SegmentWeight(DEEP_TAIL).name == "deep_tail_weight"


def test_several_segments_are_lifted_together():
    pool = pool_of([[0, 1, 2, 3]], [[0.4, 0.3, 0.2, 0.1]])
    method = SegmentWeight(SegmentWeightSettings(segments=("tail", "fresh")))
    assert method.rerank(pool, facts_of([0, 1, 3, 2]), 4, np.ones(1)).tolist() == [[1, 3, 0, 2]]
