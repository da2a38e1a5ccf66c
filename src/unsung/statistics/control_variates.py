"""Variance taken off a metric by what was known of each user before (CUPED)."""

from typing import NamedTuple

import numpy as np

from unsung.errors import InputError


class Adjusted(NamedTuple):
    """Values less what the covariates foretold.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        With the same mean over all groups together as before.
    variance_share : float
        Variance within groups over that before the adjustment, 0 to 1; 1 = the covariates foretell
        nothing.
    """

    values: np.ndarray
    variance_share: float


def adjust_for_covariates(
    values: np.ndarray, covariates: np.ndarray, groups: np.ndarray
) -> Adjusted:
    """Subtract from each value what the unit's covariates foretold of it.

    y - (x - mean x) b, with one b for all groups, found by least squares within the groups, so that
    a difference between groups has no part in it. Where the covariates are from before the
    assignment, the expected difference between groups is as it was and its variance smaller.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
    covariates : ndarray of float, shape (n, n_covariates)
        From before the assignment. Constant columns count for nothing.
    groups : ndarray of int, shape (n,)
        Group of each row, from 0.

    Returns
    -------
    adjusted : Adjusted

    Raises
    ------
    InputError
        Where the rows don't match or a number is not finite.

    References
    ----------
    Deng et al. (2013), "Improving the Sensitivity of Online Controlled Experiments by Utilizing
    Pre-Experiment Data", doi:10.1145/2433396.2433413; Lin (2013), arXiv:1208.2301 (why the
    standard error remains right where the line is wrong)

    Examples
    --------
    >>> y, x = np.array([1.0, 2.0, 4.0, 5.0]), np.array([[0.0], [1.0], [0.0], [1.0]])
    >>> adjusted = adjust_for_covariates(y, x, np.array([0, 0, 1, 1]))
    >>> adjusted.values.tolist(), adjusted.variance_share
    ([1.5, 1.5, 4.5, 4.5], 0.0)
    """
    y = np.asarray(values, dtype=np.float64)
    x = np.asarray(covariates, dtype=np.float64)
    if not len(y) == len(x) == len(groups):
        raise InputError(f"{len(y)} values, {len(x)} covariates, {len(groups)} groups: pair them.")
    if not np.isfinite(y).all() or not np.isfinite(x).all():
        raise InputError("a value or covariate is not finite: leave out NaN and infinity first.")
    centred = x - x.mean(axis=0) if len(x) else x
    scale = centred.std(axis=0) if len(x) else np.zeros(x.shape[1])
    usable = scale > 1e-12 * np.abs(x).max(axis=0, initial=1.0)
    centred = centred[:, usable] / scale[usable]
    within_y, within_x = _within(y[:, None], groups)[:, 0], _within(centred, groups)
    total = float(within_y @ within_y)
    if not total or not usable.any():
        return Adjusted(y.copy(), 1.0)
    slope = np.linalg.lstsq(within_x, within_y, rcond=1e-10)[0]
    rest = within_y - within_x @ slope
    return Adjusted(y - centred @ slope, float(rest @ rest) / total)


def _within(columns: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Columns less the mean of their group."""
    counts = np.maximum(np.bincount(groups), 1)
    means = np.stack([np.bincount(groups, column) / counts for column in columns.T], axis=1) \
        if columns.shape[1] else np.zeros((len(counts), 0))  # fmt: skip
    return np.asarray(columns - means[groups])
