"""How the head, the tail and the concentration of sales move from month to month."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import numpy as np

from unsung.data.dataset import Dataset
from unsung.data.interactions import Interactions
from unsung.data.settings import SegmentSettings
from unsung.data.state import ShopState
from unsung.popularity.concentration import gini
from unsung.popularity.diagnosis import Table
from unsung.popularity.season import month_starts
from unsung.popularity.segments import SEGMENT_NAMES, assign_segments, item_first_seen
from unsung.popularity.tables import spread_rows

DRIFT_MONTHS: Final = 36
"""Months of drift that are shown, the last ones."""


def drift_table(dataset: Dataset, state: ShopState, settings: SegmentSettings) -> Table:
    """Segment shares and Gini month by month, each as of its time; no rows without a clock."""
    columns = {
        "month": "Calendar month (UTC); the last one may be incomplete.",
        "gini": "Gini coefficient of distinct buyers over the items listed at the month's end, "
        "counting everything before it.",
        "items": "Items listed at the month's end.",
        "buyers": "Customer-item pairs of the month.",
    }
    for name in SEGMENT_NAMES:
        columns[f"{name}_catalogue_share"] = (
            f"Share of the listed items that was '{name}' at the month's end."
        )
        columns[f"{name}_buyers_share"] = (
            f"Share of the month's buyers on items that were '{name}' when the month began."
        )
    definition = (
        "Month by month, each as of its time: the catalogue as the month ended, and the month's "
        "sales by what the items were when it began, so that a sale never makes its own item "
        "head. In the first months of the data every item looks fresh, whatever its true age."
    )
    if state.as_of is None:
        return Table(definition, columns, (), "The data have an order but no dates.")
    if not len(state.interactions):
        return Table(definition, columns, (), "Nothing happened before the moment.")
    rows = tuple(_months(dataset, state, settings, state.as_of))
    return Table(definition, columns, rows)


def _months(
    dataset: Dataset, state: ShopState, settings: SegmentSettings, as_of: int
) -> Iterator[dict[str, Any]]:
    rows = state.interactions
    # Titles and prices play no part in segments, and finding them takes most of an ``as_of``.
    bare = replace(
        dataset,
        titles=np.empty(0, dtype=object),
        interactions=replace(rows, price=np.full(len(rows), np.nan, dtype=np.float32)),
    )
    starts = month_starts(int(rows.timestamp[0]), as_of - 1)[-DRIFT_MONTHS - 1 :]
    first = _first_purchases(rows, state.n_items)
    begin = int(starts[0])
    before, _ = _segments_of(bare.as_of(begin), begin, first, settings)
    for start, end in itertools.pairwise(starts):
        moment = min(int(end), as_of)
        then = bare.as_of(moment)
        after, buyers = _segments_of(then, moment, first, settings)
        sold = rows.between(int(start), int(end))
        sold = sold.take(sold.is_target)
        pairs = np.unique(np.column_stack([sold.item_index, sold.user_index]), axis=0)[:, 0]
        bought = np.bincount(pairs, minlength=state.n_items)
        catalogue = spread_rows("segment", after, SEGMENT_NAMES, then.listed, {})
        sales = spread_rows("segment", before, SEGMENT_NAMES, then.listed, {"buyers": bought})
        row: dict[str, Any] = {
            "month": str(np.datetime64(int(start), "us").astype("datetime64[M]")),
            "gini": gini(buyers[then.listed]),
            "items": int(then.listed.sum()),
            "buyers": int(bought.sum()),
        }
        for name, held, made in zip(SEGMENT_NAMES, catalogue, sales, strict=True):
            row[f"{name}_catalogue_share"] = held["catalogue_share"]
            row[f"{name}_buyers_share"] = made["buyers_share"]
        yield row
        before = after


def _first_purchases(rows: Interactions, n_items: int) -> Interactions:
    """The first purchase of each customer and item: what distinct buyers are counted from."""
    sold = rows.take(rows.is_target)
    pair = sold.user_index.astype(np.int64) * max(n_items, 1) + sold.item_index
    return sold.take(np.sort(np.unique(pair, return_index=True)[1]))


def _segments_of(
    state: ShopState, moment: int, first: Interactions, settings: SegmentSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Segments and distinct buyers, without pairing up all rows again for every month."""
    buyers = np.bincount(first.before(moment).item_index, minlength=state.n_items)
    seen = item_first_seen(state)
    return assign_segments(buyers, seen, state.listed, moment, settings), buyers
