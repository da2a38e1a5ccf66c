"""Counts by day of what the service was told and of what it showed."""

from collections.abc import Iterator

import sqlalchemy as sa

from unsung.schema import DAY_US
from unsung.store import tables
from unsung.store.database import Store


def events_by_kind(store: Store, since: int, until: int) -> dict[tuple[int, str], int]:
    """Events in [since, until) by day since 1970 UTC and kind."""
    counted = _counted(store, tables.events, "event", since, until)
    return {(day, kind): n for day, kind, n in counted}


def events_by_item(store: Store, since: int, until: int) -> list[tuple[int, str, int]]:
    """Events in [since, until): day since 1970 UTC, item and how many."""
    return _counted(store, tables.events, "item_id", since, until)


def slots_by_item(store: Store, since: int, until: int) -> list[tuple[int, str, int]]:
    """What was shown in [since, until): day since 1970 UTC, item and in how many lists."""
    return _counted(store, tables.exposures, "item_id", since, until)


def warm_up_slots(store: Store, since: int, until: int) -> int:
    """Impressions that warm-ups spent in [since, until)."""
    when = tables.warm_up_impressions.c.timestamp
    query = sa.select(sa.func.count()).where(when >= since, when < until)
    with store.reading() as connection:
        return int(connection.execute(query).scalar_one())


def _counted(
    store: Store, table: sa.Table, column: str, since: int, until: int
) -> list[tuple[int, str, int]]:
    """Rows of a table in [since, until) by day and a column: day, value and how many."""
    day = (table.c.timestamp // DAY_US).label("day")
    query = (
        sa.select(day, table.c[column], sa.func.count())
        .where(table.c.timestamp >= since, table.c.timestamp < until)
        .group_by(day, table.c[column])
    )
    with store.reading() as connection:
        return [(int(day), str(value), int(n)) for day, value, n in connection.execute(query)]


def users_by_day(store: Store, since: int, until: int) -> Iterator[tuple[int, str]]:
    """Each day since 1970 UTC with every customer who did something on it, sessions left out."""
    table = tables.events
    day = (table.c.timestamp // DAY_US).label("day")
    query = (
        sa.select(day, table.c.user_id)
        .where(table.c.timestamp >= since, table.c.timestamp < until, ~table.c.session)
        .distinct()
    )
    with store.reading() as connection:
        for found, user in connection.execute(query):
            yield int(found), str(user)


def lists_by_day(store: Store, since: int, until: int) -> dict[int, int]:
    """Lists shown to customers in [since, until) by day since 1970 UTC."""
    table = tables.exposures
    day = (table.c.timestamp // DAY_US).label("day")
    query = (
        sa.select(day, sa.func.count(sa.distinct(table.c.request_id)))
        .where(table.c.timestamp >= since, table.c.timestamp < until)
        .group_by(day)
    )
    with store.reading() as connection:
        return {int(day): int(n) for day, n in connection.execute(query)}


def hits_by_day(store: Store, since: int, until: int, event: str | None = None) -> dict[int, int]:
    """Lists shown in [since, until) of which an item led to an event, by day since 1970 UTC.

    Parameters
    ----------
    store : Store
    since, until : int
        Microseconds since 1970 UTC.
    event : str, optional
        Only events of this kind count.

    Notes
    -----
    An event belongs to a list where it names the list's ``request_id`` and one of its items; the
    day is the list's.
    """
    shown, events = tables.exposures, tables.events
    day = (shown.c.timestamp // DAY_US).label("day")
    led = (events.c.request_id == shown.c.request_id) & (events.c.item_id == shown.c.item_id)
    query = (
        sa.select(day, sa.func.count(sa.distinct(shown.c.request_id)))
        .select_from(shown.join(events, led))
        .where(shown.c.timestamp >= since, shown.c.timestamp < until, events.c.timestamp >= since)
        .group_by(day)
    )
    if event is not None:
        query = query.where(events.c.event == event)
    with store.reading() as connection:
        return {int(day): int(n) for day, n in connection.execute(query)}
