import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from unsung.errors import InputError
from unsung.statistics import bootstrap
from unsung.statistics.bootstrap import bootstrap_mean_interval


def sample(rng: np.random.Generator, kind: str) -> np.ndarray:
    if kind == "skewed":
        return rng.exponential(size=60)
    if kind == "many ties":
        return rng.choice([-1.0, 0.0, 0.0, 0.0, 1.0], size=200)
    return rng.normal(3, 2, size=40)


@pytest.mark.parametrize("kind", ["skewed", "many ties", "normal"])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_interval_equals_scipys(rng: np.random.Generator, kind: str, level: float) -> None:
    values = sample(rng, kind)
    expected = stats.bootstrap(
        (values,), np.mean, confidence_level=level, n_resamples=20_000, rng=rng, method="BCa"
    ).confidence_interval
    found = bootstrap_mean_interval(values, rng=rng, level=level, n_boot=20_000)
    # Two independent simulations: the ends agree to a few percent of the width.
    width = expected.high - expected.low
    assert found.low == pytest.approx(expected.low, abs=0.05 * width)
    assert found.high == pytest.approx(expected.high, abs=0.05 * width)


def test_bias_and_skewness_are_corrected_as_in_scipy(rng: np.random.Generator) -> None:
    # Few and very skewed values, where either correction moves an end by over 2 % of the width.
    values = rng.lognormal(sigma=1.2, size=15)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=100_000, rng=rng, method="BCa", batch=10_000
    ).confidence_interval
    found = bootstrap_mean_interval(values, rng=rng, n_boot=100_000)
    width = expected.high - expected.low
    assert found == pytest.approx((expected.low, expected.high), abs=0.01 * width)


def test_interval_covers_the_true_mean_about_as_often_as_it_says(
    rng: np.random.Generator,
) -> None:
    trials = 300
    covered = 0
    for _ in range(trials):
        values = rng.exponential(size=80)
        low, high = bootstrap_mean_interval(values, rng=rng, level=0.9, n_boot=400)
        covered += low <= 1 <= high
    # 4 standard errors around .9, a little lower for the small sample.
    assert 0.82 <= covered / trials <= 0.97


@given(
    st.lists(st.floats(-1, 1), min_size=2, max_size=20),
    st.integers(0, 2**32),
    st.floats(0.5, 0.99),
)
def test_interval_lies_within_the_values(values: list[float], seed: int, level: float) -> None:
    low, high = bootstrap_mean_interval(
        np.array(values), rng=np.random.default_rng(seed), level=level, n_boot=50
    )
    assert min(values) - 1e-12 <= low <= high <= max(values) + 1e-12


def test_differences_too_small_to_cube_still_have_an_interval(rng: np.random.Generator) -> None:
    values = 1e-120 * rng.exponential(size=50)
    low, high = bootstrap_mean_interval(values, rng=rng)
    assert 0 < low < values.mean() < high


def test_same_generator_same_interval() -> None:
    values = np.arange(10.0)
    first, second = (
        bootstrap_mean_interval(values, rng=np.random.default_rng(7)) for _ in range(2)
    )
    assert first == second


def test_resamples_are_drawn_in_batches(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "_CELLS", 25)
    values = rng.normal(size=10)
    low, high = bootstrap_mean_interval(values, rng=rng, n_boot=401)
    assert low < values.mean() < high


@pytest.mark.parametrize("values", [[], [1.0]])
def test_fewer_than_two_values_give_no_interval(
    rng: np.random.Generator, values: list[float]
) -> None:
    assert all(math.isnan(end) for end in bootstrap_mean_interval(np.array(values), rng=rng))


def test_wrong_arguments_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(InputError, match="not finite"):
        bootstrap_mean_interval(np.array([1.0, np.nan]), rng=rng)
    with pytest.raises(InputError, match="at least 1"):
        bootstrap_mean_interval(np.ones(3), rng=rng, n_boot=0)
    with pytest.raises(InputError, match="confidence level"):
        bootstrap_mean_interval(np.ones(3), rng=rng, level=95)
