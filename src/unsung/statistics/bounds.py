"""Lower confidence bounds of the mean of bounded values, valid for every n and distribution."""

import numpy as np

from unsung.errors import InputError
from unsung.statistics.intervals import check_level


def hoeffding_lower_bound(
    values: np.ndarray, *, low: float, high: float, level: float = 0.95
) -> float:
    """One-sided lower bound of the mean that knows only the range: mean - range sqrt(ln(1/d)/2n).

    With probability of at least ``level`` (d = 1 - level) the true mean is not below the bound.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Independent values in [low, high]. For an upper bound, negate values and range.
    low, high : float
        The range, fixed before the data are looked at; low < high.
    level : float
        Confidence in (0, 1).

    Returns
    -------
    bound : float
        Never below ``low``, which is also what no value at all gives.

    Raises
    ------
    InputError
        Where ``level`` or the range is wrong or a value lies outside it.

    References
    ----------
    Hoeffding (1963), doi:10.1080/01621459.1963.10500830

    Examples
    --------
    >>> round(hoeffding_lower_bound(np.ones(150), low=0, high=1), 3)
    0.9
    """
    values = _checked(values, low, high, level)
    if not len(values):
        return low
    width = (high - low) * np.sqrt(np.log(1 / (1 - level)) / (2 * len(values)))
    return max(low, float(values.mean() - width))


def empirical_bernstein_lower_bound(
    values: np.ndarray, *, low: float, high: float, level: float = 0.95
) -> float:
    """One-sided lower bound of the mean that gains from a small variance.

    mean - sqrt(2 V ln(2/d) / n) - 7 range ln(2/d) / (3 (n - 1)), V the sample variance: tighter
    than Hoeffding's where the spread is far below the range, as with differences of rank metrics.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Independent values in [low, high].
    low, high : float
        The range, fixed before the data are looked at; low < high.
    level : float
        Confidence in (0, 1).

    Returns
    -------
    bound : float
        Never below ``low``, which is also what fewer than two values give.

    Raises
    ------
    InputError
        Where ``level`` or the range is wrong or a value lies outside it.

    References
    ----------
    Maurer & Pontil (2009), theorem 4, arXiv:0907.3740

    Examples
    --------
    >>> round(empirical_bernstein_lower_bound(np.ones(1001), low=0, high=1), 4)
    0.9914
    """
    values = _checked(values, low, high, level)
    n = len(values)
    if n < 2:
        return low
    log_term = np.log(2 / (1 - level))
    spread = np.sqrt(2 * values.var(ddof=1) * log_term / n)
    rest = 7 * (high - low) * log_term / (3 * (n - 1))
    return max(low, float(values.mean() - spread - rest))


def _checked(values: np.ndarray, low: float, high: float, level: float) -> np.ndarray:
    check_level(level)
    if not low < high:
        raise InputError(f"range {low} to {high} is empty: give low < high.")
    values = np.asarray(values, dtype=np.float64)
    if not ((values >= low) & (values <= high)).all():
        raise InputError(f"a value lies outside {low} to {high}: the bound holds inside only.")
    return values
