"""A user's own taste counts as far as the own history tells it."""

from dataclasses import replace

import numpy as np
import pytest
from tests.rerankers.conftest import facts_of, pool_of

from unsung.errors import InputError
from unsung.rerankers.own_taste import OwnTaste, OwnTasteSettings, fit_own_taste
from unsung.rerankers.segment_weight import SegmentWeight
from unsung.rerankers.slot_weight import SlotWeight

HALF = OwnTasteSettings(means=(0.5,), sizes=(10.0,), average=0.5)


def pool_with(shares, n_history, settings=None):
    """Users of equal pools, whose histories have a share of the tail."""
    n = len(shares)
    tastes = np.zeros((n, 4))
    tastes[:, 1] = shares
    tastes[:, 0] = 1 - np.array(shares)
    pool = pool_of(np.tile([0, 1, 2, 3], (n, 1)), np.tile([0.5, 0.4, 0.3, 0.2], (n, 1)), tastes)
    return replace(pool, n_history=np.array(n_history))


def test_who_likes_the_tail_gets_more_of_it():
    pool, facts = pool_with([1.0, 0.0], [500, 500]), facts_of([0, 0, 1, 1])
    # A first slot of the tail costs .23, a second one .10 less: the likes pay for them.
    lists = OwnTaste(HALF).rerank(pool, facts, 2, np.full(2, 0.05))
    assert (lists >= 2).sum(axis=1).tolist() == [1, 0]


def test_a_short_history_says_little():
    pool = pool_with([1.0, 1.0, 1.0], [0, 10, 10_000])
    assert OwnTaste(HALF).posterior(pool).round(3).tolist() == [0.5, 0.75, 1.0]


def test_groups_have_their_own_means():
    settings = OwnTasteSettings(edges=(5.0,), means=(0.2, 0.8), sizes=(1e6, 1e6))
    found = OwnTaste(settings).posterior(pool_with([0.5, 0.5, 0.5], [0, 5, 6]))
    assert found.round(3).tolist() == [0.2, 0.2, 0.8]


@pytest.mark.parametrize(("per", "same"), [("slot", SlotWeight()), ("share", SegmentWeight())])
def test_average_taste_gets_the_strength_as_it_is_set(per, same):
    pool, facts = pool_with([0.5, 0.5], [7, 90]), facts_of([0, 0, 1, 1])
    method = OwnTaste(HALF.model_copy(update={"per": per}))
    for strength in (0.0, 0.03, 0.2):
        at = np.full(2, strength)
        lists = method.rerank(pool, facts, 2, at)
        assert lists.tolist() == same.rerank(pool, facts, 2, at).tolist()


def test_strength_0_is_the_identity():
    pool = pool_with([1.0], [9])
    assert OwnTaste(HALF).rerank(pool, facts_of([1, 0, 1, 0]), 3, np.zeros(1)).tolist() == [
        [0, 1, 2]
    ]


def test_a_batch_is_one_by_one():
    rng = np.random.default_rng(2)
    pool, facts = pool_with(rng.random(9), rng.integers(0, 40, 9)), facts_of([0, 0, 1, 1])
    strength = rng.random(9) * 0.2
    whole = OwnTaste(HALF).rerank(pool, facts, 3, strength)
    for row in range(9):
        one = OwnTaste(HALF).rerank(pool.of_users(np.array([row])), facts, 3, strength[[row]])
        assert one.tolist() == whole[[row]].tolist()


def test_planted_tastes_are_found():
    rng = np.random.default_rng(3)
    n = rng.integers(2, 60, 4000)
    truth = rng.beta(3, 7, len(n))
    tastes = np.zeros((len(n), 4))
    tastes[:, 1] = rng.binomial(n, truth) / n
    settings = fit_own_taste(tastes, n)
    assert settings.means == pytest.approx((0.3, 0.3, 0.3), abs=0.02)
    assert settings.sizes == pytest.approx((10, 10, 10), rel=0.3)
    assert settings.average == pytest.approx(0.3, abs=0.01)
    pool = replace(pool_with(tastes[:, 1], n), tastes=tastes)
    error = np.abs(OwnTaste(settings).posterior(pool) - truth).mean()
    assert error < 0.8 * np.abs(tastes[:, 1] - truth).mean()


def test_tastes_that_differ_by_chance_alone_are_the_mean():
    rng = np.random.default_rng(4)
    n = np.full(3000, 10)
    tastes = np.zeros((3000, 4))
    tastes[:, 1] = rng.binomial(10, 0.4, 3000) / 10
    settings = fit_own_taste(tastes, n)
    assert min(settings.sizes) > 100


def test_what_is_missing_is_said():
    pool = pool_of([[0, 1]], [[0.5, 0.4]], [[0.5, 0.5, 0, 0]])
    with pytest.raises(InputError, match="n_history"):
        OwnTaste().rerank(pool, facts_of([0, 1]), 1, np.ones(1))
    with pytest.raises(InputError, match="nobody"):
        fit_own_taste(np.zeros((0, 4)), np.zeros(0, int))
