"""Calibration of log-odds by logistic regression: they keep their order and mean what they say."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from unsung.recommenders.base import Arrays

MOST_STEPS = 50
RIDGE = 1e-3
"""Penalty that settles columns which say nothing."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """``slope * log_odds + covariates @ weights + intercept``, with a slope above 0.

    Parameters
    ----------
    slope, intercept : float
    weights : ndarray of float64, shape (n_covariates,)
    """

    slope: float
    intercept: float
    weights: np.ndarray

    @classmethod
    def none(cls, n_covariates: int = 0) -> "Calibration":
        """Leaves log-odds as they are."""
        return cls(1.0, 0.0, np.zeros(n_covariates))

    def apply(self, log_odds: np.ndarray, covariates: np.ndarray) -> np.ndarray:
        """Calibrated log-odds: ndarray of float64, shape (n,)."""
        return np.asarray(self.slope * log_odds + covariates @ self.weights + self.intercept)

    def to_arrays(self) -> Arrays:
        """The numbers, by name."""
        return {"scale": np.array([self.slope, self.intercept]), "weights": self.weights}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "Calibration":
        """The calibration of ``to_arrays``."""
        slope, intercept = (float(number) for number in arrays["scale"])
        return cls(slope, intercept, arrays["weights"])


def fit_calibration(
    log_odds: np.ndarray, covariates: np.ndarray, happened: np.ndarray
) -> Calibration:
    """What makes log-odds most likely to be right.

    Parameters
    ----------
    log_odds : ndarray of float64, shape (n,)
    covariates : ndarray of float, shape (n, n_covariates)
        What else moves the odds, the same for all that is to be ordered among each other; no
        columns for Platt's scaling.
    happened : ndarray of bool, shape (n,)

    Returns
    -------
    calibration : Calibration
        The slope is 1, and only the rest is fitted, where no slope above 0 fits: order is never
        turned round.

    Notes
    -----
    Newton's method on the logistic likelihood with Platt's smoothed targets, so that rows that all
    turned out alike give finite numbers.

    References
    ----------
    Platt, Probabilistic outputs for support vector machines, 1999.

    Examples
    --------
    A score that is twice too bold is halved.

    >>> z = np.repeat([-2.0, 2.0], 1000)
    >>> happened = np.tile(np.arange(1000), 2) < np.repeat([269, 731], 1000)
    >>> round(fit_calibration(z, np.zeros((2000, 0)), happened).slope, 1)
    0.5
    """
    n, n_yes = len(happened), int(happened.sum())
    if not n:
        return Calibration.none(covariates.shape[1])
    target = np.where(happened, (n_yes + 1) / (n_yes + 2), 1 / (n - n_yes + 2))
    others = np.column_stack([covariates, np.ones(n)]).astype(np.float64)
    if np.ptp(log_odds) > 0:
        both = _newton(np.column_stack([log_odds, others]), np.zeros(n), target)
        if both[0] > 0:
            return Calibration(float(both[0]), float(both[-1]), both[1:-1])
    alone = _newton(others, log_odds, target)
    return Calibration(1.0, float(alone[-1]), alone[:-1])


def _newton(columns: np.ndarray, offset: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Weights of the columns, the last of them ones, that are most likely beside an offset."""
    weights = np.zeros(columns.shape[1])
    weights[-1] = np.log(target.mean() / (1 - target.mean())) - offset.mean()
    loss = _loss(columns, weights, offset, target)
    for _ in range(MOST_STEPS):
        probability = expit(columns @ weights + offset)
        gradient = columns.T @ (probability - target) + RIDGE * weights
        curvature = (columns.T * (probability * (1 - probability))) @ columns
        curvature[np.diag_indices(len(weights))] += RIDGE
        step = np.linalg.solve(curvature, gradient)
        tried = _loss(columns, weights - step, offset, target)
        while tried > loss and np.abs(step).max() > 1e-10:
            step /= 2
            tried = _loss(columns, weights - step, offset, target)
        gained, loss = loss - tried, tried
        weights -= step
        if gained <= 1e-10 * max(abs(loss), 1):
            break
    return weights


def _loss(
    columns: np.ndarray, weights: np.ndarray, offset: np.ndarray, target: np.ndarray
) -> float:
    log_odds = columns @ weights + offset
    surprise = np.logaddexp(0, log_odds) - target * log_odds
    return float(surprise.sum() + RIDGE / 2 * (weights**2).sum())
