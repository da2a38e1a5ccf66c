"""What is left of a relevance budget, user by user: the values that a certificate rests on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from unsung.errors import InputError
from unsung.statistics.intervals import NO_INTERVAL, Interval, t_interval


class UserSplit(NamedTuple):
    """Rows of three groups of users that share nobody; each ndarray of int64, ascending."""

    ranker: np.ndarray
    selection: np.ndarray
    calibration: np.ndarray


def split_users(
    users: np.ndarray | int,
    *,
    rng: np.random.Generator,
    shares: Sequence[float] = (0.4, 0.2, 0.4),
) -> UserSplit:
    """Draw who teaches the ranker, who serves all choices, and who does nothing but certify.

    Parameters
    ----------
    users : ndarray of int, shape (n_rows,), or int
        The user of each row: a user with rows in several windows is never in two groups. A number
        n stands for n rows of different users.
    rng : Generator
    shares : sequence of three float
        Of the users, for ranker labels, selection and calibration; at least 0, together 1.

    Returns
    -------
    split : UserSplit

    Raises
    ------
    InputError
        Where the shares are not three that add up to 1.

    Examples
    --------
    >>> split = split_users(10, rng=np.random.default_rng(1))
    >>> [len(part) for part in split]
    [4, 2, 4]
    """
    ends = np.cumsum(shares)
    if len(ends) != 3 or min(shares) < 0 or not np.isclose(ends[-1], 1):
        raise InputError(f"shares {tuple(shares)} are not three that add up to 1: such as .4 .2 .4")
    rows = np.arange(users) if isinstance(users, int) else np.asarray(users)
    people, owner = np.unique(rows, return_inverse=True)
    borders = np.round(ends[:2] * len(people)).astype(int)
    part = np.digitize(rng.permutation(len(people)), borders)[owner]
    return UserSplit(*(np.flatnonzero(part == index) for index in range(3)))


@dataclass(frozen=True, eq=False)
class Margins:
    """What a budget leaves at each position of a dial, one row a user.

    Parameters
    ----------
    values : ndarray of float64, shape (n, n_positions)
        NDCG of the dialled list less (1 - budget) times that of the undialled one. The budget
        holds where the expected value is above 0.
    reference : ndarray of float64, shape (n,)
        NDCG of the undialled list.
    budget : float
        Share of the undialled lists' expected NDCG that may be lost.
    low : ndarray of float64, shape (n_positions,)
        No value can be lower, by construction.
    n_left_out : int
        Rows without a value: users who had nothing to find.
    """

    values: np.ndarray
    reference: np.ndarray
    budget: float
    low: np.ndarray
    n_left_out: int = 0

    @property
    def n(self) -> int:
        """Independent users."""
        return len(self.values)

    def loss(self, position: int) -> float:
        """Share of the undialled lists' mean NDCG that a position loses; NaN where that is 0."""
        total = float(self.reference.sum())
        return self.budget - float(self.values[:, position].sum()) / total if total else np.nan

    def loss_interval(self, position: int, level: float = 0.95) -> Interval:
        """Two-sided interval of the loss, linearised and by Student's t: to look at, no guarantee.

        Parameters
        ----------
        position : int
        level : float
            Confidence in (0, 1).
        """
        loss = self.loss(position)
        if np.isnan(loss):
            return NO_INTERVAL
        deviation = (self.budget - loss) * self.reference - self.values[:, position]
        low, high = t_interval(deviation / self.reference.mean(), level)
        return Interval(loss + low, loss + high)

    def at(self, position: int) -> "Margins":
        """One position alone."""
        column = slice(position, position + 1)
        return Margins(
            self.values[:, column], self.reference, self.budget, self.low[column], self.n_left_out
        )


def margins(
    policy_ndcg: np.ndarray,
    reference_ndcg: np.ndarray,
    budget: float,
    *,
    most_lost: np.ndarray | float = 1.0,
    clusters: np.ndarray | None = None,
) -> Margins:
    """Pair the NDCG of dialled and undialled lists, and see what the budget leaves.

    Parameters
    ----------
    policy_ndcg : ndarray of float64, shape (n_rows, n_positions) or (n_rows,)
        In [0, 1]; a row is a user in a window.
    reference_ndcg : ndarray of float64, shape (n_rows,)
        Of the undialled lists. Rows that are NaN here are NaN in every position, and left out.
    budget : float
        In (0, 1): .02 allows a loss of 2 %.
    most_lost : float or ndarray of float64, shape (n_positions,)
        The most NDCG that a list can lose against the undialled one whatever its user wants,
        guaranteed by the policy's construction, in (0, 1] (as by ``rerankers.worst_loss``). The
        smaller, the fewer users certify. A largest loss that was merely seen is no guarantee.
    clusters : ndarray of int, shape (n_rows,), optional
        The user of each row, where users have rows in several windows: the mean over a user's
        windows counts, as one value.

    Returns
    -------
    margins : Margins

    Raises
    ------
    InputError
        Where shapes, budget or NaN don't fit, or a list lost more than ``most_lost``.

    Examples
    --------
    >>> found = margins(np.array([0.5, 0.25]), np.array([0.5, 0.5]), budget=0.02)
    >>> found.values.ravel().round(2), round(found.loss(0), 2), found.low
    (array([ 0.01, -0.24]), 0.25, array([-0.98]))
    """
    policy = np.asarray(policy_ndcg, dtype=np.float64)
    policy = policy[:, None] if policy.ndim == 1 else policy
    reference = np.asarray(reference_ndcg, dtype=np.float64)
    if not 0 < budget < 1:
        raise InputError(f"budget {budget} is not between 0 and 1: give .02 for 2 %.")
    if len(policy) != len(reference) or (clusters is not None and len(clusters) != len(reference)):
        raise InputError("dialled and undialled lists differ in number: pair them row by row.")
    absent = np.isnan(reference)
    if (np.isnan(policy) != absent[:, None]).any():
        raise InputError("a row has an NDCG with or without the dial only: judge the same users.")
    most = np.broadcast_to(np.asarray(most_lost, dtype=np.float64), policy.shape[1])
    if not ((most > 0) & (most <= 1)).all():
        raise InputError("the most that a list can lose is not above 0 and at most 1.")
    policy, reference = policy[~absent], reference[~absent]
    if (reference[:, None] - policy > most + 1e-9).any():
        raise InputError("a list lost more than most_lost: give what the policy guarantees.")
    if clusters is not None:
        policy, reference = _means(policy, reference, np.asarray(clusters)[~absent])
    # A margin is -(1 - budget) at least, and a list's loss at most.
    low = -np.minimum(most, 1 - budget)
    values = np.maximum(policy - (1 - budget) * reference[:, None], low)
    return Margins(values, reference, budget, low, int(absent.sum()))


def strongest_within(losses: np.ndarray, limit: float) -> np.ndarray:
    """The position that each user gets when nobody's list may be able to lose more than a limit.

    At dial position j a user gets the strongest position up to j whose worst loss is within the
    limit, and the undialled list (-1) where there is none.

    Parameters
    ----------
    losses : ndarray of float64, shape (n_users, n_positions)
        The most that each user's list can lose at each position, weakest first.
    limit : float
        The most NDCG that any list may be able to lose, in (0, 1].

    Returns
    -------
    positions : ndarray of int64, shape (n_users, n_positions)

    Examples
    --------
    >>> strongest_within(np.array([[0.1, 0.5, 0.3], [0.6, 0.6, 0.6]]), limit=0.4)
    array([[ 0,  0,  2],
           [-1, -1, -1]])
    """
    allowed = np.where(losses <= limit, np.arange(losses.shape[1]), -1)
    return np.asarray(np.maximum.accumulate(allowed, axis=1))


def _means(
    policy: np.ndarray, reference: np.ndarray, clusters: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    _, owner = np.unique(clusters, return_inverse=True)
    rows = np.bincount(owner)
    sums = np.zeros((len(rows), policy.shape[1]))
    np.add.at(sums, owner, policy)
    return sums / rows[:, None], np.bincount(owner, weights=reference) / rows
