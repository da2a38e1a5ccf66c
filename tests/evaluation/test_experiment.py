"""A/A and planted-effect simulations in short form; the long one is benchmarks/experiment.py."""

import math
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from unsung.errors import InputError
from unsung.evaluation.experiment import (
    FEWEST_ACTIVE,
    Trial,
    compare_arms,
    compare_groups,
    expected_items_reached,
    foretold_share,
)
from unsung.statistics.power import detectable_lift

LOOKS = 20


def buyers(rng, n=400, looks=LOOKS):
    """Purchases of gamma-Poisson users: before, and look by look since."""
    rate = rng.gamma(0.5, 4, n)
    before = rng.poisson(rate).astype(float)
    since = rng.poisson(rate[:, None] / looks, (n, looks)).cumsum(axis=1).astype(float)
    return before, since


def trial_of(arm, before, values, days=28.0, planned=None, **more):
    n = len(arm)
    return Trial(
        arms=("control", "new"),
        arm=arm,
        days=np.full(n, days),
        values={"purchases": values, **more},
        before={"purchases": before, "known": (before > 0).astype(float)},
        planned_user_days=planned or n * 28.0,
    )


def deal(rng, n):
    return rng.permutation(np.arange(n) % 2)


def test_nothing_done_is_seldom_called_something(rng):
    """One look errs in 5 %; twenty looks by the interval that allows them in at most 5 %."""
    runs, at_end, peeking, careful = 180, 0, 0, 0
    for _ in range(runs):
        before, since = buyers(rng)
        arm = deal(rng, len(before))
        found = []
        for look in range(LOOKS):
            seen = trial_of(arm, before, since[:, look], 28 * (look + 1) / LOOKS, 400 * 28)
            found += compare_arms(seen, ["purchases"])
        at_end += found[-1].fixed_p_value <= 0.05
        peeking += any(effect.fixed_p_value <= 0.05 for effect in found)
        careful += any(effect.settled for effect in found)
    low, high = stats.binom.ppf([0.0005, 0.9995], runs, 0.05)
    assert low <= at_end <= high
    assert careful <= stats.binom.ppf(0.999, runs, 0.05)
    assert peeking > high


def test_a_planted_effect_is_seen_as_often_as_planned(rng):
    before, since = buyers(rng, 20_000, 1)
    share = foretold_share("purchases", since[:, 0], {"purchases": before})
    variation = float(since.std() / since.mean()) * share**0.5
    lift, runs, seen = detectable_lift(1500, variation, always_valid=True), 300, 0
    for _ in range(runs):
        before, since = buyers(rng, 1500, 1)
        values, arm = since[:, 0], deal(rng, 1500)
        values = values + arm * rng.binomial(values.astype(int), lift)
        (effect,) = compare_arms(trial_of(arm, before, values), ["purchases"])
        seen += effect.settled
    assert abs(seen - 0.8 * runs) < 4 * math.sqrt(runs * 0.8 * 0.2)


def test_what_was_known_before_sharpens_and_does_not_shift(rng):
    before, since = buyers(rng, 3000, 1)
    arm = deal(rng, 3000)
    values = since[:, 0] + 0.5 * arm
    trial = trial_of(arm, before, values)
    (sharp,), (plain,) = (
        compare_arms(trial, ["purchases"], adjusted=adjusted) for adjusted in (True, False)
    )
    assert plain.difference == plain.plain_difference == sharp.plain_difference
    assert plain.variance_share == 1
    assert sharp.variance_share < 0.8
    width = [each.fixed.high - each.fixed.low for each in (sharp, plain)]
    assert width[0] / width[1] == pytest.approx(sharp.variance_share**0.5, rel=0.02)
    assert sharp.fixed.low < 0.5 < sharp.fixed.high
    assert sharp.always.low < sharp.fixed.low
    assert sharp.always.high > sharp.fixed.high
    assert sharp.arm_mean - sharp.control_mean == pytest.approx(sharp.difference)
    assert sharp.lift == pytest.approx(sharp.difference / sharp.control_mean)
    assert sharp.lift_always.low < sharp.lift_fixed.low < sharp.lift < sharp.lift_always.high


def test_effects_are_corrected_for_their_number(rng):
    before, since = buyers(rng, 2000, 1)
    arm = deal(rng, 2000)
    values = since[:, 0]
    more = {f"noise{n}": rng.permutation(values) for n in range(9)}
    trial = trial_of(arm, before, values + 0.8 * arm, **more)
    effects = compare_arms(trial, list(trial.values))
    (alone,) = compare_arms(trial, ["purchases"])
    assert alone.adjusted_p_value == alone.p_value
    first = effects[0]
    assert first.metric == "purchases"
    assert first.adjusted_p_value == pytest.approx(min(1, 10 * alone.p_value))
    assert [effect.settled for effect in effects] == [True, *[False] * 9]


def test_several_arms_are_compared_with_the_control(rng):
    before, since = buyers(rng, 900, 1)
    arm = rng.permutation(np.arange(900) % 3)
    values = {"purchases": since[:, 0] + 2.0 * (arm == 2)}
    trial = Trial(("control", "a", "b"), arm, np.full(900, 7.0), values, {"purchases": before})
    effects = compare_arms(trial, ["purchases"])
    assert [(effect.arm, effect.settled) for effect in effects] == [("a", False), ("b", True)]


def test_few_users_with_a_value_settle_nothing(rng):
    n = 4 * FEWEST_ACTIVE
    arm = np.arange(n) % 2
    values = np.zeros(n)
    values[np.flatnonzero(arm)[: FEWEST_ACTIVE - 1]] = 1
    (effect,) = compare_arms(trial_of(arm, np.zeros(n), values), ["purchases"], adjusted=False)
    assert effect.n_active == FEWEST_ACTIVE - 1
    assert effect.adjusted_p_value < 0.01
    assert not effect.settled
    assert math.isnan(effect.lift)
    assert np.isnan(effect.lift_always).all()


def test_a_small_trial_is_not_adjusted():
    arm = np.array([0, 1, 0, 1])
    (effect,) = compare_arms(trial_of(arm, arm * 3.0, arm * 2.0), ["purchases"])
    assert effect.difference == effect.plain_difference == 2
    assert effect.variance_share == 1
    assert math.isnan(effect.p_value)


def test_an_empty_arm_has_no_effect():
    trial = trial_of(np.zeros(3, int), np.zeros(3), np.ones(3))
    (effect,) = compare_arms(trial, ["purchases"])
    assert effect.n_arm == 0
    assert math.isnan(effect.difference)
    assert not effect.settled


def test_groups_are_compared_within_themselves(rng):
    before, since = buyers(rng, 3000, 1)
    arm = deal(rng, 3000)
    known = before > 0
    trial = trial_of(arm, before, since[:, 0] + 1.0 * (arm * known))
    lonely = np.zeros(3000, bool)
    lonely[np.flatnonzero(arm)[:5]] = True
    groups = {"known": known, "new": ~known, "lonely": lonely}
    effects = compare_groups(trial, ["purchases"], groups)
    assert [effect.group for effect in effects] == ["known", "new"]
    assert [effect.settled for effect in effects] == [True, False]
    assert effects[0].n_arm + effects[0].n_control == known.sum()
    assert effects[0].adjusted_p_value == pytest.approx(min(1, 2 * effects[0].p_value))


def test_a_clock_without_days_is_refused():
    trial = trial_of(np.array([0, 1]), np.zeros(2), np.ones(2), days=0.0)
    with pytest.raises(InputError, match="clock"):
        compare_arms(trial, ["purchases"])


def test_items_reached_by_fewer_users_are_counted_exactly(rng):
    """Against every way to draw three users of six."""
    bought = rng.random((6, 8)) < 0.3
    draws = [bought[list(some)].any(axis=0).sum() for some in combinations(range(6), 3)]
    expected = expected_items_reached(bought.sum(axis=0), 6, 3)
    assert expected == pytest.approx(np.mean(draws))
    assert expected_items_reached(bought.sum(axis=0), 6, 6) == bought.any(axis=0).sum()
    assert expected_items_reached(bought.sum(axis=0), 6, 0) == 0
    with pytest.raises(InputError, match="drawn"):
        expected_items_reached(bought.sum(axis=0), 6, 7)
