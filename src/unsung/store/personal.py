"""A person's right to see, and to have erased, what the store holds of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from unsung.schema import DAY_US
from unsung.store import tables
from unsung.store.counter import lock_numbers, take_numbers
from unsung.store.database import Store
from unsung.store.persons import person_digest
from unsung.store.traces import found_in_file

_DELETED_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an erasure deleted.

    Parameters
    ----------
    tables : dict of str to int
        Rows deleted of every table that names persons.
    number : int
        Of the newest change.
    clean : bool
        Whether the database's files were cleaned of it too; False where another process was
        reading: call ``clean_files`` later.
    """

    tables: dict[str, int]
    number: int
    clean: bool


def export_person(store: Store, user_id: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of a person in every table that names persons, by table.

    What was done in sessions that became theirs is among it.

    Raises
    ------
    StoreError
        Where the store can't be read now.
    """
    with store.reading() as connection:
        found = {}
        for table, column in _personal():
            query = sa.select(table).where(column == user_id).order_by(*table.primary_key)
            found[table.name] = [dict(row) for row in connection.execute(query).mappings()]
        return found


def erase_person(store: Store, user_id: str, now: int) -> Receipt:
    """Delete everything about a person, and keep it out from now on.

    A keyed hash of the id, and of every session that became theirs, is kept: what is sent under
    these ids later isn't stored.

    Parameters
    ----------
    store : Store
    user_id : str
    now : int
        Microseconds since 1970 UTC.

    Returns
    -------
    receipt : Receipt

    Raises
    ------
    StoreError
        Where the store can't be written now: nothing was erased.

    Notes
    -----
    SQLite overwrites what it deletes and the write-ahead log is emptied; then the file is searched
    for the ids, and written anew where one is found. PostgreSQL marks the space as free; see
    ``clean_files``.
    """
    merges = tables.merges
    with store.writing() as connection:
        number = lock_numbers(connection)
        theirs = sa.select(merges.c.session_id).where(merges.c.user_id == user_id)
        names = [user_id, *connection.scalars(theirs)]
        deleted = {}
        for table, column in _personal():
            delete = sa.delete(table).where(column.in_(names))
            deleted[table.name] = connection.execute(delete).rowcount
        # An erased session that had become a customer's isn't named there either.
        connection.execute(sa.delete(merges).where(merges.c.session_id.in_(names)))
        number = max(number, _suppress(store, connection, names, now))
    clean = clean_files(store)
    # SQLite moves rows between pages and may leave a copy in the gap of the old one, which no
    # deletion finds.
    if clean and store.path is not None and found_in_file(store.path, names):
        clean = clean_files(store, rewrite=True)
    return Receipt(deleted, number, clean)


def clean_files(store: Store, *, rewrite: bool = False) -> bool:
    """Clear what was deleted out of the database's files; whether that is done.

    Parameters
    ----------
    store : Store
    rewrite : bool
        Write the tables anew. PostgreSQL keeps deleted bytes in its pages until they are reused;
        this removes them at once, and locks each table meanwhile.

    Raises
    ------
    StoreError
        Where the store can't be written now.
    """
    with store.maintaining() as connection:
        if store.is_sqlite:
            if rewrite:
                connection.exec_driver_sql("VACUUM")
            checkpoint = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            return int(checkpoint.scalar_one()) == 0
        for table, _ in _personal():
            full = "(FULL) " if rewrite else ""
            connection.exec_driver_sql(f"VACUUM {full}{table.name}")
    return True


def forget_before(
    store: Store, now: int, *, events_days: float | None = None, exposures_days: float | None = None
) -> dict[str, int]:
    """Delete events and exposures of before so many days; rows deleted by table.

    Parameters
    ----------
    store : Store
    now : int
        Microseconds since 1970 UTC.
    events_days, exposures_days : float, optional
        Age in days above which they go; None keeps all.

    Raises
    ------
    StoreError
        Where the store can't be written now. What was deleted until then is gone: each part is a
        transaction of its own, so that others can write in between.
    """
    ages = {
        tables.events: events_days,
        tables.exposures: exposures_days,
        tables.warm_up_impressions: exposures_days,
        tables.shadow_items: exposures_days,
    }
    deleted = {
        table.name: sum(_delete_before(store, table, now - round(days * DAY_US)))
        for table, days in ages.items()
        if days is not None
    }
    clean_files(store)
    return deleted


def _personal() -> Iterator[tuple[sa.Table, sa.Column[Any]]]:
    for name, column in tables.PERSONAL.items():
        table = tables.metadata.tables[name]
        yield table, table.c[column]


def _suppress(store: Store, connection: Connection, names: list[str], now: int) -> int:
    """Keep the hashes of ids; the newest number, or 0 where all were kept before."""
    table = tables.suppressions
    digests = [person_digest(store, name) for name in names]
    known = set(connection.scalars(sa.select(table.c.digest).where(table.c.digest.in_(digests))))
    new = [digest for digest in digests if digest not in known]
    if not new:
        return 0
    first = take_numbers(connection, len(new))
    rows = [
        {"digest": digest, "timestamp": now, "number": number}
        for number, digest in enumerate(new, first)
    ]
    connection.execute(sa.insert(table), rows)
    return first + len(rows) - 1


def _delete_before(store: Store, table: sa.Table, moment: int) -> Iterator[int]:
    key = sa.tuple_(*table.primary_key)
    old = sa.select(*table.primary_key).where(table.c.timestamp < moment).limit(_DELETED_AT_ONCE)
    while True:
        with store.writing() as connection:
            count = connection.execute(sa.delete(table).where(key.in_(old))).rowcount
        yield count
        if count < _DELETED_AT_ONCE:
            return
