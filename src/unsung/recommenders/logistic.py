"""Platt scaling: log-odds that keep their order and learn to mean what they say."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

MOST_STEPS = 50


@dataclass(frozen=True)
class PlattScale:
    """``slope * log_odds + intercept``, with a slope above 0.

    Parameters
    ----------
    slope, intercept : float
    """

    slope: float
    intercept: float

    def apply(self, log_odds: np.ndarray) -> np.ndarray:
        """Calibrated log-odds: ndarray of float64, shape of the input."""
        return self.slope * log_odds + self.intercept


def fit_platt(log_odds: np.ndarray, happened: np.ndarray) -> PlattScale:
    """The scale that makes log-odds most likely to be right.

    Parameters
    ----------
    log_odds : ndarray of float64, shape (n,)
    happened : ndarray of bool, shape (n,)

    Returns
    -------
    scale : PlattScale
        The slope is 1, and the intercept alone is fitted, where no slope above 0 fits: order is
        never turned round.

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
    >>> round(fit_platt(z, happened).slope, 1)
    0.5
    """
    n_yes = int(happened.sum())
    high, low = (n_yes + 1) / (n_yes + 2), 1 / (len(happened) - n_yes + 2)
    target = np.where(happened, high, low)
    if len(happened) and np.ptp(log_odds) > 0:
        columns = np.stack([log_odds, np.ones(len(log_odds))], axis=1)
        slope, intercept = _newton(columns, np.zeros(len(log_odds)), target)
        if slope > 0:
            return PlattScale(float(slope), float(intercept))
    alone = _newton(np.ones((len(log_odds), 1)), log_odds, target) if len(happened) else [0.0]
    return PlattScale(1.0, float(alone[0]))


def _newton(columns: np.ndarray, offset: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Weights of the columns that are most likely beside a fixed offset."""
    weights = np.zeros(columns.shape[1])
    weights[-1] = _logit(target.mean()) - offset.mean()
    loss = _loss(columns @ weights + offset, target)
    for _ in range(MOST_STEPS):
        probability = expit(columns @ weights + offset)
        gradient = columns.T @ (probability - target)
        curvature = (columns.T * (probability * (1 - probability))) @ columns
        curvature[np.diag_indices(len(weights))] += 1e-9
        step = np.linalg.solve(curvature, gradient)
        while True:
            tried = weights - step
            new = _loss(columns @ tried + offset, target)
            if new <= loss + 1e-12 * abs(loss) or np.abs(step).max() < 1e-10:
                break
            step = step / 2
        weights, done = tried, loss - new <= 1e-12 * max(abs(loss), 1)
        loss = new
        if done:
            break
    return weights


def _loss(log_odds: np.ndarray, target: np.ndarray) -> float:
    return float((np.logaddexp(0, log_odds) - target * log_odds).sum())


def _logit(share: float) -> float:
    return float(np.log(share / (1 - share)))
