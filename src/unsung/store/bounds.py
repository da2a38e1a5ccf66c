"""What a column can hold is checked before it goes in, and the error names the field."""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from unsung.errors import InputError, Location

Row = dict[str, Any]
_LARGEST: Final = 2**63 - 1


def checked(table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> list[Row]:
    """The rows with every value as its column takes it.

    Parameters
    ----------
    table : Table
    rows : iterable of mapping
        Some or all columns of the table.

    Raises
    ------
    InputError
        Naming table, column and row: where a value is missing, of another kind, too long, not
        finite, out of the range of 64 bits, or text that no database keeps (NUL characters, half
        of a surrogate pair).
    """
    columns = {
        column.name: (_KINDS[type(column.type)], column.nullable, column) for column in table.c
    }
    found = []
    for place, row in enumerate(rows, 1):
        good: Row = {}
        for name, value in row.items():
            check, nullable, column = columns[name]
            if value is None and nullable:
                good[name] = None
                continue
            try:
                good[name] = check(column, value)
            except ValueError as error:
                at = Location(table.name, name, place)
                raise InputError(f"{error}.", at=at) from None
        found.append(good)
    return found


def checked_columns(table: sa.Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """The same of many rows whose values are alike: each different value is looked at once.

    Parameters
    ----------
    table : Table
    names : sequence of str
        Of the columns.
    rows : sequence of tuple
        Of a value a column.

    Raises
    ------
    InputError
        As ``checked`` does.
    """
    for name, values in zip(names, zip(*rows, strict=True), strict=False):
        column = table.c[name]
        check = _KINDS[type(column.type)]
        try:
            # By their types as well: 1 and 1.0 are equal, and one of them may be wrong.
            for _, value in {(type(value), value) for value in values}:
                if value is not None or not column.nullable:
                    check(column, value)
        except ValueError:  # which row it was
            checked(table, ({name: row[names.index(name)]} for row in rows))


def as_json(table: sa.Table, name: str, value: Mapping[str, Any]) -> str:
    """JSON for a text column, or an InputError where it can't be JSON."""
    try:
        return json.dumps(
            dict(value), allow_nan=False, ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
    except (TypeError, ValueError, RecursionError):
        message = "holds something else than text, finite numbers, flags, lists and tables."
        raise InputError(message, at=Location(table.name, name)) from None


def text(value: object, characters: int, *, filled: bool = False) -> str:
    """A text that both databases keep, or a ValueError that says why not."""
    if not isinstance(value, str):
        raise ValueError("has to be text")
    if filled and not value:
        raise ValueError("may not be empty")
    if len(value) > characters:
        raise ValueError(f"has {len(value):,} characters and may have {characters:,}")
    if "\0" in value:
        raise ValueError("holds a NUL character")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("holds half of a surrogate pair") from None
    return value


def number(value: object) -> float:
    """A finite number, or a ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("has to be a number")
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise ValueError("has to be a finite number")
    return found


def whole(value: object) -> int:
    """An integer of 64 bits, or a ValueError."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("has to be a whole number")
    if not -_LARGEST <= value <= _LARGEST:
        raise ValueError("is out of range")
    return value


def flag(value: object) -> bool:
    """True or False, or a ValueError."""
    if not isinstance(value, bool):
        raise ValueError("has to be true or false")
    return value


def _text(column: sa.Column[Any], value: object) -> str:
    kind: Any = column.type
    return text(value, kind.length, filled=column.info.get("filled", False))


_KINDS: Final[dict[type, Callable[[sa.Column[Any], object], Any]]] = {
    sa.String: _text,
    sa.BigInteger: lambda _, value: whole(value),
    sa.Double: lambda _, value: number(value),
    sa.Boolean: lambda _, value: flag(value),
}
