import numpy as np
import pytest
from scipy import stats

from unsung.errors import InputError
from unsung.statistics.ratio_check import check_sample_ratio


def test_equals_scipy(rng):
    counts = rng.integers(900, 1100, 3)
    shares = np.array([0.5, 0.25, 0.25])
    found = check_sample_ratio(counts, shares)
    expected = stats.chisquare(counts, shares * counts.sum())
    assert found.chi_square == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert found.expected.sum() == counts.sum()


def test_what_chance_gives_holds_as_often_as_promised(rng):
    drawn = rng.multinomial(5000, [0.3, 0.7], size=2000)
    fails = sum(check_sample_ratio(counts, np.array([3, 7])).fails for counts in drawn)
    assert fails <= 9


def test_a_lost_tenth_is_seen():
    assert check_sample_ratio(np.array([5000, 4500]), np.array([1, 1])).fails


def test_nobody_is_no_mismatch():
    found = check_sample_ratio(np.array([0, 0]), np.array([1, 1]))
    assert np.isnan(found.p_value)
    assert not found.fails


@pytest.mark.parametrize("share", [0.0, -1.0, float("inf"), float("nan")])
def test_shares_must_be_above_0(share):
    with pytest.raises(InputError, match="share"):
        check_sample_ratio(np.array([1, 2]), np.array([1.0, share]))
