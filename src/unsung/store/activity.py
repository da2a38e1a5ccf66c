"""What the store's events and exposures say of items, counted."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from unsung.schema import DAY_US
from unsung.store import tables
from unsung.store.database import Store


@dataclass(frozen=True, slots=True)
class Bought:
    """Buyers of an item in some time.

    Parameters
    ----------
    item_id : str
    buyers : int
        Distinct customers.
    first : int
        Their first event, in microseconds since 1970 UTC.
    """

    item_id: str
    buyers: int
    first: int


def bought_between(store: Store, event: str, since: int, until: int) -> list[Bought]:
    """Buyers of every item that had any.

    Parameters
    ----------
    store : Store
    event : str
        The kind that counts.
    since, until : int
        Microseconds since 1970 UTC; ``until`` is not included.
    """
    table = tables.events
    query = (
        sa.select(
            table.c.item_id,
            sa.func.count(sa.distinct(table.c.user_id)),
            sa.func.min(table.c.timestamp),
        )
        .where(table.c.event == event, table.c.timestamp >= since, table.c.timestamp < until)
        .group_by(table.c.item_id)
        .order_by(table.c.item_id)
    )
    with store.reading() as connection:
        return [Bought(str(item), int(n), int(t)) for item, n, t in connection.execute(query)]


def shown_by_day(store: Store, item_id: str, since: int) -> dict[int, tuple[int, int]]:
    """Impressions of an item and those that led to an event, by day since 1970 UTC.

    Notes
    -----
    The events of that time are read once and the requests they name met in memory: a join of the
    two tables is planned as a scan of one of them.
    """
    shown, events = tables.exposures, tables.events
    mine = sa.select(shown.c.request_id, shown.c.timestamp).where(
        shown.c.item_id == item_id, shown.c.timestamp >= since
    )
    named = (
        sa.select(events.c.request_id)
        .where(events.c.item_id == item_id, events.c.timestamp >= since)
        .where(events.c.request_id.is_not(None))
    )
    with store.reading() as connection:
        hits = set(connection.scalars(named))
        found: dict[int, tuple[int, int]] = {}
        for request_id, moment in connection.execute(mine):
            n, outcomes = found.get(int(moment) // DAY_US, (0, 0))
            found[int(moment) // DAY_US] = (n + 1, outcomes + (request_id in hits))
    return found


def events_by_day(store: Store, item_id: str, since: int) -> dict[tuple[int, str], int]:
    """Events of an item by day since 1970 UTC and kind."""
    table = tables.events
    query = sa.select(table.c.timestamp, table.c.event).where(
        table.c.timestamp >= since, table.c.item_id == item_id
    )
    found: dict[tuple[int, str], int] = {}
    with store.reading() as connection:
        for moment, kind in connection.execute(query):
            key = (int(moment) // DAY_US, str(kind))
            found[key] = found.get(key, 0) + 1
    return found


def items_told_of(store: Store, since: int) -> Sequence[tuple[str, int]]:
    """Items that the store was told of since a moment, the latest first, with when."""
    table = tables.items
    query = (
        sa.select(table.c.item_id, table.c.updated)
        .where(table.c.updated >= since)
        .order_by(table.c.updated.desc(), table.c.item_id)
    )
    with store.reading() as connection:
        return [(str(item), int(moment)) for item, moment in connection.execute(query)]


def latest_shown(store: Store, user_id: str) -> tuple[int, str, list[str]] | None:
    """The list that a customer was shown last: when, by which policy, and its items by rank.

    Parameters
    ----------
    store : Store
    user_id : str

    Returns
    -------
    shown : tuple of int, str and list of str, or None
        Microseconds since 1970 UTC; None where no list was shown.
    """
    table = tables.exposures
    latest = (
        sa.select(table.c.request_id)
        .where(table.c.user_id == user_id)
        .order_by(table.c.timestamp.desc(), table.c.request_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        sa.select(table.c.timestamp, table.c.policy, table.c.item_id)
        .where(table.c.request_id == latest)
        .order_by(table.c.rank)
    )
    with store.reading() as connection:
        rows = list(connection.execute(query))
    return (int(rows[0][0]), str(rows[0][1]), [str(item) for *_, item in rows]) if rows else None
