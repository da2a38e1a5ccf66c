"""Frozen records on one side, rows of tables on the other."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from hashlib import blake2b
from typing import Any, ClassVar, Final, Protocol, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from unsung.errors import ConflictError
from unsung.store.bounds import Row

# Placeholders of one statement are bounded.
PART: Final = 1_000
_NAMED: Final = 10

T = TypeVar("T")
R = TypeVar("R", bound="Record")


class Record(Protocol):
    """Any dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


def to_row(record: Record) -> Row:
    """The fields of a record by name."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


def from_row(kind: type[R], row: Any) -> R:
    """A record from a mapping that has its fields' names."""
    return kind(**{field.name: row[field.name] for field in fields(kind)})


def select_records(kind: type[Record], table: sa.Table) -> sa.Select[Any]:
    """A select of a record's columns, in the order of its fields: ``kind(*row)`` makes it."""
    return sa.select(*(table.c[field.name] for field in fields(kind)))


def parts(values: Sequence[T], size: int = PART) -> Iterator[Sequence[T]]:
    """The values in runs that one statement can hold.

    Examples
    --------
    >>> [list(part) for part in parts([1, 2, 3], 2)]
    [[1, 2], [3]]
    """
    return (values[start : start + size] for start in range(0, len(values), size))


def content_digest(row: Row) -> str:
    """A hash of what was sent; what is absent isn't part of it, so that later columns fit in.

    Examples
    --------
    >>> content_digest({"a": 1, "b": None}) == content_digest({"a": 1})
    True
    """
    sent = {name: value for name, value in row.items() if value is not None}
    return blake2b(msgspec.json.encode(sent), digest_size=16).hexdigest()


def only_new(connection: Connection, table: sa.Table, rows: Iterable[Row]) -> list[Row]:
    """The rows whose id is neither stored nor earlier among them, each with its ``digest``.

    Parameters
    ----------
    connection : Connection
        In a transaction that no other change can overtake.
    table : Table
        With one primary key and the column ``digest``.
    rows : iterable of dict
        With a ``digest`` already where not all of the content tells one from another.

    Raises
    ------
    ConflictError
        Where an id stands for other content than before: the message names up to ten.
    """
    key = next(iter(table.primary_key)).name
    fresh: dict[str, Row] = {}
    wrong: dict[str, None] = {}
    for row in rows:
        row.setdefault("digest", content_digest(row))
        if fresh.setdefault(row[key], row)["digest"] != row["digest"]:
            wrong[row[key]] = None
    for part in parts(list(fresh)):
        known = sa.select(table.c[key], table.c.digest).where(table.c[key].in_(part))
        for name, digest in connection.execute(known):
            if fresh.pop(name)["digest"] != digest:
                wrong[name] = None
    if wrong:
        named = ", ".join(list(wrong)[:_NAMED]) + (", ..." if len(wrong) > _NAMED else "")
        raise ConflictError(
            f"{key} {named}: stored before with other content; nothing of this batch was stored, "
            "give new content a new id."
        )
    return list(fresh.values())
