"""Bootstrap interval of a ratio of sums over independent clusters."""

import numpy as np
from scipy import stats

from unsung.errors import InputError
from unsung.statistics.intervals import NO_INTERVAL, Interval, check_level

# Draws held in memory at once: 32 MB of indices.
_CELLS = 2**22


def bootstrap_ratio_interval(
    over: np.ndarray,
    under: np.ndarray,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_boot: int = 2000,
) -> Interval:
    """BCa bootstrap interval of sum(over) / sum(under), clusters resampled whole.

    Parameters
    ----------
    over, under : ndarray of float64, shape (n_clusters,)
        Finite sums of each cluster; the sum of ``under`` is above 0.
    rng : Generator
    level : float
        Confidence in (0, 1).
    n_boot : int
        Resamples, >= 1.

    Returns
    -------
    interval : Interval
        NaN where there are fewer than two clusters; the ratio at both ends where all clusters
        agree.

    Raises
    ------
    InputError
        Where a number is not finite, the shapes differ or an option is out of range.

    References
    ----------
    Efron (1987), doi:10.1080/01621459.1987.10478410 (acceleration from the empirical influence
    of each cluster)

    Examples
    --------
    >>> twos, ones = np.array([2.0, 4.0]), np.array([1.0, 2.0])
    >>> bootstrap_ratio_interval(twos, ones, rng=np.random.default_rng(1))
    Interval(low=2.0, high=2.0)
    """
    check_level(level)
    top, bottom = np.asarray(over, np.float64), np.asarray(under, np.float64)
    if top.shape != bottom.shape or n_boot < 1:
        raise InputError("give as many sums over as under, and ask for at least 1 resample.")
    if not (
        np.isfinite(top).all() and np.isfinite(bottom).all() and (bottom.sum() > 0 or not len(top))
    ):
        raise InputError("sums must be finite, and those under must add up to more than 0.")
    if len(top) < 2:
        return NO_INTERVAL
    ratio = top.sum() / bottom.sum()
    influence = top - ratio * bottom
    if np.abs(influence).max() <= 1e-12 * np.abs(top).max(initial=0):
        return Interval(float(ratio), float(ratio))
    resampled = _resampled_ratios(top, bottom, rng, n_boot)
    below = (np.mean(resampled < ratio) + np.mean(resampled <= ratio)) / 2
    bias = stats.norm.ppf(np.clip(below, 0.5 / n_boot, 1 - 0.5 / n_boot))
    scaled = influence / np.abs(influence).max()
    acceleration = (scaled**3).sum() / (6 * (scaled**2).sum() ** 1.5)
    shifted = bias + stats.norm.ppf([(1 - level) / 2, (1 + level) / 2])
    ends = stats.norm.cdf(bias + shifted / (1 - acceleration * shifted))
    low, high = np.quantile(resampled, ends)
    return Interval(float(low), float(high))


def _resampled_ratios(
    top: np.ndarray, bottom: np.ndarray, rng: np.random.Generator, n_boot: int
) -> np.ndarray:
    n = len(top)
    step = max(1, _CELLS // n)
    found = []
    for start in range(0, n_boot, step):
        drawn = rng.integers(n, size=(min(step, n_boot - start), n))
        sums = bottom[drawn].sum(axis=1)
        # A resample without any weight says nothing of the ratio.
        found.append(top[drawn].sum(axis=1)[sums > 0] / sums[sums > 0])
    return np.concatenate(found)
