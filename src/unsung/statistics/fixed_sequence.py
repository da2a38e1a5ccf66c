"""Several hypotheses tested in an order fixed beforehand, each at the full level."""

import numpy as np

from unsung.errors import InputError
from unsung.statistics.intervals import check_level


def largest_p_values(p_values: np.ndarray) -> np.ndarray:
    """P-values of "at least one of several constraints fails", one a position.

    If one of them fails, its own p-value is valid and the largest is no smaller; so no correction
    for their number is due, whatever their dependence.

    Parameters
    ----------
    p_values : ndarray of float64, shape (n_constraints, m)
        At least one constraint.

    Returns
    -------
    largest : ndarray of float64, shape (m,)
        NaN where one is NaN.

    References
    ----------
    Berger (1982), doi:10.1080/00401706.1982.10487790 (the intersection-union test)

    Examples
    --------
    >>> largest_p_values(np.array([[0.01, 0.2], [0.04, 0.1]]))
    array([0.04, 0.2 ])
    """
    return np.asarray(np.max(np.atleast_2d(p_values), axis=0))


def fixed_sequence_test(p_values: np.ndarray, level: float = 0.95) -> int:
    """How many hypotheses are rejected from the front, before the first that is not.

    P(any false rejection) <= 1 - level: the first true hypothesis of the order must be rejected
    for an error to happen, and that has one p-value. The order must not depend on the data tested.

    Parameters
    ----------
    p_values : ndarray of float64, shape (m,)
        In the order of testing; NaN is a test that could not be made, and fails.
    level : float
        Confidence in (0, 1).

    Returns
    -------
    n_rejected : int
        The first so many are rejected; those behind it are not, however small their p-values.

    Raises
    ------
    InputError
        Where ``level`` is not in (0, 1), or a p-value is not in [0, 1].

    References
    ----------
    Angelopoulos, Bates, Candès, Jordan & Lei (2021), section 2.2, arXiv:2110.01052

    Examples
    --------
    >>> fixed_sequence_test(np.array([0.001, 0.04, 0.3, 0.01]))
    2
    """
    check_level(level)
    p_values = np.asarray(p_values, dtype=np.float64)
    if ((p_values < 0) | (p_values > 1)).any():
        raise InputError("a p-value lies outside 0 to 1: give probabilities.")
    failed = np.append(~(p_values <= 1 - level), True)
    return int(np.argmax(failed))
