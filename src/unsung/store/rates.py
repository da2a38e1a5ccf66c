"""Token buckets that all processes share."""

import math
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from unsung.errors import InputError
from unsung.store import tables
from unsung.store.bounds import checked
from unsung.store.database import Store

_SECOND_US = 1_000_000


def take(
    store: Store, bucket: str, cost: float, capacity: float, refill_per_s: float, now: int
) -> tuple[bool, float]:
    """Take tokens from a bucket, or say when there will be enough.

    Parameters
    ----------
    store : Store
    bucket : str
        A key's id or a hash; never a person's id or address.
    cost : float
        Tokens, above 0 and at most ``capacity``.
    capacity : float
        What a bucket holds; a new one is full.
    refill_per_s : float
        Tokens a second, above 0.
    now : int
        Microseconds since 1970 UTC; a clock that goes back refills nothing.

    Returns
    -------
    taken : bool
    retry_after_s : float
        0 where the tokens were taken.

    Raises
    ------
    InputError
        Where a number is out of its range.
    StoreError
        Where the store can't be written now.

    Notes
    -----
    One statement decides, so that processes can't take the same token. A power cut may give back
    the tokens of its last moments: nothing waits for the disk.
    """
    numbers = (cost, capacity, refill_per_s)
    if not all(math.isfinite(value) and value > 0 for value in numbers) or cost > capacity:
        raise InputError("A bucket needs 0 < cost <= capacity and a refill above 0.")
    table = tables.buckets
    full = {"bucket": bucket, "tokens": capacity - cost, "updated": now}
    (row,) = checked(table, [full])
    available = _available(capacity, refill_per_s, now)
    insert: Any = (sqlite if store.is_sqlite else postgresql).insert(table).values(row)
    statement = insert.on_conflict_do_update(
        index_elements=[table.c.bucket],
        set_={"tokens": available - cost, "updated": _later(now)},
        where=available >= cost,
    ).returning(table.c.tokens)
    with store.writing(durable=False) as connection:
        if connection.execute(statement).first() is not None:
            return True, 0.0
        left = connection.execute(sa.select(available).where(table.c.bucket == bucket)).scalar_one()
    return False, (cost - float(left)) / refill_per_s


def forget_buckets(store: Store, before: int) -> int:
    """Delete buckets that nobody took from since a moment; how many."""
    table = tables.buckets
    with store.writing(durable=False) as connection:
        return connection.execute(sa.delete(table).where(table.c.updated < before)).rowcount


def _later(now: int) -> Any:
    updated = tables.buckets.c.updated
    return sa.case((updated > now, updated), else_=now)


def _available(capacity: float, refill_per_s: float, now: int) -> Any:
    table = tables.buckets
    passed_us = sa.cast(_later(now) - table.c.updated, sa.Double)
    tokens = table.c.tokens + passed_us * (refill_per_s / _SECOND_US)
    return sa.case((tokens > capacity, capacity), else_=tokens)
