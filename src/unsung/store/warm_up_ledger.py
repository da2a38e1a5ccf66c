"""What warm-ups showed and what came of it; spending is one transaction that reads what is left."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from unsung.schema import DAY_US
from unsung.store import tables
from unsung.store.bounds import checked
from unsung.store.database import Store
from unsung.store.events import Event
from unsung.store.persons import kept
from unsung.store.rows import parts, to_row
from unsung.store.warm_ups import RUNNING

Offers = Mapping[tuple[str, int, int], int]
"""Warm-up, moment and level of interest -> number of offers."""


@dataclass(frozen=True, slots=True)
class Impression:
    """A reserved slot that was filled by chance.

    Parameters
    ----------
    request_id : str
    rank : int
        From 1.
    warm_up_id : str
    user_id : str or None
    item_id : str
    timestamp : int
        Microseconds since 1970 UTC.
    logging_propensity : float
        Exact probability of this item in this slot.
    """

    request_id: str
    rank: int
    warm_up_id: str
    user_id: str | None
    item_id: str
    timestamp: int
    logging_propensity: float


@dataclass(frozen=True, slots=True)
class SoFar:
    """What a warm-up has spent.

    Parameters
    ----------
    running : bool
    total : int
    by_item : mapping of str to int
    of_user : sequence of str
        Items that the user was shown by it, one entry an impression.
    """

    running: bool
    total: int
    by_item: Mapping[str, int]
    of_user: Sequence[str]


def spent_so_far(store: Store, warm_up_id: str, user_id: str) -> SoFar:
    """What a warm-up has spent, as of now."""
    with store.reading() as connection:
        return _so_far(connection, warm_up_id, user_id)


def spend(
    store: Store,
    warm_up_id: str,
    user_id: str,
    decide: Callable[[SoFar], Sequence[Impression]],
) -> Sequence[Impression]:
    """Spend impressions; what was spent.

    Parameters
    ----------
    store : Store
    warm_up_id, user_id : str
    decide : callable
        Given what was spent until now: what to show. Nobody else spends of this warm-up until
        this is written, so a budget that it keeps to is never exceeded, whatever the number of
        processes.

    Raises
    ------
    StoreError
        Where the store can't be written now: nothing was spent.
    """
    table, items = tables.warm_ups, tables.warm_up_items
    with store.writing(durable=False) as connection:
        # SQLite has one writer; PostgreSQL lets the next one of this warm-up wait here.
        mine = sa.select(table.c.spent).where(table.c.warm_up_id == warm_up_id)
        connection.execute(mine.with_for_update())
        shown = decide(_so_far(connection, warm_up_id, user_id))
        rows = checked(tables.warm_up_impressions, map(to_row, shown))
        rows = kept(store, connection, rows) if rows else []
        if not rows:
            return ()
        connection.execute(sa.insert(tables.warm_up_impressions), rows)
        connection.execute(
            sa.update(table)
            .where(table.c.warm_up_id == warm_up_id)
            .values(spent=table.c.spent + len(rows))
        )
        for row in rows:
            own = (items.c.warm_up_id == warm_up_id) & (items.c.item_id == row["item_id"])
            connection.execute(sa.update(items).where(own).values(spent=items.c.spent + 1))
    return shown


def note_outcomes(store: Store, events: Iterable[Event]) -> int:
    """Write down which impressions events came of; how many had none yet.

    An event counts where it names the request that showed its item, and came in the warm-up's time
    for an outcome. An impression has one outcome at most: the first.

    Raises
    ------
    StoreError
        Where the store can't be written now.
    """
    asked = [event for event in events if event.request_id]
    if not asked:
        return 0
    table, budgets = tables.warm_up_impressions, tables.warm_ups
    names = sorted({str(event.request_id) for event in asked})
    open_ones: dict[tuple[str, str], Any] = {}
    with store.reading() as connection:
        for part in parts(names):
            query = (
                sa.select(table, budgets.c.outcome_us)
                .join(budgets, budgets.c.warm_up_id == table.c.warm_up_id)
                .where(table.c.request_id.in_(part), table.c.outcome.is_(None))
            )
            for row in connection.execute(query).mappings():
                open_ones[row["request_id"], row["item_id"]] = row
    hits = [
        (open_ones[str(event.request_id), event.item_id], event)
        for event in sorted(asked, key=lambda event: event.timestamp)
        if (str(event.request_id), event.item_id) in open_ones
    ]
    hits = [(row, event) for row, event in hits if event.timestamp <= _until(row)]
    if not hits:
        return 0
    with store.writing() as connection:
        return sum(_outcome(connection, row, event) for row, event in hits)


def counts_by_item(store: Store, warm_up_id: str, before: int) -> dict[str, tuple[int, int]]:
    """Impressions of before a moment and their outcomes, by item."""
    table = tables.warm_up_impressions
    query = (
        sa.select(table.c.item_id, sa.func.count(), sa.func.count(table.c.outcome))
        .where(table.c.warm_up_id == warm_up_id, table.c.timestamp < before)
        .group_by(table.c.item_id)
    )
    with store.reading() as connection:
        return {str(item): (int(n), int(hits)) for item, n, hits in connection.execute(query)}


def last_impression(store: Store, warm_up_id: str) -> int | None:
    """When a warm-up showed something last."""
    table = tables.warm_up_impressions
    query = sa.select(sa.func.max(table.c.timestamp)).where(table.c.warm_up_id == warm_up_id)
    with store.reading() as connection:
        return connection.execute(query).scalar()


def add_offers(store: Store, offers: Offers, now: int) -> None:
    """Add to the numbers of offers that all processes share, and forget those of before a day.

    Raises
    ------
    StoreError
        Where the store can't be written now.
    """
    table = tables.warm_up_offers
    rows = checked(
        table,
        (
            {"warm_up_id": name, "bucket": bucket, "level": level, "offers": count}
            for (name, bucket, level), count in offers.items()
        ),
    )
    if not rows:
        return
    insert: Any = (sqlite if store.is_sqlite else postgresql).insert(table)
    more = insert.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={"offers": table.c.offers + insert.excluded.offers},
    )
    with store.writing(durable=False) as connection:
        connection.execute(more, rows)
        connection.execute(sa.delete(table).where(table.c.bucket < now - 2 * DAY_US))


def offers_since(store: Store, warm_up_id: str, since: int) -> list[tuple[int, int, int]]:
    """Moment, level and number of a warm-up's offers, in the order of time."""
    table = tables.warm_up_offers
    query = (
        sa.select(table.c.bucket, table.c.level, table.c.offers)
        .where(table.c.warm_up_id == warm_up_id, table.c.bucket >= since)
        .order_by(table.c.bucket, table.c.level)
    )
    with store.reading() as connection:
        return [(int(b), int(level), int(n)) for b, level, n in connection.execute(query)]


def rate_at_ranks(store: Store, ranks: Sequence[int], since: int, until: int) -> tuple[int, int]:
    """How often what stood in some slots led to an event, warm-ups left out.

    Parameters
    ----------
    store : Store
    ranks : sequence of int
        From 1.
    since, until : int
        Microseconds since 1970 UTC; ``until`` is not included.

    Returns
    -------
    impressions, outcomes : int
        Of exposures in [since, until); an outcome is an event that names request and item.
    """
    shown, events, drawn = tables.exposures, tables.events, tables.warm_up_impressions
    ordinary = (
        (shown.c.timestamp >= since)
        & (shown.c.timestamp < until)
        & shown.c.rank.in_(list(ranks))
        & ~sa.exists().where(drawn.c.request_id == shown.c.request_id, drawn.c.rank == shown.c.rank)
    )
    led = (
        sa.select(shown.c.request_id, shown.c.rank)
        .join(
            events,
            (events.c.request_id == shown.c.request_id) & (events.c.item_id == shown.c.item_id),
        )
        .where(ordinary, events.c.timestamp >= since)
        .distinct()
        .subquery()
    )
    with store.reading() as connection:
        total = sa.select(sa.func.count()).select_from(shown).where(ordinary)
        hits = sa.select(sa.func.count()).select_from(led)
        return int(connection.scalar(total) or 0), int(connection.scalar(hits) or 0)


def _so_far(connection: Connection, warm_up_id: str, user_id: str) -> SoFar:
    table, items, shown = tables.warm_ups, tables.warm_up_items, tables.warm_up_impressions
    head = sa.select(table.c.state, table.c.spent).where(table.c.warm_up_id == warm_up_id)
    found = connection.execute(head).first()
    by_item = sa.select(items.c.item_id, items.c.spent).where(items.c.warm_up_id == warm_up_id)
    of_user = sa.select(shown.c.item_id).where(
        shown.c.user_id == user_id, shown.c.warm_up_id == warm_up_id
    )
    return SoFar(
        running=found is not None and found[0] == RUNNING,
        total=0 if found is None else int(found[1]),
        by_item=dict(connection.execute(by_item).all()),
        of_user=list(connection.scalars(of_user)),
    )


def _until(row: Mapping[str, Any]) -> int:
    return int(row["timestamp"]) + int(row["outcome_us"])


def _outcome(connection: Connection, row: Mapping[str, Any], event: Event) -> bool:
    table, items = tables.warm_up_impressions, tables.warm_up_items
    slot = (table.c.request_id == row["request_id"]) & (table.c.rank == row["rank"])
    first = sa.update(table).where(slot, table.c.outcome.is_(None))
    done = connection.execute(first.values(outcome=event.event, outcome_at=event.timestamp))
    if not done.rowcount:
        return False
    own = (items.c.warm_up_id == row["warm_up_id"]) & (items.c.item_id == row["item_id"])
    connection.execute(sa.update(items).where(own).values(outcomes=items.c.outcomes + 1))
    return True
