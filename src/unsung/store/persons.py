"""Under which id what a person does is kept: their own, their account's, or none once erased."""

import hmac
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from unsung.store.bounds import Row
from unsung.store.database import Store
from unsung.store.rows import parts
from unsung.store.tables import merges, suppressions


def person_digest(store: Store, user_id: str) -> str:
    """The keyed hash that stands for a person where their id may not: 64 hex digits.

    The key never leaves the store, so that a hash tells nothing to who has the hash alone.
    """
    return hmac.digest(store.salt, user_id.encode(), "sha256").hex()


def keepers(store: Store, connection: Connection, ids: Iterable[str]) -> dict[str, str | None]:
    """Under which id the doings of each person or session are kept; None for an erased one.

    Parameters
    ----------
    store : Store
    connection : Connection
    ids : iterable of str
        Users and sessions.
    """
    named = list(dict.fromkeys(ids))
    kept: dict[str, str | None] = {name: name for name in named}
    for part in parts(named):
        moved = sa.select(merges.c.session_id, merges.c.user_id).where(
            merges.c.session_id.in_(part)
        )
        kept |= dict(connection.execute(moved).all())
    gone = suppressed(store, connection, {name for name in (*kept, *kept.values()) if name})
    return {
        name: None if name in gone or keeper in gone else keeper for name, keeper in kept.items()
    }


def suppressed(store: Store, connection: Connection, ids: Iterable[str]) -> set[str]:
    """Those of some persons that were erased."""
    # Seldom anybody was: then nothing has to be hashed.
    if connection.execute(sa.select(suppressions.c.digest).limit(1)).first() is None:
        return set()
    named = {person_digest(store, name): name for name in ids}
    found: set[str] = set()
    for part in parts(list(named)):
        query = sa.select(suppressions.c.digest).where(suppressions.c.digest.in_(part))
        found |= {named[digest] for digest in connection.scalars(query)}
    return found


def suppressed_ids(store: Store, ids: Iterable[str]) -> set[str]:
    """Those of some persons that were erased, as of now."""
    with store.reading() as connection:
        return suppressed(store, connection, ids)


def kept(store: Store, connection: Connection, rows: list[Row]) -> list[Row]:
    """The rows of those who weren't erased, under the ids that they are kept by.

    Rows whose ``user_id`` is None are nobody's and stay.
    """
    named = [row["user_id"] for row in rows if row["user_id"] is not None]
    keeper = keepers(store, connection, named)
    return [
        row | {"user_id": keeper.get(row["user_id"])}
        for row in rows
        if keeper.get(row["user_id"], "") is not None
    ]
