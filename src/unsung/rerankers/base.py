"""The protocol that every balance method follows, and what it works on."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

import numpy as np
import scipy.sparse as sp

from unsung.errors import InputError
from unsung.popularity.segments import SEGMENT_NAMES
from unsung.schema import EMPTY

SegmentName = Literal["head", "tail", "fresh", "cold"]
"""A name in ``SEGMENT_NAMES``."""
OwnerKind = Literal["seller", "brand", "variant"]


@dataclass(frozen=True, eq=False)
class Pool:
    """The items that may stand in each user's list, best first; rules have been applied.

    Parameters
    ----------
    items : ndarray of int32, shape (n, m)
        Item indices; ``EMPTY`` at the end of rows that are shorter.
    scores : ndarray of float64, shape (n, m)
        Higher is better, never rising along a row; whatever at ``EMPTY``.
    relevance : ndarray of float64, shape (n, m)
        What a slot is expected to be worth to the user, in [0, 1] and in the order of the scores:
        P(purchase) where the second stage serves. 0 at ``EMPTY``.
    tastes : ndarray of float64, shape (n, n_segments), optional
        Share of each segment in the user's own history; rows sum to 1, or are 0 for a user
        without one.
    n_history : ndarray of int64, shape (n,), optional
        Items in the user's own history.

    Raises
    ------
    InputError
        Where shapes differ or a row isn't best first.
    """

    items: np.ndarray
    scores: np.ndarray
    relevance: np.ndarray
    tastes: np.ndarray | None = None
    n_history: np.ndarray | None = None

    def __post_init__(self) -> None:
        shapes = {self.items.shape, self.scores.shape, self.relevance.shape}
        if len(shapes) > 1:
            raise InputError(f"items, scores and relevance differ in shape: {sorted(shapes)}.")
        both = self.inside[:, 1:]
        for values in (self.scores, self.relevance):
            rising = (values[:, 1:] > values[:, :-1]) & both
            if rising.any():
                row = int(np.argmax(rising.any(axis=1)))
                raise InputError(f"row {row} of the pool isn't best first: sort it by score.")

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def shares(self) -> np.ndarray:
        """Relevance / its sum over the row: ndarray of float64, shape (n, m); 0 without any.

        Where P(purchase) = P(the user buys at all) * P(it is this item), and what a user buys in
        all is not foretold, these shares are the second factor up to a constant. NDCG is a mean
        over users who buy, each divided by the own ideal: for it a user counts by shares.
        """
        total = self.relevance.sum(axis=1, where=self.inside, keepdims=True)
        held = np.where(self.inside, self.relevance, 0.0)
        return np.asarray(np.divide(held, total, out=np.zeros_like(held), where=total > 0))

    @cached_property
    def inside(self) -> np.ndarray:
        """Places that hold an item: ndarray of bool, shape (n, m)."""
        return np.asarray(self.items != EMPTY)

    def of_item(self, values: np.ndarray) -> np.ndarray:
        """A value of every place's item, that of no item in particular at ``EMPTY``.

        Parameters
        ----------
        values : ndarray, shape (n_items,)

        Returns
        -------
        placed : ndarray, shape (n, m)
        """
        return np.asarray(values[self.items])

    def of_users(self, rows: np.ndarray) -> "Pool":
        """The rows of some users, in their order."""
        return Pool(
            self.items[rows],
            self.scores[rows],
            self.relevance[rows],
            None if self.tastes is None else self.tastes[rows],
            None if self.n_history is None else self.n_history[rows],
        )

    def lists(self, places: np.ndarray) -> np.ndarray:
        """The items at chosen places: ndarray of int32, shape (n, k), for places of that shape.

        A place of ``EMPTY`` gives ``EMPTY``.
        """
        # The place EMPTY, -1, is the last: one more, which holds nothing.
        nothing = np.full((len(self), 1), EMPTY, dtype=np.int32)
        padded = np.concatenate([self.items, nothing], axis=1)
        found = padded[np.arange(len(self))[:, None], places]
        return np.asarray(found.astype(np.int32, copy=False))


@dataclass(frozen=True, eq=False)
class ItemFacts:
    """What balance methods may know of the items, as of the moment.

    Parameters
    ----------
    segments : ndarray of int8, shape (n_items,)
        Index into ``SEGMENT_NAMES``.
    popularity : ndarray of int64, shape (n_items,)
        Distinct buyers.
    sellers, brands, variants : ndarray of int32, shape (n_items,), optional
        Number of each item's seller, brand, and group of near-duplicates; -1 where not known.
    vectors : ndarray of float32, shape (n_items, dim), or csr_array, optional
        Rows of length 1 (or 0): what tells how near two items are.
    """

    segments: np.ndarray
    popularity: np.ndarray
    sellers: np.ndarray | None = None
    brands: np.ndarray | None = None
    variants: np.ndarray | None = None
    vectors: np.ndarray | sp.csr_array | None = None

    def in_segment(self, *names: str) -> np.ndarray:
        """Members of any of these segments: ndarray of bool, shape (n_items,)."""
        chosen = np.array([name in names for name in SEGMENT_NAMES])
        return np.asarray(chosen[self.segments])

    @cached_property
    def depths(self) -> np.ndarray:
        """How far down in its own segment an item is, by buyers: ndarray of float64, (n_items,).

        0 for the segment's most popular item, 1 for its least popular one; equal items share the
        mean of their places. It has no step where a segment begins.

        Examples
        --------
        >>> facts = ItemFacts(np.array([1, 1, 0, 1], np.int8), np.array([9, 5, 30, 5]))
        >>> facts.depths.tolist()
        [0.0, 0.75, 0.0, 0.75]
        """
        depths = np.zeros(len(self.segments))
        for code in np.unique(self.segments):
            members = np.flatnonzero(self.segments == code)
            buyers = np.sort(self.popularity[members])
            below, upto = (np.searchsorted(buyers, self.popularity[members], side=side)
                           for side in ("left", "right"))  # fmt: skip
            place = len(members) - (below + upto + 1) / 2
            depths[members] = place / max(len(members) - 1, 1)
        return depths

    def of_owner(self, kind: OwnerKind) -> np.ndarray:
        """Number of each item's seller, brand or group of near-duplicates; -1 where not known.

        Parameters
        ----------
        kind : {"seller", "brand", "variant"}

        Returns
        -------
        owners : ndarray of int32, shape (n_items,)

        Raises
        ------
        InputError
            Where the items have no such numbers.
        """
        owners = {"seller": self.sellers, "brand": self.brands, "variant": self.variants}[kind]
        if owners is None:
            raise InputError(f"no item has a {kind}: give the catalogue a column for it.")
        return owners


class Reranker(Protocol):
    """Makes lists of a pool: more of what it stands for, the stronger it is set.

    It looks at a batch of users, and keeps nothing of them.
    """

    name: str
    strengths: tuple[float, ...]
    """Strengths worth trying, ascending from 0, in the method's own unit."""

    def rerank(self, pool: Pool, items: ItemFacts, k: int, strength: np.ndarray) -> np.ndarray:
        """The lists at a strength.

        Parameters
        ----------
        pool : Pool
        items : ItemFacts
        k : int
            At least 1; more than there are places is fine.
        strength : ndarray of float64, shape (n,)
            Of each user; 0 gives the first k items of the pool, unchanged.

        Returns
        -------
        lists : ndarray of int32, shape (n, k)
            A subset of the row's items, none twice; ``EMPTY`` at the end. Equal choices are
            settled by the order of the pool.
        """
        ...


def position_discounts(k: int) -> np.ndarray:
    """How much a slot is seen: 1 / log2(rank + 1), ndarray of float64, shape (k,).

    Examples
    --------
    >>> position_discounts(3).round(2).tolist()
    [1.0, 0.63, 0.5]
    """
    return np.asarray(1 / np.log2(np.arange(2, k + 2)))


def checked_strength(strength: np.ndarray, pool: Pool, most: float = np.inf) -> np.ndarray:
    """The strengths as a column: ndarray of float64, shape (n, 1).

    Raises
    ------
    InputError
        Where there isn't one for every user, or one lies outside [0, ``most``].
    """
    values = np.asarray(strength, dtype=np.float64)
    if values.shape != (len(pool),):
        raise InputError(f"strengths of shape {values.shape} for {len(pool)} users: give each one.")
    wrong = ~(np.isfinite(values) & (values >= 0) & (values <= most))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InputError(f"the strength of row {row} is {values[row]}, not within 0 to {most}.")
    return values[:, None]


def checked_tastes(pool: Pool) -> np.ndarray:
    """The pool's tastes, ndarray of float64, or an InputError where it has none."""
    if pool.tastes is None:
        raise InputError("this method follows each user's own taste: give the pool tastes.")
    return pool.tastes


def best_places(pool: Pool, scores: np.ndarray, k: int) -> np.ndarray:
    """The k places of every row that score best.

    Parameters
    ----------
    pool : Pool
    scores : ndarray of float64, shape (n, m)
    k : int

    Returns
    -------
    places : ndarray of int32, shape (n, k)
        Equal scores stay in the order of the pool; ``EMPTY`` where the row has too few items.

    Examples
    --------
    >>> pool = Pool(np.array([[7, 4, 9]]), np.array([[3.0, 2.0, 1.0]]), np.array([[0.3, 0.2, 0.1]]))
    >>> best_places(pool, np.array([[1.0, 5.0, 1.0]]), 2).tolist()
    [[1, 0]]
    """
    n, m = pool.items.shape
    places = np.full((n, k), EMPTY, dtype=np.int32)
    keyed = np.where(pool.inside, -scores, np.inf)
    width = min(k, m)
    order = np.argsort(keyed, axis=1, kind="stable")[:, :width]
    found = np.take_along_axis(pool.inside, order, axis=1)
    places[:, :width] = np.where(found, order, EMPTY)
    return places
