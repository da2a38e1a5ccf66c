import numpy as np
import pytest

from unsung.data.settings import SegmentSettings
from unsung.popularity.concentration import gini
from unsung.popularity.drift import DRIFT_MONTHS, drift_table
from unsung.popularity.segments import SEGMENT_NAMES, segment_items
from unsung.schema import DAY_US

SETTINGS = SegmentSettings(head_share=0.1)


def moment(day):
    return int(np.datetime64(day, "us").astype(np.int64))


def drift(dataset, as_of=None):
    return drift_table(dataset, dataset.as_of(as_of), SETTINGS)


def test_the_toy_shop_month_by_month(toy_shop):
    rows = drift(toy_shop).rows
    assert [row["month"] for row in rows] == ["2025-01", "2025-02", "2025-03", "2025-04"]
    # Days 95 and 96: the birdbath for the first time, and the teacup, tail when April began.
    april = rows[-1]
    assert april["buyers"] == 2
    assert april["cold_buyers_share"] == april["tail_buyers_share"] == 0.5
    # All items of January were cold when it began.
    assert rows[0]["cold_buyers_share"] == 1
    assert rows[1]["buyers"] == 0


def test_each_month_is_what_a_diagnosis_at_its_end_says(toy_shop):
    for row, end in zip(
        drift(toy_shop).rows, ("2025-02-01", "2025-03-01", "2025-04-01"), strict=False
    ):
        state = toy_shop.as_of(moment(end))
        codes = segment_items(state, SETTINGS)[state.listed]
        shares = np.bincount(codes, minlength=4) / len(codes)
        assert [row[f"{name}_catalogue_share"] for name in SEGMENT_NAMES] == pytest.approx(shares)
        assert row["gini"] == pytest.approx(gini(state.buyers[state.listed]))


def test_later_rows_do_not_change_earlier_months(toy_shop):
    early = drift(toy_shop, moment("2025-03-01")).rows
    assert early == drift(toy_shop).rows[:2]


def test_a_customer_and_an_item_count_once_a_month(toy_shop):
    rows = toy_shop.interactions
    twice = toy_shop.with_interactions(rows.take(np.repeat(np.arange(len(rows)), 2)))
    assert [row["buyers"] for row in drift(twice).rows] == [16, 0, 0, 2]


def test_only_the_last_months_are_shown(toy_shop):
    far = int(toy_shop.interactions.timestamp[0]) + 5_000 * DAY_US
    table = drift(toy_shop, far)
    assert len(table.rows) == DRIFT_MONTHS
    assert table.rows[-1]["gini"] == pytest.approx(drift(toy_shop).rows[-1]["gini"])


def test_why_there_is_no_drift(toy_shop):
    orderly = toy_shop.with_interactions(toy_shop.interactions, has_clock=False)
    assert drift(orderly).note == "The data have an order but no dates."
    early = drift(toy_shop, moment("2024-01-01"))
    assert (early.rows, early.note) == ((), "Nothing happened before the moment.")
    assert set(drift(toy_shop).rows[0]) == set(early.columns)
