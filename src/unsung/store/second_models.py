"""A second model beside the one that serves: as a shadow that nobody sees, or in an experiment."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from unsung.errors import InputError
from unsung.store import tables
from unsung.store.bounds import checked
from unsung.store.counter import lock_numbers, take_numbers
from unsung.store.database import Store
from unsung.store.persons import kept
from unsung.store.rows import select_records, to_row

Kind = Literal["shadow", "experiment"]
KINDS: Final = ("shadow", "experiment")


@dataclass(frozen=True, slots=True)
class SecondModel:
    """A model that was put beside the active one, or taken away again.

    Parameters
    ----------
    name : str
        Of the trial.
    kind : str
        One of ``KINDS``.
    version, path : str
        Of the model and its bundle.
    control : str
        Version of the active model that it is compared with.
    share : float
        Of the customers who see its lists, 0 for a shadow.
    state : str
        ``running`` or ``ended``.
    who : str
        Who did it.
    timestamp : int
        Microseconds since 1970 UTC.
    reason : str
        Why it ended.
    number : int
        Of the change; given by the store.
    """

    name: str
    kind: str
    version: str
    path: str
    control: str
    share: float
    state: str
    who: str
    timestamp: int
    reason: str = ""
    number: int = 0

    @property
    def running(self) -> bool:
        """Whether it is there."""
        return self.state == "running"


@dataclass(frozen=True, slots=True)
class ShadowItem:
    """One item of a list that a shadow made and nobody saw; ``request_id`` is the shown list's."""

    request_id: str
    rank: int
    user_id: str | None
    item_id: str
    timestamp: int
    model: str


def start_second(store: Store, second: SecondModel) -> SecondModel:
    """Put a model beside the active one; as it is stored, with its number.

    Raises
    ------
    InputError
        Where one is there already, the name was used before, or another model became active.
    StoreError
        Where the store can't be written now.
    """
    table = tables.second_models
    (row,) = checked(table, [to_row(second)])
    with store.writing() as connection:
        lock_numbers(connection)
        latest = find_second(connection)
        if latest is not None and latest.running:
            raise InputError(f"{latest.name} is under way; end it first, one at a time.")
        used = sa.select(table.c.number).where(table.c.name == second.name)
        if connection.execute(used).first() is not None:
            raise InputError(f"There was a {second.name} before; give the new one another name.")
        active = sa.select(tables.models.c.version).where(tables.models.c.status == "active")
        if connection.scalar(active) != second.control:
            raise InputError("Another model became active in the meantime; try again.")
        row["number"] = take_numbers(connection, 1)
        connection.execute(sa.insert(table), row)
    return replace(second, number=row["number"])


def end_second(store: Store, who: str, reason: str, now: int) -> SecondModel:
    """Take the second model away.

    Parameters
    ----------
    store : Store
    who, reason : str
    now : int
        Microseconds since 1970 UTC.

    Raises
    ------
    InputError
        Where there is none.
    StoreError
        Where the store can't be written now.
    """
    with store.writing() as connection:
        lock_numbers(connection)
        ended = end_running(connection, who, reason, now)
        if ended is None:
            raise InputError("Neither a shadow nor an experiment is under way.")
    return ended


def end_running(connection: Connection, who: str, reason: str, now: int) -> SecondModel | None:
    """The same within a transaction that holds the numbers' lock; None where there is none.

    Parameters
    ----------
    connection : Connection
    who, reason : str
    now : int
        Microseconds since 1970 UTC.
    """
    latest = find_second(connection)
    if latest is None or not latest.running:
        return None
    number = take_numbers(connection, 1)
    ended = replace(latest, state="ended", who=who, reason=reason, timestamp=now, number=number)
    table = tables.second_models
    connection.execute(sa.insert(table), checked(table, [to_row(ended)]))
    return ended


def find_second(connection: Connection) -> SecondModel | None:
    """The latest entry, as a transaction sees it."""
    table = tables.second_models
    query = select_records(SecondModel, table).order_by(table.c.number.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else SecondModel(*row)


def second_models(store: Store, limit: int = 1_000) -> list[SecondModel]:
    """The latest entries, the newest first."""
    table = tables.second_models
    query = select_records(SecondModel, table).order_by(table.c.number.desc()).limit(limit)
    with store.reading() as connection:
        return [SecondModel(*row) for row in connection.execute(query)]


def append_shadow_items(store: Store, items: Sequence[ShadowItem]) -> int:
    """Store what a shadow would have shown; rows that are known already are left out.

    Returns
    -------
    accepted : int
        Rows stored now.

    Raises
    ------
    InputError
        Where a value doesn't fit its column.
    StoreError
        Where the store can't be written now.
    """
    table = tables.shadow_items
    rows = checked(table, map(to_row, items))
    insert: Any = (sqlite if store.is_sqlite else postgresql).insert(table)
    new = insert.on_conflict_do_nothing().returning(table.c.rank)
    with store.writing(durable=False) as connection:
        known = kept(store, connection, rows)
        return len(connection.execute(new, known).all()) if known else 0


def overlap_with_shadow(store: Store, model: str) -> dict[str, float]:
    """How much a shadow's lists have in common with those that were shown.

    Parameters
    ----------
    store : Store
    model : str
        Version of the shadow.

    Returns
    -------
    found : dict
        ``lists`` that it made, where the shown one is known; ``shared``, the mean share of its
        items that were shown in the same answer; ``first``, the share of lists with the same
        first item. No shares without lists.
    """
    shadow, shown = tables.shadow_items, tables.exposures
    same_list = shown.c.request_id == shadow.c.request_id
    both = sa.and_(same_list, shown.c.item_id == shadow.c.item_id)
    # What was shown is written by another hand, a moment earlier or later.
    known = sa.exists().where(shown.c.request_id == shadow.c.request_id)
    firsts = sa.and_(shadow.c.rank == 1, shown.c.rank == 1)
    query = (
        sa.select(
            sa.func.count(),
            sa.func.count(shown.c.item_id),
            sa.func.count(sa.case((shadow.c.rank == 1, 1))),
            sa.func.count(sa.case((firsts, 1))),
        )
        .select_from(shadow.outerjoin(shown, both))
        .where(shadow.c.model == model, known.correlate(shadow))
    )
    with store.reading() as connection:
        items, shared, lists, first = connection.execute(query).one()
    if not lists:
        return {"lists": 0}
    return {"lists": lists, "shared": shared / items, "first": first / lists}


def assignments_of(store: Store, name: str) -> list[tuple[str, str, int]]:
    """Who was in which arm of an experiment: customer, arm, and first exposure in microseconds.

    Parameters
    ----------
    store : Store
    name : str
        Of the experiment.

    Notes
    -----
    Sessions that nobody has signed in from are left out: what they buy is nobody's.
    """
    table = tables.exposures
    prefix = arm_name(name, "")
    first = sa.func.min(table.c.timestamp)
    query = (
        sa.select(table.c.user_id, table.c.arm, first)
        .where(table.c.arm.startswith(prefix, autoescape=True), table.c.user_id.is_not(None))
        .where(table.c.user_id.not_like("session:%"))
        .group_by(table.c.user_id, table.c.arm)
        .order_by(table.c.user_id, table.c.arm)
    )
    with store.reading() as connection:
        return [
            (user, arm.removeprefix(prefix), moment)
            for user, arm, moment in connection.execute(query)
        ]


def arm_name(name: str, arm: str) -> str:
    """How exposures call an arm.

    Examples
    --------
    >>> arm_name("spring", "control")
    'spring/control'
    """
    return f"{name}/{arm}"
