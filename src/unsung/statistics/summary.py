"""Mean, spread and count of the values that are defined."""

from typing import NamedTuple

import numpy as np


class Summary(NamedTuple):
    """Mean, sample standard deviation (n - 1) and number of the values that are not NaN.

    ``mean`` is NaN where n = 0, ``sd`` where n < 2.
    """

    mean: float
    sd: float
    n: int


def summarise(values: np.ndarray) -> Summary:
    """Mean, standard deviation and count, NaN left out.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        NaN marks a value that is not defined.

    Returns
    -------
    summary : Summary

    Examples
    --------
    >>> summarise(np.array([1.0, np.nan, 3.0]))
    Summary(mean=2.0, sd=1.41..., n=2)
    """
    defined = np.asarray(values, dtype=np.float64)
    defined = defined[~np.isnan(defined)]
    n = len(defined)
    return Summary(
        mean=float(defined.mean()) if n else float("nan"),
        sd=float(defined.std(ddof=1)) if n > 1 else float("nan"),
        n=n,
    )


def ratio_or_nan(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Elementwise quotient, NaN where the denominator is 0.

    Parameters
    ----------
    numerator, denominator : ndarray of a number or bool, shapes that broadcast
        Denominators >= 0.

    Returns
    -------
    ratio : ndarray of float64

    Examples
    --------
    >>> ratio_or_nan(np.array([1, 2]), np.array([4, 0]))
    array([0.25,  nan])
    """
    over, under = np.broadcast_arrays(numerator, denominator)
    ratio = np.full(over.shape, np.nan)
    np.divide(over, under, out=ratio, where=under > 0)
    return ratio


def number_or_none(value: float | None) -> float | None:
    """None for what JSON has no number for: NaN and the infinities.

    Examples
    --------
    >>> number_or_none(0.5), number_or_none(float("nan")), number_or_none(None)
    (0.5, None, None)
    """
    return float(value) if value is not None and np.isfinite(value) else None
