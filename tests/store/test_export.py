"""What the store exports is a shop that can be read, with the schema's columns."""

from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest

from unsung import schema
from unsung.errors import InputError
from unsung.store import (
    Choice,
    Exposure,
    Item,
    Review,
    append_events,
    append_exposures,
    put_items,
    put_reviews,
    set_choice,
)
from unsung.store.export import export_events
from unsung.workflows.prepare import read_shop

NOW = 1_767_225_600_000_000
DAY = 86_400_000_000


@pytest.fixture
def lived_in(store, event):
    sold = [("ann", "kettle"), ("ann", "cup"), ("bea", "kettle"), ("17850.0", "cup")]
    batch = [
        event(
            f"e{n}",
            user_id=user,
            item_id=item,
            event="purchase",
            timestamp=NOW - (n + 1) * DAY - 1,
            price=2.5,
            quantity=1.0,
        )
        for n, (user, item) in enumerate(sold)
    ]
    append_events(store, batch, NOW)
    put_items(
        store,
        [
            Item("kettle", {"title": "Kettle", "price": 30, "created_at": NOW - DAY, "eco": True}),
            Item("cup", {"in_stock": False, "size": 3, "mixed": "x"}),
            Item("tray", {"mixed": 1.5, "eco": False}),
        ],
        NOW,
    )
    return store


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_fit_reads_what_was_exported(lived_in, tmp_path):
    put_reviews(lived_in, [Review("v", "ann", "cup", 4.0, "Nice", "Good", NOW - DAY)], NOW)
    shown = Exposure("r", "ann", "cup", 1, NOW - DAY, 0.5, "dial", "m", "full", "a")
    append_exposures(lived_in, [shown])
    set_choice(lived_in, Choice("bea", "profiling", "", False, NOW))
    rows = export_events(lived_in, tmp_path / "shop", NOW)
    assert rows == {"interactions": 4, "reviews": 1, "exposures": 1, "users": 1, "items": 3}
    for name in rows:
        columns = pq.read_schema(tmp_path / "shop" / f"{name}.parquet").names
        extra = set(columns) - schema.COLUMNS[name].keys()
        assert extra == ({"eco", "mixed", "size"} if name == "items" else set())
    shop = read_shop(tmp_path / "shop", now=datetime(2026, 1, 1, tzinfo=UTC))
    data = shop.dataset
    assert set(data.users.values) == {"ann", "bea", "17850.0"}
    assert set(data.items.values) == {"kettle", "cup", "tray"}
    assert sorted(data.interactions.timestamp) == [NOW - (n + 1) * DAY - 1 for n in (3, 2, 1, 0)]
    assert len(data.reviews) == 1
    catalogue = data.catalogue.set_index(schema.ITEM_ID)
    assert catalogue.loc["kettle", schema.TITLE] == "Kettle"
    assert catalogue.loc["kettle", schema.PRICE] == 30
    assert list(data.exposures[schema.RANK]) == [1]
    assert not data.user_table[schema.PROFILING_CONSENT].any()


def test_tables_without_rows_have_no_file(lived_in, tmp_path):
    rows = export_events(lived_in, tmp_path / "shop", NOW)
    assert (rows["reviews"], rows["exposures"], rows["users"]) == (0, 0, 0)
    files = {file.name for file in (tmp_path / "shop").iterdir()}
    assert files == {"interactions.parquet", "items.parquet", "shop.toml", "manifest.json"}
    assert len(read_shop(tmp_path / "shop").dataset.interactions) == 4


def test_a_store_without_events_has_nothing_to_fit_on(store, tmp_path):
    with pytest.raises(InputError, match="no events yet"):
        export_events(store, tmp_path / "shop", NOW)
    assert not (tmp_path / "shop").exists()


def test_values_are_what_they_were(lived_in, tmp_path):
    export_events(lived_in, tmp_path / "shop", NOW)
    table = pq.read_table(tmp_path / "shop" / "items.parquet").to_pylist()
    found = {row["item_id"]: row for row in table}
    assert found["kettle"]["eco"] is True
    assert found["kettle"]["created_at"].timestamp() == (NOW - DAY) / 1e6
    assert found["cup"]["size"] == 3
    assert found["cup"]["mixed"] == "x"
    assert found["tray"]["mixed"] == "1.5"
    assert found["tray"]["in_stock"] is None
