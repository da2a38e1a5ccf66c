"""Lists come near to the user's own mix; the greedy choice against the formula written out."""

import numpy as np
import pytest
from tests.rerankers.conftest import facts_of, pool_of

from unsung.rerankers.base import position_discounts
from unsung.rerankers.calibrated import (
    Calibrated,
    CalibratedSettings,
    js_divergence,
    kl_divergence,
)

FACTS = facts_of([0, 0, 0, 1, 1, 2, 2])
POOL = pool_of(
    [[0, 3, 1, 5, 2, 4, 6]],
    [[0.6, 0.5, 0.45, 0.3, 0.28, 0.2, 0.1]],
    [[0.5, 0.3, 0.2, 0.0]],
)


def by_the_formula(s: float, divergence: str, k: int) -> list[int]:
    """Item after item over all that are left, as Steck writes it."""
    taste, relevance = POOL.tastes[0], dict(zip(POOL.items[0], POOL.relevance[0], strict=True))
    listed: list[int] = []

    def value(items: list[int]) -> float:
        discount = position_discounts(len(items))
        mix = np.bincount(FACTS.segments[items], discount, minlength=4) / discount.sum()
        if divergence == "kl":
            apart = sum(
                p * np.log(p / (0.99 * q + 0.01 * p)) for p, q in zip(taste, mix, strict=True) if p
            )
        else:
            middle = (taste + mix) / 2
            apart = sum(
                0.5 * p * np.log(p / m)
                for one in (taste, mix)
                for p, m in zip(one, middle, strict=True)
                if p
            )
        return (1 - s) * sum(relevance[i] for i in items) - s * apart

    while len(listed) < k:
        left = [i for i in POOL.items[0] if i not in listed]
        listed.append(int(max(left, key=lambda i: value([*listed, i]))))
    return listed


@pytest.mark.parametrize("divergence", ["kl", "js"])
@pytest.mark.parametrize("s", [0.1, 0.3, 0.5, 0.8, 1.0])
def test_the_greedy_choice_is_that_of_the_formula(divergence, s):
    method = Calibrated(CalibratedSettings(divergence=divergence))
    found = method.rerank(POOL, FACTS, 5, np.array([s])).tolist()[0]
    assert found == by_the_formula(s, divergence, 5)


def test_divergences_by_hand():
    half, quarter = np.array([0.5, 0.5]), np.array([0.25, 0.75])
    assert kl_divergence(half, quarter) == pytest.approx(0.5 * np.log(2) + 0.5 * np.log(2 / 3))
    assert js_divergence(half, half) == 0
    assert kl_divergence(np.array([0.0, 1.0]), np.array([0.0, 1.0])) == 0


def test_a_taste_for_hits_gets_hits():
    pool = pool_of([[3, 0]], [[0.5, 0.1]], [[1.0, 0, 0, 0]])
    assert Calibrated().rerank(pool, FACTS, 1, np.array([1.0])).tolist() == [[0]]
