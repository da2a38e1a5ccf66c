"""What was shown to whom, at which place, with which probability."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from unsung.store import tables
from unsung.store.bounds import checked
from unsung.store.database import Store
from unsung.store.persons import kept
from unsung.store.rows import select_records, to_row


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
    table = tables.exposures
    rows = checked(table, map(to_row, exposures))
    insert: Any = (sqlite if store.is_sqlite else postgresql).insert(table)
    new = insert.on_conflict_do_nothing().returning(table.c.rank)
    with store.writing() as connection:
        known = kept(store, connection, rows)
        return len(connection.execute(new, known).all()) if known else 0


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
