"""Difference and ratio of the means of two independent samples, at a given number of errors."""

from typing import NamedTuple

import numpy as np

from unsung.statistics.intervals import NO_INTERVAL, Interval


class Sample(NamedTuple):
    """Mean of a sample, its standard error and the number of values; NaN error where n < 2."""

    mean: float
    error: float
    n: int

    @classmethod
    def of(cls, values: np.ndarray) -> "Sample":
        """From the values themselves; a mean of NaN where there is none."""
        n = len(values)
        mean = float(np.mean(values)) if n else float("nan")
        error = float(np.std(values, ddof=1)) / n**0.5 if n > 1 else float("nan")
        return cls(mean, error, n)


def difference_interval(treated: Sample, control: Sample, reach: float) -> Interval:
    """Interval of the difference of means, ``reach`` standard errors to either side (Welch).

    Examples
    --------
    >>> difference_interval(Sample(3.0, 0.3, 9), Sample(1.0, 0.4, 9), reach=2.0)
    Interval(low=1.0, high=3.0)
    """
    difference = treated.mean - control.mean
    half = reach * float(np.hypot(treated.error, control.error))
    return Interval(difference - half, difference + half)


def lift_interval(treated: Sample, control: Sample, reach: float) -> Interval:
    """Interval of treated mean / control mean - 1 (Fieller): every lift that can't be ruled out.

    A lift is ruled out where treated - (1 + lift) control lies more than ``reach`` of its own
    standard errors from 0, so the interval has the guarantees of the one of the difference, at one
    look or at all.

    Parameters
    ----------
    treated, control : Sample
    reach : float
        Standard errors.

    Returns
    -------
    interval : Interval
        NaN where the control mean can't be told from 0 or is below it, since then no ratio can be
        ruled out.

    References
    ----------
    Fieller (1954), doi:10.1111/j.2517-6161.1954.tb00159.x

    Examples
    --------
    >>> low, high = lift_interval(Sample(11.0, 0.1, 99), Sample(10.0, 0.1, 99), reach=2.0)
    >>> round(low, 3), round(high, 3)
    (0.071, 0.13)
    """
    square = control.mean**2 - (reach * control.error) ** 2
    if not (square > 0 and control.mean > 0 and np.isfinite(treated.error)):
        return NO_INTERVAL
    cross = treated.mean * control.mean
    rest = treated.mean**2 - (reach * treated.error) ** 2
    root = float(np.sqrt(max(cross**2 - square * rest, 0.0)))
    return Interval((cross - root) / square - 1, (cross + root) / square - 1)
