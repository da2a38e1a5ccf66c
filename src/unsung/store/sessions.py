"""Anonymous sessions that turn out to be a customer's."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from unsung.errors import ConflictError, InputError, Location
from unsung.store import tables
from unsung.store.bounds import checked
from unsung.store.counter import lock_numbers, take_numbers
from unsung.store.database import Store
from unsung.store.persons import keepers, suppressed


@dataclass(frozen=True, slots=True)
class Merge:
    """An anonymous session that is a customer's from then on."""

    session_id: str
    user_id: str


def merge_session(store: Store, session_id: str, user_id: str, now: int) -> int:
    """Give everything that an anonymous session did, and will do, to a customer.

    Parameters
    ----------
    store : Store
    session_id, user_id : str
    now : int
        Microseconds since 1970 UTC.

    Returns
    -------
    number : int
        Of the newest change. Doing it again changes nothing, and nothing is done for an erased
        customer.

    Raises
    ------
    InputError
        Where the two are one.
    ConflictError
        Where the session is another customer's already.
    StoreError
        Where the store can't be written now.
    """
    table = tables.merges
    (row,) = checked(table, [{"session_id": session_id, "user_id": user_id, "timestamp": now}])
    if session_id == user_id:
        raise InputError("is the session itself.", at=Location("merges", "user_id"))
    with store.writing() as connection:
        number = lock_numbers(connection)
        keeper = keepers(store, connection, [session_id, user_id])
        if suppressed(store, connection, [session_id, user_id]) or keeper[user_id] is None:
            return number
        if keeper[session_id] == keeper[user_id]:
            return number
        if keeper[session_id] != session_id:
            raise ConflictError(
                f"The session {session_id} is another customer's; begin a new session when a "
                "customer signs out."
            )
        row["user_id"] = keeper[user_id]
        row["number"] = number = take_numbers(connection, 1)
        number = max(number, _move_choices(connection, session_id, row["user_id"]))
        for name, column in tables.PERSONAL.items():
            moved = tables.metadata.tables[name]
            connection.execute(
                sa.update(moved)
                .where(moved.c[column] == session_id)
                .values({column: row["user_id"]})
            )
        connection.execute(sa.insert(table), row)
    return number


def _move_choices(connection: Connection, session_id: str, user_id: str) -> int:
    """The later choice of the two on each subject stays; the newest number, or 0."""
    table = tables.choices
    both = (
        sa.select(table)
        .where(table.c.user_id.in_([session_id, user_id]))
        .order_by(table.c.timestamp, table.c.number)
    )
    latest = {(row["kind"], row["subject"]): row for row in connection.execute(both).mappings()}
    moved = [dict(row) for row in latest.values() if row["user_id"] == session_id]
    connection.execute(sa.delete(table).where(table.c.user_id == session_id))
    if not moved:
        return 0
    first = take_numbers(connection, len(moved))
    for place, row in enumerate(moved, first):
        row |= {"user_id": user_id, "number": place}
        same = (table.c[name] == row[name] for name in ("user_id", "kind", "subject"))
        connection.execute(sa.delete(table).where(*same))
    connection.execute(sa.insert(table), moved)
    return first + len(moved) - 1
