"""Learning weights where the answer is known."""

from collections.abc import Mapping

import numpy as np
import pytest

from unsung.recommenders.choice_weights import Choices
from unsung.recommenders.weights import LearntWeights, learn_weights


def first_place(column: int):
    """1 for users whose best item is ``column``."""
    return lambda blended: (blended.argmax(axis=1) == column).astype(float)


def learn(
    scores: Mapping[str, np.ndarray], taken: np.ndarray, *, tail: int, **settings
) -> LearntWeights:
    """Weights where each user took the item of that column; the tail is one column."""
    shape = next(iter(scores.values())).shape
    worth = np.zeros(shape, np.float32)
    worth[np.arange(len(taken)), taken] = 1
    choices = Choices(scores, np.ones(shape, bool), worth)
    lifted = np.zeros(shape, bool)
    lifted[:, tail] = True
    at_first = lambda blended: (blended.argmax(axis=1) == taken).astype(float)  # noqa: E731
    return learn_weights(choices, {}, lifted, (at_first, first_place(tail)), **settings)


def test_a_component_that_knows_the_answer_gets_weight():
    strength = np.array([[0.2], [0.5], [0.8], [0.9]], np.float32)
    noise = strength * np.array([[1, 0, 0]], np.float32)
    answer = np.tile(np.array([0, 1, 0], np.float32), (4, 1))
    learnt = learn({"noise": noise, "answer": answer}, np.ones(4, int), tail=2)
    assert learnt.relevance == learnt.best_relevance == 1
    assert learnt.weights["answer"] > 0.9 * learnt.weights["noise"]


def test_only_free_components_may_be_turned_round():
    taste = np.tile(np.array([1, 0], np.float32), (20, 1))
    popular = np.tile(np.array([2, 0], np.float32), (20, 1))
    scores, taken = {"taste": taste, "popular": popular}, np.ones(20, int)
    bound = learn(scores, taken, tail=0)
    free = learn(scores, taken, tail=0, free=frozenset({"popular"}))
    assert bound.weights["popular"] >= 0
    assert free.relevance == 1
    assert free.weights["popular"] < 0


def tug_of_war() -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Three users of four want item 0 and the others item 1; one scorer speaks for each."""
    head = np.tile(np.array([[1, 0]], np.float32), (400, 1))
    tail = np.tile(np.array([[0, 3], [0, 1], [0, 0.2], [0, 0.1]], np.float32), (100, 1))
    return {"head": head, "tail": tail}, np.tile([1, 0, 0, 0], 100)


@pytest.mark.parametrize("budget", [0.0, 0.1, 0.5, 0.9])
def test_the_tail_gets_what_the_budget_allows(budget: float):
    scores, taken = tug_of_war()
    learnt = learn(scores, taken, tail=1, budget=budget)
    assert learnt.relevance >= (1 - budget) * learnt.best_relevance


def test_a_larger_budget_brings_more_of_the_tail():
    scores, taken = tug_of_war()
    found = [learn(scores, taken, tail=1, budget=b).tail for b in (0.0, 0.3, 0.9)]
    assert found == sorted(found)
    assert found[-1] > found[0]


def test_no_blend_finds_less_than_the_best_component_alone():
    rng = np.random.default_rng(0)
    scores = {name: rng.normal(size=(30, 5)).astype(np.float32) for name in "abc"}
    taken = scores["a"].argmax(axis=1)
    assert learn(scores, taken, tail=0).relevance == 1
