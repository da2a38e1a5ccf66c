import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from unsung.statistics.two_samples import Sample, difference_interval, lift_interval

MEANS, ERRORS = st.floats(0.5, 50), st.floats(0.001, 0.1)


def test_equals_welch(rng):
    a, b = rng.normal(3, 1, 500), rng.normal(2, 2, 300)
    low, high = difference_interval(Sample.of(a), Sample.of(b), 1.96)
    middle = a.mean() - b.mean()
    assert (low + high) / 2 == pytest.approx(middle)
    assert middle / ((high - low) / 2 / 1.96) == pytest.approx(
        stats.ttest_ind(a, b, equal_var=False).statistic
    )


@given(MEANS, ERRORS, MEANS, ERRORS)
def test_the_ends_of_a_lift_are_just_not_ruled_out(mean, error, other, other_error):
    treated, control, reach = Sample(mean, error, 9), Sample(other, other_error, 9), 2.0
    for lift in lift_interval(treated, control, reach):
        gap = mean - (1 + lift) * other
        noise = np.hypot(error, (1 + lift) * other_error)
        assert abs(gap) == pytest.approx(reach * noise, rel=1e-5, abs=1e-9)


@given(MEANS, ERRORS, MEANS, ERRORS)
def test_lift_and_difference_agree_on_zero(mean, error, other, other_error):
    treated, control = Sample(mean, error, 9), Sample(other, other_error, 9)
    lift, difference = (f(treated, control, 2.0) for f in (lift_interval, difference_interval))
    if min(abs(difference.low), abs(difference.high)) > 1e-9:
        assert (lift.low > 0) == (difference.low > 0)
        assert (lift.high < 0) == (difference.high < 0)


@pytest.mark.parametrize(
    "control", [Sample(0.1, 0.1, 9), Sample(-5.0, 0.1, 9), Sample.of(np.ones(1))]
)
def test_no_lift_over_what_may_be_nothing(control):
    assert np.isnan(lift_interval(Sample(1.0, 0.1, 9), control, 2.0)).all()


def test_few_values_have_no_error():
    assert np.isnan(Sample.of(np.zeros(0)).mean)
    assert np.isnan(Sample.of(np.ones(1)).error)
    assert np.isnan(lift_interval(Sample.of(np.ones(1)), Sample(1.0, 0.1, 9), 2.0)).all()
