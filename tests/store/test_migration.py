"""The schema is the one of the tables, and a database has the old one or the new one."""

import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

import unsung.store.migrations
from unsung.errors import InputError, StoreError
from unsung.store import append_events, change_number, migration, open_store
from unsung.store.database import connect
from unsung.store.tables import metadata

NOW = 1_767_225_600_000_000


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def bare(request, tmp_path):
    """An empty database of each kind, without a schema."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'bare.db'}"
        return
    server = sa.make_url(request.getfixturevalue("postgres_url"))
    admin = sa.create_engine(
        server.set(drivername="postgresql+psycopg"),
        isolation_level="AUTOCOMMIT",
        poolclass=sa.NullPool,
    )
    with admin.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE IF EXISTS unsung_bare WITH (FORCE)")
        connection.exec_driver_sql("CREATE DATABASE unsung_bare")
    yield server.set(database="unsung_bare").render_as_string(hide_password=False)


def tables_of(url):
    store = connect(url)
    with store.reading() as connection:
        found = set(sa.inspect(connection).get_table_names())
    store.close()
    return found


def test_the_migrated_schema_is_the_one_of_the_tables(store):
    with store.reading() as connection:
        options = {"version_table": migration.VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        found = sa.MetaData()
        found.reflect(connection)
    for name, table in metadata.tables.items():
        keys = [column.name for column in found.tables[name].primary_key]
        assert keys == [column.name for column in table.primary_key]
        for column in table.c:
            other = found.tables[name].c[column.name]
            assert other.nullable == column.nullable
            assert getattr(other.type, "length", None) == getattr(column.type, "length", None)


def test_opening_twice_makes_one_schema(bare):
    with ThreadPoolExecutor(12) as pool:
        stores = list(pool.map(lambda _: open_store(bare), range(12)))
    assert {store.salt for store in stores} == {stores[0].salt}
    assert [change_number(store) for store in stores] == [0] * 12
    for store in stores:
        store.close()


class StoppedError(Exception):
    """What stops a migration half-way."""


def test_a_migration_that_fails_half_way_leaves_the_old_schema(bare):
    for k in (2, 9, 25):
        store, left = connect(bare), [k]

        def stop(connection, cursor, statement, *_, left=left):
            if statement.lstrip().startswith("CREATE"):
                left[0] -= 1
                if left[0] == 0:
                    raise StoppedError

        sa.event.listen(store._engine, "before_cursor_execute", stop)
        with pytest.raises(StoppedError), store.writing() as connection:
            migration.migrate(connection)
        store.close()
        assert tables_of(bare) == set()
    open_store(bare).close()
    assert tables_of(bare) == {*metadata.tables, migration.VERSION_TABLE}


KILLED = """
import os, signal, sys
import sqlalchemy as sa
from unsung.store import migration
from unsung.store.database import connect
store, left = connect(sys.argv[1]), [int(sys.argv[2])]
def kill(connection, cursor, statement, *_):
    left[0] -= statement.lstrip().startswith("CREATE")
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
sa.event.listen(store._engine, "after_cursor_execute", kill)
with store.writing() as connection:
    migration.migrate(connection)
"""


def test_a_migration_that_is_killed_half_way_leaves_the_old_schema(bare):
    killed = subprocess.run([sys.executable, "-c", KILLED, bare, "20"], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert tables_of(bare) == set()
    open_store(bare).close()
    assert tables_of(bare) == {*metadata.tables, migration.VERSION_TABLE}


def test_a_newer_schema_is_refused(store, url):
    newest = migration.newest_version()
    change = f"UPDATE {migration.VERSION_TABLE} SET version_num = "
    with store.writing() as connection:
        connection.exec_driver_sql(f"{change}'9999'")
    try:
        with pytest.raises(InputError, match=rf"has schema 9999 .* up to {newest}; use the newer"):
            open_store(url)
    finally:
        with store.writing() as connection:
            connection.exec_driver_sql(f"{change}'{newest}'")
    open_store(url).close()


def test_without_migrate_only_the_newest_schema_is_opened(bare):
    with pytest.raises(InputError, match="older schema"):
        open_store(bare, migrate=False)
    assert tables_of(bare) == set()
    open_store(bare).close()
    open_store(bare, migrate=False).close()


def test_tables_of_another_program_are_left_alone(bare):
    store = connect(bare)
    with store.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE items (id INTEGER)")
    store.close()
    with pytest.raises(InputError, match=r"another program \(items\)"):
        open_store(bare)
    assert tables_of(bare) == {"items"}


def test_a_next_version_is_reached_or_the_old_one_stays(bare, event, tmp_path, monkeypatch):
    """A further revision that fails at its end, and then one that doesn't."""
    newest, next_one = migration.newest_version(), "9000"
    store = open_store(bare)
    append_events(store, [event("e")], NOW)
    store.close()
    folder = tmp_path / "migrations"
    shutil.copytree(Path(unsung.store.migrations.__file__).parent, folder)
    revision = folder / "versions" / f"revision_{next_one}.py"
    body = "def upgrade():\n    op.add_column('events', sa.Column('x', sa.String(3)))\n"
    head = (
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision='{next_one}'\ndown_revision='{newest}'\n"
    )
    monkeypatch.setattr(migration, "_config", lambda: config_of(folder))
    for ending, expected in (("    op.drop_table('nothing')\n", newest), ("", next_one)):
        revision.write_text(head + body + ending)
        migration.newest_version.cache_clear()
        migration._known_versions.cache_clear()
        if expected == newest:
            with pytest.raises((StoreError, sa.exc.DBAPIError)):
                open_store(bare)
        else:
            open_store(bare).close()
        store = connect(bare)
        with store.reading() as connection:
            assert migration.version_of(connection) == expected
            columns = {column["name"] for column in sa.inspect(connection).get_columns("events")}
            assert ("x" in columns) == (expected == next_one)
        store.close()
    monkeypatch.undo()
    migration.newest_version.cache_clear()
    migration._known_versions.cache_clear()


def config_of(folder):
    config = Config()
    config.set_main_option("script_location", str(folder))
    return config


def test_the_migrations_are_one_line():
    scripts = ScriptDirectory.from_config(migration._config())
    assert len(scripts.get_heads()) == 1
    assert Path(os.fspath(scripts.dir)) == Path(unsung.store.migrations.__file__).parent
