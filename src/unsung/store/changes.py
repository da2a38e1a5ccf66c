"""What a worker has to apply to its live state: this is how processes share one truth."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from unsung.store import tables
from unsung.store.choices import Choice
from unsung.store.counter import number_of
from unsung.store.database import Store
from unsung.store.dial import DialSetting
from unsung.store.events import Event
from unsung.store.items import Item, read_items
from unsung.store.models import ModelEntry, find_active
from unsung.store.rows import from_row, select_records
from unsung.store.sessions import Merge

_NUMBERED = ("events", "items", "choices", "merges", "suppressions")


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed after a number, each kind in the order of its numbers.

    Apply erasures last; the other kinds in any order.

    Parameters
    ----------
    events : tuple of Event
        An event of a session that became a customer's is the customer's.
    items : tuple of Item
        With all attributes, as they are now.
    choices : tuple of Choice
        As they are now.
    merged : tuple of Merge
        Sessions whose doings are a customer's from now on.
    erased : tuple of str
        ``person_digest`` of each person and session that was erased: their ids are not kept.
    dial : DialSetting or None
        The newest setting, where it is among the changes.
    model : ModelEntry or None
        The active model, where another one became active.
    last : int
        Number to ask from next time.
    complete : bool
        False where there is more after ``last`` already.
    """

    events: tuple[Event, ...]
    items: tuple[Item, ...]
    choices: tuple[Choice, ...]
    merged: tuple[Merge, ...]
    erased: tuple[str, ...]
    dial: DialSetting | None
    model: ModelEntry | None
    last: int
    complete: bool


def changes_after(store: Store, number: int, limit: int = 10_000) -> Changes:
    """The changes after a number, in one snapshot.

    Parameters
    ----------
    store : Store
    number : int
        ``last`` of the call before, or 0.
    limit : int
        At most so many changes.

    Returns
    -------
    changes : Changes

    Raises
    ------
    StoreError
        Where the store can't be read now.
    """
    with store.reading() as connection:
        newest = number_of(connection)
        last = _last(connection, number, limit, newest)
        return Changes(
            events=_records(connection, Event, tables.events, number, last),
            items=tuple(
                read_items(
                    connection, _between(sa.select(tables.items), tables.items, number, last)
                )
            ),
            choices=_records(connection, Choice, tables.choices, number, last),
            merged=_records(connection, Merge, tables.merges, number, last),
            erased=_erased(connection, number, last),
            dial=_dial(connection, number, last),
            model=_model(connection, number, last),
            last=last,
            complete=last == newest,
        )


def _last(connection: Connection, number: int, limit: int, newest: int) -> int:
    """The number of the last change that is given this time."""
    numbers = [tables.metadata.tables[name].c.number for name in _NUMBERED]
    each = [
        sa.select(column).where(column > number).order_by(column).limit(limit).subquery()
        for column in numbers
    ]
    every = sa.union_all(*(sa.select(part.c.number) for part in each)).subquery()
    nth = sa.select(every.c.number).order_by(every.c.number).offset(limit - 1).limit(1)
    found = connection.execute(nth).scalar()
    return newest if found is None else int(found)


def _between(query: sa.Select[Any], table: sa.Table, number: int, last: int) -> sa.Select[Any]:
    column = table.c.number
    return query.where(column > number, column <= last).order_by(column)


def _records(
    connection: Connection, kind: Any, table: sa.Table, number: int, last: int
) -> tuple[Any, ...]:
    query = _between(select_records(kind, table), table, number, last)
    return tuple(from_row(kind, row) for row in connection.execute(query).mappings())


def _erased(connection: Connection, number: int, last: int) -> tuple[str, ...]:
    table = tables.suppressions
    query = _between(sa.select(table.c.digest), table, number, last)
    return tuple(connection.scalars(query))


def _dial(connection: Connection, number: int, last: int) -> DialSetting | None:
    found = _records(connection, DialSetting, tables.dial_settings, number, last)
    return found[-1] if found else None


def _model(connection: Connection, number: int, last: int) -> ModelEntry | None:
    table = tables.model_history
    changed = _between(sa.select(table.c.number), table, number, last).limit(1)
    return None if connection.execute(changed).first() is None else find_active(connection)
