"""Long work that runs as a process of its own: what was asked for and what became of it."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from unsung.errors import InputError
from unsung.store import tables
from unsung.store.bounds import as_json, checked
from unsung.store.counter import lock_numbers
from unsung.store.database import Store
from unsung.store.rows import from_row

State = Literal["queued", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work. Neither its arguments nor its message name a person.

    Parameters
    ----------
    job_id : str
    kind : str
        Such as ``refit``.
    arguments : mapping
        JSON.
    state : str
        ``queued``, ``running``, ``done``, ``failed`` or ``cancelled``.
    progress : float
        From 0 to 1.
    message : str
        Where it stands, or why it failed.
    artefact : str or None
        What it made.
    created : int
        Microseconds since 1970 UTC, as are the others.
    started, ended : int or None
    pid : int or None
        Of the process that runs it.
    heartbeat : int or None
        When that process was last heard of.
    """

    job_id: str
    kind: str
    arguments: Mapping[str, Any]
    state: State
    progress: float
    message: str
    artefact: str | None
    created: int
    started: int | None
    ended: int | None
    pid: int | None
    heartbeat: int | None


def add_job(store: Store, kind: str, arguments: Mapping[str, Any], now: int) -> Job:
    """Queue a job under a new id.

    Parameters
    ----------
    store : Store
    kind : str
    arguments : mapping
        JSON.
    now : int
        Microseconds since 1970 UTC.

    Raises
    ------
    InputError
        Where a value doesn't fit its column; the message names it.
    StoreError
        Where the store can't be written now.
    """
    table = tables.jobs
    row: dict[str, Any] = dict.fromkeys(column.name for column in table.c)
    row |= {"job_id": secrets.token_hex(8), "kind": kind, "state": "queued"}
    row |= {"arguments": as_json(table, "arguments", arguments), "created": now}
    row |= {"progress": 0.0, "message": ""}
    with store.writing() as connection:
        connection.execute(sa.insert(table), checked(table, [row]))
    return _job(row)


def claim_job(
    store: Store,
    pid: int,
    now: int,
    kinds: Sequence[str] | None = None,
    job_id: str | None = None,
) -> Job | None:
    """Take the job that has waited longest, or one by its id; no other process gets it.

    Parameters
    ----------
    store : Store
    pid : int
        Of the process that will run it.
    now : int
        Microseconds since 1970 UTC.
    kinds : sequence of str, optional
        Only these kinds.
    job_id : str, optional
        Only this job.

    Returns
    -------
    job : Job or None
        None where nothing waits.
    """
    table = tables.jobs
    waiting = sa.select(table.c.job_id).where(table.c.state == "queued")
    if kinds is not None:
        waiting = waiting.where(table.c.kind.in_(kinds))
    if job_id is not None:
        waiting = waiting.where(table.c.job_id == job_id)
    with store.writing() as connection:
        lock_numbers(connection)
        first = waiting.order_by(table.c.created, table.c.job_id).limit(1)
        found = connection.execute(first).scalar()
        if found is None:
            return None
        values = {"state": "running", "started": now, "heartbeat": now, "pid": pid}
        return _update(connection, found, values)


def update_job(store: Store, job_id: str, progress: float, message: str, now: int) -> Job:
    """Say where a job stands; also a sign of life.

    Parameters
    ----------
    store : Store
    job_id : str
    progress : float
        From 0 to 1.
    message : str
    now : int
        Microseconds since 1970 UTC.

    Returns
    -------
    job : Job
        Its state is ``cancelled`` where somebody called it off: the process should end.
    """
    values = {"progress": progress, "message": message, "heartbeat": now}
    with store.writing() as connection:
        return _update(connection, job_id, values)


def heartbeat(store: Store, job_id: str, now: int) -> Job:
    """A sign of life of the process that runs a job; the job, as in ``update_job``."""
    with store.writing() as connection:
        return _update(connection, job_id, {"heartbeat": now})


def finish_job(
    store: Store,
    job_id: str,
    state: Literal["done", "failed", "cancelled"],
    message: str,
    now: int,
    artefact: str | None = None,
) -> Job:
    """End a job; one that has ended already stays as it is.

    Parameters
    ----------
    store : Store
    job_id : str
    state : str
        ``done``, ``failed`` or ``cancelled``.
    message : str
        One sentence.
    now : int
        Microseconds since 1970 UTC.
    artefact : str, optional
        What it made.
    """
    values: dict[str, Any] = {"state": state, "message": message, "ended": now}
    if artefact is not None:
        values["artefact"] = artefact
    if state == "done":
        values["progress"] = 1.0
    with store.writing() as connection:
        lock_numbers(connection)
        known = _known(connection, job_id)
        return known if known.ended is not None else _update(connection, job_id, values)


def fail_lost_jobs(store: Store, silent_since: int, now: int) -> list[Job]:
    """End the running jobs whose process gave no sign of life since a moment; those jobs."""
    table = tables.jobs
    lost = sa.select(table.c.job_id).where(
        table.c.state == "running", table.c.heartbeat < silent_since
    )
    values = {"state": "failed", "message": "Its process ended without a word.", "ended": now}
    with store.writing() as connection:
        lock_numbers(connection)
        return [_update(connection, name, values) for name in connection.scalars(lost).all()]


def jobs(store: Store, limit: int = 1_000) -> list[Job]:
    """The latest jobs, the newest first."""
    table = tables.jobs
    query = sa.select(table).order_by(table.c.created.desc(), table.c.job_id).limit(limit)
    with store.reading() as connection:
        return [_job(row) for row in connection.execute(query).mappings()]


def job(store: Store, job_id: str) -> Job | None:
    """One job; None where there is none of this id."""
    with store.reading() as connection:
        return _find(connection, job_id)


def _update(connection: Connection, job_id: str, values: Mapping[str, Any]) -> Job:
    table = tables.jobs
    (row,) = checked(table, [values])
    connection.execute(sa.update(table).where(table.c.job_id == job_id).values(**row))
    return _known(connection, job_id)


def _known(connection: Connection, job_id: str) -> Job:
    found = _find(connection, job_id)
    if found is None:
        raise InputError(f"There is no job {job_id}.")
    return found


def _find(connection: Connection, job_id: str) -> Job | None:
    query = sa.select(tables.jobs).where(tables.jobs.c.job_id == job_id)
    row = connection.execute(query).mappings().first()
    return None if row is None else _job(row)


def _job(row: Any) -> Job:
    return from_row(Job, {**row, "arguments": json.loads(row["arguments"])})
