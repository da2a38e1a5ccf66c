import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from unsung.errors import InputError
from unsung.statistics.sequential import always_valid_p_value, boundary

CLOCKS = st.floats(1e-3, 1e3)


def test_the_boundary_is_that_of_the_paper():
    """Waudby-Smith et al., theorem 2.2, with sigma = 1 and rho chosen for n = 400."""
    alpha, n = 0.05, 150
    rho_square = (-2 * np.log(alpha) + np.log(1 - 2 * np.log(alpha))) / 400
    grown = n * rho_square + 1
    radius = np.sqrt(2 * grown / (n**2 * rho_square) * np.log(np.sqrt(grown) / alpha))
    assert boundary(n / 400) / np.sqrt(n) == pytest.approx(radius)


@given(CLOCKS, st.floats(0.6, 0.999))
def test_wider_than_one_look_and_narrowest_at_the_plan(clock, level):
    assert boundary(clock, level) > stats.norm.ppf((1 + level) / 2)
    assert boundary(clock, level) / np.sqrt(clock) > 0
    # An interval is as wide as the boundary over the root of the clock.
    assert boundary(clock, level) >= boundary(clock * 1.5, level) / np.sqrt(1.5)


@given(CLOCKS, st.floats(0.6, 0.999), st.floats(-8, 8))
def test_p_value_and_boundary_agree(clock, level, z):
    p = always_valid_p_value(z, clock, level)
    assert 0 < p <= 1
    if abs(abs(z) - boundary(clock, level)) > 1e-9:
        assert (p < 1 - level) == (abs(z) > boundary(clock, level))


@given(CLOCKS)
def test_never_bolder_than_one_look(clock):
    for z in (1.0, 2.0, 3.0, 5.0):
        assert always_valid_p_value(z, clock) > 2 * stats.norm.sf(z)


def test_a_random_walk_crosses_seldom_however_often_one_looks(rng):
    """Every one of 1,000 looks counts, from a thousandth of the plan to ten times it."""
    clock = np.geomspace(1e-3, 10, 1000)
    steps = rng.normal(size=(2000, 1000)) * np.sqrt(np.diff(clock, prepend=0))
    z = steps.cumsum(axis=1) / np.sqrt(clock)
    limits = np.array([boundary(each) for each in clock])
    crossed = int((np.abs(z) > limits).any(axis=1).sum())
    assert crossed <= stats.binom.ppf(0.999, 2000, 0.05)
    assert (np.abs(z) > 1.96).any(axis=1).mean() > 0.3


def test_nothing_known_stays_unknown():
    assert np.isnan(always_valid_p_value(float("nan"), 1.0))


@pytest.mark.parametrize("clock", [0.0, -1.0, float("nan"), float("inf")])
def test_a_clock_that_stands_still_is_refused(clock):
    with pytest.raises(InputError, match="clock"):
        boundary(clock)
    with pytest.raises(InputError, match="level"):
        boundary(1.0, 95)
