import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from unsung.errors import InputError
from unsung.statistics.power import detectable_lift, users_needed


@given(st.floats(0.01, 2), st.floats(0.1, 20), st.floats(0.1, 0.9), st.booleans())
def test_what_is_needed_shows_what_was_wanted(lift, variation, share, always):
    n = users_needed(lift, variation, share=share, always_valid=always)
    seen = detectable_lift(n, variation, share=share, always_valid=always)
    assert seen <= lift * (1 + 1e-9)
    assert detectable_lift(max(n // 2, 1), variation, share=share, always_valid=always) > seen


def test_the_power_is_as_promised(rng):
    """Gamma metrics whose treated mean and deviation are 20 % larger."""
    lift, runs = 0.2, 1500
    n = users_needed(lift, 1.0, share=0.3)
    treated, control = round(0.3 * n), round(0.7 * n)
    a = rng.gamma(1, 1 + lift, (runs, treated))
    b = rng.gamma(1, 1, (runs, control))
    error = np.sqrt(a.var(axis=1) / treated + b.var(axis=1) / control)
    seen = int((np.abs(a.mean(axis=1) - b.mean(axis=1)) > 1.96 * error).sum())
    assert abs(seen - 0.8 * runs) < 4 * math.sqrt(runs * 0.8 * 0.2)


def test_textbook_case():
    """Equal variances, small lift: 16 s^2 / d^2 a group, the rule of thumb."""
    assert users_needed(0.001, 1.0) / 2 == pytest.approx(16 / 0.001**2, rel=0.03)
    always = users_needed(0.05, 1.0, always_valid=True) / users_needed(0.05, 1.0)
    reach = stats.norm.ppf(0.8)
    assert always == pytest.approx(((3.0352 + reach) / (1.96 + reach)) ** 2, rel=1e-3)


def test_a_fall_needs_fewer_than_a_rise():
    assert users_needed(-0.1, 2.0) < users_needed(0.1, 2.0)
    assert users_needed(5.0, 0.0) == 2


@pytest.mark.parametrize(
    "wrong",
    [{"lift": 0.0}, {"lift": -1.0}, {"lift": float("nan")}, {"variation": -1.0}, {"power": 80},
     {"share": 1.0}, {"level": 95}],
)  # fmt: skip
def test_nonsense_is_refused(wrong):
    given = {"lift": 0.1, "variation": 1.0, **wrong}
    with pytest.raises(InputError):
        users_needed(given.pop("lift"), given.pop("variation"), **given)


def test_nobody_shows_nothing():
    with pytest.raises(InputError, match="0 users"):
        detectable_lift(0, 1.0)
    assert detectable_lift(3, 5.0) == math.inf
