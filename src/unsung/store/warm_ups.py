"""Warm-up budgets: who started which for what items, what they have spent, and how they ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from unsung.errors import ConflictError, InputError
from unsung.store import tables
from unsung.store.bounds import checked
from unsung.store.database import Store
from unsung.store.rows import parts, select_records, to_row

MOST_RUNNING: Final = 20
RUNNING: Final = "running"
ENDED: Final = "ended"
WARMING: Final = "warming"


@dataclass(frozen=True, slots=True)
class WarmUp:
    """A budget of impressions.

    Parameters
    ----------
    warm_up_id, who : str
        ``who``: the account that started it.
    starts, ends : int
        Microseconds since 1970 UTC.
    impressions : int
        The budget.
    benchmark, floor, level : float
        What an item has to show (``promotion.rules.WarmUpRules``).
    outcome_us : int
        How long after it was shown a click or purchase counts, in microseconds.
    per_request, min_per_item, max_per_item, max_per_user
        As in ``promotion.budget.Budget``.
    note : str
    spent : int
        Impressions so far; never more than the budget.
    state : str
        ``running`` or ``ended``.
    reason : str
        Why it ended: ``decided`` (there is a verdict on every item), ``spent``, ``over`` or
        ``stopped`` by ``ended_by``.
    ended : int or None
        Microseconds since 1970 UTC.
    ended_by : str
    """

    warm_up_id: str
    who: str
    starts: int
    ends: int
    impressions: int
    benchmark: float
    floor: float
    level: float
    outcome_us: int
    per_request: int = 1
    min_per_item: int = 0
    max_per_item: int | None = None
    max_per_user: int | None = None
    note: str = ""
    spent: int = 0
    state: str = RUNNING
    reason: str = ""
    ended: int | None = None
    ended_by: str = ""


@dataclass(frozen=True, slots=True)
class WarmUpItem:
    """An item of a warm-up.

    Parameters
    ----------
    warm_up_id, item_id : str
    spent, outcomes : int
        Impressions, and those of them that were followed by a click or purchase in time.
    state : str
        ``warming``, ``graduate`` or ``stop``.
    decided : int or None
        When; microseconds since 1970 UTC.
    """

    warm_up_id: str
    item_id: str
    spent: int = 0
    outcomes: int = 0
    state: str = WARMING
    decided: int | None = None


def start_warm_up(store: Store, warm_up: WarmUp, item_ids: Sequence[str]) -> None:
    """Start a budget; every process follows within a second.

    Raises
    ------
    ConflictError
        Where an item is in another one that runs, or ``MOST_RUNNING`` run already.
    InputError
        Where a value doesn't fit its column; the message names the field.
    StoreError
        Where the store can't be written now.
    """
    table, items = tables.warm_ups, tables.warm_up_items
    (row,) = checked(table, [to_row(warm_up)])
    entries = [to_row(WarmUpItem(warm_up.warm_up_id, item)) for item in dict.fromkeys(item_ids)]
    if not entries:
        raise InputError("A warm-up needs an item, or more.")
    with store.writing() as connection:
        running = list(
            connection.scalars(sa.select(table.c.warm_up_id).where(table.c.state == RUNNING))
        )
        if len(running) >= MOST_RUNNING:
            raise ConflictError(f"{MOST_RUNNING} warm-ups run already: stop one of them first.")
        for part in parts([entry["item_id"] for entry in entries]):
            taken = sa.select(items.c.item_id, items.c.warm_up_id).where(
                items.c.warm_up_id.in_(running),
                items.c.item_id.in_(part),
                items.c.state == WARMING,
            )
            for item_id, other in connection.execute(taken):
                raise ConflictError(f"{item_id} is warming up already (in {other}): leave it out.")
        connection.execute(sa.insert(table), row)
        connection.execute(sa.insert(items), checked(items, entries))


def end_warm_up(store: Store, warm_up_id: str, reason: str, who: str, now: int) -> bool:
    """End a budget that runs; whether this call did.

    Parameters
    ----------
    store : Store
    warm_up_id : str
    reason : str
        ``decided``, ``spent``, ``over`` or ``stopped``.
    who : str
        Who ended it.
    now : int
        Microseconds since 1970 UTC.

    Raises
    ------
    StoreError
        Where the store can't be written now.
    """
    table = tables.warm_ups
    (row,) = checked(table, [{"state": ENDED, "reason": reason, "ended": now, "ended_by": who}])
    running = (table.c.warm_up_id == warm_up_id) & (table.c.state == RUNNING)
    with store.writing() as connection:
        ended = connection.execute(sa.update(table).where(running).values(row)).rowcount
        offers = tables.warm_up_offers
        connection.execute(sa.delete(offers).where(offers.c.warm_up_id == warm_up_id))
    return ended > 0


def warm_ups(
    store: Store, *, running_only: bool = False, limit: int = 100
) -> list[tuple[WarmUp, tuple[WarmUpItem, ...]]]:
    """Budgets with their items, the newest first."""
    table, items = tables.warm_ups, tables.warm_up_items
    query = select_records(WarmUp, table).order_by(table.c.starts.desc(), table.c.warm_up_id)
    if running_only:
        query = query.where(table.c.state == RUNNING)
    with store.reading() as connection:
        found = [WarmUp(*row) for row in connection.execute(query.limit(limit))]
        of: dict[str, list[WarmUpItem]] = {one.warm_up_id: [] for one in found}
        if of:
            every = select_records(WarmUpItem, items).where(items.c.warm_up_id.in_(of))
            for row in connection.execute(every.order_by(items.c.item_id)):
                of[row[0]].append(WarmUpItem(*row))
    return [(one, tuple(of[one.warm_up_id])) for one in found]


def decide_items(store: Store, warm_up_id: str, verdicts: Mapping[str, str], now: int) -> list[str]:
    """Write down verdicts on items that have none yet; the items that this call decided.

    Parameters
    ----------
    store : Store
    warm_up_id : str
    verdicts : mapping of str to str
        Item -> ``graduate`` or ``stop``.
    now : int
        Microseconds since 1970 UTC.

    Raises
    ------
    StoreError
        Where the store can't be written now.
    """
    if not verdicts:
        return []
    with store.writing() as connection:
        return [
            item_id
            for item_id, verdict in verdicts.items()
            if _decide(connection, warm_up_id, item_id, verdict, now)
        ]


def _decide(connection: Connection, warm_up_id: str, item_id: str, verdict: str, now: int) -> bool:
    table = tables.warm_up_items
    undecided = (
        (table.c.warm_up_id == warm_up_id)
        & (table.c.item_id == item_id)
        & (table.c.state == WARMING)
    )
    change = sa.update(table).where(undecided).values(state=verdict, decided=now)
    return connection.execute(change).rowcount > 0
