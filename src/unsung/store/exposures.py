"""What was shown to whom, at which place, with which probability."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, Final

from sqlalchemy.engine import Connection

from unsung.store import tables
from unsung.store.bounds import checked_columns
from unsung.store.database import Store
from unsung.store.persons import keepers
from unsung.store.rows import select_records


@dataclass(frozen=True, slots=True)
class Exposure:
    """One item of one answer.

    Parameters
    ----------
    request_id : str
    user_id : str or None
        The customer or session; None where the request named neither.
    item_id : str
    rank : int
        From 1; a request has one item a rank.
    timestamp : int
        Microseconds since 1970 UTC.
    logging_propensity : float or None
        Exact probability that the policy put this item there; None where it isn't known.
    policy, model : str
    rung : str
        Of the degradation ladder.
    arm : str, optional
        Of an experiment.
    """

    request_id: str
    user_id: str | None
    item_id: str
    rank: int
    timestamp: int
    logging_propensity: float | None
    policy: str
    model: str
    rung: str
    arm: str | None = None


Values = tuple[Any, ...]
FIELDS: Final = tuple(field.name for field in fields(Exposure))
_VALUES: Final[Callable[[Exposure], Values]] = attrgetter(*FIELDS)
_USER: Final = FIELDS.index("user_id")


def append_exposures(store: Store, exposures: Sequence[Exposure]) -> int:
    """Store exposures; those of a request and rank that are known already are left out.

    Returns
    -------
    accepted : int
        Rows stored now.

    Raises
    ------
    InputError
        Where a value doesn't fit its column; the message names field and row.
    StoreError
        Where the store can't be written now.
    """
    rows = [_VALUES(exposure) for exposure in exposures]
    checked_columns(tables.exposures, FIELDS, rows)
    with store.writing() as connection:
        known = _kept(store, connection, rows)
        if not known:
            return 0
        mark = "?" if store.is_sqlite else "%s"
        names, marks = ", ".join(FIELDS), ", ".join(mark for _ in FIELDS)
        # As the driver takes it: there are ten rows a list, and a list has milliseconds.
        sql = f"INSERT INTO exposures ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608
        return connection.exec_driver_sql(sql, known).rowcount


def _kept(store: Store, connection: Connection, rows: list[Values]) -> list[Values]:
    """The rows of those who weren't erased, under the ids that they are kept by."""
    named = {row[_USER] for row in rows} - {None}
    keeper = keepers(store, connection, named)
    moved = {name: other for name, other in keeper.items() if other != name}
    if not moved:
        return rows
    return [
        (*row[:_USER], moved.get(row[_USER], row[_USER]), *row[_USER + 1 :])
        for row in rows
        if moved.get(row[_USER], "") is not None
    ]


def exposures_of_request(store: Store, request_id: str) -> list[Exposure]:
    """What a request was answered with, by rank."""
    table = tables.exposures
    query = (
        select_records(Exposure, table)
        .where(table.c.request_id == request_id)
        .order_by(table.c.rank)
    )
    with store.reading() as connection:
        return [Exposure(*row) for row in connection.execute(query)]
