from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from unsung.data.settings import SegmentSettings
from unsung.popularity.counts import count_items
from unsung.schema import DAY_US


def counted(dataset, as_of=None):
    counts = count_items(dataset, dataset.as_of(as_of), SegmentSettings())
    return counts, {item: at for at, item in enumerate(dataset.items.values)}


def exposures(dataset, rows):
    """From (item, rank, day)."""
    item, rank, day = zip(*rows, strict=True)
    start = int(dataset.interactions.timestamp[0])
    time = pd.array([None if d is None else start + d * DAY_US for d in day], dtype="Int64")
    frame = pd.DataFrame(
        {"item_index": dataset.items.index_of(item), "rank": rank, "timestamp": time}
    )
    return replace(dataset, exposures=frame)


def test_revenue_is_price_times_quantity_where_both_are_known(toy_shop):
    quantity = np.where(np.arange(len(toy_shop.interactions)) == 0, np.nan, 2)
    rows = replace(toy_shop.interactions, quantity=quantity.astype(np.float32))
    counts, at = counted(toy_shop.with_interactions(rows))
    assert counts.revenue[at["kettle"]] == 4 * 2 * 30
    assert counts.revenue[at["cosy"]] == 0


def test_without_prices_there_is_no_revenue(toy_shop):
    unknown = np.full(len(toy_shop.interactions), np.nan, dtype=np.float32)
    rows = replace(toy_shop.interactions, price=unknown)
    counts, _ = counted(toy_shop.with_interactions(rows))
    assert counts.revenue is None
    assert counts.measures["revenue"] is None


def test_events_that_are_no_target_are_no_purchases(toy_shop):
    rows = replace(toy_shop.interactions, is_target=np.zeros(len(toy_shop.interactions), bool))
    counts, _ = counted(toy_shop.with_interactions(rows))
    assert counts.purchases.sum() == 0


def test_exposures_before_the_moment_count_and_those_without_a_time_do_not(toy_shop):
    rows = [("cosy", 1, 5), ("cosy", 3, 6), ("rake", 1, 50), ("gnome", 1, None)]
    shop = exposures(toy_shop, rows)
    counts, at = counted(shop, as_of=int(shop.interactions.timestamp[0]) + 50 * DAY_US)
    assert counts.impressions[at["cosy"]] == 2
    assert counts.exposure[at["cosy"]] == pytest.approx(1.5)
    assert counts.impressions.sum() == 2
    assert counted(shop)[0].impressions.sum() == 3


def test_exposures_without_times_and_ranks(toy_shop):
    shop = replace(
        toy_shop, exposures=pd.DataFrame({"item_index": toy_shop.items.index_of(["cosy", "cosy"])})
    )
    counts, at = counted(shop)
    assert counts.impressions[at["cosy"]] == counts.exposure[at["cosy"]] == 2
    assert counted(toy_shop)[0].impressions is None
