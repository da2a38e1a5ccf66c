import sqlite3

import pytest
import sqlalchemy as sa

from unsung.data.readers.land import land
from unsung.data.settings import Source
from unsung.errors import InputError


@pytest.fixture
def shop(tmp_path):
    with sqlite3.connect(tmp_path / "my shop.db") as database:
        database.execute('create table orders ("user id" text, item integer, price real)')
        rows = [("u1", 17, 2.5), (None, 18, None), ("u\0", 19, 1.0), ("", 2**40, 3.0)]
        database.executemany("insert into orders values (?, ?, ?)", rows)
        database.execute("insert into orders values (cast(x'75ff' as text), 20, 1)")
        database.execute("create table empty (a text, b text)")
    database.close()
    return tmp_path


def from_sql(shop, **settings):
    source = Source(url="sqlite:///my shop.db", **settings)
    return land(source, "interactions", shop, shop / "w")


def test_rows_of_a_table_land_as_text(shop, read_rows):
    landed = from_sql(shop, table="orders", columns={"user_id": "user id"})
    assert landed.columns == ("user id", "item", "price")
    assert landed.n_rows == 5
    assert [tuple(row.values()) for row in read_rows(landed)] == [
        ("u1", "17", "2.5", "sqlite:my shop.db:orders", 1),
        (None, "18", None, "sqlite:my shop.db:orders", 2),
        (None, "1099511627776", "3.0", "sqlite:my shop.db:orders", 4),
    ]
    assert landed.rejects["reason"].tolist() == [
        "contains a NUL character",
        "contains characters that aren't valid Unicode",
    ]
    assert landed.rejects["source_row"].tolist() == [3, 5]


def test_a_query_and_a_table_without_rows(shop, read_rows):
    landed = from_sql(shop, query="select item, count(*) as n from orders group by 1 limit 1")
    assert [row["n"] for row in read_rows(landed)] == ["1"]
    landed = from_sql(shop, table="empty")
    assert (landed.columns, landed.n_rows) == (("a", "b"), 0)


def test_the_shop_is_only_read(shop):
    with pytest.raises(InputError, match="the database refused"):
        from_sql(shop, query="delete from orders returning item")
    assert from_sql(shop, table="orders").n_rows == 5


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"table": "order"}, "no table 'order'; did you mean 'orders'?"),
        ({"query": "select nonsense from orders"}, "no such column: nonsense"),
        ({"table": "orders", "columns": {"item_id": "itm"}}, "did you mean 'item'"),
    ],
)
def test_what_is_not_there_is_named(shop, settings, message):
    with pytest.raises(InputError, match=message.replace("?", r"\?")):
        from_sql(shop, **settings)
    assert not list((shop / "w").glob("*"))


def test_a_missing_sqlite_file_is_not_made(shop):
    with pytest.raises(InputError, match=r"'.*gone.db' doesn't exist"):
        land(Source(url="sqlite:///gone.db", table="t"), "items", shop, shop / "w")
    assert not (shop / "gone.db").exists()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:S3cret!@127.0.0.1:1/shop",
        "postgresql://127.0.0.1:1/shop?password=S3cret!&user=me",
        "postgresql://me:S3cret!@127.0.0.1:port/shop",
        "oracle://me:S3cret!@127.0.0.1:1/shop",
        "nonsense://me:S3cret!@127.0.0.1/shop",
        "me:S3cret!@127.0.0.1",
    ],
)
def test_no_error_shows_a_password(tmp_path, url):
    with pytest.raises(InputError) as caught:
        land(Source(url=url, table="orders"), "interactions", tmp_path, tmp_path / "w")
    shown = str(caught.value)
    assert "S3cret" not in shown
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.postgres
def test_postgresql_streams_and_is_only_read(postgres_url, tmp_path, read_rows):
    engine = sa.create_engine(postgres_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(sa.text("create schema if not exists sales"))
        connection.execute(sa.text("create sequence if not exists sales.numbers"))
        connection.execute(sa.text("drop table if exists sales.orders"))
        connection.execute(
            sa.text(
                "create table sales.orders as select 'u' || n as user_id, n as item_id, "
                "timestamptz '2026-03-01 10:00:00+00' as at, 2.50::numeric as price, "
                "array['a', 'b'] as tags from generate_series(1, 45000) n"
            )
        )
    engine.dispose()
    source = Source(url=postgres_url, table="sales.orders")
    landed = land(source, "interactions", tmp_path, tmp_path / "w")
    rows = read_rows(landed)
    assert landed.n_rows == len(rows) == 45_000
    assert [row["source_row"] for row in rows] == list(range(1, 45_001))
    assert rows[0]["price"] == "2.50"
    assert rows[0]["tags"] == "a | b"
    with pytest.raises(InputError, match="read-only"):
        land(
            Source(url=postgres_url, query="select nextval('sales.numbers') as n"),
            "interactions",
            tmp_path,
            tmp_path / "w",
        )
