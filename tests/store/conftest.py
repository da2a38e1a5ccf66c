import sqlite3
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from unsung.store import Event, Store, open_store
from unsung.store.tables import metadata

NOW = 1_767_225_600_000_000


@pytest.fixture(scope="session")
def made_sqlite(tmp_path_factory) -> str:
    """A file with the newest schema and nothing in it, to be copied."""
    path = tmp_path_factory.mktemp("made") / "shop.db"
    open_store(str(path)).close()
    return str(path)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request, tmp_path, made_sqlite) -> Iterator[str]:
    """An empty database of each kind, with the newest schema."""
    if request.param == "sqlite":
        with sqlite3.connect(made_sqlite) as made, sqlite3.connect(tmp_path / "shop.db") as copy:
            made.backup(copy)
        yield f"sqlite:///{tmp_path / 'shop.db'}"
        return
    yield request.getfixturevalue("postgres_store_url")


@pytest.fixture(scope="session")
def postgres_made(postgres_url) -> str:
    """A PostgreSQL database of the store's own, with the newest schema."""
    server = sa.create_engine(
        sa.make_url(postgres_url).set(drivername="postgresql+psycopg"),
        isolation_level="AUTOCOMMIT",
        poolclass=sa.NullPool,
    )
    with server.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE IF EXISTS unsung_store")
        connection.exec_driver_sql("CREATE DATABASE unsung_store")
    made = sa.make_url(postgres_url).set(database="unsung_store")
    url = made.render_as_string(hide_password=False)
    open_store(url).close()
    return url


@pytest.fixture
def postgres_store_url(postgres_made) -> str:
    """The same database, emptied."""
    store = open_store(postgres_made)
    with store.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            if table.name not in ("counter", "facts"):
                connection.execute(sa.delete(table))
        facts = metadata.tables["facts"]
        connection.execute(sa.delete(facts).where(facts.c.name != "salt"))
        connection.execute(sa.update(metadata.tables["counter"]).values(number=0))
    store.close()
    return postgres_made


@pytest.fixture
def store(url) -> Iterator[Store]:
    """An empty store, on SQLite and on PostgreSQL."""
    opened = open_store(url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def event() -> Callable[..., Event]:
    """Makes an event by its id; keywords replace its other fields."""

    def make(event_id: str, **given) -> Event:
        fields = {"user_id": "ann", "item_id": "kettle", "event": "view", "timestamp": NOW}
        return Event(event_id, **(fields | given))

    return make
