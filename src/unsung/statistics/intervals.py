"""Confidence intervals of a mean and of a proportion in closed form."""

from typing import NamedTuple

import numpy as np
from scipy import stats

from unsung.errors import InputError


class Interval(NamedTuple):
    """A two-sided confidence interval; NaN at both ends where the data allow none."""

    low: float
    high: float


NO_INTERVAL = Interval(float("nan"), float("nan"))
"""What fewer than two values give."""


def check_level(level: float) -> None:
    """Refuse a confidence level outside (0, 1).

    Raises
    ------
    InputError
        Such as for 95 in place of .95.
    """
    if not 0 < level < 1:
        raise InputError(f"confidence level {level} is not between 0 and 1: give .95 for 95 %.")


def normal_interval(values: np.ndarray, level: float = 0.95) -> Interval:
    """Interval of the mean by the normal distribution; for large n.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
    level : float
        Confidence in (0, 1).

    Returns
    -------
    interval : Interval
        NaN where n < 2.

    Raises
    ------
    InputError
        Where ``level`` is not in (0, 1).
    """
    check_level(level)
    return _around_mean(values, float(stats.norm.ppf((1 + level) / 2)))


def t_interval(values: np.ndarray, level: float = 0.95) -> Interval:
    """Interval of the mean by Student's t; for few values that are about normal (seeds).

    Parameters and errors as in ``normal_interval``.

    Examples
    --------
    >>> low, high = t_interval(np.array([1.0, 2.0, 3.0]))
    >>> round(low, 2), round(high, 2)
    (-0.48, 4.48)
    """
    check_level(level)
    return _around_mean(values, float(stats.t.ppf((1 + level) / 2, max(len(values) - 1, 1))))


def _around_mean(values: np.ndarray, quantile: float) -> Interval:
    if len(values) < 2:
        return NO_INTERVAL
    mean = float(np.mean(values))
    half = quantile * float(np.std(values, ddof=1)) / len(values) ** 0.5
    return Interval(mean - half, mean + half)


def wilson_interval(successes: int, n: int, level: float = 0.95) -> Interval:
    """Wilson's score interval of a proportion: sound also near 0 and 1 and for small n.

    Parameters
    ----------
    successes, n : int
        ``successes`` of ``n`` trials, 0 <= successes <= n.
    level : float
        Confidence in (0, 1).

    Returns
    -------
    interval : Interval
        Inside [0, 1]; NaN where n = 0.

    Raises
    ------
    InputError
        Where ``level`` or the counts are out of range.

    References
    ----------
    Wilson (1927), doi:10.1080/01621459.1927.10502953

    Examples
    --------
    >>> low, high = wilson_interval(0, 10)
    >>> round(low, 3), round(high, 3)
    (0.0, 0.278)
    """
    check_level(level)
    if not 0 <= successes <= n:
        raise InputError(f"{successes} successes of {n} trials: give counts with 0 <= part <= all.")
    if n == 0:
        return NO_INTERVAL
    z = float(stats.norm.ppf((1 + level) / 2))
    share = successes / n
    centre = share + z**2 / (2 * n)
    half = z * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    scale = 1 + z**2 / n
    return Interval(max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale))
