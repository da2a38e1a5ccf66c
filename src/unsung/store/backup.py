"""A copy of everything, made while the shop goes on; it fits both kinds of database."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from unsung.artifacts import Folder, open_folder, write_folder
from unsung.artifacts.folder import MANIFEST
from unsung.errors import BundleError, InputError
from unsung.store import migration, tables
from unsung.store.counter import number_of
from unsung.store.database import Store, connect

_KIND: Final = "unsung store"
_ROWS: Final = 20_000
_MADE_WITH_THE_SCHEMA: Final = ("counter", "facts")
_TYPES: Final = {
    sa.String: pa.string(),
    sa.BigInteger: pa.int64(),
    sa.Double: pa.float64(),
    sa.Boolean: pa.bool_(),
}


@dataclass(frozen=True, slots=True)
class BackUp:
    """What a backup holds: every change up to ``number``, and the rows of each table."""

    number: int
    rows: dict[str, int]


def back_up(store: Store, folder: Path, now: int) -> BackUp:
    """Write the store as it is at one moment to a folder; others go on writing meanwhile.

    Parameters
    ----------
    store : Store
    folder : Path
        Absent, empty, or an older backup, which is replaced when the new one is whole.
    now : int
        Microseconds since 1970 UTC.

    Returns
    -------
    backup : BackUp
        Everything acknowledged before the call is in it.

    Raises
    ------
    InputError
        Where the folder holds something else.
    StoreError
        Where the store can't be read now.
    """
    with write_folder(folder, created=to_iso(now)) as draft, store.reading() as connection:
        backup = BackUp(
            number_of(connection),
            {
                table.name: _write(connection, table, draft.path / f"{table.name}.parquet")
                for table in tables.metadata.sorted_tables
            },
        )
        draft.settings |= {
            "kind": _KIND,
            "schema": migration.newest_version(),
            "number": backup.number,
            "rows": backup.rows,
        }
    return backup


def restore(folder: Path, url: str) -> BackUp:
    """Fill an empty store from a backup, whole or not at all.

    Parameters
    ----------
    folder : Path
        Checked down to its last byte before anything is read.
    url : str
        As in ``open_store``; of either kind of database.

    Returns
    -------
    backup : BackUp

    Raises
    ------
    BundleError
        Where the backup is damaged.
    InputError
        Where the folder is no backup, or of a newer version, or the store isn't empty.
    StoreError
        Where the store can't be written now.

    Notes
    -----
    Persons who were erased after the backup are in it: erase them again.
    """
    try:
        backup = open_folder(folder)
    except BundleError:
        if (folder / MANIFEST).is_file():
            raise
        raise InputError(f"{folder} is no backup of a store.") from None
    settings = backup.manifest.settings
    if settings.get("kind") != _KIND:
        raise InputError(f"{folder} is no backup of a store.")
    store = connect(url)
    try:
        with store.writing() as connection:
            _prepare(connection, settings["schema"])
            _fill(connection, backup)
            migration.migrate(connection)
    finally:
        store.close()
    return BackUp(settings["number"], settings["rows"])


def to_iso(now: int) -> str:
    """ISO 8601 of microseconds since 1970 UTC.

    Examples
    --------
    >>> to_iso(1_767_225_600_000_000)
    '2026-01-01T00:00:00+00:00'
    """
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=now)).isoformat()


def rows_of(connection: Connection, query: sa.Select[Any]) -> Iterator[list[dict[str, Any]]]:
    """The rows of a query in parts, so that no table has to fit into memory."""
    result = connection.execute(query, execution_options={"yield_per": _ROWS})
    for part in result.mappings().partitions():
        yield [dict(row) for row in part]


def _write(connection: Connection, table: sa.Table, path: Path) -> int:
    schema = pa.schema([(column.name, _TYPES[type(column.type)]) for column in table.c])
    count = 0
    with pq.ParquetWriter(path, schema) as writer:
        for part in rows_of(connection, sa.select(table).order_by(*table.primary_key)):
            writer.write_table(pa.Table.from_pylist(part, schema))
            count += len(part)
    return count


def _prepare(connection: Connection, version: str) -> None:
    """Give the database the backup's schema, unless it holds anything."""
    migration.check_version(version)
    found = migration.version_of(connection)
    if found is not None and found != version:
        raise InputError("The store isn't empty; restore into a new one.")
    migration.migrate(connection, version)
    for table in _reflected(connection):
        held = sa.select(sa.func.count()).select_from(table)
        if table.name not in _MADE_WITH_THE_SCHEMA and connection.execute(held).scalar_one():
            raise InputError("The store isn't empty; restore into a new one.")


def _fill(connection: Connection, backup: Folder) -> None:
    for table in _reflected(connection):
        connection.execute(sa.delete(table))
        with pq.ParquetFile(backup.file(f"{table.name}.parquet")) as file:
            for batch in file.iter_batches(_ROWS):
                connection.execute(sa.insert(table), batch.to_pylist())


def _reflected(connection: Connection) -> list[sa.Table]:
    """The tables as they are in the database: of the backup's version, not the newest."""
    found = sa.MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != migration.VERSION_TABLE]
