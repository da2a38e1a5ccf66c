import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from unsung.errors import InputError
from unsung.statistics.bounds import empirical_bernstein_lower_bound
from unsung.statistics.mean_tests import (
    empirical_bernstein_p_values,
    hoeffding_bentkus_p_values,
    t_test_p_values,
)

VALID = [empirical_bernstein_p_values, hoeffding_bentkus_p_values]


@given(st.integers(0, 2**32 - 1))
def test_bernstein_inverts_the_bound(seed: int) -> None:
    values = np.random.default_rng(seed).normal(0.1, 0.02, size=400).clip(-1, 1)
    p = empirical_bernstein_p_values(values, low=-1, high=1, mean=0.05)[0]
    bound = empirical_bernstein_lower_bound(values, low=-1, high=1, level=1 - p)
    assert bound == pytest.approx(0.05, abs=1e-9)


@given(successes=st.integers(0, 60), mean=st.floats(0.05, 0.95))
def test_hoeffding_bentkus_by_the_binomial_tail(successes: int, mean: float) -> None:
    values = np.repeat([1.0, 0.0], [successes, 60 - successes])
    found = hoeffding_bentkus_p_values(values, low=0, high=1, mean=mean)[0]
    exact = stats.binom.sf(successes - 1, 60, mean)
    # Chernoff's bound as a minimum over its parameter, found numerically.
    chernoff = optimize.minimize_scalar(
        lambda s: 60 * np.log1p(mean * np.expm1(s)) - s * successes,
        bounds=(0, 60),
        method="bounded",
    ).fun
    expected = min(1, np.e * exact, np.exp(min(chernoff, 0)))
    assert found >= exact - 1e-12
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-12)


def test_t_test_equals_scipy(rng: np.random.Generator) -> None:
    values = rng.normal(0.1, 1, size=(50, 4))
    expected = stats.ttest_1samp(values, 0.05, alternative="greater").pvalue
    np.testing.assert_allclose(t_test_p_values(values, mean=0.05), expected)


def test_t_test_where_there_is_none() -> None:
    assert np.isnan(t_test_p_values(np.ones((5, 2)))).all()
    assert np.isnan(t_test_p_values(np.ones((1, 2)))).all()


@pytest.mark.parametrize("test", VALID)
@pytest.mark.parametrize("mean", [0.02, 0.5, 0.98])
def test_errs_no_more_often_than_it_may(rng: np.random.Generator, test, mean: float) -> None:
    values = rng.binomial(1, mean, size=(100, 2000)).astype(float)
    found = test(values, low=0, high=1, mean=mean)
    for allowed in (0.05, 0.3):
        assert (found <= allowed).mean() <= allowed + 3 * np.sqrt(allowed * (1 - allowed) / 2000)


@pytest.mark.parametrize("test", VALID)
def test_range_may_differ_by_column_and_be_in_any_unit(rng: np.random.Generator, test) -> None:
    values = rng.uniform(0.4, 0.8, size=300)
    unit = test(values, low=0, high=1, mean=0.5)[0]
    both = test(np.c_[values, 10 * values - 5], low=np.array([0, -5]), high=np.array([1, 5]))
    assert test(10 * values - 3, low=-3, high=7, mean=2)[0] == pytest.approx(unit)
    assert both[0] < unit
    assert both[1] == pytest.approx(unit)


@pytest.mark.parametrize("test", VALID)
def test_too_few_values_and_wrong_ranges(test) -> None:
    assert test(np.empty((0, 2)), low=0, high=1, mean=0.5).tolist() == [1, 1]
    with pytest.raises(InputError, match="low < high"):
        test(np.array([0.5]), low=1, high=1)
    with pytest.raises(InputError, match="lies outside"):
        test(np.array([1.5]), low=0, high=1)
