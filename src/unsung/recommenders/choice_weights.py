"""Weights under which what users bought stands out among their candidates."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize, minimize_scalar

USUAL_USERS = 10
"""How strongly weights are held to the usual ones: by their squared distance, times so many, for
all users together. A shop with many users goes its own way."""
MOST_SURE = 3.0
"""Largest factor of the usual weights that is looked at."""


@dataclass(frozen=True, eq=False)
class Choices:
    """What users could choose from, and what they took.

    Parameters
    ----------
    scores : mapping of str to ndarray of float32, shape (n_users, n_candidates)
        Standardised scores of every component.
    inside : ndarray of bool, shape (n_users, n_candidates)
        Which places hold a candidate.
    worth : ndarray of float32, shape (n_users, n_candidates)
        How much a candidate counts as what its user took; 0 where it wasn't taken. With 1 shared
        among all that a user took, users count alike.
    """

    scores: Mapping[str, np.ndarray]
    inside: np.ndarray
    worth: np.ndarray


def choice_weights(
    choices: Choices,
    usual: Mapping[str, float],
    *,
    free: frozenset[str] = frozenset(),
) -> dict[str, float]:
    """The weights of a conditional logit: P(item) goes with exp(the weighted sum of scores).

    Parameters
    ----------
    choices : Choices
    usual : mapping of str to float
        Weights to stay near to where few users have chosen; their ratios count. Components
        without one have 0.
    free : frozenset of str
        Components whose weight may go below 0.

    Returns
    -------
    weights : dict of str to float
        Their size says how sure users' choices are, their ratios make the lists.

    Notes
    -----
    The log-likelihood is concave: there is one best set of weights and a gradient that leads to it
    (L-BFGS with bounds), where NDCG is a step function whose hills follow single users.

    References
    ----------
    McFadden, Conditional logit analysis of qualitative choice behavior, in Frontiers in
    Econometrics, 1974.

    Examples
    --------
    >>> scores = {"taste": np.array([[1, 0]], np.float32), "noise": np.array([[0, 0]], np.float32)}
    >>> choices = Choices(scores, np.ones((1, 2), bool), np.array([[1, 0]], np.float32))
    >>> weights = choice_weights(choices, {"taste": 1.0})
    >>> weights["taste"] > 1, weights["noise"]
    (True, 0.0)
    """
    names = tuple(choices.scores)
    guess = np.array([usual.get(name, 0.0) for name in names])
    taken = choices.worth.sum(axis=1) > 0
    if not taken.any():
        return dict(zip(names, guess.tolist(), strict=True))
    scores = np.stack([choices.scores[name][taken] for name in names], axis=-1)
    loss = _Loss(scores.astype(np.float32), choices.inside[taken], choices.worth[taken])
    scale = minimize_scalar(
        lambda scale: loss.of(scale * guess)[0],
        bounds=(0.0, MOST_SURE),
        method="bounded",
        options={"xatol": 0.01},
    ).x
    anchor, hold = scale * guess, USUAL_USERS / int(taken.sum())

    def held(weights: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = loss.of(weights)
        away = weights - anchor
        return value + hold * float(away @ away), gradient + 2 * hold * away

    bounds = [(None, None) if name in free else (0.0, None) for name in names]
    found = minimize(held, anchor, jac=True, method="L-BFGS-B", bounds=bounds)
    return dict(zip(names, found.x.tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class _Loss:
    """Mean negative log-likelihood of what was taken; arrays as in ``Choices``."""

    scores: np.ndarray
    inside: np.ndarray
    worth: np.ndarray

    def of(self, weights: np.ndarray) -> tuple[float, np.ndarray]:
        """The loss and its gradient."""
        blended = np.where(self.inside, self.scores @ weights.astype(np.float32), -np.inf)
        highest = blended.max(axis=1, keepdims=True)
        odds = np.exp(blended - highest)
        sums = odds.sum(axis=1, keepdims=True)
        of_user = self.worth.sum(axis=1)
        expected = self._summed(odds / sums * of_user[:, None])
        total, taken = float(of_user.sum()), self._summed(self.worth)
        logs = float(of_user @ (np.log(sums) + highest)[:, 0])
        return (logs - float(taken @ weights)) / total, (expected - taken) / total

    def _summed(self, shares: np.ndarray) -> np.ndarray:
        summed = np.einsum("um,umc->c", shares, self.scores, optimize=True)
        return np.asarray(summed, dtype=np.float64)
