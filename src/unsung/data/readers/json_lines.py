"""JSON: one object a line, or one array of objects a file."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from unsung.data.readers.cells import as_text, raw_text, text_batch
from unsung.data.readers.encoding import BLOCK_BYTES, detect_encoding, read_blocks
from unsung.data.readers.landed import MAX_RAW
from unsung.data.readers.parts import MAX_COLUMNS, Batch, Reject, unique_names
from unsung.errors import InputError, Location

MAX_ARRAY_BYTES = 1 << 30
_TOO_DEEP = "is nested too deeply"
_ROWS = 20_000
# The start of an array of objects; other lines that start with a bracket are damaged rows.
_ARRAY = re.compile(rb"\s*\[\s*(?:\{|\]|\Z)")


class _NotARowError(Exception):
    """Why a line is no row."""


def read_json(path: Path, encoding: str = "auto", size: int = BLOCK_BYTES) -> Iterator[Batch]:
    """The objects of a JSON file, in batches; every key is a column.

    Numbers keep the digits they are written with, lists are joined by " | ", objects inside
    objects stay JSON. Lines that are Python literals in place of JSON (product metadata of 2014)
    are read too.

    Parameters
    ----------
    path : Path
    encoding : str
    size : int
        Bytes that are read at a time.

    Yields
    ------
    batch : Batch

    Raises
    ------
    InputError
        Where the file can't be read, or is an array that is no valid JSON.
    """
    names = _Names(path)
    n_seen = 0
    encoding = detect_encoding(path) if encoding == "auto" else encoding
    is_array: bool | None = None
    for block in read_blocks(path, encoding, size):
        if is_array is None and block.text.strip():
            is_array = _ARRAY.match(block.text) is not None
        if is_array:
            break
        lines = [line for line in block.text.splitlines() if line.strip()]
        for start in range(0, len(lines) or 1, _ROWS):
            part = lines[start : start + _ROWS]
            batch = _rows_of(part, n_seen, names)
            n_seen += len(part)
            yield replace(batch, done=block.done, total=block.total)
    if is_array:
        yield from _read_array(path, encoding, names)


class _Names:
    """Column names of the keys seen so far; the same key always has the same column."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._of_key: dict[str, str] = {}

    def columns(self, objects: list[dict[str, str | None]]) -> dict[str, str]:
        new = [k for k in dict.fromkeys(k for o in objects for k in o) if k not in self._of_key]
        if len(self._of_key) + len(new) > MAX_COLUMNS:
            raise InputError(
                f"has more than {MAX_COLUMNS} different keys; is every line one row?",
                at=Location(str(self._path)),
            )
        printable = [key.encode("utf-8", "replace").decode().replace("\0", " ") for key in new]
        names = unique_names(printable, self._of_key.values())
        self._of_key.update(zip(new, names, strict=True))
        return self._of_key


def _rows_of(rows: list[Any], n_seen: int, names: _Names) -> Batch:
    """Rows are lines, or the parsed elements of an array."""
    objects: list[dict[str, str | None]] = []
    numbers: list[int] = []
    rejects: list[Reject] = []
    for number, row in enumerate(rows, n_seen + 1):
        try:
            objects.append(_cells(_parse(row) if isinstance(row, bytes) else row))
            numbers.append(number)
        except _NotARowError as error:
            rejects.append(Reject(number, str(error), _raw(row)))
    columns = names.columns(objects)
    cells = [[item.get(key) for key in columns] for item in objects]
    return text_batch(list(columns.values()), cells, numbers, rejects)


def _raw(row: Any) -> str:
    if isinstance(row, bytes):
        return row[: 4 * MAX_RAW].decode("utf-8", "replace")[:MAX_RAW]
    return raw_text([repr(row)[:MAX_RAW]])


def _cells(value: Any) -> dict[str, str | None]:
    if not isinstance(value, dict):
        raise _NotARowError("isn't a JSON object")
    try:
        return {key: as_text(cell) for key, cell in value.items()}
    except RecursionError:
        raise _NotARowError(_TOO_DEEP) from None


def _parse(line: bytes) -> Any:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise _NotARowError("isn't valid text in the file's encoding") from None
    try:
        return json.loads(text, parse_int=str, parse_float=str)
    except RecursionError:
        raise _NotARowError(_TOO_DEEP) from None
    except ValueError as error:
        value = _python_literal(text)
        if value is None:
            raise _NotARowError(f"isn't valid JSON ({error})") from None
        return value


def _python_literal(text: str) -> Any:
    if not text.lstrip().startswith("{'"):
        return None
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None


def _read_array(path: Path, encoding: str, names: _Names) -> Iterator[Batch]:
    try:
        text = b"".join(_limited(path, encoding)).decode("utf-8")
        values = json.loads(text, parse_int=str, parse_float=str)
    except RecursionError:
        raise InputError(f"{_TOO_DEEP}.", at=Location(str(path))) from None
    except ValueError as error:
        raise InputError(
            f"is no valid JSON array ({error}); write one object a line instead.",
            at=Location(str(path)),
        ) from None
    for start in range(0, len(values) or 1, _ROWS):
        part = values[start : start + _ROWS]
        yield replace(_rows_of(part, start, names), done=start + len(part), total=len(values))


def _limited(path: Path, encoding: str) -> Iterator[bytes]:
    length = 0
    for block in read_blocks(path, encoding):
        length += len(block.text)
        if length > MAX_ARRAY_BYTES:
            raise InputError(
                "is a JSON array of more than 1 GB; write one object a line (.jsonl) instead.",
                at=Location(str(path)),
            )
        yield block.text
