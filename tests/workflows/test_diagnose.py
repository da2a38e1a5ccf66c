import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from unsung.data.dataset import Dataset
from unsung.data.identifiers import Identifiers
from unsung.data.interactions import Interactions
from unsung.data.settings import SegmentSettings, ShopSettings, Source
from unsung.data.state import ItemContent
from unsung.popularity.reasons import ReasonSettings
from unsung.schema import DAY_US
from unsung.workflows.diagnose import diagnose

OUTLOOK = {"outlook", "outlook_models", "outlook_calibration"}
TABLES = {"segments", "bands", "lorenz", "definitions", "drift", "reasons", "items"} | OUTLOOK


@pytest.fixture
def settings():
    return ShopSettings(
        name="Toy", interactions=Source(path="x.csv"), segments=SegmentSettings(head_share=0.1)
    )


def plain(diagnosis):
    """Through JSON, which refuses NaN."""
    return json.loads(json.dumps(diagnosis.to_json(), allow_nan=False))


def order_lines(pairs, *, has_clock=True):
    """A shop of (user, item) pairs and nothing else, one a day."""
    users = Identifiers.from_ids([user for user, _ in pairs])
    items = Identifiers.from_ids([item for _, item in pairs])
    columns = ("user_index", "item_index", "timestamp", "rating")
    empty = pd.DataFrame({name: [] for name in columns})
    return Dataset(
        users=users,
        items=items,
        catalogue=pd.DataFrame({"item_id": items.values}),
        catalogue_is_derived=True,
        interactions=Interactions.from_columns(
            user_index=users.index_of([user for user, _ in pairs]),
            item_index=items.index_of([item for _, item in pairs]),
            timestamp=np.arange(len(pairs)) * (DAY_US if has_clock else 1),
        ),
        event_kinds=("purchase",),
        titles=np.array([], dtype=object),
        reviews=empty.assign(title="", text=""),
        exposures=None,
        user_table=None,
        has_clock=has_clock,
    )


def test_the_toy_shop(toy_shop, settings):
    found = plain(diagnose(toy_shop, settings))
    assert set(found["tables"]) == TABLES
    assert found["shop"] == "Toy"
    assert found["as_of"].startswith("2025-04-07T00:00:00")
    value = {name: figure["value"] for name, figure in found["figures"].items()}
    assert (value["n_items"], value["n_customers"], value["n_pairs"]) == (10, 6, 18)
    assert value["zero_sale_items"] == 3
    assert value["zero_exposure_items"] is None
    assert "no exposures" in found["figures"]["zero_exposure_items"]["definition"]
    assert found["summary"][0] == (
        "The head, 1 item or 10.0% of the catalogue, makes 27.8% of the sales; the established "
        "tail (5 items) makes 66.7% and fresh items (1) make 5.6%."
    )
    assert "3 of 10 listed items have never been sold." in found["summary"]


def test_every_number_has_a_definition(toy_shop, settings):
    found = plain(diagnose(toy_shop, settings))
    assert all(figure["definition"] for figure in found["figures"].values())
    for name, table in found["tables"].items():
        assert table["definition"]
        if name in OUTLOOK:  # far too few items to learn from
            assert "200 are needed" in table["note"]
            continue
        assert set(table["rows"][0]) == set(table["columns"])


def test_nothing_at_or_after_the_moment_is_read(toy_shop, settings):
    moment = int(toy_shop.interactions.timestamp[0]) + 20 * DAY_US
    exposed = replace(
        toy_shop,
        exposures=pd.DataFrame(
            {
                "item_index": toy_shop.items.index_of(["cosy", "rake"]),
                "rank": [1, 2],
                "timestamp": [moment - 1, moment],
            }
        ),
    )
    cut = replace(
        exposed.with_interactions(toy_shop.interactions.before(moment)),
        exposures=exposed.exposures.iloc[:1],
        reviews=toy_shop.reviews.iloc[:0],
    )
    early = plain(diagnose(exposed, settings, as_of=moment))
    assert early == plain(diagnose(cut, settings, as_of=moment))
    assert early["figures"]["zero_exposure_items"]["value"] == 9


def test_order_lines_alone_are_enough(settings):
    shop = order_lines([("ann", "tea"), ("bea", "tea"), ("cy", "tea"), ("ann", "rake")])
    found = plain(diagnose(shop, settings))
    assert "revenue" not in found["tables"]["items"]["columns"]
    assert {row["reason"] for row in found["tables"]["reasons"]["rows"]} == {"new", "no_reason"}
    assert found["summary"][1] == "Every listed item has been sold at least once."


@pytest.mark.parametrize(
    ("pairs", "sentence"),
    [
        ([], "There is no item to diagnose"),
        ([("ann", "tea")], "No item stands out"),
        ([(u, i) for u in "abc" for i in "xyz"], "No item stands out"),
    ],
)
@pytest.mark.parametrize("has_clock", [True, False])
def test_degenerate_shops_get_a_sentence(settings, pairs, sentence, has_clock):
    found = plain(diagnose(order_lines(pairs, has_clock=has_clock), settings))
    assert found["summary"][0].startswith(sentence)
    assert set(found["tables"]) == TABLES


def test_nothing_sold(toy_shop, settings):
    none = toy_shop.with_interactions(toy_shop.interactions.take(slice(0, 0)))
    found = plain(diagnose(none, settings))
    assert found["summary"][0].startswith("None of the 10 listed items has been sold")
    assert found["figures"]["gini"]["value"] is None
    assert "nothing has been sold" in found["figures"]["gini"]["definition"]


def test_prices_are_compared_by_text_where_there_is_text(toy_shop, settings):
    titles = [f"garden lamp {item}" for item in toy_shop.items.values]
    price = np.where(toy_shop.items.values == "gnome", 90.0, 4.0)
    lamps = replace(toy_shop, catalogue=toy_shop.catalogue.assign(title=titles, price=price))
    limits = ReasonSettings(n_neighbours=8)

    def overpriced(**given):
        rows = plain(diagnose(lamps, settings, **given))["tables"]["items"]["rows"]
        return {
            row["item_id"]: reason["sentence"]
            for row in rows
            for reason in row["reasons"]
            if reason["code"] == "overpriced"
        }

    assert "most similar text" in overpriced(thresholds=limits)["gnome"]
    assert overpriced(thresholds=limits, content=ItemContent.empty(10)) == {}
    large = limits.model_copy(update={"max_compared_items": 5, "min_neighbours": 3})
    assert "its category's items" in overpriced(thresholds=large)["gnome"]


def test_progress_is_told(toy_shop, settings):
    told = []
    diagnose(toy_shop, settings, progress=lambda stage, done=0, total=0: told.append((done, total)))
    assert told[0] == (0, 4)
    assert told[-1] == (4, 4)


@pytest.mark.data
def test_online_retail_has_the_segments_of_the_reference(data_folder, settings):
    raw = pd.read_parquet(data_folder / "online_retail" / "online_retail.parquet")
    products = raw["StockCode"].str.match(r"\d{5}")
    bought = (raw["Quantity"] > 0) & ~raw["InvoiceNo"].str.startswith("C")
    rows = raw[products & bought & raw["CustomerID"].notna()]
    users = Identifiers.from_ids(rows["CustomerID"].astype(int).astype(str))
    items = Identifiers.from_ids(rows["StockCode"])
    time = pd.to_datetime(rows["InvoiceDate"]).astype("datetime64[us]").astype("int64")
    shop = replace(
        order_lines([]),
        users=users,
        items=items,
        catalogue=pd.DataFrame({"item_id": items.values}),
        interactions=Interactions.from_columns(
            user_index=users.index_of(rows["CustomerID"].astype(int).astype(str)),
            item_index=items.index_of(rows["StockCode"]),
            timestamp=time.to_numpy(),
        ),
    )
    moment = int(np.datetime64("2011-11-11", "us").astype(np.int64))
    shares = settings.model_copy(update={"segments": SegmentSettings()})
    found = plain(diagnose(shop, shares, as_of=moment))
    items_of = {r["segment"]: r["items"] for r in found["tables"]["segments"]["rows"]}
    assert items_of == {"head": 722, "tail": 2726, "fresh": 176, "cold": 0}
    assert found["figures"]["n_items"]["value"] == 3_659 - 35
