import shutil
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
def url(request, tmp_path, made_sqlite) -> str:
    """An empty database of each kind, with the newest schema."""
    if request.param == "sqlite":
        path = shutil.copyfile(made_sqlite, tmp_path / "shop.db")
        return f"sqlite:///{path}"
    return request.getfixturevalue("postgres_store_url")


@pytest.fixture(scope="session")
def postgres_made(postgres_url) -> Iterator[tuple[str, Store]]:
    """A PostgreSQL database of the store's own, and the store of all tests on it."""
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
    store = open_store(url)
    yield url, store
    store.close()


@pytest.fixture
def postgres_store_url(postgres_made) -> str:
    """The same database, emptied."""
    url, store = postgres_made
    names = [table.name for table in reversed(metadata.sorted_tables)]
    deletes = [f"DELETE FROM {name}" for name in names if name not in ("counter", "facts")]
    deletes += ["DELETE FROM facts WHERE name <> 'salt'", "UPDATE counter SET number = 0"]
    with store.writing() as connection:
        connection.exec_driver_sql("; ".join(deletes))
    return url


@pytest.fixture
def store(request, url) -> Iterator[Store]:
    """An empty store, on SQLite and on PostgreSQL."""
    if url.startswith("postgresql"):
        # Opened once: what it compiled for one test serves the others.
        yield request.getfixturevalue("postgres_made")[1]
        return
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
