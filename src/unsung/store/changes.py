"""What a worker has to apply to its live state: this is how processes share one truth."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

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
from unsung.store.rows import select_records
from unsung.store.second_models import SecondModel
from unsung.store.sessions import Merge

T = TypeVar("T")


def _within(query: sa.Select[Any], table: sa.Table) -> sa.Select[Any]:
    """The rows whose number is above ``after`` and at most ``last``, in their order."""
    number = table.c.number
    span = (number > sa.bindparam("after"), number <= sa.bindparam("last"))
    return query.where(*span).order_by(number)


# Made once: every worker runs them after every change.
_EVENTS = _within(select_records(Event, tables.events), tables.events)
_ITEMS = _within(sa.select(tables.items), tables.items)
_CHOICES = _within(select_records(Choice, tables.choices), tables.choices)
_MERGES = _within(select_records(Merge, tables.merges), tables.merges)
_ERASED = _within(sa.select(tables.suppressions.c.digest), tables.suppressions)
_DIAL = _within(select_records(DialSetting, tables.dial_settings), tables.dial_settings)
_SECOND = _within(select_records(SecondModel, tables.second_models), tables.second_models)
_MODEL = _within(sa.select(tables.model_history.c.number), tables.model_history)


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
    second : SecondModel, optional
        The newest entry of a model beside the active one, where it is among the changes.
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
    second: SecondModel | None = None


def changes_after(store: Store, number: int, limit: int = 10_000) -> Changes:
    """The changes after a number, in one snapshot.

    Parameters
    ----------
    store : Store
    number : int
        ``last`` of the call before, or 0.
    limit : int
        At most so many changes; a page may hold fewer, or none, and not be the last.

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
        # Every number is one row's at most.
        last = min(newest, number + limit)
        span = {"after": number, "last": last}
        dial = _records(connection, DialSetting, _DIAL, span)
        second = _records(connection, SecondModel, _SECOND, span)
        activated = connection.execute(_MODEL, span).first() is not None
        return Changes(
            events=_records(connection, Event, _EVENTS, span),
            items=tuple(read_items(connection, _ITEMS, span)),
            choices=_records(connection, Choice, _CHOICES, span),
            merged=_records(connection, Merge, _MERGES, span),
            erased=tuple(connection.scalars(_ERASED, span)),
            dial=dial[-1] if dial else None,
            model=find_active(connection) if activated else None,
            second=second[-1] if second else None,
            last=last,
            complete=last == newest,
        )


def _records(
    connection: Connection, kind: Callable[..., T], query: sa.Select[Any], span: dict[str, int]
) -> tuple[T, ...]:
    return tuple(kind(*row) for row in connection.execute(query, span))
