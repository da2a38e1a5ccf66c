"""Which items of the established tail promise more than they sell, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from unsung.data.state import ShopState
from unsung.discovery.demand_features import demand_features
from unsung.discovery.demand_model import DemandModel, DemandSettings
from unsung.discovery.similar import Neighbours, text_neighbours
from unsung.popularity.segments import TAIL
from unsung.statistics.matching import expected_of_others, matched_groups
from unsung.text.near_duplicates import group_variants

CELLS: Final = 10
"""Groups by buyers so far, and by buyers of late, within which items are compared."""


@dataclass(frozen=True, eq=False)
class DemandWindow:
    """Items of the established tail as of a moment; arrays have an entry an item.

    Parameters
    ----------
    state : ShopState
    item : ndarray of int64
        Which items.
    features : dict of str to ndarray of float
    recent : ndarray of int64
        Buyers in the window before the moment.
    neighbours : Neighbours
        Of all the state's items.
    """

    state: ShopState
    item: np.ndarray
    features: dict[str, np.ndarray]
    recent: np.ndarray
    neighbours: Neighbours

    @property
    def cells(self) -> np.ndarray:
        """Items alike in buyers so far and of late: ndarray of int64."""
        return matched_groups(self.state.buyers[self.item], self.recent, n_groups=CELLS)


def demand_window(
    state: ShopState,
    segments: np.ndarray,
    window_days: float,
    impressions: np.ndarray | None = None,
) -> DemandWindow:
    """Describe the established tail of a shop.

    Parameters
    ----------
    state : ShopState
        With content vectors and a clock.
    segments : ndarray of int8, shape (n_items,)
        As of the state's moment.
    window_days : float
        Length of the window that buyers are foretold for.
    impressions : ndarray of float, shape (n_items,), optional
        How often each item was shown in the window before, where that is known.
    """
    neighbours = text_neighbours(state.content, state.listed)
    every = demand_features(state, neighbours, window_days, impressions)
    item = np.flatnonzero((segments == TAIL) & state.listed)
    recent = np.rint(np.expm1(every["own.recent"])).astype(np.int64)
    features = {name: values[item] for name, values in every.items()}
    return DemandWindow(state, item, features, recent[item], neighbours)


@dataclass(frozen=True, eq=False)
class Potential:
    """What is expected of items; arrays have an entry an item of the window.

    Parameters
    ----------
    expected : ndarray of float64
        Buyers within the window, at fair exposure.
    matched : ndarray of float64
        The mean of this over items with as many buyers so far and of late.
    low, high : ndarray of float64
        Between which the buyers will lie in eight of ten cases.
    score : ndarray of float64
        ``(expected - matched) / sqrt(matched + 1)``: by how much more than chance an item stands
        out from those that sell like it.
    """

    expected: np.ndarray
    matched: np.ndarray
    low: np.ndarray
    high: np.ndarray
    score: np.ndarray

    def order(self) -> np.ndarray:
        """Places of the items, the greatest gem first: ndarray of int64."""
        return np.argsort(-self.score, kind="stable")


def fit_demand(
    windows: Sequence[DemandWindow],
    buyers: Sequence[np.ndarray],
    settings: DemandSettings | None = None,
    *,
    rng: np.random.Generator,
) -> DemandModel:
    """Learn how many buyers items find, from windows that are over.

    Parameters
    ----------
    windows : sequence of DemandWindow
    buyers : sequence of ndarray of int64
        Distinct buyers of each window's items within it.
    settings : DemandSettings, optional
    rng : Generator
    """
    return DemandModel(settings).fit([window.features for window in windows], buyers, rng=rng)


def potential_of(model: DemandModel, window: DemandWindow) -> Potential:
    """What is expected of a window's items, all shown as often as an item is on average.

    Where it is known how often items were shown, an item that was hidden isn't held to what it
    sold in hiding: those that were shown less than the mean are foretold as though they had been
    shown that often.
    """
    features = fairly_shown(window.features)
    expected = model.predict(features)
    matched = _mean_within(expected, window.cells)
    low, high = model.interval(expected)
    score = (expected - matched) / np.sqrt(matched + 1)
    return Potential(expected, matched, low, high, score)


def fairly_shown(features: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same features with at least the mean number of impressions, where they are known."""
    shown = features.get("shown.recent")
    if shown is None:
        return dict(features)
    fair = np.log1p(np.expm1(shown).mean())
    return {**features, "shown.recent": np.maximum(shown, fair)}


def excess_of(buyers: np.ndarray, window: DemandWindow) -> np.ndarray:
    """Buyers beyond those of the other items that sold like it: ndarray of float64.

    Parameters
    ----------
    buyers : ndarray of int64
        Of the window's items, within it.
    window : DemandWindow
    """
    outcome = buyers.astype(np.float64)
    return np.asarray(outcome - expected_of_others(outcome, window.cells))


def described(
    model: DemandModel, window: DemandWindow, potential: Potential, places: np.ndarray
) -> list[dict[str, Any]]:
    """Gems as plain values: what is expected, and which parts of the forecast say so.

    ``parts`` are on the log scale, less their mean over items that sell like it: what sets the
    item apart.

    Parameters
    ----------
    model : DemandModel
    window : DemandWindow
    potential : Potential
    places : ndarray of int64, shape (n,)
        Of the window's items.
    """
    parts = {
        name: amounts - _mean_within(amounts, window.cells)
        for name, amounts in model.parts(fairly_shown(window.features)).items()
    }
    found = []
    for place in places.tolist():
        item = int(window.item[place])
        found.append(
            {
                "item_id": str(window.state.items.values[item]),
                "title": str(window.state.titles[item]),
                "score": round(float(potential.score[place]), 4),
                "expected_buyers": round(float(potential.expected[place]), 2),
                "expected_of_alike": round(float(potential.matched[place]), 2),
                "low": float(potential.low[place]),
                "high": float(potential.high[place]),
                "recent_buyers": int(window.recent[place]),
                "buyers": int(window.state.buyers[item]),
                "parts": {n: round(float(amounts[place]), 4) for n, amounts in parts.items()},
                "similar": _similar(window, item),
            }
        )
    return found


def _mean_within(values: np.ndarray, cells: np.ndarray) -> np.ndarray:
    _, cell = np.unique(cells, return_inverse=True)
    return np.asarray((np.bincount(cell, values) / np.maximum(np.bincount(cell), 1))[cell])


def distinct_products(window: DemandWindow, order: np.ndarray, n: int) -> np.ndarray:
    """The first n places of an order, of each product's variants the first alone.

    Parameters
    ----------
    window : DemandWindow
    order : ndarray of int64
        Places of the window's items, best first.
    n : int

    Returns
    -------
    places : ndarray of int64, shape (n,) or shorter
    """
    product = group_variants(window.state.titles[window.item].tolist()).group
    _, first = np.unique(product[order], return_index=True)
    return np.asarray(order[np.sort(first)[:n]])


def _similar(window: DemandWindow, item: int, most: int = 3) -> list[dict[str, Any]]:
    """The nearest items, for the sentence."""
    near, weight = window.neighbours.item[item], window.neighbours.weight[item]
    order = np.argsort(-weight, kind="stable")[:most]
    state = window.state
    return [
        {
            "item_id": str(state.items.values[near[place]]),
            "title": str(state.titles[near[place]]),
            "buyers": int(state.buyers[near[place]]),
        }
        for place in order
        if weight[place] > 0
    ]
