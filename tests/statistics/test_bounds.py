from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from unsung.errors import InputError
from unsung.statistics.bounds import empirical_bernstein_lower_bound, hoeffding_lower_bound

BOUNDS = [hoeffding_lower_bound, empirical_bernstein_lower_bound]
Bound = Callable[..., float]


@pytest.mark.parametrize("bound", BOUNDS)
@pytest.mark.parametrize("mean", [0.05, 0.5, 0.97])
def test_bound_is_above_the_true_mean_no_more_often_than_it_may(
    rng: np.random.Generator, bound: Bound, mean: float
) -> None:
    trials = 1000
    samples = rng.binomial(1, mean, size=(trials, 100))
    above = sum(bound(values, low=0, high=1, level=0.8) > mean for values in samples)
    # .2 and 4 standard errors.
    assert above / trials <= 0.25


@pytest.mark.parametrize("bound", BOUNDS)
@given(successes=st.integers(0, 200), level=st.floats(0.6, 0.999))
def test_bound_is_never_above_the_exact_one_of_a_proportion(
    bound: Bound, successes: int, level: float
) -> None:
    values = np.repeat([1.0, 0.0], [successes, 200 - successes])
    exact = stats.binomtest(successes, 200, alternative="greater").proportion_ci(level)
    assert bound(values, low=0, high=1, level=level) <= exact.low + 1e-12


def test_bernstein_by_hand() -> None:
    values = np.tile([0.0, 1.0], 500)
    # ln(2 / .05) = 3.68888; variance 250 / 999.
    expected = 0.5 - (2 * 0.25025 * 3.68888 / 1000) ** 0.5 - 7 * 3.68888 / (3 * 999)
    found = empirical_bernstein_lower_bound(values, low=0, high=1)
    assert found == pytest.approx(expected, abs=1e-6)


def test_bounds_follow_units(rng: np.random.Generator) -> None:
    values = rng.random(500)
    for bound in BOUNDS:
        in_unit = bound(values, low=0, high=1)
        assert bound(10 * values - 3, low=-3, high=7) == pytest.approx(10 * in_unit - 3)


def test_small_spread_helps_bernstein_only(rng: np.random.Generator) -> None:
    values = rng.normal(0.1, 0.02, size=2000).clip(-1, 1)
    assert empirical_bernstein_lower_bound(values, low=-1, high=1) > hoeffding_lower_bound(
        values, low=-1, high=1
    )


def test_too_few_values_give_the_lowest_that_is_possible() -> None:
    assert hoeffding_lower_bound(np.array([]), low=-2, high=1) == -2
    assert empirical_bernstein_lower_bound(np.array([1.0]), low=-2, high=1) == -2
    assert hoeffding_lower_bound(np.array([0.1]), low=0, high=1) == 0


@pytest.mark.parametrize("bound", BOUNDS)
def test_wrong_arguments_are_refused(bound: Bound) -> None:
    with pytest.raises(InputError, match="lies outside 0 to 1"):
        bound(np.array([0.5, 1.2]), low=0, high=1)
    with pytest.raises(InputError, match="lies outside"):
        bound(np.array([np.nan]), low=0, high=1)
    with pytest.raises(InputError, match="low < high"):
        bound(np.array([0.5]), low=1, high=1)
    with pytest.raises(InputError, match="confidence level"):
        bound(np.array([0.5]), low=0, high=1, level=2)
