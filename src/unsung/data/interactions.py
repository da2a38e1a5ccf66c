"""Interactions as columns of numbers, and the user-item pairs they add up to."""

from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from unsung.schema import DAY_US


@dataclass(frozen=True, eq=False)
class Interactions:
    """One row an event, sorted by time, then user and item index; all arrays of shape (n,).

    Parameters
    ----------
    user_index, item_index : ndarray of int32
    timestamp : ndarray of int64
        Microseconds since 1970 UTC; the position within the user's history (from 0) where the
        shop knows only an order.
    event : ndarray of int8
        Index into ``Dataset.event_kinds``.
    weight : ndarray of float32
        Weight of the event.
    is_target : ndarray of bool
        Whether the event is what the shop wants more of (a purchase, where it has purchases).
    price : ndarray of float32
        Price of one piece; NaN where not known.
    quantity : ndarray of float32
        Pieces; NaN where not known.
    basket : ndarray of int32
        Number of the invoice or session; -1 where not known.
    title : ndarray of int32
        Row of ``Dataset.titles`` that the order line named; -1 where it named none.
    """

    user_index: np.ndarray
    item_index: np.ndarray
    timestamp: np.ndarray
    event: np.ndarray
    weight: np.ndarray
    is_target: np.ndarray
    price: np.ndarray
    quantity: np.ndarray
    basket: np.ndarray
    title: np.ndarray

    @classmethod
    def from_columns(cls, **columns: np.ndarray) -> "Interactions":
        """Sort and cast; ``user_index``, ``item_index`` and ``timestamp`` must be given.

        Rows of the same moment are ordered by their indices, which follow a hash of the ids: no
        file order survives.
        """
        n = len(columns["user_index"])
        defaults: dict[str, tuple[type, float]] = {
            "user_index": (np.int32, 0),
            "item_index": (np.int32, 0),
            "timestamp": (np.int64, 0),
            "event": (np.int8, 0),
            "weight": (np.float32, 1),
            "is_target": (np.bool_, 1),
            "price": (np.float32, np.nan),
            "quantity": (np.float32, np.nan),
            "basket": (np.int32, -1),
            "title": (np.int32, -1),
        }
        cast: dict[str, np.ndarray] = {
            name: np.asarray(columns[name]).astype(dtype, copy=False)
            if name in columns
            else np.full(n, value, dtype=dtype)
            for name, (dtype, value) in defaults.items()
        }
        order = np.lexsort([cast["item_index"], cast["user_index"], cast["timestamp"]])
        _break_ties(order, cast)
        return cls(**{name: values[order] for name, values in cast.items()})

    def __len__(self) -> int:
        return len(self.user_index)

    @cached_property
    def pairs_of_one(self) -> "Pairs":
        """The pairs of rows that are all of user 0, by order: ``Pairs.at`` gives them ages."""
        return pair_up(self, 1, int(self.item_index.max(initial=-1)) + 1, None)

    def take(self, rows: np.ndarray | slice) -> "Interactions":
        """The rows of a mask, of sorted row numbers or of a slice."""
        return replace(self, **{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def before(self, timestamp: int) -> "Interactions":
        """Rows strictly before a moment (the table is sorted: no copy)."""
        return self.take(slice(0, int(np.searchsorted(self.timestamp, timestamp, "left"))))

    def between(self, start: int, end: int) -> "Interactions":
        """Rows with ``start <= timestamp < end``."""
        first, last = np.searchsorted(self.timestamp, [start, end], "left")
        return self.take(slice(int(first), int(last)))


def _break_ties(order: np.ndarray, columns: dict[str, np.ndarray]) -> None:
    """Make the order total where a user has several events on an item in one moment, in place.

    Only those rows are sorted again: they are few, and all columns are slow to sort by.
    """
    equal = np.ones(max(len(order) - 1, 0), dtype=bool)
    for name in ("timestamp", "user_index", "item_index"):
        values = columns[name][order]
        equal &= values[1:] == values[:-1]
    if not equal.any():
        return
    tied = np.flatnonzero(np.append(equal, False) | np.append(False, equal))
    run = np.cumsum(np.append(True, ~equal))[tied]
    rows = order[tied]
    keys = [columns[name][rows] for name in ("title", "basket", "quantity", "price", "event")]
    order[tied] = rows[np.lexsort([*keys, run])]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Each user's items once, as a compressed row matrix; entries of a user run old to new.

    Parameters
    ----------
    indptr : ndarray of int64, shape (n_users + 1,)
        Entries of user u are ``indptr[u]:indptr[u + 1]``.
    item_index : ndarray of int32, shape (n_pairs,)
    value : ndarray of float32, shape (n_pairs,)
        Sum of the pair's event weights, cut to 0..1.
    last : ndarray of int64, shape (n_pairs,)
        Time (or position) of the pair's last event with a weight above 0.
    age : ndarray of float32, shape (n_pairs,)
        Days before the moment of the state; steps from the end of the user's history where only
        order is known (0 = the last item).
    bought : ndarray of bool, shape (n_pairs,)
        Whether one of the events was a target event.
    bought_age : ndarray of float32, shape (n_pairs,)
        Days before the moment of the last target event, which a later look at the item doesn't
        move; as ``age`` where only order is known. Infinite where there was none.
    purchase : ndarray of int64, shape (n_pairs,)
        Time of the last target event; 0 where there was none.
    """

    indptr: np.ndarray
    item_index: np.ndarray
    value: np.ndarray
    last: np.ndarray
    age: np.ndarray
    bought: np.ndarray
    bought_age: np.ndarray
    purchase: np.ndarray

    def __len__(self) -> int:
        return len(self.item_index)

    def at(self, as_of: int) -> "Pairs":
        """The same pairs, with ages up to another moment, in microseconds."""
        age, since = _days(as_of - self.last), _days(as_of - self.purchase)
        since[~self.bought] = np.inf
        return replace(self, age=age, bought_age=since)

    def of_user(self, user: int) -> slice:
        """Where a user's entries are; empty for a user appended later."""
        if not 0 <= user < len(self.indptr) - 1:
            return slice(0, 0)
        return slice(int(self.indptr[user]), int(self.indptr[user + 1]))

    def user_index(self) -> np.ndarray:
        """The user of every entry: ndarray of int32, shape (n_pairs,)."""
        counts = np.diff(self.indptr)
        return np.repeat(np.arange(len(counts), dtype=np.int32), counts)

    def matrix(
        self, n_items: int, users: np.ndarray | None = None, half_life: float | None = None
    ) -> sp.csr_array:
        """The user-item matrix.

        Parameters
        ----------
        n_items : int
            Columns.
        users : ndarray of int, shape (n,), optional
            Rows wanted, in that order; all where not given. Users without entries get empty rows.
        half_life : float, optional
            Entries lose half their value every so many days (or steps) of age; no decay where not
            given.

        Returns
        -------
        matrix : csr_array of float32, shape (n, n_items)
        """
        if users is None:
            rows, indptr = np.arange(len(self)), self.indptr
        else:
            rows, indptr = self._entries_of(users)
        value = self.value[rows]
        if half_life is not None:
            value = value * np.exp2(-self.age[rows] / np.float32(half_life))
        shape = (len(indptr) - 1, n_items)
        return sp.csr_array((value.astype(np.float32), self.item_index[rows], indptr), shape=shape)

    def _entries_of(self, users: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Positions of the users' entries, one user after the other, and their row pointer."""
        known = (users >= 0) & (users < len(self.indptr) - 1)
        inside = np.where(known, users, 0)
        start = self.indptr[inside]
        # Without any user the row pointer has a single entry.
        count = np.where(known, np.diff(self.indptr, append=self.indptr[-1])[inside], 0)
        indptr = np.zeros(len(users) + 1, dtype=np.int64)
        np.cumsum(count, out=indptr[1:])
        positions = np.arange(indptr[-1]) + np.repeat(start - indptr[:-1], count)
        return positions, indptr


def pair_up(rows: Interactions, n_users: int, n_items: int, as_of: int | None) -> Pairs:
    """Add interactions up to one entry a user and item.

    Parameters
    ----------
    rows : Interactions
        Everything known before the moment.
    n_users, n_items : int
    as_of : int or None
        The moment, in microseconds; None where only order is known.

    Returns
    -------
    pairs : Pairs
        Pairs whose weights add up to nothing are kept only where the item was bought (so that it
        stays hidden), with value 0.
    """
    key = rows.user_index.astype(np.int64) * max(n_items, 1) + rows.item_index
    distinct, inverse = np.unique(key, return_inverse=True)
    total = np.bincount(inverse, rows.weight, len(distinct))
    # "Added up to zero" must not hang on float noise such as .3 - .1 - .2.
    value = np.clip(np.where(np.abs(total) < 1e-6, 0, total), 0, 1).astype(np.float32)
    bought = np.bincount(inverse, rows.is_target, len(distinct)) > 0
    last = np.full(len(distinct), np.iinfo(np.int64).min)
    counted = rows.weight > 0
    np.maximum.at(last, inverse[counted], rows.timestamp[counted])
    kept = (value > 0) | bought
    # A pair of which no event has weight still happened: at its latest event.
    silent = kept & (last == np.iinfo(np.int64).min)
    if silent.any():
        latest = np.full(len(distinct), np.iinfo(np.int64).min)
        np.maximum.at(latest, inverse, rows.timestamp)
        last[silent] = latest[silent]
    user, item = (distinct // max(n_items, 1))[kept], (distinct % max(n_items, 1))[kept]
    last = last[kept]
    order = np.lexsort((item, last, user))
    user, last, bought = user[order], last[order], bought[kept][order]
    indptr = np.zeros(n_users + 1, dtype=np.int64)
    np.cumsum(np.bincount(user, minlength=n_users), out=indptr[1:])
    purchase = np.zeros(len(distinct), dtype=np.int64)
    # Rows run by time, so that the last one to be put in is the latest.
    purchase[inverse[rows.is_target]] = rows.timestamp[rows.is_target]
    steps = np.repeat(indptr[1:], np.diff(indptr)) - 1 - np.arange(len(user))
    age = steps.astype(np.float32)
    pairs = Pairs(
        indptr=indptr,
        item_index=item[order].astype(np.int32),
        value=value[kept][order],
        last=last,
        age=age,
        bought=bought,
        bought_age=np.where(bought, age, np.float32(np.inf)),
        purchase=purchase[kept][order],
    )
    return pairs if as_of is None else pairs.at(as_of)


def _days(microseconds: np.ndarray) -> np.ndarray:
    return np.asarray((microseconds / DAY_US).astype(np.float32))
