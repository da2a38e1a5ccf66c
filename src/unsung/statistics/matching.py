"""What an outcome exceeds that of comparable units, which is what a lift has to be measured by."""

import numpy as np


def quantile_groups(values: np.ndarray, n_groups: int = 10) -> np.ndarray:
    """Groups of about equal size by rank; equal values always share a group.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
    n_groups : int
        At most so many.

    Returns
    -------
    groups : ndarray of int64, shape (n,)
        0 (lowest) to n_groups - 1.

    Examples
    --------
    >>> quantile_groups(np.array([5.0, 1.0, 1.0, 9.0]), 2).tolist()
    [1, 0, 0, 1]
    """
    distinct, at = np.unique(values, return_inverse=True)
    counts = np.bincount(at, minlength=len(distinct))
    middle = np.cumsum(counts) - (counts + 1) / 2
    groups = (middle * n_groups / max(len(values), 1)).astype(np.int64)
    return np.asarray(np.minimum(groups, n_groups - 1)[at])


def matched_groups(*covariates: np.ndarray, n_groups: int = 10) -> np.ndarray:
    """Cells of units that are alike in every covariate's quantile group.

    Parameters
    ----------
    *covariates : ndarray of float, shape (n,)
    n_groups : int
        Of each covariate.

    Returns
    -------
    cells : ndarray of int64, shape (n,)
    """
    cells = np.zeros(len(covariates[0]), dtype=np.int64)
    for values in covariates:
        cells = cells * n_groups + quantile_groups(values, n_groups)
    return cells


def expected_of_others(outcome: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Mean outcome of the other units in each unit's cell.

    Parameters
    ----------
    outcome : ndarray of float, shape (n,)
    cells : ndarray of int, shape (n,)

    Returns
    -------
    expected : ndarray of float64, shape (n,)
        The mean of all where a unit is alone in its cell.

    Examples
    --------
    >>> expected_of_others(np.array([1.0, 3.0, 8.0]), np.array([0, 0, 1])).tolist()
    [3.0, 1.0, 4.0]
    """
    if not len(outcome):
        return np.zeros(0)
    _, cell = np.unique(cells, return_inverse=True)
    count, total = np.bincount(cell), np.bincount(cell, outcome)
    others = (total[cell] - outcome) / np.maximum(count[cell] - 1, 1)
    return np.asarray(np.where(count[cell] > 1, others, outcome.mean()))
