"""Who did what, as a chain in which no link can be changed, left out or put in unseen."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from unsung.store import tables
from unsung.store.bounds import Row, as_json, checked
from unsung.store.counter import lock_numbers
from unsung.store.database import Store
from unsung.store.persons import person_digest
from unsung.store.rows import from_row

# What the end of the chain was, so that links missing there are seen too.
_HEAD: Final = "audit_head"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One link of the chain.

    Parameters
    ----------
    number : int
        1, 2, 3, ...
    timestamp : int
        Microseconds since 1970 UTC.
    who : str
        An account or the id of a key.
    action : str
    subject : str
        What it was done to; a customer stands there as ``person:`` and a keyed hash.
    detail : mapping
        JSON; never names a customer.
    digest : str
        SHA-256 over the entry and the digest before it.
    """

    number: int
    timestamp: int
    who: str
    action: str
    subject: str
    detail: Mapping[str, Any]
    digest: str


def append(
    store: Store,
    who: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    now: int,
    *,
    person: bool = False,
) -> AuditEntry:
    """Add an entry to the audit log.

    Parameters
    ----------
    store : Store
    who : str
        An account or the id of a key.
    action : str
        Such as ``erase``.
    subject : str
        What it was done to.
    detail : mapping
        JSON; must not name a customer.
    now : int
        Microseconds since 1970 UTC.
    person : bool
        Whether ``subject`` is a customer's id: then its keyed hash is stored.

    Raises
    ------
    InputError
        Where a value doesn't fit its column; the message names it.
    StoreError
        Where the store can't be written now.
    """
    table = tables.audit_entries
    row: Row = {
        "timestamp": now,
        "who": who,
        "action": action,
        "subject": f"person:{person_digest(store, subject)}" if person else subject,
        "detail": as_json(table, "detail", detail),
    }
    (row,) = checked(table, [row])
    with store.writing() as connection:
        lock_numbers(connection)
        number, before = _head(connection)
        row["number"] = number + 1
        row["digest"] = _link(before, row)
        connection.execute(sa.insert(table), row)
        _set_head(connection, row)
    return _entry(row)


def entries(store: Store, after: int = 0, limit: int = 1_000) -> list[AuditEntry]:
    """The entries after a number, the oldest first."""
    table = tables.audit_entries
    query = sa.select(table).where(table.c.number > after).order_by(table.c.number).limit(limit)
    with store.reading() as connection:
        return [_entry(row) for row in connection.execute(query).mappings()]


def verify(store: Store) -> int | None:
    """The number of the first entry that was changed, left out or put in; None for none."""
    table = tables.audit_entries
    number, before = 0, ""
    with store.reading() as connection:
        rows = connection.execute(
            sa.select(table).order_by(table.c.number), execution_options={"yield_per": 1_000}
        )
        for number, row in enumerate(rows.mappings(), 1):
            if row["number"] != number or row["digest"] != _link(before, dict(row)):
                return number
            before = row["digest"]
        return None if _head(connection) == (number, before) else number + 1


def newest(store: Store) -> tuple[int, str]:
    """Number and digest of the newest entry; 0 and no text where there is none.

    Kept somewhere else, they tell later whether the chain was written anew up to there.
    """
    with store.reading() as connection:
        return _head(connection)


def _head(connection: Connection) -> tuple[int, str]:
    facts = tables.facts
    found = connection.execute(sa.select(facts.c.value).where(facts.c.name == _HEAD)).scalar()
    number, _, digest = (found or "0 ").partition(" ")
    return int(number), digest


def _set_head(connection: Connection, row: Row) -> None:
    facts = tables.facts
    connection.execute(sa.delete(facts).where(facts.c.name == _HEAD))
    head = {"name": _HEAD, "value": f"{row['number']} {row['digest']}"}
    connection.execute(sa.insert(facts), head)


def _link(before: str, row: Row) -> str:
    names = ("number", "timestamp", "who", "action", "subject", "detail")
    return sha256(json.dumps([before, *(row[name] for name in names)]).encode()).hexdigest()


def _entry(row: Any) -> AuditEntry:
    return from_row(AuditEntry, {**row, "detail": json.loads(row["detail"])})
