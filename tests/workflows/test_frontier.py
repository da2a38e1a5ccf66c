"""The frontier: what a method gives and takes, and which points another one beats."""

import numpy as np
import pytest
import scipy.sparse as sp

from unsung.evaluation.items import ItemTable
from unsung.rerankers.base import ItemFacts, Pool, best_places
from unsung.workflows.frontier import (
    REFERENCE,
    Bench,
    Position,
    dominated,
    frontier_rows,
    loss_of,
    reference_of,
    trace_frontier,
)

SEGMENTS = np.array([0, 0, 1, 1], np.int8)
"""Two items of the head, two of the established tail."""


class Lift:
    name = "lift"
    strengths = (0.0, 0.5, 5.0)

    def rerank(self, pool: Pool, items: ItemFacts, k: int, strength: np.ndarray) -> np.ndarray:
        lifted = pool.of_item(items.in_segment("tail"))
        return pool.lists(best_places(pool, pool.scores + strength[:, None] * lifted, k))


@pytest.fixture
def bench() -> Bench:
    scores = np.array([[4.0, 3.0, 2.8, 1.0], [2.0, 1.5, 1.2, 0.1]])
    pool = Pool(
        np.array([[0, 1, 2, 3], [1, 0, 3, 2]], np.int32),
        scores,
        1 / (1 + np.exp(-scores)),
        np.array([[0.5, 0.5, 0, 0], [1, 0, 0, 0.0]]),
    )
    targets = sp.csr_array(np.array([[3.0, 0, 0, 0], [0, 0, 0, 2.0]], np.float32))
    table = ItemTable(SEGMENTS, np.array([9, 8, 2, 1]), 10)
    return Bench(pool, ItemFacts(SEGMENTS, np.array([9, 8, 2, 1])), targets, table, k=2)


def test_the_reference_is_the_scorers_own_list(bench):
    reference = reference_of(bench)
    assert reference.method == REFERENCE
    # The first user's only target comes first, the second's not at all.
    assert reference.relevance == pytest.approx(0.5)
    assert reference.tail_share == 0


def test_more_strength_more_tail(bench):
    some, much = trace_frontier(bench, [Lift()])
    assert (some.strength, much.strength) == (0.5, 5.0)
    assert some.tail_share == pytest.approx(0.5)
    assert much.tail_share == 1
    # At full strength the second user's item comes first and the first user's is gone.
    assert much.relevance == pytest.approx(0.5)
    assert some.relevance == pytest.approx((1 + 1 / np.log2(3)) / 2)


def test_rows_tell_loss_and_who_is_beaten(bench):
    reference = reference_of(bench)
    rng = np.random.default_rng(0)
    rows = frontier_rows(list(trace_frontier(bench, [Lift()])), reference, rng=rng)
    assert [row["method"] for row in rows] == [REFERENCE, "lift", "lift"]
    assert rows[0]["loss"] == 0
    assert rows[1]["loss"] == pytest.approx(1 - (1 + 1 / np.log2(3)) / 2 / 0.5)
    assert [row["dominated"] for row in rows] == [True, False, False]
    assert rows[2]["captured_value_at_k"] == pytest.approx(2 / 5)


def test_a_loss_has_its_interval(bench):
    reference = reference_of(bench)
    worse = Position("x", 1.0, bench.measure(np.array([[2, 3], [0, 2]], np.int32), "x"))
    found = loss_of(worse, reference, rng=np.random.default_rng(0))
    assert found["loss"] == pytest.approx(1)
    assert found["low"] <= found["loss"] <= found["high"]


def test_some_of_the_users(bench):
    second = bench.of_users(np.array([1]))
    assert second.pool.items.tolist() == [[1, 0, 3, 2]]
    assert second.pool.tastes.tolist() == [[1, 0, 0, 0]]
    assert reference_of(second).relevance == 0


def test_points_that_are_equal_beat_nobody():
    assert not dominated(np.array([0.2, 0.2]), np.array([0.1, 0.1])).any()
