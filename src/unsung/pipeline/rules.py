"""Which items may stand in a list: what exists, what is in stock, what the caller wants."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from unsung import schema
from unsung.data.state import ShopState
from unsung.text.documents import cell_values

Repeats = Literal["hide", "show"]


@dataclass(frozen=True)
class Rules:
    """What a caller asks of a list; empty fields ask nothing.

    Parameters
    ----------
    exclude : sequence of str
        Item ids that may not be listed; unknown ids are fine.
    categories, brands : sequence of str
        At least one must be the item's own: the whole cell, or one value of a list ("tea | gifts")
        or path ("Home > Tea").
    exclude_brands : sequence of str
        Brands that may not be listed, compared in the same way.
    min_price, max_price : float, optional
        Bounds, included, in the shop's currency; items without a price don't pass.
    in_stock_only : bool
        Whether items known to be out of stock are left out.
    repeats : {"hide", "show"}
        Whether items that the user has bought are left out.
    """

    exclude: Sequence[str] = ()
    categories: Sequence[str] = ()
    brands: Sequence[str] = ()
    exclude_brands: Sequence[str] = ()
    min_price: float | None = None
    max_price: float | None = None
    in_stock_only: bool = True
    repeats: Repeats = "hide"


def allowed_items(state: ShopState, rules: Rules) -> np.ndarray:
    """Items that the rules leave for anybody: ndarray of bool, shape (n_items,)."""
    allowed = state.listed.copy()
    if rules.in_stock_only:
        allowed &= state.in_stock
    if rules.exclude:
        excluded = state.items.index_of(rules.exclude)
        allowed[excluded[excluded >= 0]] = False
    for column, wanted in ((schema.CATEGORY, rules.categories), (schema.BRAND, rules.brands)):
        if wanted:
            allowed &= _column_in(state, column, wanted)
    if rules.exclude_brands:
        allowed &= ~_column_in(state, schema.BRAND, rules.exclude_brands)
    if rules.min_price is not None or rules.max_price is not None:
        allowed &= _priced_within(state, rules.min_price, rules.max_price)
    return allowed


def seen_items(state: ShopState, users: np.ndarray, rules: Rules) -> np.ndarray:
    """What each user has bought and so won't be shown: ndarray of bool, shape (n, n_items)."""
    seen = np.zeros((len(users), state.n_items), dtype=bool)
    if rules.repeats == "show":
        return seen
    for row, user in enumerate(users):
        entries = state.pairs.of_user(int(user))
        seen[row, state.pairs.item_index[entries][state.pairs.bought[entries]]] = True
    return seen


def _column_in(state: ShopState, column: str, wanted: Sequence[str]) -> np.ndarray:
    if column not in state.catalogue:
        return np.zeros(state.n_items, dtype=bool)
    cells, asked = state.catalogue[column], set(wanted)
    fitting = [
        cell for cell in cells.dropna().unique() if cell in asked or asked & set(cell_values(cell))
    ]
    return np.asarray(cells.isin(fitting), dtype=bool)


def _priced_within(state: ShopState, low: float | None, high: float | None) -> np.ndarray:
    if schema.PRICE not in state.catalogue:
        return np.zeros(state.n_items, dtype=bool)
    # Prices that come from order lines are float32: compared in float64, one of 2.55 would lie
    # below a bound of 2.55.
    price = state.catalogue[schema.PRICE].to_numpy(dtype=np.float32, na_value=np.nan)
    least = np.float32(-np.inf if low is None else low)
    most = np.float32(np.inf if high is None else high)
    # A comparison with NaN is False, which is what an item without a price should get.
    return np.asarray((price >= least) & (price <= most))
