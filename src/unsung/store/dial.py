"""Who set the dial to what, and when; the last entry is what holds."""

from dataclasses import dataclass, replace

import sqlalchemy as sa

from unsung.errors import InputError
from unsung.store import tables
from unsung.store.bounds import checked
from unsung.store.counter import take_numbers
from unsung.store.database import Store
from unsung.store.rows import select_records, to_row


@dataclass(frozen=True, slots=True)
class DialSetting:
    """One position of the dial.

    Parameters
    ----------
    who : str
        The account that set it.
    timestamp : int
        Microseconds since 1970 UTC.
    strength_index : int
        Place on the frontier's grid; 0 is off.
    method : str
        Balance method.
    budget : float
        Share of relevance that may be spent.
    model : str
        Version of the model whose certificate holds.
    note : str
        Why.
    number : int
        Of the change; given by the store.
    """

    who: str
    timestamp: int
    strength_index: int
    method: str
    budget: float
    model: str
    note: str = ""
    number: int = 0


def apply_dial(store: Store, setting: DialSetting) -> DialSetting:
    """Set the dial; the setting as it is stored, with its number.

    Raises
    ------
    InputError
        Where a value doesn't fit its column; the message names the field.
    StoreError
        Where the store can't be written now.
    """
    (row,) = checked(tables.dial_settings, [to_row(setting)])
    with store.writing() as connection:
        row["number"] = take_numbers(connection, 1)
        connection.execute(sa.insert(tables.dial_settings), row)
    return replace(setting, number=row["number"])


def dial_history(store: Store, limit: int = 1_000) -> list[DialSetting]:
    """The latest settings, the newest first."""
    table = tables.dial_settings
    query = select_records(DialSetting, table).order_by(table.c.number.desc()).limit(limit)
    with store.reading() as connection:
        return [DialSetting(*row) for row in connection.execute(query)]


def current_dial(store: Store) -> DialSetting | None:
    """The setting that holds; None where nobody set the dial."""
    return next(iter(dial_history(store, 1)), None)


def undo_dial(store: Store, who: str, note: str, now: int) -> DialSetting:
    """Apply the setting before the current one as a new entry.

    Parameters
    ----------
    store : Store
    who : str
        The account that undoes.
    note : str
        Why.
    now : int
        Microseconds since 1970 UTC.

    Raises
    ------
    InputError
        Where there is no setting before.
    StoreError
        Where the store can't be written now.
    """
    table = tables.dial_settings
    query = select_records(DialSetting, table).order_by(table.c.number.desc()).limit(2)
    with store.writing() as connection:
        number = take_numbers(connection, 1)
        latest = connection.execute(query).all()
        if len(latest) < 2:
            raise InputError("The dial has no earlier setting to go back to.")
        before = DialSetting(*latest[1])
        again = replace(before, who=who, note=note, timestamp=now, number=number)
        connection.execute(sa.insert(table), checked(table, [to_row(again)]))
    return again
