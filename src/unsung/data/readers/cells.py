"""Values of JSON, spreadsheets and databases as text, the form in which all tables land."""

import json
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from unsung.data.readers.landed import LIST_SEPARATOR, MAX_RAW
from unsung.data.readers.parts import Batch, Reject

NUL_CELL = "contains a NUL character"
BAD_CELL = "contains characters that aren't valid Unicode"


def as_text(value: Any) -> str | None:
    """A value as text: None for nothing, lists joined by " | ", objects as JSON.

    Examples
    --------
    >>> as_text([["Beauty", "Hair"], [], ["Care"]])
    'Beauty | Hair | Care'
    >>> as_text(True), as_text(2.5), as_text({"colour": "red"}), as_text("")
    ('true', '2.5', '{"colour": "red"}', None)
    """
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "surrogateescape") or None
    if isinstance(value, list | tuple | set):
        return LIST_SEPARATOR.join(filter(None, map(as_text, value))) or None
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, default=str) if value else None
    return str(value)


def text_batch(
    names: Sequence[str],
    cells: Sequence[Sequence[str | None]],
    numbers: Sequence[int],
    rejects: list[Reject],
) -> Batch:
    """A batch from rows of text cells; rows that hold no valid text go to ``rejects``.

    Parameters
    ----------
    names : sequence of str, length n_columns
    cells : sequence of sequences of str or None, shape (n_rows, n_columns)
    numbers : sequence of int, length n_rows
        1-based row numbers.
    rejects : list of Reject
        Rows of the same stretch that were rejected before; more are added.

    Returns
    -------
    batch : Batch
    """
    try:
        batch = _batch(names, cells, numbers, rejects)
        nul = any(pc.any(pc.match_substring(c, "\0")).as_py() for c in batch.table.columns)
    except UnicodeEncodeError:
        nul = True
    if not nul:
        return batch
    good, good_numbers = [], []
    for row, number in zip(cells, numbers, strict=True):
        reason = _fault(row)
        if reason is None:
            good.append(row)
            good_numbers.append(number)
        else:
            rejects.append(Reject(number, reason, raw_text(row)))
    return _batch(names, good, good_numbers, rejects)


def raw_text(row: Sequence[str | None]) -> str:
    """What ``rejects`` shows of a row that was no text: its cells, cut, with bad marks replaced."""
    shown = LIST_SEPARATOR.join((cell or "")[:MAX_RAW] for cell in row)[:MAX_RAW]
    return shown.encode("utf-8", "replace").decode("utf-8")


def _batch(
    names: Sequence[str],
    cells: Sequence[Sequence[str | None]],
    numbers: Sequence[int],
    rejects: list[Reject],
) -> Batch:
    columns = list(zip(*cells, strict=True)) if cells else [()] * len(names)
    arrays = [pa.array(column, pa.string()) for column in columns]
    table = pa.Table.from_arrays(arrays, names=list(names))
    return Batch(table, np.asarray(numbers, dtype=np.int64), rejects)


def _fault(row: Sequence[str | None]) -> str | None:
    for cell in row:
        if cell is None or (cell.isascii() and "\0" not in cell):
            continue
        if "\0" in cell:
            return NUL_CELL
        if any("\ud800" <= character <= "\udfff" for character in cell):
            return BAD_CELL
    return None
