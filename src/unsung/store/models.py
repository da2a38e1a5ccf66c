"""Which models there are, which one serves, and who changed that."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from unsung.errors import ConflictError, InputError
from unsung.store import tables
from unsung.store.bounds import Row, as_json, checked
from unsung.store.counter import lock_numbers, take_numbers
from unsung.store.database import Store
from unsung.store.rows import from_row, to_row
from unsung.store.second_models import end_running

Status = Literal["loaded", "active", "shadow", "retired"]
STATUSES: Final = ("loaded", "active", "shadow", "retired")


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model that the service knows.

    Parameters
    ----------
    version : str
    path : str
        Of its bundle.
    fingerprint : str
        Of the data it was fitted on.
    status : str
        ``loaded``, ``active`` (serves; one at most), ``shadow`` (scores and is logged) or
        ``retired``.
    registered : int
        Microseconds since 1970 UTC.
    metrics : mapping
        Measured figures by name.
    """

    version: str
    path: str
    fingerprint: str
    status: Status
    registered: int
    metrics: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelChange:
    """An ``activated`` or ``rolled_back`` to ``version``: who and when."""

    number: int
    version: str
    action: str
    who: str
    timestamp: int


def register_model(store: Store, entry: ModelEntry) -> None:
    """Make a model known; registering the same again changes nothing.

    Raises
    ------
    ConflictError
        Where the version is known with another path or fingerprint.
    InputError
        Where a value doesn't fit its column, or the status is ``active``: that is a change of its
        own (``activate_model``).
    StoreError
        Where the store can't be written now.
    """
    if entry.status not in STATUSES or entry.status == "active":
        raise InputError("A model is registered as loaded, shadow or retired.")
    table = tables.models
    values = to_row(entry) | {"metrics": as_json(table, "metrics", entry.metrics)}
    (row,) = checked(table, [values])
    with store.writing() as connection:
        lock_numbers(connection)
        known = _find(connection, entry.version)
        if known is None:
            connection.execute(sa.insert(table), row)
        elif (known.path, known.fingerprint) != (entry.path, entry.fingerprint):
            raise ConflictError(
                f"The model {entry.version} is known with another path or fingerprint; give the "
                "new model a version of its own."
            )


def set_model_status(store: Store, version: str, status: Status) -> ModelEntry:
    """Load, shadow or retire a model that isn't the active one; the entry as it is then.

    Raises
    ------
    InputError
        Where the model is unknown or active, or the status is ``active``.
    StoreError
        Where the store can't be written now.
    """
    if status not in STATUSES or status == "active":
        raise InputError("A model's status is set to loaded, shadow or retired.")
    with store.writing() as connection:
        lock_numbers(connection)
        entry = _known(connection, version)
        if entry.status == "active":
            raise InputError(f"The model {version} is active; activate another one first.")
        _set_status(connection, version, status)
    return replace(entry, status=status)


def activate_model(store: Store, version: str, who: str, now: int) -> ModelEntry:
    """Let a model serve and retire the one that did.

    Parameters
    ----------
    store : Store
    version : str
    who : str
        The account that does it.
    now : int
        Microseconds since 1970 UTC.

    Returns
    -------
    entry : ModelEntry
        Activating the active model again changes nothing.

    Raises
    ------
    InputError
        Where the model is unknown.
    StoreError
        Where the store can't be written now.
    """
    with store.writing() as connection:
        lock_numbers(connection)
        entry = _known(connection, version)
        if entry.status != "active":
            _change(connection, {"version": version, "action": "activated"}, who, now)
    return replace(entry, status="active")


def roll_back_model(store: Store, who: str, now: int) -> ModelEntry:
    """Let the model serve that did before the active one.

    Rolling back twice goes two models back, never to the one that was left.

    Raises
    ------
    InputError
        Where there is no model before.
    StoreError
        Where the store can't be written now.
    """
    with store.writing() as connection:
        lock_numbers(connection)
        served: list[str] = []
        for change in _history(connection):
            if change.action == "activated":
                served.append(change.version)
            else:
                served.pop()
        if len(served) < 2:
            raise InputError("There is no earlier model to go back to.")
        entry = _known(connection, served[-2])
        _change(connection, {"version": entry.version, "action": "rolled_back"}, who, now)
    return replace(entry, status="active")


def models(store: Store) -> list[ModelEntry]:
    """Every model, in the order of registration."""
    table = tables.models
    query = sa.select(table).order_by(table.c.registered, table.c.version)
    with store.reading() as connection:
        return [_entry(row) for row in connection.execute(query).mappings()]


def active_model(store: Store) -> ModelEntry | None:
    """The model that serves; None before the first was activated."""
    with store.reading() as connection:
        return find_active(connection)


def find_active(connection: Connection) -> ModelEntry | None:
    """The model that serves, as a transaction sees it."""
    query = sa.select(tables.models).where(tables.models.c.status == "active")
    row = connection.execute(query).mappings().first()
    return None if row is None else _entry(row)


def model_history(store: Store) -> list[ModelChange]:
    """Every change of the serving model, the oldest first."""
    with store.reading() as connection:
        return _history(connection)


def _history(connection: Connection) -> list[ModelChange]:
    query = sa.select(tables.model_history).order_by(tables.model_history.c.number)
    return [from_row(ModelChange, row) for row in connection.execute(query).mappings()]


def _change(connection: Connection, change: Row, who: str, now: int) -> None:
    table = tables.model_history
    row = change | {"who": who, "timestamp": now, "number": take_numbers(connection, 1)}
    connection.execute(sa.insert(table), checked(table, [row]))
    active = find_active(connection)
    if active is not None:
        _set_status(connection, active.version, "retired")
    _set_status(connection, change["version"], "active")
    # What was compared with the model before has nothing to be compared with any more.
    end_running(connection, who, f"{change['version']} became active", now)


def _set_status(connection: Connection, version: str, status: Status) -> None:
    table = tables.models
    connection.execute(sa.update(table).where(table.c.version == version).values(status=status))


def _find(connection: Connection, version: str) -> ModelEntry | None:
    query = sa.select(tables.models).where(tables.models.c.version == version)
    row = connection.execute(query).mappings().first()
    return None if row is None else _entry(row)


def _known(connection: Connection, version: str) -> ModelEntry:
    entry = _find(connection, version)
    if entry is None:
        raise InputError(f"There is no model {version}; register it first.")
    return entry


def _entry(row: Any) -> ModelEntry:
    return from_row(ModelEntry, {**row, "metrics": json.loads(row["metrics"])})
