"""What an item is to a user: price against habit, and liking for its category and brand."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from unsung.features.history import History, divide

HALF_LIFE: Final = 60.0
"""Days (steps where only order is known) in which a history item loses half its weight."""

DEFINITIONS: Final = {
    "pair.price_to_user": "Price of the item over the mean price of the user's history.",
    "pair.category_share": (
        f"Share of the user's history in the item's category, halved every {HALF_LIFE:g} days of "
        "age (steps where only order is known)."
    ),
    "pair.brand_share": (
        f"Share of the user's history in the item's brand, halved every {HALF_LIFE:g} days of age "
        "(steps where only order is known)."
    ),
    "pair.days_since_category": "Days since the user last bought an item of the same category.",
}


@dataclass(frozen=True, eq=False)
class Grid:
    """The user-item pairs that are asked for; arrays of shape (n_rows,).

    Parameters
    ----------
    row : ndarray of int64
        Which user of the batch.
    item : ndarray of int32
    """

    row: np.ndarray
    item: np.ndarray


def pair_features(
    grid: Grid,
    history: History,
    codes: dict[str, np.ndarray],
    price: np.ndarray,
    *,
    has_clock: bool,
) -> dict[str, np.ndarray]:
    """The family ``pair``: arrays of float, shape (n_rows,), by name.

    Parameters
    ----------
    grid : Grid
    history : History
    codes : dict of str to ndarray of int64, shape (n_items,)
        Groups ``category`` and ``brand``; -1 where an item has none.
    price : ndarray of float64, shape (n_items,)
    has_clock : bool
    """
    category_share, days = _group_features(grid, history, codes["category"])
    brand_share, _ = _group_features(grid, history, codes["brand"])
    return {
        "pair.price_to_user": divide(price[grid.item], history.mean(price)[grid.row]),
        "pair.category_share": category_share,
        "pair.brand_share": brand_share,
        "pair.days_since_category": days if has_clock else np.full(len(grid.row), np.nan),
    }


def _group_features(
    grid: Grid, history: History, codes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Share of the history in the item's group, and the age of its latest purchase there."""
    width = int(codes.max(initial=-1)) + 1
    code = codes[history.item]
    known = code >= 0
    row = history.row[known]
    keys, place = np.unique(row * width + code[known], return_inverse=True)
    weight = (history.value * np.exp2(-history.age / np.float32(HALF_LIFE)))[known]
    total = np.bincount(row, weight, history.n_users)
    share = np.bincount(place, weight, len(keys))
    latest = np.full(len(keys), np.inf)
    np.minimum.at(latest, place, history.bought_age[known])
    latest[np.isinf(latest)] = np.nan

    asked = codes[grid.item]
    wanted = np.where(asked >= 0, grid.row * width + asked, -1)
    at = np.searchsorted(keys, wanted)
    found = np.append(keys, -2)[at] == wanted
    shares = divide(np.where(found, np.append(share, 0)[at], 0.0), total[grid.row])
    ages = np.where(found, np.append(latest, np.nan)[at], np.nan)
    return np.where(asked >= 0, shares, np.nan), ages
