"""What customers did: stored once each, on the disk before the answer."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from unsung.store import tables
from unsung.store.bounds import checked
from unsung.store.counter import lock_numbers, take_numbers
from unsung.store.database import Store
from unsung.store.persons import keepers
from unsung.store.rows import content_digest, only_new, select_records, to_row


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a customer did with an item.

    Parameters
    ----------
    event_id : str
        Chosen by the sender: the same id is the same event.
    user_id : str
        The customer, or the anonymous session.
    item_id : str
    event : str
        Its kind, such as ``purchase``.
    timestamp : int
        Microseconds since 1970 UTC.
    weight, price, quantity : float, optional
    basket_id : str, optional
        What was bought together.
    request_id : str, optional
        The recommendations that led to it.
    session : bool
        Whether ``user_id`` is an anonymous session.
    """

    event_id: str
    user_id: str
    item_id: str
    event: str
    timestamp: int
    weight: float | None = None
    price: float | None = None
    quantity: float | None = None
    basket_id: str | None = None
    request_id: str | None = None
    session: bool = False


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of a batch: ``accepted + duplicates + suppressed`` rows were sent.

    Parameters
    ----------
    accepted : int
        Stored now.
    duplicates : int
        Stored before, with the same content.
    number : int
        Of the newest change, these among it.
    suppressed : int
        Of persons who were erased: not stored.
    """

    accepted: int
    duplicates: int
    number: int
    suppressed: int = 0


def append_events(
    store: Store, events: Sequence[Event], now: int, undated: Collection[str] = ()
) -> Appended:
    """Store a batch of events whole or not at all; it is on the disk when this returns.

    Parameters
    ----------
    store : Store
    events : sequence of Event
    now : int
        Microseconds since 1970 UTC.
    undated : collection of str
        Ids of events whose time is that of their arrival: sent again, they may have another.

    Returns
    -------
    appended : Appended

    Raises
    ------
    InputError
        Where a value doesn't fit its column; the message names field and row.
    ConflictError
        Where an id was stored before with other content; the message names it.
    StoreError
        Where the store can't be written now.

    Notes
    -----
    Sending a batch again, in any order and from several threads or processes at once, changes
    nothing. An event of a session that became a customer's is stored as the customer's.
    """
    table = tables.events
    rows = checked(table, map(to_row, events))
    for row in rows:
        if row["event_id"] in undated:
            row["digest"] = content_digest(row | {"timestamp": None})
    with store.writing() as connection:
        number = lock_numbers(connection)
        keeper = keepers(store, connection, (row["user_id"] for row in rows))
        alive = [row for row in rows if keeper[row["user_id"]] is not None]
        new = only_new(connection, table, alive)
        if new:
            first = take_numbers(connection, len(new))
            number = first + len(new) - 1
            for place, row in enumerate(new, first):
                row |= {"user_id": keeper[row["user_id"]], "number": place, "received": now}
            connection.execute(sa.insert(table), new)
    return Appended(len(new), len(alive) - len(new), number, len(rows) - len(alive))


def events_of_user(store: Store, user_id: str) -> list[Event]:
    """What a customer or a session did, in the order of time."""
    table = tables.events
    query = (
        select_records(Event, table)
        .where(table.c.user_id == user_id)
        .order_by(table.c.timestamp, table.c.number)
    )
    with store.reading() as connection:
        return [Event(*row) for row in connection.execute(query)]
