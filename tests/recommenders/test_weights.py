"""Learning weights where the answer is known."""

import numpy as np
import pytest

from unsung.recommenders.weights import learn_weights


def first_place(column: int):
    """1 for users whose best item is ``column``."""
    return lambda blended: (blended.argmax(axis=1) == column).astype(float)


def test_a_component_that_knows_the_answer_gets_weight():
    strength = np.array([[0.2], [0.5], [0.8], [0.9]], np.float32)
    noise = strength * np.array([[1, 0, 0]], np.float32)
    answer = np.tile(np.array([0, 1, 0], np.float32), (4, 1))
    learnt = learn_weights({"noise": noise, "answer": answer}, first_place(1), first_place(2))
    assert learnt.relevance == learnt.best_relevance == 1
    assert learnt.weights["answer"] > 0.9 * learnt.weights["noise"]


def test_only_free_components_may_be_turned_round():
    taste = np.tile(np.array([1, 0], np.float32), (2, 1))
    popular = np.tile(np.array([2, 0], np.float32), (2, 1))
    bound = learn_weights({"taste": taste, "popular": popular}, first_place(1), first_place(0))
    free = learn_weights(
        {"taste": taste, "popular": popular},
        first_place(1),
        first_place(0),
        free=frozenset({"popular"}),
    )
    assert bound.weights["popular"] >= 0
    assert free.relevance == 1
    assert free.weights["popular"] < 0


def tug_of_war(n_crowds: int) -> dict[str, np.ndarray]:
    """Item 0 is what users want, item 1 is the tail; the more weight, the more users move."""
    wanted = np.array([[1, 0], [1, 0], [1, 0], [1, 0]], np.float32)
    towards = np.array([[0, 3], [0, 3], [0, 0.8], [0, 0.1]], np.float32)
    return {"wanted": np.tile(wanted, (n_crowds, 1)), "towards": np.tile(towards, (n_crowds, 1))}


@pytest.mark.parametrize(("budget", "tail"), [(0.0, 0.0), (0.6, 0.5), (0.9, 0.75)])
def test_the_tail_gets_what_the_budget_allows(budget: float, tail: float):
    learnt = learn_weights(tug_of_war(100), first_place(0), first_place(1), budget=budget)
    assert learnt.tail == tail
    assert learnt.relevance >= (1 - budget) * learnt.best_relevance


def test_few_users_allow_little():
    few = learn_weights(tug_of_war(1), first_place(0), first_place(1), budget=0.6)
    assert few.tail == 0


def test_a_climb_from_all_alike_finds_what_the_best_alone_misses():
    # Alone "first" is right for one user in two. "second" and "third" are wrong alone and right
    # together, so that no single step away from "first" is any better.
    first = np.array([[0, 9, 0], [9, 0, 0]] * 10, np.float32)
    second = np.array([[0, 2, 3]] * 20, np.float32)
    third = np.array([[3, 2, 0]] * 20, np.float32)
    scores = {"first": first, "second": second, "third": third}
    assert learn_weights(scores, first_place(1), first_place(0)).relevance == 1
