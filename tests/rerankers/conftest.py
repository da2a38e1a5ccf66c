"""A small pool that can be looked through by hand."""

from itertools import permutations

import numpy as np
import pytest

from unsung.rerankers.base import ItemFacts, Pool, position_discounts


def facts_of(segments, **others) -> ItemFacts:
    return ItemFacts(np.array(segments, np.int8), np.zeros(len(segments), np.int64), **others)


def pool_of(items, relevance, tastes=None) -> Pool:
    relevance = np.array(relevance, dtype=np.float64)
    scores = np.log(relevance / (1 - relevance))
    tastes = None if tastes is None else np.array(tastes, dtype=np.float64)
    return Pool(np.array(items, dtype=np.int32), scores, relevance, tastes)


def all_lists(items, k):
    """Every list of k of these items."""
    return [np.array(chosen) for chosen in permutations(items, k)]


def discounted(values, listed) -> float:
    """Sum of an item's value over the slots, discounted by position."""
    return float(values[listed] @ position_discounts(len(listed)))


@pytest.fixture
def random_shop():
    """Five items of two segments for two users, with every item's relevance: one a seed."""

    def build(seed: int):
        rng = np.random.default_rng(seed)
        facts = facts_of(rng.permutation([0, 0, 0, 1, 1]))
        relevance = np.round(-np.sort(-rng.uniform(0.01, 0.5, (2, 5)), axis=1), 3)
        items = rng.permuted(np.tile(np.arange(5), (2, 1)), axis=1)
        by_item = np.zeros((2, 5))
        np.put_along_axis(by_item, items, relevance, axis=1)
        return pool_of(items, relevance), facts, by_item

    return build
