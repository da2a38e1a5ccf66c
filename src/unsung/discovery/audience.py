"""Which customers an item is for, by their taste alone: popularity has no say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from unsung.data.state import ShopState
from unsung.recommenders.base import Recommender
from unsung.recommenders.blend import standardise

TASTE_KINDS: Final = ("linear", "terms", "encoder")
NEAR_SHARE: Final = 0.02
"""An item is for a customer in whose taste it stands among so much of the catalogue."""
MOST_CUSTOMERS: Final = 20_000
"""Customers who are asked; of more, a sample stands for all."""
EXAMPLES: Final = 5
_CELLS: Final = 2**22


@dataclass(frozen=True, eq=False)
class Taste:
    """Scorers that rest on a customer's history, with the blend's weights.

    Parameters
    ----------
    scorers : sequence of Recommender
    weights : mapping of str to float
        By name; the same for all where none is above 0.
    """

    scorers: Sequence[Recommender]
    weights: Mapping[str, float]

    def scores(self, state: ShopState, users: np.ndarray) -> np.ndarray:
        """Weighted sum of the standardised scores: ndarray of float32, shape (n, n_items)."""
        weights = [max(self.weights.get(scorer.name, 0.0), 0.0) for scorer in self.scorers]
        if not any(weights):
            weights = [1.0 for _ in weights]
        total = np.zeros((len(users), state.n_items), dtype=np.float32)
        for scorer, weight in zip(self.scorers, weights, strict=True):
            if weight:
                total += np.float32(weight) * standardise(scorer.score(state, users), state.listed)
        return total


def audiences(
    taste: Taste, state: ShopState, items: np.ndarray, *, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Each item's audience: customers who haven't bought it and to whose taste it is near.

    Parameters
    ----------
    taste : Taste
    state : ShopState
    items : ndarray of int64, shape (n,)
    rng : Generator
        Draws the sample where there are many customers.

    Returns
    -------
    audiences : list of dict, length n
        ``size`` (customers, of all), ``share`` (of all), ``standard_error`` of the share where a
        sample was asked, and ``examples``: the ids of those it is nearest to.
    """
    known = np.flatnonzero(np.diff(state.pairs.indptr) > 0).astype(np.int32)
    asked = known
    if len(known) > MOST_CUSTOMERS:
        asked = np.sort(rng.choice(known, MOST_CUSTOMERS, replace=False))
    near = np.zeros(len(items), dtype=np.int64)
    strength = np.full((len(items), len(asked)), -np.inf, dtype=np.float32)
    for part in _batches(len(asked), state.n_items):
        scores = taste.scores(state, asked[part])
        cut = _cut(scores, state.listed)
        mine = scores[:, items].T
        inside = (mine >= cut) & (mine > 0) & ~_bought(state, asked[part], items)
        near += inside.sum(axis=1)
        strength[:, part] = np.where(inside, mine, -np.inf)
    return [_audience(state, known, asked, near[n], strength[n]) for n in range(len(items))]


def _audience(
    state: ShopState, known: np.ndarray, asked: np.ndarray, near: int, strength: np.ndarray
) -> dict[str, Any]:
    share = float(near) / max(len(asked), 1)
    sampled = len(asked) < len(known)
    error = float(np.sqrt(share * (1 - share) / max(len(asked), 1))) if sampled else 0.0
    order = np.argsort(-strength, kind="stable")[:EXAMPLES]
    return {
        "size": round(share * len(known)),
        "share": round(share, 5),
        "standard_error": round(error, 5),
        "examples": [
            str(state.users.values[asked[place]]) for place in order if np.isfinite(strength[place])
        ],
    }


def _batches(n_users: int, n_items: int) -> Iterator[slice]:
    size = max(1, _CELLS // max(n_items, 1))
    for start in range(0, n_users, size):
        yield slice(start, min(start + size, n_users))


def _cut(scores: np.ndarray, listed: np.ndarray) -> np.ndarray:
    """The score from which on an item is near to a user: ndarray of float32, shape (n,)."""
    compared = scores[:, listed]
    place = max(round(NEAR_SHARE * compared.shape[1]), 1)
    return np.asarray(-np.partition(-compared, place - 1, axis=1)[:, place - 1])


def _bought(state: ShopState, users: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Which of the items each user bought: ndarray of bool, shape (n_items_asked, n)."""
    place = np.full(state.n_items, -1)
    place[items] = np.arange(len(items))
    found = np.zeros((len(items), len(users)), dtype=bool)
    for column, user in enumerate(users):
        entries = state.pairs.of_user(int(user))
        rows = place[state.pairs.item_index[entries][state.pairs.bought[entries]]]
        found[rows[rows >= 0], column] = True
    return found
