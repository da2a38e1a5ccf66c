"""Everything known about the shop as of a moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
import scipy.sparse as sp

from unsung import schema
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
    variants : ndarray of int32, shape (n_items,), optional
        Items of one product share a number of which a list holds one; -1 for an item alone. Every
        item is alone where not given.
    """

    terms: sp.csr_array
    embeddings: np.ndarray
    variants: np.ndarray | None = None

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
    whole : ShopState, optional
        The shop that this state shows one user of (``seen_by``), and whose counters are its own.
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
    whole: "ShopState | None" = field(default=None, repr=False)
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
        for name in ("pairs", "buyers", "first_seen", "first_interaction", "n_baskets"):
            if name in self.__dict__:
                other.__dict__[name] = self.__dict__[name]
        return other

    def with_counters(
        self,
        buyers: np.ndarray,
        first_seen: np.ndarray,
        first_interaction: np.ndarray,
        trends: Mapping[float, np.ndarray],
    ) -> "ShopState":
        """The same state with counters that were kept up to date elsewhere.

        Parameters
        ----------
        buyers, first_seen, first_interaction : ndarray of int64, shape (n_items,)
            As the properties of these names say.
        trends : mapping of float to ndarray of float32, shape (n_items,)
            ``decayed_buyers`` by half-life.
        """
        other = replace(self)
        counters = (buyers, first_seen, first_interaction)
        names = ("buyers", "first_seen", "first_interaction")
        other.__dict__.update(zip(names, counters, strict=True))
        other._trends.update(trends)
        return other

    @property
    def half_lives(self) -> tuple[float, ...]:
        """Those that ``decayed_buyers`` was asked for so far."""
        return tuple(self._trends)

    def seen_by(self, user_id: str, rows: Interactions, as_of: int | None) -> "ShopState":
        """The same shop with one user in it, whose index is 0.

        A running service makes one for a request: it costs what the user's own history costs, and
        nothing of it grows with the number of users.

        Parameters
        ----------
        user_id : str
        rows : Interactions
            Of this user, with ``user_index`` 0.
        as_of : int or None
            The moment that the user's ages are counted to.
        """
        one = Identifiers(np.array([user_id], dtype=object))
        return replace(self, as_of=as_of, users=one, interactions=rows, whole=self.whole or self)

    @cached_property
    def titles(self) -> np.ndarray:
        """Title of each item, its id where it has none: ndarray of object (str), (n_items,)."""
        if self.whole is not None:
            return self.whole.titles
        if schema.TITLE not in self.catalogue:
            return self.items.values
        cells = self.catalogue[schema.TITLE]
        titles = cells.to_numpy(dtype=object)
        return np.where((cells.isna() | (cells == "")).to_numpy(), self.items.values, titles)

    @cached_property
    def pairs(self) -> Pairs:
        """Each user's items with value and age."""
        if self.whole is not None:  # of one user, whose rows stay while nothing happens
            pairs = self.interactions.pairs_of_one
            return pairs if self.as_of is None else pairs.at(self.as_of)
        return pair_up(self.interactions, self.n_users, self.n_items, self.as_of)

    @cached_property
    def buyers(self) -> np.ndarray:
        """Popularity: distinct buyers of each item, ndarray of int64, shape (n_items,)."""
        if self.whole is not None:
            return self.whole.buyers
        bought = self.pairs.item_index[self.pairs.bought]
        return np.bincount(bought, minlength=self.n_items)

    @cached_property
    def first_seen(self) -> np.ndarray:
        """Time of the item's first target event, ndarray of int64, shape (n_items,).

        The largest int64 for an item without one. Without a clock the numbers are positions in
        users' histories and mean nothing across users.
        """
        if self.whole is not None:
            return self.whole.first_seen
        return _earliest(self.interactions, self.interactions.is_target, self.n_items)

    @cached_property
    def first_interaction(self) -> np.ndarray:
        """The same of the item's first event of a weight above 0."""
        if self.whole is not None:
            return self.whole.first_interaction
        return _earliest(self.interactions, self.interactions.weight > 0, self.n_items)

    @cached_property
    def n_baskets(self) -> np.ndarray:
        """Distinct baskets of every user: ndarray of float64, shape (n_users,).

        A purchase without a basket id counts by its time; where only order is known it isn't
        counted, and users without any basket id get NaN.
        """
        rows = self.interactions
        named = rows.is_target & (rows.basket >= 0)
        counts = _distinct(rows.user_index[named], rows.basket[named], self.n_users)
        if self.has_clock:
            alone = rows.is_target & ~named
            counts += _distinct(rows.user_index[alone], rows.timestamp[alone], self.n_users)
            return counts
        return np.where(counts > 0, counts, np.nan)

    def decayed_buyers(self, half_life_days: float) -> np.ndarray:
        """Buyers of each item, each weighted by .5 ** (days since the last purchase / half-life).

        Returns
        -------
        trend : ndarray of float32, shape (n_items,)
            Plain counts of buyers where there is no clock. Kept for the next call.
        """
        if self.whole is not None:
            return self.whole.decayed_buyers(half_life_days)
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


def _earliest(rows: Interactions, counted: np.ndarray, n_items: int) -> np.ndarray:
    first = np.full(n_items, np.iinfo(np.int64).max)
    np.minimum.at(first, rows.item_index[counted], rows.timestamp[counted])
    return first


def _distinct(user: np.ndarray, value: np.ndarray, n_users: int) -> np.ndarray:
    """Number of each user's different values."""
    order = np.lexsort((value, user))
    user, value = user[order], value[order]
    new = np.ones(len(user), dtype=bool)
    new[1:] = (user[1:] != user[:-1]) | (value[1:] != value[:-1])
    return np.asarray(np.bincount(user[new], minlength=n_users), dtype=np.float64)
