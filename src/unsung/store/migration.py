"""The schema of a store: which version it has, and how it gets to another."""

import functools
import secrets

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from unsung.errors import InputError
from unsung.store.tables import counter, facts, metadata

VERSION_TABLE = "unsung_version"
# Any number that all processes of one store agree on.
_LOCK = 7_236_519


def version_of(connection: Connection) -> str | None:
    """Version of the schema in the database; None where there is none."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()


@functools.cache
def newest_version() -> str:
    """Version of the schema that this program works with."""
    return str(_scripts().get_current_head())


def is_current(connection: Connection) -> bool:
    """Whether the database has this program's schema.

    Raises
    ------
    InputError
        Where its schema is one that this program doesn't know.
    """
    version = version_of(connection)
    if version is not None:
        check_version(version)
    return version == newest_version()


def check_version(version: str) -> None:
    """Refuse a schema that this program doesn't know.

    Raises
    ------
    InputError
    """
    if version not in _known_versions():
        raise InputError(
            f"The store has schema {version} and this program knows those up to "
            f"{newest_version()}; use the newer version of unsung that wrote it."
        )


def migrate(connection: Connection, to: str = "head") -> None:
    """Bring the schema to a version, within the caller's transaction: all of it or nothing.

    Raises
    ------
    InputError
        Where tables of another program have the names of ours, or the schema is a newer one.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    is_current(connection)
    if version_of(connection) is None:
        _refuse_strangers(connection)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, to)
    if connection.execute(sa.select(sa.func.count()).select_from(counter)).scalar_one() == 0:
        connection.execute(sa.insert(counter), {"id": 1, "number": 0})
        connection.execute(sa.insert(facts), {"name": "salt", "value": secrets.token_hex(32)})


def _refuse_strangers(connection: Connection) -> None:
    taken = sorted(metadata.tables.keys() & set(sa.inspect(connection).get_table_names()))
    if taken:
        raise InputError(
            f"The database has tables of another program ({', '.join(taken)}); give Unsung a "
            "database of its own."
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "unsung.store:migrations")
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


@functools.cache
def _known_versions() -> frozenset[str]:
    return frozenset(script.revision for script in _scripts().walk_revisions())
