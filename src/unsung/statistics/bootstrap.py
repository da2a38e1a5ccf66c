"""Bootstrap interval of a mean."""

import numpy as np
from scipy import stats

from unsung.errors import InputError
from unsung.statistics.intervals import NO_INTERVAL, Interval, check_level

# Draws held in memory at once: 32 MB of indices.
_CELLS = 2**22


def bootstrap_mean_interval(
    values: np.ndarray, *, rng: np.random.Generator, level: float = 0.95, n_boot: int = 2000
) -> Interval:
    """BCa bootstrap interval of the mean: bias-corrected and accelerated.

    Per-user differences of rank metrics are mostly zeros with a skewed rest, for which BCa covers
    better than plain percentiles.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Finite. For a paired comparison, the differences.
    rng : Generator
    level : float
        Confidence in (0, 1).
    n_boot : int
        Resamples, >= 1; 2,000 are enough for 95 %.

    Returns
    -------
    interval : Interval
        NaN where n < 2; the mean itself at both ends where all values are equal.

    Raises
    ------
    InputError
        Where ``level`` or ``n_boot`` is out of range or a value is not finite.

    Notes
    -----
    Takes n * n_boot draws (about .4 s for 22,000 values and 2,000 resamples).

    References
    ----------
    Efron (1987), doi:10.1080/01621459.1987.10478410

    Examples
    --------
    >>> bootstrap_mean_interval(np.array([2.0, 2.0, 2.0]), rng=np.random.default_rng(1))
    Interval(low=2.0, high=2.0)
    """
    check_level(level)
    values = np.asarray(values, dtype=np.float64)
    if n_boot < 1:
        raise InputError(f"{n_boot} resamples: ask for at least 1.")
    if not np.isfinite(values).all():
        raise InputError("a value to resample is not finite: leave out NaN and infinity first.")
    if len(values) < 2:
        return NO_INTERVAL
    mean, spread = float(values.mean()), float(np.ptp(values))
    if spread == 0:
        return Interval(float(values[0]), float(values[0]))
    means = _resampled_means(values, rng, n_boot)
    # Half a resample keeps the correction finite where every resample lies on one side.
    below = (np.mean(means < mean) + np.mean(means <= mean)) / 2
    bias = stats.norm.ppf(np.clip(below, 0.5 / n_boot, 1 - 0.5 / n_boot))
    # In units of the spread, or cubes of small differences would vanish.
    centred = (values - mean) / spread
    acceleration = (centred**3).sum() / (6 * (centred**2).sum() ** 1.5)
    tail = stats.norm.ppf([(1 - level) / 2, (1 + level) / 2])
    shifted = bias + tail
    ends = stats.norm.cdf(bias + shifted / (1 - acceleration * shifted))
    low, high = np.quantile(means, ends)
    return Interval(float(low), float(high))


def _resampled_means(values: np.ndarray, rng: np.random.Generator, n_boot: int) -> np.ndarray:
    n = len(values)
    step = max(1, _CELLS // n)
    sizes = [min(step, n_boot - start) for start in range(0, n_boot, step)]
    return np.concatenate([values[rng.integers(n, size=(size, n))].mean(axis=1) for size in sizes])
