"""The law of engines: the same expressions give the same tables on DuckDB and on Spark."""

from contextlib import nullcontext
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow.dataset as ds
import pytest

from unsung.data.assignments import read_assignments
from unsung.data.demo import demo_shop_folder
from unsung.data.engine.choice import open_engine
from unsung.data.engine.duckdb_engine import DuckDBEngine
from unsung.data.engine.spark_engine import SparkEngine
from unsung.data.settings import ShopSettings, Source
from unsung.errors import InputError, MissingExtraError

NASTY = """user_id,item_id,timestamp,event,weight,rating,price,quantity,basket_id,title
 u1 ,i1,2025-01-02,transaction,,,1.50,2,b1,Tea
u1,i1,2025-01-02T00:00:00,Transaction,,,1.5,2.0,b1,Tea
u1,i1,2025-01-02,transaction,,,1.50,2,b1,Tea
17850.0,i2,2025-01-02T03:04:05.123456Z,view,,,"£1,234.50",,,
17850,i2,2025-01-02 05:04:05+02:00,view,.25,,"12,50",,,
u2,i3,2025-03-30 02:30,,,4,nan,,,
u2,i3,2025/3/1 8:26,,,4,,,,
u2,i3,2.1.2025,,,4,0x1F,,,
u2,i3,13/1/2025,,,4,1_000,,,
u2,i3,1/2/2025 9:05,,,5,1e3,,,
u3,i4,1735787045,,,,inf,1,,
u3,i4,1735787045.25,,,,2,1,,
,i4,2025-01-02,,,,2,1,,
NULL,i4,2025-01-02,,,,2,1,,
u3,,2025-01-02,,,,2,1,,
u3,POST,2025-01-02,,,,2,1,,
u3,i4,,,,,2,1,,
u3,i4,0,,,,2,1,,
u3,i4,2025-02-30,,,,2,1,,
u3,i4,2030-01-01,,,,2,1,,
u3,i4,1950-01-01,,,,2,1,,
u3,i4,2025-01-02,wished,,,2,1,,
u3,i4,2025-01-02,like,1e9,,2,1,,
u3,i4,2025-01-02,,,-1,2,1,,
u3,i4,2025-01-02,,,,-2,1,,
u3,i4,2025-01-02,,,,2,0,,
u3,i4,2025-01-02,,,,2,-3,,
u3,i4,2025-01-02,,,,2,3,C77,
u3,i4,2025-01-02,,,,2,1e10,,
=cmd,i5,2025-01-02,,,,=1+1,1,,"a ""quoted"" title, and more"
\u3000茶 ,i5,2025-01-02 10:11:12.5,cart,,,3,1,,\u200b红茶
f,v,2025-11-02 01:30,,,,3,1,,fvfvf
"""
ITEMS = """item_id,title,price,in_stock,created_at,colour
i1,old,1,yes,2024-01-01,red
i1,new,2,out of stock,20240102,blue
i2,,-1,1,,
i3,three,3,maybe,,
i4,four,,17,,green
,nameless,1,,,
"""
REVIEWS = """item_id,user_id,rating,text
i1,,5,good
i1,u1,,
i1,u9,nan,odd
"""
SETTINGS = {
    "event_names": {"transaction": "purchase"},
    "cleaning": {"item_id_pattern": "^(i|v)", "cancelled_basket_pattern": "^C"},
    "sources": {"interactions": {"timezone": "Europe/London"}},
}


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    # Compiling the queries takes longer than running them on a few rows.
    interpreted = {
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.shuffle.partitions": "2",
    }
    engine = SparkEngine(tmp_path_factory.mktemp("spark"), options=interpreted)
    yield engine
    engine.close()


def rows_of(table) -> pd.DataFrame:
    frame = ds.dataset(table.path, format="parquet").to_table().to_pandas()
    return frame.sort_values(list(frame.columns), ignore_index=True)


def assert_equal(one, other):
    assert list(one.tables) == list(other.tables)
    for name, table in one.tables.items():
        twin = other.tables[name]
        pd.testing.assert_frame_equal(rows_of(table), rows_of(twin), check_dtype=False)
        for field in ("n_read", "n_accepted", "n_quarantined", "n_duplicates", "reasons"):
            assert getattr(table, field) == getattr(twin, field)
        exact = [(f.column, f.filled, f.distinct, f.minimum, f.maximum) for f in table.facts]
        assert exact == [(f.column, f.filled, f.distinct, f.minimum, f.maximum) for f in twin.facts]
    left, right = (pd.read_parquet(p.quarantine) for p in (one, other))
    pd.testing.assert_frame_equal(left, right)


@pytest.mark.spark
def test_spark_and_duckdb_agree_on_nasty_text(prepare, spark):
    tables = {"interactions": NASTY, "items": ITEMS, "reviews": REVIEWS}
    on_duckdb, _ = prepare(tables, **SETTINGS)
    on_spark, _ = prepare(tables, engine=spark, **SETTINGS)
    assert_equal(on_duckdb, on_spark)
    assert on_duckdb.tables["interactions"].n_quarantined > 15


@pytest.mark.spark
def test_spark_and_duckdb_agree_on_native_types(prepare, spark):
    texts = ["2025-01-01 00:00:00.000001", "2025-06-01 12:00", None]
    moments = pd.to_datetime(texts, format="ISO8601")
    frame = pd.DataFrame(
        {
            "user_id": [17850.0, np.nan, 3.5],
            "item_id": [1, 2, 3],
            "timestamp": moments,
            "quantity": [1, -2, 3],
            "price": [1.25, np.inf, 2.0],
        }
    )
    zoned = frame.assign(timestamp=moments.tz_localize("Asia/Shanghai"), user_id=["a", "b", "c"])
    items = pd.DataFrame(
        {"item_id": [1, 2], "tags": [["a", "b"], None], "sizes": [[1, 2], [3]], "score": [1.5, 2]}
    )
    for rows in (frame, zoned):
        tables = {"interactions": rows, "items": items}
        sources = {"interactions": {"timezone": "Europe/London"}}
        on_duckdb, _ = prepare(tables, sources=sources)
        on_spark, _ = prepare(tables, sources=sources, engine=spark)
        assert_equal(on_duckdb, on_spark)


@pytest.mark.spark
def test_spark_and_duckdb_agree_on_a_real_shop(prepare, spark):
    lines = pd.read_parquet(demo_shop_folder() / "online_retail.parquet")
    sample = lines.iloc[::20]
    columns = {
        "user_id": "CustomerID",
        "item_id": "StockCode",
        "timestamp": "InvoiceDate",
        "price": "UnitPrice",
        "quantity": "Quantity",
        "basket_id": "InvoiceNo",
        "title": "Description",
    }
    rules = {"item_id_pattern": r"^\d{5}", "cancelled_basket_pattern": "^C"}
    given = {"sources": {"interactions": {"columns": columns}}, "cleaning": rules}
    on_duckdb, _ = prepare({"interactions": sample}, **given)
    on_spark, _ = prepare({"interactions": sample}, engine=spark, **given)
    assert_equal(on_duckdb, on_spark)
    assert on_duckdb.tables["interactions"].n_read == len(sample)


def test_a_table_written_twice_is_replaced(tmp_path):
    engine = DuckDBEngine(tmp_path / "spill", threads=1)
    pd.DataFrame({"a": [1, 2]}).to_parquet(tmp_path / "in.parquet")
    table = engine.read([tmp_path / "in.parquet"])
    engine.write(table, tmp_path / "out" / "t.parquet")
    engine.write(table.filter(table.a > 1), tmp_path / "out" / "t.parquet")
    assert engine.frame(engine.read([tmp_path / "out" / "t.parquet"]))["a"].tolist() == [2]
    engine.close()


def test_native_files_are_told_apart_and_read_by_name(tmp_path):
    pd.DataFrame({"a": ["x", "y"], "b": [1, 2]}).to_parquet(tmp_path / "one.parquet")
    pd.DataFrame({"c": [True], "a": ["z"]}).to_parquet(tmp_path / "two.parquet")
    engine = DuckDBEngine(tmp_path / "spill", threads=1)
    files = [tmp_path / "one.parquet", tmp_path / "two.parquet"]
    frame = engine.frame(engine.read_native(files, ["one", "two"]))
    frame = frame.sort_values(["source_file", "source_row"])
    assert frame["source_file"].tolist() == ["one", "one", "two"]
    assert frame["source_row"].tolist() == [1, 2, 1]
    assert frame["a"].tolist() == ["x", "y", "z"]
    engine.close()


def test_a_damaged_page_is_an_error_that_names_the_file(prepare, tmp_path):
    columns = {"user_id": [f"u{n}" for n in range(999)], "item_id": ["i"] * 999}
    columns["timestamp"] = list(range(1_700_000_000, 1_700_000_999))
    pd.DataFrame(columns).to_parquet(tmp_path / "damaged.parquet")
    content = bytearray((tmp_path / "damaged.parquet").read_bytes())
    content[40:400] = bytes(360)
    (tmp_path / "damaged.parquet").write_bytes(content)
    source = {"interactions": {"path": str(tmp_path / "damaged.parquet")}}
    with pytest.raises(InputError, match=r"damaged\.parquet.*export the file again"):
        prepare({"interactions": "never read"}, sources=source)


def test_engines_have_names(tmp_path):
    with open_engine("duckdb", tmp_path) as engine:
        assert engine.name == "duckdb"


def test_spark_without_pyspark_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyspark.sql", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'unsung\[spark\]'"):
        SparkEngine(tmp_path)


@pytest.mark.spark
def test_spark_and_duckdb_agree_on_assignments(spark, assignment_file, monkeypatch):
    def opened(name, folder):
        return nullcontext(spark) if name == "spark" else open_engine(name, folder)

    monkeypatch.setattr("unsung.data.assignments.open_engine", opened)
    settings = ShopSettings(interactions=Source(path="orders.csv"))
    now = datetime(2026, 2, 1, tzinfo=UTC)
    plain, by_spark = (
        read_assignments(assignment_file, settings.model_copy(update={"engine": name}), now=now)
        for name in ("duckdb", "spark")
    )
    assert by_spark.user_id.tolist() == plain.user_id.tolist()
    assert by_spark.arm.tolist() == plain.arm.tolist()
    assert by_spark.first_exposure.tolist() == plain.first_exposure.tolist()
    assert by_spark.reasons == plain.reasons
