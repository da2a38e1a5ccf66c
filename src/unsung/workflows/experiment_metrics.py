"""What each user of an experiment did in a span of time, metric by metric."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np

from unsung.data.dataset import Dataset
from unsung.data.interactions import Interactions
from unsung.data.targets import pair_keys
from unsung.popularity.segments import SEGMENT_NAMES
from unsung.schema import DAY_US


@dataclass(frozen=True)
class Metric:
    """How a metric is called and read.

    Parameters
    ----------
    label, definition : str
    is_money : bool
    better : int
        1 where more is better, -1 where less is, 0 where neither.
    """

    label: str
    definition: str
    is_money: bool = False
    better: int = 1


_LABELS: Final = {"head": "head", "tail": "established-tail", "fresh": "fresh", "cold": "cold"}
_SEEN: Final = {
    "head": "Less of it is what the rest may have cost: cannibalisation.",
    "tail": "What the product is for.",
    "fresh": "Fresh items are not the long tail.",
    "cold": "Items without an interaction before the start.",
}


def _metrics() -> Iterator[tuple[str, Metric]]:
    yield "revenue", Metric("revenue", "Price times pieces of what the user bought.", is_money=True)
    yield "orders", Metric("orders", "Distinct baskets; distinct moments where none is named.")
    yield "purchases", Metric("purchases", "Purchases, order line by order line.")
    yield "items", Metric("items bought", "Distinct items that the user bought.")
    for name in SEGMENT_NAMES:
        label = _LABELS[name]
        better = 0 if name == "head" else 1
        where = f"of items that were {label} at the start. {_SEEN[name]}"
        yield (
            f"{name}_purchases",
            Metric(f"{label} purchases", f"Purchases {where}", better=better),
        )
        yield (
            f"{name}_revenue",
            Metric(f"{label} revenue", f"Revenue {where}", is_money=True, better=better),
        )
    yield "returns", Metric("returns", "Order lines taken back.", better=-1)
    yield (
        "returned_revenue",
        Metric("returned revenue", "Price times pieces taken back.", is_money=True, better=-1),
    )


METRICS: Final[Mapping[str, Metric]] = dict(_metrics())
"""Metric of a user -> what it is, in the order of reports; all since the first exposure."""


@dataclass(frozen=True, eq=False)
class Span:
    """Whose events count, from when on, and until when.

    Parameters
    ----------
    users : ndarray of int32, shape (n,)
        Rows of the shop's users; -1 = the shop has no event of the user.
    since : ndarray of int64, shape (n,)
        Microseconds since 1970 UTC, inclusive.
    end : int
        Exclusive.
    """

    users: np.ndarray
    since: np.ndarray
    end: int

    def rows_of(self, dataset: Dataset) -> tuple[Interactions, np.ndarray]:
        """The events that count, and the place of each one's user in ``users``."""
        place = np.full(dataset.n_users + 1, -1, dtype=np.int64)
        place[self.users] = np.arange(len(self.users))
        # The last place is that of users whom the shop doesn't know.
        place[-1] = -1
        start = int(self.since.min()) if len(self.since) else self.end
        rows = dataset.interactions.between(start, self.end)
        whose = place[rows.user_index]
        counts = whose >= 0
        counts[counts] = rows.timestamp[counts] >= self.since[whose[counts]]
        return rows.take(counts), whose[counts]


def user_metrics(dataset: Dataset, span: Span, segments: np.ndarray) -> dict[str, np.ndarray]:
    """Every metric that the shop's data allow.

    Parameters
    ----------
    dataset : Dataset
    span : Span
    segments : ndarray of int8, shape (n_items,)
        As in ``segment_items``, as of the start of the experiment.

    Returns
    -------
    metrics : dict of str to ndarray of float64, shape (n,)
        In the order of ``METRICS``; money is left out where the shop has no prices, and returns
        where it has none.
    """
    rows, whose = span.rows_of(dataset)
    n = len(span.users)
    bought, buyer = rows.take(rows.is_target), whose[rows.is_target]
    money = _money(bought)
    segment = segments[bought.item_index]
    found = {
        "revenue": np.bincount(buyer, money, n),
        "orders": _distinct(buyer, _orders(bought), n),
        "purchases": np.bincount(buyer, minlength=n).astype(np.float64),
        "items": _distinct(buyer, bought.item_index, n),
    }
    for code, name in enumerate(SEGMENT_NAMES):
        inside = segment == code
        found[f"{name}_purchases"] = np.bincount(buyer, inside, n)
        found[f"{name}_revenue"] = np.bincount(buyer, money * inside, n)
    if "return" in dataset.event_kinds:
        back = rows.event == dataset.event_kinds.index("return")
        found["returns"] = np.bincount(whose, back, n)
        found["returned_revenue"] = np.bincount(whose[back], _money(rows.take(back)), n)
    priced = bool(np.isfinite(dataset.interactions.price).any())
    return {name: each for name, each in found.items() if priced or not METRICS[name].is_money}


def metrics_before(
    dataset: Dataset, users: np.ndarray, start: int, days: float, segments: np.ndarray
) -> dict[str, np.ndarray]:
    """What was known of users before an experiment.

    Parameters
    ----------
    dataset : Dataset
    users : ndarray of int32, shape (n,)
        Rows of the shop's users; -1 = the shop has no event of the user.
    start : int
        Microseconds since 1970 UTC; nothing at or after it is read.
    days : float
        Length of the window before it.
    segments : ndarray of int8, shape (n_items,)

    Returns
    -------
    known : dict of str to ndarray of float64, shape (n,)
        ``user_metrics`` over the window, and ``known`` (1 where the user had any event by then).
    """
    span = Span(users, np.full(len(users), start - int(days * DAY_US)), start)
    ever = np.zeros(dataset.n_users + 1)
    ever[dataset.interactions.before(start).user_index] = 1
    # The last place is that of users whom the shop doesn't know.
    ever[-1] = 0
    return {**user_metrics(dataset, span, segments), "known": ever[users]}


def moment_of(given: datetime) -> int:
    """Microseconds since 1970 UTC; UTC where no zone is named."""
    zoned = given if given.tzinfo is not None else given.replace(tzinfo=UTC)
    return round(zoned.timestamp() * 1_000_000)


def buyers_per_item(dataset: Dataset, span: Span) -> np.ndarray:
    """Distinct users of a span who bought each item: ndarray of int64, shape (n_items,)."""
    rows, _ = span.rows_of(dataset)
    bought = rows.take(rows.is_target)
    pairs = np.unique(pair_keys(bought.user_index, bought.item_index)) & 0xFFFFFFFF
    return np.bincount(pairs, minlength=dataset.n_items)


def _money(rows: Interactions) -> np.ndarray:
    """Price times pieces, one piece where their number isn't known, 0 where the price isn't."""
    pieces = np.abs(np.where(np.isnan(rows.quantity), 1, rows.quantity)).astype(np.float64)
    return np.asarray(np.nan_to_num(rows.price.astype(np.float64) * pieces))


def _orders(rows: Interactions) -> np.ndarray:
    """A number for each order: its basket, or else its moment (below 0, so that none is both)."""
    return np.where(rows.basket >= 0, rows.basket, -1 - rows.timestamp)


def _distinct(whose: np.ndarray, what: np.ndarray, n: int) -> np.ndarray:
    """How many different things each of n users has."""
    order = np.lexsort((what, whose))
    user, thing = whose[order], what[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (user[1:] != user[:-1]) | (thing[1:] != thing[:-1])
    return np.bincount(user[new], minlength=n).astype(np.float64)
