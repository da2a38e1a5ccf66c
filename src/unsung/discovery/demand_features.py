"""What foretells an item's buyers: its own sales, those of similar items, price, age, buyers."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import scipy.sparse as sp

from unsung.data.interactions import Interactions
from unsung.data.state import ShopState
from unsung.discovery.similar import Neighbours
from unsung.features.history import divide
from unsung.features.item import item_features
from unsung.features.trend import trend_features
from unsung.schema import DAY_US

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "own": ("item.log_buyers", "trend.", "own."),
    "similar": ("similar.",),
    "together": ("together.",),
    "price": ("item.price", "price."),
    "age": ("item.age_days",),
    "customers": ("customers.",),
    "title": ("item.title_words",),
    "shown": ("shown.",),
}
"""What a feature's part of the forecast is told under, by the start of its name."""


def group_of(feature: str) -> str:
    """The group that a feature is told under.

    Examples
    --------
    >>> group_of("similar.growth"), group_of("item.price_to_category")
    ('similar', 'price')
    """
    return next(name for name, starts in GROUPS.items() if feature.startswith(starts))


def demand_features(
    state: ShopState,
    neighbours: Neighbours,
    window_days: float,
    impressions: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Numbers of every item as of the state's moment: arrays of float, shape (n_items,), by name.

    Parameters
    ----------
    state : ShopState
        With a clock.
    neighbours : Neighbours
    window_days : float
        Length of the window that buyers are foretold for.
    impressions : ndarray of float, shape (n_items,), optional
        How often each item was shown in the window before, where that is known.
    """
    assert state.as_of is not None
    span = round(window_days * DAY_US)
    rows, n_items = state.interactions, state.n_items
    recent = buyers_between(rows, n_items, state.as_of - span, state.as_of)
    before = buyers_between(rows, n_items, state.as_of - 2 * span, state.as_of - span)
    now, earlier = np.log1p(recent), np.log1p(before)
    found = {
        **item_features(state),
        **trend_features(state),
        "own.recent": now,
        "own.before": earlier,
        "own.growth": now - earlier,
        "own.days_since_sale": _days_since_sale(state),
        **_of_neighbours(state, neighbours, now, earlier),
        "together.recent": _bought_together(state, recent),
        **_of_buyers(state),
    }
    price = found["item.price"]
    found["price.to_similar"] = np.log(price) - np.log(neighbours.mean(price))
    if impressions is not None:
        found["shown.recent"] = np.log1p(impressions)
    return found


def buyers_between(rows: Interactions, n_items: int, start: int, end: int) -> np.ndarray:
    """Distinct buyers of each item in a span of time.

    Parameters
    ----------
    rows : Interactions
    n_items : int
    start, end : int
        Microseconds since 1970 UTC; the end is not in the span.

    Returns
    -------
    buyers : ndarray of int64, shape (n_items,)
    """
    inside = rows.between(start, end)
    inside = inside.take(inside.is_target)
    pair = np.unique(inside.user_index.astype(np.int64) * max(n_items, 1) + inside.item_index)
    return np.bincount(pair % max(n_items, 1), minlength=n_items)


def _of_neighbours(
    state: ShopState, neighbours: Neighbours, now: np.ndarray, earlier: np.ndarray
) -> dict[str, np.ndarray]:
    week = np.log1p(state.decayed_buyers(7.0))
    recent, before = neighbours.mean(now), neighbours.mean(earlier)
    return {
        "similar.recent": recent,
        "similar.growth": recent - before,
        "similar.week": neighbours.mean(week),
        "similar.ever": neighbours.mean(np.log1p(state.buyers)),
        "similar.nearness": neighbours.weight.sum(axis=1).astype(np.float64),
    }


def _bought_together(state: ShopState, recent: np.ndarray) -> np.ndarray:
    """Recent buyers of the items that an item's buyers also bought, as a mean a buyer has."""
    bought = state.pairs.matrix(state.n_items)
    bought.data[:] = 1
    size = np.asarray(bought.sum(axis=1)).ravel()
    share = sp.csr_array(sp.diags_array(1 / np.maximum(size, 1)) @ bought)
    # What each customer's items sell, on average, and of this the mean over an item's customers.
    level = share @ np.log1p(recent)
    n_buyers = np.asarray(bought.sum(axis=0)).ravel()
    total = bought.T @ level
    return divide(total, n_buyers)


def _of_buyers(state: ShopState) -> dict[str, np.ndarray]:
    """How active an item's buyers are, and how often they come back for it."""
    rows = state.interactions.take(state.interactions.is_target)
    n = state.n_items
    lines = np.bincount(rows.item_index, minlength=n)
    activity = np.log1p(np.bincount(rows.user_index, minlength=state.n_users))
    summed = np.bincount(rows.item_index, activity[rows.user_index], minlength=n)
    return {
        "customers.activity": divide(summed, lines),
        "customers.lines_each": divide(lines, state.buyers),
    }


def _days_since_sale(state: ShopState) -> np.ndarray:
    assert state.as_of is not None
    rows = state.interactions.take(state.interactions.is_target)
    last = np.full(state.n_items, np.iinfo(np.int64).min)
    # Rows run by time, so that the last one to be put in is the latest.
    last[rows.item_index] = rows.timestamp
    sold = last > np.iinfo(np.int64).min
    return np.where(sold, (state.as_of - np.where(sold, last, 0)) / DAY_US, np.nan)
