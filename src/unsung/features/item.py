"""What an item is: its age, popularity, price and title."""

from typing import Final

import numpy as np
import pandas as pd

from unsung import schema
from unsung.data.state import ShopState
from unsung.features.history import divide

MOST_AGE_DAYS: Final = 60.0
"""Beyond it an age says which item it is, and nothing that would hold in a later window."""

DEFINITIONS: Final = {
    "item.age_days": f"Days since the item's first sale, {MOST_AGE_DAYS:g} for all that are older.",
    "item.log_buyers": "Log of one plus the item's distinct buyers.",
    "item.price": "Price of the item.",
    "item.price_to_category": "Price over the median price of the listed items of its category.",
    "item.title_words": "Words in the title; a Chinese character counts as one.",
}

_WORD: Final = r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+"


def item_features(state: ShopState, compared: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """The family ``item``: arrays of float, shape (n_items,), by name.

    Parameters
    ----------
    state : ShopState
    compared : ndarray of bool, shape (n_items,), optional
        Items that prices are compared with; the listed ones where not given.
    """
    compared = state.listed if compared is None else compared
    price = item_prices(state)
    return {
        "item.age_days": _age_days(state),
        "item.log_buyers": log_buyers(state),
        "item.price": price,
        "item.price_to_category": divide(price, _category_medians(state, price, compared)),
        "item.title_words": _title_words(state),
    }


def item_prices(state: ShopState) -> np.ndarray:
    """Prices above zero, else NaN: ndarray of float64, shape (n_items,)."""
    if schema.PRICE not in state.catalogue:
        return np.full(state.n_items, np.nan)
    price = state.catalogue[schema.PRICE].to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(price > 0, price, np.nan)


def log_buyers(state: ShopState) -> np.ndarray:
    """Log of one plus distinct buyers: ndarray of float64, shape (n_items,).

    NaN where only order is known: there the count would hold purchases that other users made
    after the one to be predicted.
    """
    if not state.has_clock:
        return np.full(state.n_items, np.nan)
    return np.log1p(state.buyers.astype(np.float64))


def group_codes(state: ShopState, column: str) -> np.ndarray:
    """Items with an equal text in a column of the catalogue get an equal number.

    Returns
    -------
    codes : ndarray of int64, shape (n_items,)
        -1 where there is no text. A name of the group and nothing else: never a feature.
    """
    if column not in state.catalogue:
        return np.full(state.n_items, -1, dtype=np.int64)
    texts = state.catalogue[column]
    codes, _ = pd.factorize(texts.where(texts.notna() & (texts != "")))
    return np.asarray(codes, dtype=np.int64)


def _age_days(state: ShopState) -> np.ndarray:
    first = state.first_seen
    if state.as_of is None:
        return np.full(state.n_items, np.nan)
    sold = first < np.iinfo(np.int64).max
    days = (state.as_of - np.where(sold, first, 0)) / schema.DAY_US
    return np.where(sold, np.minimum(days, MOST_AGE_DAYS), np.nan)


def _category_medians(state: ShopState, price: np.ndarray, compared: np.ndarray) -> np.ndarray:
    codes = group_codes(state, schema.CATEGORY)
    # An item that isn't listed yet may be in the catalogue already: it must not be seen.
    counted = compared & (codes >= 0)
    medians = pd.Series(price[counted]).groupby(codes[counted]).median()
    return medians.reindex(codes).to_numpy(dtype=np.float64)


def _title_words(state: ShopState) -> np.ndarray:
    if schema.TITLE not in state.catalogue:
        return np.full(state.n_items, np.nan)
    words = state.catalogue[schema.TITLE].astype("str").str.count(_WORD)
    return words.to_numpy(dtype=np.float64, na_value=np.nan)
