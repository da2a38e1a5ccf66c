"""Reading, typing, checking and deduplicating: nothing is lost, and nothing bad stays."""

import io
import json
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unsung import schema
from unsung.data.build import read_canonical
from unsung.data.quarantine import REASONS
from unsung.errors import InputError, SettingsError

HEADER = "user_id,item_id,timestamp,event,rating,price,quantity,basket_id\n"


def reasons(prepared, table="interactions"):
    return {(r.column, r.reason): r.n_rows for r in prepared.tables[table].reasons}


def quarantine(prepared):
    return pd.read_parquet(prepared.quarantine)


def micros(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


ROWS = {
    "u1,i1,2025-01-02,,,,,": None,
    ",i1,2025-01-02,,,,,": "no_user_id",
    "nan,i1,2025-01-02,,,,,": "no_user_id",
    "u1,NULL,2025-01-02,,,,,": "no_item_id",
    "u1,i1,,,,,,": "no_timestamp",
    "u1,i1,0,,,,,": "no_timestamp",
    "u1,i1,yesterday,,,,,": "unreadable_time",
    "u1,i1,2025-02-30,,,,,": "unreadable_time",
    "u1,i1,2026-01-03,,,,,": "future_time",
    "u1,i1,2026-01-01 12:00,,,,,": None,
    "u1,i1,1969-12-31,,,,,": "too_early",
    "u1,i1,2025-01-02,wished,,,,": "unknown_event",
    "u1,i1,2025-01-02,VIEW,,,,": None,
    "u1,i1,2025-01-02,,nan,,,": "not_a_number",
    "u1,i1,2025-01-02,,-1,,,": "negative",
    "u1,i1,2025-01-02,,1e30,,,": "out_of_range",
    "u1,i1,2025-01-02,,,inf,,": "not_a_number",
    "u1,i1,2025-01-02,,,-0.01,,": "negative",
    "u1,i1,2025-01-02,,,free,,": "not_a_number",
    "u1,i1,2025-01-02,,,£3.50,,": None,
    "u1,i1,2025-01-02,,,,1e999,": "not_a_number",
    "u1,i1,2025-01-02,,,,0,": "zero_quantity",
    "u1,i1,2025-01-02,view,,,0,": None,
    "u1,i1,2025-01-02,,,,-2,": None,
    "u1,i1,2025-01-02,,,,-1e12,": "out_of_range",
}


def test_each_fault_has_its_reason(prepare):
    prepared, _ = prepare({"interactions": HEADER + "\n".join(ROWS) + "\n"})
    held = quarantine(prepared).set_index("source_row")["reason"]
    found = {row: held.get(number) for number, row in enumerate(ROWS, 1)}
    assert found == ROWS


FIRST_FAULTS = {
    ",POST,soon,wished,,-1,,": "no_user_id",
    "u1,POST,soon,wished,,-1,,": "unreadable_time",
    "u1,POST,2025-01-02,wished,,-1,,": "not_a_product",
    "u1,i1,2025-01-02,wished,,-1,,": "negative",
}


def test_of_several_faults_the_most_telling_counts(prepare):
    text = HEADER + "\n".join(FIRST_FAULTS) + "\n"
    prepared, _ = prepare({"interactions": text}, cleaning={"item_id_pattern": "^i"})
    assert quarantine(prepared)["reason"].tolist() == list(FIRST_FAULTS.values())


CELLS = {
    "user_id": ["u1", "u2", " u1 ", "", "17850.0", "NULL", "=1+1"],
    "item_id": ["i1", "i2", "", "POST"],
    "timestamp": ["2025-01-02", "2025-01-02T10:00:00Z", "", "soon", "2031-01-01", "1735787045"],
    "event": ["", "purchase", "view", "wished"],
    "price": ["", "1.5", "-1", "inf", "12,50", "@x"],
    "quantity": ["", "1", "0", "-3", "nan"],
}
RAGGED = st.sampled_from(["u1", "u1,i1,2025-01-02,,,,too,many,cells"])
GOOD = st.tuples(*(st.sampled_from(cells) for cells in CELLS.values())).map(
    lambda cells: ",".join(f'"{cell}"' if "," in cell else cell for cell in cells)
)


@settings(max_examples=6, deadline=None)
@given(rows=st.lists(st.one_of(GOOD, GOOD, GOOD, RAGGED), min_size=1, max_size=60))
def test_rows_read_are_accepted_quarantined_or_duplicates(prepare, rows):
    text = ",".join(CELLS) + "\n" + "\n".join(rows) + "\n"
    prepared, _ = prepare({"interactions": text}, cleaning={"item_id_pattern": "^i"})
    table = prepared.tables["interactions"]
    assert table.n_read == len(rows)
    assert table.n_accepted + table.n_quarantined + table.n_duplicates == len(rows)
    held = quarantine(prepared)
    assert len(held) == table.n_quarantined
    assert held["source_row"].is_unique
    assert held["source_row"].between(1, len(rows)).all()
    kept = read_canonical(table)
    assert len(kept) == table.n_accepted == len(kept.drop_duplicates())
    assert np.isfinite(kept["price"].fillna(0).astype(float)).all()
    assert (kept["price"].fillna(0) >= 0).all()


def test_the_quarantine_tells_place_reason_and_what_stood_there(prepare):
    text = HEADER + 'u1,i1,2025-01-02,,,"a ""b""\\",2,b1\nu1,i1\n'
    prepared, _ = prepare(
        {"interactions": text.replace("price", "cost")},
        sources={"interactions": {"columns": {"price": "cost"}}},
    )
    held = quarantine(prepared).set_index("source_row")
    assert held["table"].tolist() == ["interactions"] * 2
    broken = held.loc[1]
    assert (broken["source_file"], broken["column"]) == ("interactions.csv", "cost")
    assert (broken["value"], broken["reason"]) == ('a "b"\\', "not_a_number")
    assert broken["explanation"] == REASONS["not_a_number"]
    assert json.loads(broken["raw"]) == {
        "user_id": "u1",
        "item_id": "i1",
        "timestamp": "2025-01-02",
        "event": None,
        "rating": None,
        "cost": 'a "b"\\',
        "quantity": "2",
        "basket_id": "b1",
    }
    assert held.loc[2, "reason"] == "unreadable_row"
    assert held.loc[2, "raw"].startswith("u1")


def test_the_quarantine_csv_holds_no_live_formula(prepare):
    cells = ["=1+1", "+1x", "-1x", "@sum", "\t=1", "＝1"]
    rows = "".join(f'u1,i1,2025-01-02,,,"{cell}",,\n' for cell in cells)
    prepared, _ = prepare({"interactions": HEADER + rows})
    text = prepared.quarantine_csv.read_text(encoding="utf-8-sig")
    shown = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    assert len(shown) == len(cells)
    for column in shown:
        assert not shown[column].str.match(r"^[=+\-@\t\r\n＝]").any()
    assert sorted(shown["value"]) == sorted(f"'{cell}" for cell in cells)
    assert sorted(quarantine(prepared)["value"]) == sorted(cells)


def test_every_reason_has_a_sentence_that_says_what_to_do():
    for code, sentence in REASONS.items():
        assert code == code.lower()
        assert sentence[0].isupper()
        assert sentence.endswith(".")
    assert "[event_weights]" in REASONS["unknown_event"]


def test_ids_are_trimmed_and_lose_spreadsheet_zeros(prepare):
    rows = (
        " u1 ,\u300085123A\t,2025-01-02,,,,,\n17850.0,1.0,2025-01-02,,,,,\n"
        "v.f,x.50,2025-01-02,,,,,\n"
    )
    prepared, _ = prepare({"interactions": HEADER + rows})
    table = read_canonical(prepared.tables["interactions"])
    assert set(table["user_id"]) == {"u1", "17850", "v.f"}
    assert set(table["item_id"]) == {"85123A", "1", "x.50"}
    prepared, _ = prepare({"interactions": HEADER + rows}, cleaning={"trim_trailing_zero": False})
    assert "17850.0" in set(read_canonical(prepared.tables["interactions"])["user_id"])


def test_kinds_of_events(prepare):
    rows = (
        "a,i,2025-01-02,transaction,,,,\nb,i,2025-01-02,,5,,,\nc,i,2025-01-02,,,,,\n"
        "d,i,2025-01-02,,,,-1,\ne,i,2025-01-02,,,,1,C5\nf,i,2025-01-02,wish,,,,\n"
    )
    prepared, _ = prepare(
        {"interactions": HEADER + rows},
        event_names={"Transaction": "purchase"},
        event_weights={"wish": 0.4},
        default_event="view",
        cleaning={"cancelled_basket_pattern": "^C"},
    )
    table = read_canonical(prepared.tables["interactions"]).set_index("user_id")
    kinds = {"a": "purchase", "b": "rating", "c": "view", "d": "return", "e": "return", "f": "wish"}
    assert table["event"].to_dict() == kinds


def test_negative_quantities_may_be_set_aside(prepare):
    prepared, _ = prepare(
        {"interactions": HEADER + "a,i,2025-01-02,,,,-1,\nb,i,2025-01-02,,,,1,\n"},
        cleaning={"negative_quantity": "quarantine"},
    )
    assert reasons(prepared) == {("quantity", "negative_quantity"): 1}


@pytest.mark.parametrize(
    "key", [{"default_event": "bought"}, {"event_names": {"transaction": "bought"}}]
)
def test_events_that_settings_name_must_be_known(prepare, key):
    with pytest.raises(SettingsError, match=r"'bought' is no known kind.*\[event_weights\]"):
        prepare({"interactions": HEADER}, **key)


def test_duplicates_collapse_or_stay(prepare):
    rows = (
        "u,i,2025-01-02,,,1.50,2,b\nu ,i,2025-01-02 00:00,purchase,,1.5,2.0,b\n"
        "u,i,2025-01-02,,,1.5,3,b\n"
    )
    prepared, _ = prepare({"interactions": HEADER + rows})
    table = prepared.tables["interactions"]
    assert (table.n_accepted, table.n_duplicates) == (2, 1)
    prepared, _ = prepare({"interactions": HEADER + rows}, cleaning={"collapse_duplicates": False})
    table = prepared.tables["interactions"]
    assert (table.n_accepted, table.n_duplicates) == (3, 0)


def test_the_later_row_of_an_item_counts(prepare):
    items = (
        "item_id,title,price,in_stock,colour\ni1,old,1,yes,red\ni2,two,2,0,\n"
        " i1,new,,17,blue\ni1,bad,-1,,\n"
    )
    prepared, _ = prepare({"interactions": HEADER + "u,i1,2025-01-02,,,,,\n", "items": items})
    table = prepared.tables["items"]
    assert (table.n_read, table.n_accepted, table.n_duplicates) == (4, 2, 1)
    assert reasons(prepared, "items") == {("price", "negative"): 1}
    rows = read_canonical(table).set_index("item_id")
    assert rows.loc["i1", "title"] == "new"
    assert bool(rows.loc["i1", "in_stock"])
    assert rows.loc["i1", "colour"] == "blue"
    assert not rows.loc["i2", "in_stock"]
    assert pd.isna(rows.loc["i2", "colour"])


def test_other_tables_have_their_own_rules(prepare):
    prepared, _ = prepare(
        {
            "interactions": HEADER + "u,i1,2025-01-02,,,,,\n",
            "reviews": "item_id,user_id,rating,text\ni1,,5,\ni1,u,,\ni1,u,,fine\n",
            "users": "user_id,profiling_consent,country\nu,no,UK\n,yes,FR\nu,perhaps,DE\n",
            "exposures": "item_id,rank,timestamp,logging_propensity\ni1,1,2025-01-02,.5\n"
            "i1,0,2025-01-02,.5\ni1,1.5,2025-01-02,.5\ni1,1,2025-01-02,1.5\ni1,1,,1\n",
        }
    )
    assert reasons(prepared, "reviews") == {("text", "empty_review"): 1}
    assert reasons(prepared, "users") == {
        ("profiling_consent", "not_a_flag"): 1,
        ("user_id", "no_user_id"): 1,
    }
    assert reasons(prepared, "exposures") == {
        ("logging_propensity", "out_of_range"): 1,
        ("rank", "not_a_whole_number"): 1,
        ("rank", "out_of_range"): 1,
        ("timestamp", "no_timestamp"): 1,
    }


def test_interactions_read_from_the_reviews_are_reviews(prepare):
    reviews = "item_id,user_id,timestamp,text\ni1,u,2025-01-02,fine\n"
    prepared, _ = prepare(
        {"interactions": reviews, "reviews": reviews},
        sources={"interactions": {"path": "reviews.csv"}},
    )
    assert read_canonical(prepared.tables["interactions"])["event"].tolist() == ["review"]


def test_lists_become_text_and_objects_are_left_out(prepare):
    items = pd.DataFrame(
        {"item_id": [1], "tags": [["a", "b"]], "sizes": [[1, 2]], "box": [{"w": 1}], "n": [2.0]}
    )
    prepared, _ = prepare({"interactions": HEADER + "u,1,2025-01-02,,,,,\n", "items": items})
    rows = read_canonical(prepared.tables["items"])
    assert rows.iloc[0].to_dict() == {"item_id": "1", "tags": "a | b", "sizes": "1 | 2", "n": "2"}


def test_nan_and_infinity_of_parquet_files_are_not_stored(prepare, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    price = pa.array([float("nan"), float("inf"), None, 2.0], from_pandas=False)
    columns = {"user_id": ["a"] * 4, "item_id": ["i"] * 4, "price": price}
    columns["timestamp"] = [datetime(2025, 1, day, tzinfo=UTC) for day in range(1, 5)]
    pq.write_table(pa.table(columns), tmp_path / "lines.parquet")
    prepared, _ = prepare(
        {"interactions": HEADER}, sources={"interactions": {"path": str(tmp_path / "*.parquet")}}
    )
    assert reasons(prepared) == {("price", "not_a_number"): 2}
    assert quarantine(prepared)["source_row"].tolist() == [1, 2]


def test_facts_describe_the_good_rows(prepare):
    rows = (
        "u,i,2025-01-02,,,1,,\nu,j,2025-01-03,,,2,,\nv,j,2025-01-04,,,9,,\n"
        "v,j,2025-01-04,,,9,,\nw,j,x,,,1,,\n"
    )
    prepared, _ = prepare({"interactions": HEADER + rows})
    facts = {f.column: f for f in prepared.tables["interactions"].facts}
    assert (facts["user_id"].filled, facts["user_id"].distinct) == (4, 2)
    assert facts["rating"].filled == 0
    assert facts["rating"].median is None
    price = facts["price"]
    assert (price.minimum, price.median, price.maximum) == (1, 2, 9)
    assert facts["timestamp"].minimum == micros("2025-01-02")


def test_a_shop_of_which_nothing_is_left_still_prepares(prepare):
    prepared, _ = prepare({"interactions": HEADER + ",i,2025-01-02,,,,,\n"})
    table = prepared.tables["interactions"]
    assert (table.n_read, table.n_accepted, table.n_quarantined) == (1, 0, 1)


MISSING = {
    "item_id,timestamp\ni,2025-01-02\n": "has no column for user_id",
    "user_id,item_id\nu,i\n": "has no column for timestamp or position",
}


@pytest.mark.parametrize("text", MISSING)
def test_required_columns_are_asked_for(prepare, text):
    with pytest.raises(InputError, match=MISSING[text]) as error:
        prepare({"interactions": text})
    assert "interactions.csv" in str(error.value)
    assert "[interactions.columns]" in str(error.value)


def test_a_time_may_be_a_constant(prepare):
    prepared, _ = prepare(
        {"interactions": "user_id,item_id\nu,i\n"},
        sources={
            "interactions": {
                "constants": {"timestamp": "2025-07-01 12:00"},
                "timezone": "Europe/London",
            }
        },
    )
    times = read_canonical(prepared.tables["interactions"])["timestamp"]
    assert times.tolist() == [micros("2025-07-01 11:00")]


def test_a_header_alone_is_a_table_of_no_rows(prepare):
    prepared, _ = prepare({"interactions": HEADER, "items": "item_id,title\n"})
    for table in prepared.tables.values():
        assert (table.n_read, table.n_accepted, table.facts[0].distinct) == (0, 0, 0)


def test_positions_stand_in_for_times(prepare):
    prepared, _ = prepare(
        {"interactions": "user_id,item_id,position\nu,i,0\nu,j,1\nu,k,\nu,l,-1\n"}
    )
    assert reasons(prepared) == {("position", "no_position"): 1, ("position", "negative"): 1}
    assert schema.TIMESTAMP not in prepared.tables["interactions"].columns


@pytest.mark.data
def test_online_retail_has_the_known_figures(data_folder, tmp_path):
    from unsung.data.engine.choice import open_engine
    from unsung.data.guess import find_shop
    from unsung.data.preparation import prepare_tables

    shop = find_shop(data_folder / "online_retail")
    with open_engine("duckdb", tmp_path / "engine") as engine:
        now = datetime(2026, 1, 1, tzinfo=UTC)
        prepared = prepare_tables(shop, tmp_path, now=now, engine=engine)
    table = prepared.tables["interactions"]
    assert table.n_read == 541_909
    assert reasons(prepared) == {
        ("CustomerID", "no_user_id"): 135_080,
        ("StockCode", "not_a_product"): 1_920,
    }
    assert (table.n_accepted, table.n_duplicates) == (399_689, 5_220)
    rows = read_canonical(table, ["user_id", "item_id", "event"])
    bought = rows[rows["event"] == "purchase"]
    assert bought["item_id"].nunique() == 3_659
    assert bought["user_id"].nunique() == 4_335
