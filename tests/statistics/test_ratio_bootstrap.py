import numpy as np
import pytest

from unsung.errors import InputError
from unsung.statistics.bootstrap import bootstrap_mean_interval
from unsung.statistics.intervals import Interval
from unsung.statistics.ratio_bootstrap import bootstrap_ratio_interval


def test_over_ones_it_is_the_interval_of_a_mean(rng):
    values = rng.gamma(0.5, 2, 200)
    ratio = bootstrap_ratio_interval(values, np.ones(200), rng=np.random.default_rng(3))
    mean = bootstrap_mean_interval(values, rng=np.random.default_rng(3))
    assert ratio == pytest.approx(mean)


def test_covers_about_as_often_as_promised(rng):
    covered = 0
    for _ in range(300):
        size = rng.integers(1, 6, 150).astype(float)
        hits = rng.binomial(size.astype(int), 0.3).astype(float)
        low, high = bootstrap_ratio_interval(hits, size, rng=rng, n_boot=300)
        covered += low <= 0.3 <= high
    assert 0.90 <= covered / 300 <= 0.985


def test_resamples_without_weight_are_passed_over():
    under = np.array([1.0, *[0.0] * 20])
    over = np.array([0.5, *[0.0] * 20])
    assert bootstrap_ratio_interval(over, under, rng=np.random.default_rng(1)) == Interval(0.5, 0.5)
    over[1] = 1e-3
    low, high = bootstrap_ratio_interval(over, under, rng=np.random.default_rng(1))
    assert np.isfinite([low, high]).all()


def test_one_cluster_or_none_has_no_interval(rng):
    for n in (0, 1):
        found = bootstrap_ratio_interval(np.ones(n), np.ones(n), rng=rng)
        assert np.isnan(found).all()


@pytest.mark.parametrize(
    ("over", "under", "n_boot"),
    [([1.0, np.nan], [1, 1], 9), ([1, 1], [1, np.inf], 9), ([1, 1], [0, 0], 9),
     ([1, 1], [1], 9), ([1, 1], [1, 1], 0)],
)  # fmt: skip
def test_bad_sums_are_refused(over, under, n_boot, rng):
    with pytest.raises(InputError):
        bootstrap_ratio_interval(
            np.array(over, float), np.array(under, float), rng=rng, n_boot=n_boot
        )
