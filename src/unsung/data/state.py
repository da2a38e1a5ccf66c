"""Everything known about the shop as of a moment."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
import scipy.sparse as sp

from unsung.data.identifiers import Identifiers
from unsung.data.interactions import Interactions, Pairs, pair_up


@dataclass(frozen=True, eq=False)
class ItemContent:
    """What the items' text says, as numbers; rows are items.

    Parameters
    ----------
    terms : csr_array of float32, shape (n_items, n_terms)
        Term vectors with rows of length 1 (or 0 for an item without text); no columns where the
        shop has no text.
    embeddings : ndarray of float32, shape (n_items, dim)
        Encoder vectors with rows of length 1 (or 0); no columns without an encoder.
    """

    terms: sp.csr_array
    embeddings: np.ndarray

    @classmethod
    def empty(cls, n_items: int) -> "ItemContent":
        """No text at all."""
        return cls(sp.csr_array((n_items, 0), dtype=np.float32), np.zeros((n_items, 0), np.float32))


@dataclass(frozen=True, eq=False)
class ShopState:
    """The shop before a moment: histories, counters, catalogue, stock, content vectors.

    The same type serves past windows (``Dataset.as_of``) and the running service, so what is
    computed from it can't know anything at or after its moment.

    Parameters
    ----------
    as_of : int or None
        The moment (microseconds since 1970 UTC, exclusive); None where only order is known.
    users, items : Identifiers
        May be longer than what a model was fitted on: new rows are at the end.
    catalogue : DataFrame
        Row i describes item i; the columns of ``schema.ITEM_COLUMNS`` that the shop has, and its
        free attributes.
    listed : ndarray of bool, shape (n_items,)
        Whether the item existed at the moment: only listed items can be recommended.
    in_stock : ndarray of bool, shape (n_items,)
    interactions : Interactions
        Rows before the moment.
    reviews : DataFrame
        ``user_index, item_index, timestamp, rating, title, text`` before the moment.
    content : ItemContent
        Vectors of the documents as of the moment; empty until ``with_content``.
    """

    as_of: int | None
    users: Identifiers
    items: Identifiers
    catalogue: pd.DataFrame
    listed: np.ndarray
    in_stock: np.ndarray
    interactions: Interactions
    reviews: pd.DataFrame
    content: ItemContent = field(repr=False)
    _trends: dict[float, np.ndarray] = field(default_factory=dict, init=False, repr=False)

    @property
    def n_users(self) -> int:
        """Number of users."""
        return len(self.users)

    @property
    def n_items(self) -> int:
        """Number of items, listed or not."""
        return len(self.items)

    @property
    def has_clock(self) -> bool:
        """Whether times are times, or only an order."""
        return self.as_of is not None

    def with_content(self, content: ItemContent) -> "ShopState":
        """The same state with its items' content vectors."""
        other = replace(self, content=content)
        # Histories and counters don't depend on content, and take seconds in a large shop.
        for name in ("pairs", "buyers", "first_seen"):
            if name in self.__dict__:
                other.__dict__[name] = self.__dict__[name]
        return other

    @cached_property
    def pairs(self) -> Pairs:
        """Each user's items with value and age."""
        return pair_up(self.interactions, self.n_users, self.n_items, self.as_of)

    @cached_property
    def buyers(self) -> np.ndarray:
        """Popularity: distinct buyers of each item, ndarray of int64, shape (n_items,)."""
        bought = self.pairs.item_index[self.pairs.bought]
        return np.bincount(bought, minlength=self.n_items)

    @cached_property
    def first_seen(self) -> np.ndarray:
        """Time of the item's first target event, ndarray of int64, shape (n_items,).

        The largest int64 for an item without one. Without a clock the numbers are positions in
        users' histories and mean nothing across users.
        """
        rows = self.interactions
        first = np.full(self.n_items, np.iinfo(np.int64).max)
        np.minimum.at(first, rows.item_index[rows.is_target], rows.timestamp[rows.is_target])
        return first

    def decayed_buyers(self, half_life_days: float) -> np.ndarray:
        """Buyers of each item, each weighted by .5 ** (days since the last purchase / half-life).

        Returns
        -------
        trend : ndarray of float32, shape (n_items,)
            Plain counts of buyers where there is no clock. Kept for the next call.
        """
        if half_life_days not in self._trends:
            pairs = self.pairs
            weight = np.ones(len(pairs))
            if self.has_clock:
                weight = np.exp2(-pairs.bought_age.astype(np.float64) / half_life_days)
            counted = np.bincount(
                pairs.item_index[pairs.bought], weight[pairs.bought], minlength=self.n_items
            )
            self._trends[half_life_days] = counted.astype(np.float32)
        return self._trends[half_life_days]
