"""Slots for the tail are paid for where they cost least."""

from itertools import product

import numpy as np
import pytest
from tests.rerankers.conftest import all_lists, discounted, facts_of, pool_of

from unsung.rerankers.slot_weight import SlotWeight, SlotWeightSettings


@pytest.mark.parametrize("seed", range(5))
def test_no_other_lists_have_as_many_slots_and_keep_more(random_shop, seed):
    pool, facts, relevance = random_shop(seed)
    tail = facts.in_segment("tail")
    every = all_lists(range(5), 3)
    known = [[(discounted(r, a), int(tail[a].sum())) for a in every] for r in relevance]
    method = SlotWeight(SlotWeightSettings(scale="relevance"))
    for strength in (0.01, 0.05, 0.2):
        lists = method.rerank(pool, facts, 3, np.full(2, strength))
        kept = sum(discounted(relevance[row], lists[row]) for row in range(2))
        given = int(tail[lists].sum())
        for (v_one, t_one), (v_two, t_two) in product(*known):
            assert t_one + t_two < given or v_one + v_two <= kept + 1e-12


def test_the_order_of_relevance_stays():
    pool = pool_of([[0, 1, 2, 3, 4]], [[0.5, 0.4, 0.3, 0.2, 0.1]])
    method = SlotWeight(SlotWeightSettings(scale="relevance"))
    lists = method.rerank(pool, facts_of([0, 1, 0, 0, 1]), 3, np.ones(1))
    assert lists.tolist() == [[0, 1, 4]]


def test_a_list_that_holds_all_of_the_tail_is_filled_up():
    pool = pool_of([[0, 1, 2]], [[0.5, 0.4, 0.3]])
    assert SlotWeight().rerank(pool, facts_of([0, 0, 1]), 2, np.ones(1)).tolist() == [[0, 2]]
