"""Correction of p-values for the number of comparisons."""

import numpy as np


def holm_adjust(p_values: np.ndarray) -> np.ndarray:
    """Holm's step-down p-values: reject where <= alpha, and P(any false rejection) <= alpha.

    Holds under every dependence between the tests.

    Parameters
    ----------
    p_values : ndarray of float64, shape (m,)
        NaN marks a test that could not be made; it stays NaN and is not counted.

    Returns
    -------
    adjusted : ndarray of float64, shape (m,)
        In [p, 1], in the order of the input.

    References
    ----------
    Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of
    Statistics 6, 65-70.

    Examples
    --------
    >>> holm_adjust(np.array([0.01, 0.04, 0.03]))
    array([0.03, 0.06, 0.06])
    """
    p_values = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(len(p_values), np.nan)
    tested = np.flatnonzero(~np.isnan(p_values))
    order = tested[np.argsort(p_values[tested], kind="stable")]
    steps = np.arange(len(order), 0, -1) * p_values[order]
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted
