"""What customers say of themselves and of items; the newest word counts."""

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from unsung.errors import InputError, Location
from unsung.store import tables
from unsung.store.bounds import checked
from unsung.store.counter import lock_numbers, take_numbers
from unsung.store.database import Store
from unsung.store.persons import kept
from unsung.store.rows import select_records, to_row

KINDS: Final = ("like", "dislike", "not_interested", "hide_brand", "hide_term", "profiling")


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that a customer said.

    Parameters
    ----------
    user_id : str
        A customer or a session.
    kind : str
        One of ``KINDS``.
    subject : str
        The item, brand or term; empty for ``profiling``.
    active : bool
        False takes it back; ``profiling`` that isn't active is an opt-out.
    timestamp : int
        Microseconds since 1970 UTC.
    """

    user_id: str
    kind: str
    subject: str
    active: bool
    timestamp: int


def set_choice(store: Store, choice: Choice) -> int:
    """Store a choice, unless a later one on the same subject is known.

    Returns
    -------
    number : int
        Of the newest change. A choice of an erased person isn't stored.

    Raises
    ------
    InputError
        Where the kind is unknown, or a subject is missing or given for ``profiling``.
    StoreError
        Where the store can't be written now.
    """
    _check(choice)
    table = tables.choices
    rows = checked(table, [to_row(choice)])
    with store.writing() as connection:
        number = lock_numbers(connection)
        for row in kept(store, connection, rows):
            same = sa.and_(*(table.c[name] == row[name] for name in ("user_id", "kind", "subject")))
            known = connection.execute(
                sa.select(table.c.timestamp, table.c.active).where(same)
            ).first()
            new = (row["timestamp"], row["active"])
            if known is not None and (known.timestamp > new[0] or tuple(known) == new):
                continue
            number = row["number"] = take_numbers(connection, 1)
            connection.execute(sa.delete(table).where(same))
            connection.execute(sa.insert(table), row)
    return number


def choices_of_user(store: Store, user_id: str) -> list[Choice]:
    """What a customer said, the latest last; what was taken back is in it, not active."""
    table = tables.choices
    query = (
        select_records(Choice, table)
        .where(table.c.user_id == user_id)
        .order_by(table.c.timestamp, table.c.number)
    )
    with store.reading() as connection:
        return [Choice(*row) for row in connection.execute(query)]


def _check(choice: Choice) -> None:
    if choice.kind not in KINDS:
        at = Location("choices", "kind")
        raise InputError(f"has to be one of {', '.join(KINDS)}.", at=at)
    if (choice.kind == "profiling") != (choice.subject == ""):
        at = Location("choices", "subject")
        raise InputError("has to be empty for profiling and filled otherwise.", at=at)
