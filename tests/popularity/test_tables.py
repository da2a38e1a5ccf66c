from dataclasses import replace

import numpy as np
import pytest

from unsung.data.settings import SegmentSettings
from unsung.popularity.counts import count_items
from unsung.popularity.reasons import ReasonSettings, find_reasons
from unsung.popularity.tables import (
    bands_table,
    definition_sentence,
    definitions_table,
    iso_time,
    items_table,
    lorenz_table,
    reasons_table,
    segments_table,
    spread_rows,
)
from unsung.schema import DAY_US

SETTINGS = SegmentSettings(head_share=0.1)


@pytest.fixture
def state(toy_shop):
    return toy_shop.as_of()


@pytest.fixture
def counts(toy_shop, state):
    return count_items(toy_shop, state, SETTINGS)


@pytest.fixture
def reasons(state, counts):
    return find_reasons(state, counts.segments, ReasonSettings())


def by(table, key):
    return {row[key]: row for row in table.rows}


def test_segments_add_up_to_the_shop(state, counts):
    rows = by(segments_table(state, counts), "segment")
    assert {name: row["items"] for name, row in rows.items()} == {
        "head": 1,
        "tail": 5,
        "fresh": 1,
        "cold": 3,
    }
    assert rows["head"]["buyers"] == 5
    assert rows["head"]["buyers_share"] == pytest.approx(5 / 18)
    assert rows["head"]["revenue"] == 150
    for share in ("catalogue_share", "buyers_share", "purchases_share", "revenue_share"):
        assert sum(row[share] for row in rows.values()) == pytest.approx(1)


def test_every_column_has_a_definition(state, counts, reasons):
    tables = [
        segments_table(state, counts),
        bands_table(state, counts),
        lorenz_table(state, counts),
        definitions_table(state, counts, SETTINGS),
        reasons_table(counts, reasons),
        items_table(state, counts, reasons),
    ]
    for table in tables:
        assert set(table.rows[0]) == set(table.columns)
        assert all(sentence.endswith(".") for sentence in table.columns.values())
        assert table.definition.endswith(".")


def test_measures_that_are_not_known_are_left_out():
    rows = spread_rows("group", np.array([0]), ("a",), np.ones(1, bool), {"revenue": None})
    assert rows == ({"group": "a", "items": 1, "catalogue_share": 1.0},)


def test_sales_of_an_unlisted_item_count_but_it_is_no_catalogue():
    listed = np.array([True, False])
    rows = spread_rows("g", np.array([0, 1]), ("a", "b"), listed, {"buyers": np.array([1, 3])})
    assert [(row["items"], row["buyers_share"]) for row in rows] == [(1, 0.25), (0, 0.75)]


def test_lorenz_curve_of_the_listed(state, counts):
    points = lorenz_table(state, counts).rows
    assert len(points) == 101
    assert points[30]["buyers_share"] == 0
    assert points[90]["buyers_share"] == pytest.approx(13 / 18)


def test_definitions_name_the_one_in_use(state, counts):
    rows = by(definitions_table(state, counts, SETTINGS), "definition")
    assert [name for name, row in rows.items() if row["in_use"]] == ["top_items"]
    assert rows["top_items"]["head_items"] == 1
    # 18 buyers: the kettle holds 5, the three with 3 buyers end at 14 (middle: 9.5 of 18).
    assert rows["interaction_share"]["head_items"] == 4
    assert rows["threshold"]["head_items"] == 0
    assert all(row["fresh_items"] + row["cold_items"] == 4 for row in rows.values())


def test_a_sentence_for_each_definition():
    said = [
        definition_sentence(SegmentSettings(definition=kind))
        for kind in ("top_items", "interaction_share", "threshold")
    ]
    assert "20% of the listed items" in said[0]
    assert "hold 80% of all buyers" in said[1]
    assert "at least 20 distinct buyers" in said[2]
    assert all("60 days" in sentence for sentence in said)


def test_reasons_are_counted_by_segment(counts, reasons):
    rows = by(reasons_table(counts, reasons), "reason")
    assert (rows["new"]["items"], rows["new"]["fresh"], rows["new"]["tail"]) == (1, 1, 0)
    assert rows["no_reason"]["cold"] == 3
    assert rows["new"]["items_share"] == pytest.approx(1 / 9)


def test_items_most_bought_first(state, counts, reasons):
    rows = items_table(state, counts, reasons).rows
    assert rows[0]["item_id"] == "kettle"
    assert [row["buyers"] for row in rows] == [5, 3, 3, 3, 2, 1, 1, 0, 0, 0]
    found = {row["item_id"]: row for row in rows}
    assert found["birdbath"]["first_seen"] == "2025-04-06"
    assert found["cosy"]["first_seen"] is None
    assert found["kettle"]["reasons"] == []
    assert found["birdbath"]["reasons"][0]["code"] == "new"
    assert found["teapot"]["title"] == "Red enamel teapot"


def test_items_know_only_what_the_shop_knows(toy_shop):
    bare = replace(toy_shop, catalogue=toy_shop.catalogue[["item_id"]])
    bare = bare.with_interactions(
        replace(
            toy_shop.interactions,
            price=np.full(len(toy_shop.interactions), np.nan, np.float32),
        ),
        has_clock=False,
    )
    state = replace(bare.as_of(), listed=np.arange(10) < 4)
    counts = count_items(bare, state, SETTINGS)
    shown = replace(counts, impressions=np.arange(10))
    rows = items_table(state, shown, ()).rows
    assert len(rows) == 4
    assert set(rows[0]) == {
        "item_id",
        "title",
        "segment",
        "band",
        "buyers",
        "purchases",
        "impressions",
        "reasons",
    }
    assert rows[0]["title"] is None


def test_nothing_listed(state, counts):
    none = replace(state, listed=np.zeros(10, bool))
    assert items_table(none, counts, ()).rows == ()
    assert lorenz_table(none, counts).rows[-1]["buyers_share"] == 1


def test_iso_time_far_from_now():
    assert iso_time(0) == "1970-01-01T00:00:00+00:00"
    assert iso_time(-DAY_US) == "1969-12-31T00:00:00+00:00"
