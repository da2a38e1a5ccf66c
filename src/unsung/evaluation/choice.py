"""What shoppers choose: a multinomial logit over latent classes, fitted by maximum likelihood."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.special import logsumexp

MOST_ROUNDS = 30
"""Rounds of expectation and maximisation."""
ENOUGH = 1e-5
"""Gain of log-likelihood a choice below which the rounds end."""


@dataclass(frozen=True, eq=False)
class Choices:
    """What some users chose out of a catalogue.

    Parameters
    ----------
    counts : csr_array, shape (n_users, n_items)
        How often each user chose each item.
    features : ndarray of float64, shape (n_items, n_features)
        What an item is to everybody, as of before the choices.
    groups : ndarray of int, shape (n_items,)
        Kind of each item, below ``n_groups``.
    tastes : ndarray of float64, shape (n_users, n_groups)
        How much more each user likes each kind than others do, from before the choices; 0: as much.
    offered : ndarray of bool, shape (n_items,)
        What could be chosen.
    """

    counts: sp.csr_array
    features: np.ndarray
    groups: np.ndarray
    tastes: np.ndarray
    offered: np.ndarray

    @property
    def n_of_user(self) -> np.ndarray:
        """Choices of each user: ndarray of float64, shape (n_users,)."""
        return np.asarray(self.counts.sum(axis=1), dtype=np.float64)

    def by_group(self) -> np.ndarray:
        """Choices of each user by kind: ndarray of float64, shape (n_users, n_groups)."""
        kinds = np.eye(self.tastes.shape[1])[self.groups]
        return np.asarray(self.counts @ kinds, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class ChoiceModel:
    """P(item | user of class c) is proportional to exp(features b_c + a_c * taste for its kind).

    Parameters
    ----------
    shares : ndarray of float64, shape (n_classes,)
        Of the users; sum to 1.
    weights : ndarray of float64, shape (n_classes, n_features)
        b of each class.
    pulls : ndarray of float64, shape (n_classes,)
        a of each class: how far users follow their own taste.
    """

    shares: np.ndarray
    weights: np.ndarray
    pulls: np.ndarray

    def class_likelihoods(self, choices: Choices) -> np.ndarray:
        """Log-likelihood of each user's choices in each class: float64, (n_users, n_classes)."""
        summed = np.asarray(choices.counts @ choices.features)
        liked = (choices.by_group() * choices.tastes).sum(axis=1)
        found = [
            summed @ b + a * liked - choices.n_of_user * _log_offers(choices, b, a)[1]
            for b, a in zip(self.weights, self.pulls, strict=True)
        ]
        return np.stack(found, axis=1)

    def membership(self, choices: Choices) -> np.ndarray:
        """P(class | what the user chose): float64, shape (n_users, n_classes); rows sum to 1."""
        found = self.class_likelihoods(choices) + np.log(self.shares)
        return np.asarray(np.exp(found - logsumexp(found, axis=1, keepdims=True)))

    def log_likelihoods(self, choices: Choices, membership: np.ndarray | None = None) -> np.ndarray:
        """Log-likelihood of each user's choices: ndarray of float64, shape (n_users,).

        Parameters
        ----------
        choices : Choices
        membership : ndarray of float64, shape (n_users, n_classes), optional
            From earlier choices of the same users; the classes' shares where not given.
        """
        prior = self.shares if membership is None else np.maximum(membership, 1e-300)
        return np.asarray(logsumexp(self.class_likelihoods(choices) + np.log(prior), axis=1))

    def appeals(
        self, features: np.ndarray, groups: np.ndarray, tastes: np.ndarray, classes: np.ndarray
    ) -> np.ndarray:
        """exp(utility) of every item for users of known class: float64, (n_users, n_items).

        Parameters
        ----------
        features : ndarray of float64, shape (n_items, n_features)
        groups : ndarray of int, shape (n_items,)
            Group of each item: a column of ``tastes``.
        tastes : ndarray of float64, shape (n_users, n_groups)
        classes : ndarray of int, shape (n_users,)
        """
        common = np.exp(features @ self.weights.T).T
        liked = np.exp(self.pulls[classes][:, None] * tastes)
        return np.asarray(common[classes] * liked[:, groups])


def fit_choice_model(
    choices: Choices, n_classes: int, *, l2: float = 1.0, rng: np.random.Generator
) -> ChoiceModel:
    """Maximum likelihood by expectation-maximisation, L-BFGS in each class.

    Parameters
    ----------
    choices : Choices
        Of users with at least one choice.
    n_classes : int
    l2 : float
        Ridge penalty of each class; keeps kinds apart that nobody chose.
    rng : Generator
        Where the classes begin.

    Returns
    -------
    model : ChoiceModel

    Notes
    -----
    A user's own items stay among what could be chosen: they are few of many. The sum over items is
    taken kind by kind, so that a round costs users * kinds + items * features.

    References
    ----------
    McFadden, Conditional logit analysis of qualitative choice behavior, 1974.
    Kamakura & Russell, A probabilistic choice model for market segmentation, 1989,
    doi:10.1177/002224378902600401

    Examples
    --------
    Two items of one kind; the first, of feature 1, is chosen three times as often.

    >>> seen = Choices(sp.csr_array([[30, 10]]), np.array([[1.0], [0.0]]), np.zeros(2, int),
    ...                np.zeros((1, 1)), np.ones(2, bool))
    >>> model = fit_choice_model(seen, 1, l2=1e-6, rng=np.random.default_rng(0))
    >>> round(float(np.exp(model.weights[0, 0])), 2)
    3.0
    """
    n_users, n_features = len(choices.tastes), choices.features.shape[1]
    belongs = rng.dirichlet(np.ones(n_classes), n_users)
    points = np.zeros((n_classes, n_features + 1))
    reached = -np.inf
    for _ in range(MOST_ROUNDS):
        points = np.stack(
            [_fitted_class(choices, own, at, l2) for own, at in zip(belongs.T, points, strict=True)]
        )
        shares = np.maximum(belongs.mean(axis=0), 1e-9)
        model = ChoiceModel(shares / shares.sum(), points[:, :-1], points[:, -1])
        value = float(model.log_likelihoods(choices).sum())
        if value - reached < ENOUGH * choices.counts.sum():
            break
        reached, belongs = value, model.membership(choices)
    return model


def _log_offers(choices: Choices, b: np.ndarray, a: float) -> tuple[np.ndarray, np.ndarray]:
    """exp(utility) of the items without taste, and the log of each user's sum over the offer."""
    common = np.exp(choices.features @ b) * choices.offered
    by_kind = np.bincount(choices.groups, common, minlength=choices.tastes.shape[1])
    return common, np.log(np.exp(a * choices.tastes) @ by_kind + 1e-300)


def _fitted_class(choices: Choices, own: np.ndarray, start: np.ndarray, l2: float) -> np.ndarray:
    """Both b and a of a class to which users belong in part: ndarray of float64, (p + 1,)."""
    from scipy import optimize  # noqa: PLC0415 - as in statistics.linear_fit

    chosen = own * choices.n_of_user
    summed = np.asarray(choices.counts @ choices.features).T @ own
    liked = float(own @ (choices.by_group() * choices.tastes).sum(axis=1))

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        b, a = point[:-1], float(point[-1])
        common, log_sum = _log_offers(choices, b, a)
        value = chosen @ log_sum - summed @ b - a * liked + l2 / 2 * point @ point
        drawn = np.exp(a * choices.tastes - log_sum[:, None]) * chosen[:, None]
        expected = (drawn.sum(axis=0)[choices.groups] * common) @ choices.features
        by_kind = np.bincount(choices.groups, common, minlength=choices.tastes.shape[1])
        followed = float(((drawn * choices.tastes) @ by_kind).sum())
        return float(value), np.append(expected - summed, followed - liked) + l2 * point

    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 100})
    return np.asarray(found.x)
