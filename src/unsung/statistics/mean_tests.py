"""Other p-values of "the mean is no higher than this": two that hold for every n, one that doesn't.

Simpler and weaker than the bets of ``betting``, but for Student's t, which is no guarantee and
stands beside them for comparison.
"""

import numpy as np
from scipy import special, stats

from unsung.errors import InputError
from unsung.statistics.betting import checked_values


def empirical_bernstein_p_values(
    values: np.ndarray, *, low: np.ndarray | float, high: np.ndarray | float, mean: float = 0.0
) -> np.ndarray:
    """P-values of H0: the expected value is at most ``mean``, from Maurer & Pontil's bound.

    The smallest d at which their lower bound of the mean is above ``mean``.

    Parameters
    ----------
    values : ndarray of float64, shape (n,) or (n, m)
        Independent rows in [low, high].
    low, high : float or ndarray of float64, shape (m,)
        The range, fixed before the data are looked at.
    mean : float
        The expected value that is tested.

    Returns
    -------
    p_values : ndarray of float64, shape (m,)
        In (0, 1]; 1 for fewer than two rows.

    Raises
    ------
    InputError
        Where a value lies outside the range or is not finite.

    References
    ----------
    Maurer & Pontil (2009), theorem 4, arXiv:0907.3740

    Examples
    --------
    No spread: 1 - 7 ln(2/p) / (3 * 1000) = .98.

    >>> p = empirical_bernstein_p_values(np.ones(1001), low=0, high=1, mean=0.98)
    >>> bool(np.isclose(p[0], 2 * np.exp(-60 / 7)))
    True
    """
    values, width = _in_range(values, low, high)
    n, m = values.shape
    if n < 2:
        return np.ones(m)
    # With L = ln(2/d): mean + sqrt(2 V L / n) + 7 width L / (3 (n - 1)) = sample mean.
    linear = np.sqrt(2 * values.var(axis=0, ddof=1) / n)
    square = 7 * width / (3 * (n - 1))
    excess = np.maximum(values.mean(axis=0) - mean, 0)
    root = (np.sqrt(linear**2 + 4 * square * excess) - linear) / (2 * square)
    return np.asarray(np.minimum(2 * np.exp(-(root**2)), 1))


def hoeffding_bentkus_p_values(
    values: np.ndarray, *, low: np.ndarray | float, high: np.ndarray | float, mean: float = 0.0
) -> np.ndarray:
    """P-values of H0: the expected value is at most ``mean``, the smaller of two bounds.

    Parameters
    ----------
    values, low, high, mean
        As in ``empirical_bernstein_p_values``.

    Returns
    -------
    p_values : ndarray of float64, shape (m,)
        In [0, 1]; 1 where there is no row.

    Raises
    ------
    InputError
        Where a value lies outside the range or is not finite.

    References
    ----------
    Bates, Angelopoulos, Lei, Malik & Jordan (2021), arXiv:2101.02703;
    Angelopoulos, Bates, Candès, Jordan & Lei (2021), proposition 3, arXiv:2110.01052

    Examples
    --------
    Ten heads of ten: Hoeffding's tight form gives the exact 2^-10.

    >>> p = hoeffding_bentkus_p_values(np.ones(10), low=0, high=1, mean=0.5)
    >>> bool(np.isclose(p[0], 1 / 1024))
    True
    """
    values, width = _in_range(values, low, high)
    n, m = values.shape
    if n == 0:
        return np.ones(m)
    top = np.broadcast_to(np.asarray(high, dtype=np.float64), m)
    # As the loss of a risk in [0, 1]: small where the values are high.
    tested = (top - mean) / width
    risk = np.minimum(((top - values) / width).mean(axis=0), tested)
    divergence = special.rel_entr(risk, tested) + special.rel_entr(1 - risk, 1 - tested)
    # Sums that are whole on paper may lie a last bit above.
    count = np.ceil(n * risk - 1e-9)
    bentkus = np.e * stats.binom.cdf(count, n, tested)
    return np.asarray(np.minimum(np.minimum(np.exp(-n * divergence), bentkus), 1))


def t_test_p_values(values: np.ndarray, *, mean: float = 0.0) -> np.ndarray:
    """One-sided p-values of Student's t-test: about right for large n, guaranteed for no n.

    Parameters
    ----------
    values : ndarray of float64, shape (n,) or (n, m)
        Independent rows.
    mean : float
        The expected value that is tested.

    Returns
    -------
    p_values : ndarray of float64, shape (m,)
        NaN for fewer than two rows, or where all are equal.

    Raises
    ------
    InputError
        Where a value is not finite.

    Examples
    --------
    >>> t_test_p_values(np.array([1.0, 2.0, 3.0])).round(3)
    array([0.037])
    """
    values = checked_values(values)
    n, m = values.shape
    if n < 2:
        return np.full(m, np.nan)
    error = values.std(axis=0, ddof=1) / np.sqrt(n)
    differ = np.ptp(values, axis=0) > 0
    t = np.divide(values.mean(axis=0) - mean, error, out=np.full(m, np.nan), where=differ)
    return np.asarray(stats.t.sf(t, n - 1))


def _in_range(
    values: np.ndarray, low: np.ndarray | float, high: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    values = checked_values(values)
    width = np.broadcast_to(np.asarray(high, dtype=np.float64) - low, values.shape[1])
    if not (width > 0).all():
        raise InputError(f"range {low} to {high} is empty: give low < high.")
    if not ((values >= low - 1e-9 * width) & (values <= high + 1e-9 * width)).all():
        raise InputError(f"a value lies outside {low} to {high}: the test holds inside only.")
    return values, width
