"""A pool is best first, and places are taken in its order."""

import numpy as np
import pytest

from unsung.errors import InputError
from unsung.rerankers.base import ItemFacts, Pool, best_places
from unsung.schema import EMPTY


def pool_of(items, scores) -> Pool:
    scores = np.array(scores, dtype=np.float64)
    return Pool(np.array(items, dtype=np.int32), scores, 1 / (1 + np.exp(-scores)))


def test_a_row_that_is_not_best_first_is_refused():
    with pytest.raises(InputError, match="row 1 of the pool"):
        pool_of([[1, 2], [3, 4]], [[2.0, 1.0], [1.0, 2.0]])


def test_arrays_of_different_shapes_are_refused():
    with pytest.raises(InputError, match="shape"):
        Pool(np.zeros((1, 2), np.int32), np.zeros((1, 2)), np.zeros((1, 3)))


def test_what_stands_at_an_empty_place_does_not_matter():
    pool = pool_of([[5, EMPTY]], [[-3.0, 9.0]])
    assert pool.inside.tolist() == [[True, False]]
    assert best_places(pool, np.array([[0.0, 9.0]]), 3).tolist() == [[0, EMPTY, EMPTY]]


def test_places_become_items():
    pool = pool_of([[7, 4, 9], [1, 2, EMPTY]], [[3.0, 2.0, 1.0], [3.0, 2.0, 0.0]])
    places = best_places(pool, np.array([[1.0, 1.0, 2.0], [0.0, 1.0, 2.0]]), 3)
    assert pool.lists(places).tolist() == [[9, 7, 4], [2, 1, EMPTY]]
    assert pool.of_item(np.arange(10) * 10)[0].tolist() == [70, 40, 90]


def test_segments_by_name():
    facts = ItemFacts(np.array([0, 1, 1], np.int8), np.array([9, 2, 1]))
    assert facts.in_segment("head").tolist() == [True, False, False]
    assert facts.in_segment("tail").tolist() == [False, True, True]
