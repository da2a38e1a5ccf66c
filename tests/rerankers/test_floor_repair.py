"""Exchanges of single slots give what is short, where it costs least, and take from nobody."""

import numpy as np
from tests.rerankers.conftest import pool_of

from unsung.rerankers.base import position_discounts
from unsung.rerankers.floor_plan import exposure_of
from unsung.rerankers.floor_repair import repaired, values_of

FIRST, SECOND = position_discounts(2)


def test_the_slot_that_costs_least_is_given():
    # Items 0, 1, 2 of sellers 0, 0, 1; user 1 likes item 2 nearly as much as item 1.
    pool = pool_of([[0, 1, 2], [0, 1, 2]], [[0.5, 0.4, 0.1], [0.5, 0.4, 0.35]])
    owners = np.array([0, 0, 1], dtype=np.int32)
    lists = repaired(pool.items[:, :2], pool, pool.relevance, owners, np.array([0.0, SECOND]))
    assert lists.tolist() == [[0, 1], [0, 2]]
    np.testing.assert_allclose(exposure_of(lists, owners, 2), [2 * FIRST + SECOND, SECOND])


def test_nobody_who_has_a_floor_loses_it():
    pool = pool_of([[0, 1]], [[0.5, 0.4]])
    owners = np.array([0, 1], dtype=np.int32)
    floors = np.array([FIRST, FIRST])
    assert repaired(pool.items[:, :1], pool, pool.relevance, owners, floors).tolist() == [[0]]


def test_no_more_is_exchanged_than_is_short():
    rng = np.random.default_rng(0)
    items = np.stack([rng.permutation(30) for _ in range(40)])
    pool = pool_of(items, -np.sort(-rng.random((40, 30)), axis=1))
    owners = np.repeat(np.arange(-1, 5), 5).astype(np.int32)
    before = exposure_of(pool.items[:, :6], owners, 5)
    floors = before * np.array([0.5, 1.1, 1.0, 1.2, 0.9])
    lists = repaired(pool.items[:, :6], pool, pool.relevance, owners, floors)
    after = exposure_of(lists, owners, 5)
    assert (after >= floors - 1e-9).all()
    assert all(len(set(row)) == 6 for row in lists.tolist())
    assert (after - floors)[[1, 3]].max() < 1
    unchanged = repaired(lists, pool, pool.relevance, owners, floors)
    np.testing.assert_array_equal(unchanged, lists)


def test_values_follow_the_items():
    pool = pool_of([[4, 2, 7]], [[0.5, 0.4, 0.1]])
    assert values_of(np.array([[7, 4, -1]]), pool, pool.relevance).tolist() == [[0.1, 0.5, 0.0]]
