import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from unsung.errors import InputError
from unsung.statistics.intervals import check_level, normal_interval, t_interval, wilson_interval

LEVELS = st.floats(0.5, 0.999)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), LEVELS)
def test_wilson_equals_scipy(counts: tuple[int, int], level: float) -> None:
    successes, n = counts
    found = wilson_interval(successes, n, level)
    expected = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
    assert found == pytest.approx((expected.low, expected.high), abs=1e-12)
    # At 0 and n an end lies on the proportion itself, up to the last bit.
    assert 0 <= found.low <= successes / n + 1e-12
    assert successes / n - 1e-12 <= found.high <= 1


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=30), LEVELS)
def test_t_and_normal_equal_scipy(values: list[float], level: float) -> None:
    array = np.array(values)
    error = array.std(ddof=1) / len(array) ** 0.5
    if error > 1e-9:
        by_t = stats.ttest_1samp(array, 0).confidence_interval(level)
        assert t_interval(array, level) == pytest.approx((by_t.low, by_t.high), abs=1e-9)
    by_z = stats.norm.interval(level, loc=array.mean(), scale=max(error, 1e-12))
    assert normal_interval(array, level) == pytest.approx(by_z, abs=1e-9)


def test_equal_values_give_their_mean() -> None:
    assert t_interval(np.full(4, 2.0)) == normal_interval(np.full(4, 2.0)) == (2.0, 2.0)


@pytest.mark.parametrize("values", [[], [1.0]])
def test_fewer_than_two_values_give_no_interval(values: list[float]) -> None:
    for interval in (t_interval(np.array(values)), normal_interval(np.array(values))):
        assert math.isnan(interval.low)
        assert math.isnan(interval.high)


def test_no_trial_gives_no_interval() -> None:
    assert all(math.isnan(end) for end in wilson_interval(0, 0))


@pytest.mark.parametrize("level", [0, 1, 95, -0.1, math.nan])
def test_a_level_is_a_probability(level: float) -> None:
    with pytest.raises(InputError, match=r"give \.95 for 95 %"):
        check_level(level)


@pytest.mark.parametrize(("successes", "n"), [(-1, 3), (4, 3)])
def test_successes_are_a_part_of_the_trials(successes: int, n: int) -> None:
    with pytest.raises(InputError, match="0 <= part <= all"):
        wilson_interval(successes, n)
