"""CSV and its relatives: every well-formed row lands, every other is set aside with the reason.

One regular expression finds the longest run of records whose quotes are well formed; Arrow parses
that run. A line at which the run ends has a broken quote: it is set aside, and reading goes on
with the next line, so that one stray quote doesn't swallow the rest of a file.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from unsung.data.readers.dialect import Dialect, RecordPattern, parse_header
from unsung.data.readers.encoding import BLOCK_BYTES, MAX_ROW_BYTES, Block, read_blocks
from unsung.data.readers.landed import MAX_RAW
from unsung.data.readers.parts import Batch, Reject
from unsung.errors import InputError, Location

BAD_QUOTE = "a quote isn't closed, or text follows a closing quote"
BAD_TEXT = "isn't valid text in the file's encoding"
NUL_BYTE = "contains a NUL byte"
_STAND_IN = re.compile(r"\0(\d+)\0")


def read_delimited(path: Path, dialect: Dialect, size: int = BLOCK_BYTES) -> Iterator[Batch]:
    """The rows of a delimited text file, in batches.

    Parameters
    ----------
    path : Path
    dialect : Dialect
    size : int
        Bytes that are read at a time.

    Yields
    ------
    batch : Batch

    Raises
    ------
    InputError
        Where the file can't be read or has no header line.
    """
    pattern = dialect.pattern
    blocks = read_blocks(path, dialect.encoding, size)
    names = dialect.names
    text, enough, n_seen = b"", 0, 0
    for block in blocks:
        text += _single_delimiter(block.text, dialect)
        # An open quote waits for twice the text, so that looking again stays linear.
        if len(text) < enough and not block.is_last:
            continue
        if block.is_last and text and not text.endswith((b"\n", b"\r")):
            text += b"\n"
        if names is None:
            text = text.lstrip(b"\r\n")
            if not text and not block.is_last:
                continue
            names, text = _take_header(text, dialect, path)
        screened, text = _screen(text, pattern, len(names), block.is_last)
        enough = 2 * len(text)
        batch = _parse(screened, names, dialect, n_seen, block)
        n_seen += batch.table.num_rows + len(batch.rejects)
        yield batch


@dataclass(frozen=True)
class _Screened:
    """Text that Arrow can parse: bad records are replaced by stand-ins with a wrong field count."""

    text: bytes
    bad: list[tuple[str, bytes]] = field(default_factory=list)


def _take_header(text: bytes, dialect: Dialect, path: Path) -> tuple[tuple[str, ...], bytes]:
    found = dialect.pattern.record.match(text)
    if found is None:
        what = "is empty: it has no header line" if not text else "has a broken quote in its header"
        raise InputError(f"{what}; export it again.", at=Location(str(path)))
    line = found.group().decode("utf-8", "replace")
    return parse_header(line, dialect), text[found.end() :]


def _single_delimiter(text: bytes, dialect: Dialect) -> bytes:
    long = dialect.delimiter.encode()
    if len(long) == 1:
        return text
    return text.replace(dialect.mark, b" ").replace(long, dialect.mark)


def _screen(
    text: bytes, pattern: RecordPattern, n_columns: int, is_last: bool
) -> tuple[_Screened, bytes]:
    """Replace records that can't be parsed; the second value waits for more text."""
    damaged = b"\0" in text or not _is_utf8(text)
    if not damaged and not pattern.quoting:
        return _Screened(text), b""
    pieces: list[bytes] = []
    bad: list[tuple[str, bytes]] = []

    def stand_in(reason: str, record: bytes) -> bytes:
        bad.append((reason, record))
        # One field where there should be more, or two where there should be one.
        return b"\0%d\0" % (len(bad) - 1) + (b"\n" if n_columns > 1 else pattern.delimiter + b"\n")

    start = 0
    while start < len(text):
        end = pattern.run.match(text, start).end()  # type: ignore[union-attr]
        run = text[start:end]
        if damaged:
            run = pattern.record.sub(lambda m: _undamaged(m.group(), stand_in), run)
        pieces.append(run)
        if end == len(text):
            break
        waiting = pattern.open_record.fullmatch(text, end) is not None
        if waiting and not is_last and len(text) - end < MAX_ROW_BYTES:
            return _Screened(b"".join(pieces), bad), text[end:]
        line = pattern.line.match(text, end).group()  # type: ignore[union-attr]
        pieces.append(stand_in(BAD_QUOTE, line))
        start = end + len(line)
    return _Screened(b"".join(pieces), bad), b""


def _undamaged(record: bytes, stand_in: Any) -> bytes:
    if not _is_utf8(record):
        return bytes(stand_in(BAD_TEXT, record))
    if b"\0" in record:
        return bytes(stand_in(NUL_BYTE, record))
    return record


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _parse(
    screened: _Screened, names: tuple[str, ...], dialect: Dialect, n_seen: int, block: Block
) -> Batch:
    rejects: list[Reject] = []

    def set_aside(row: Any) -> str:
        rejects.append(_reject(row, screened, dialect, n_seen))
        return "skip"

    if screened.text:
        table = arrow_csv.read_csv(
            pa.BufferReader(screened.text),
            arrow_csv.ReadOptions(
                column_names=names, use_threads=False, block_size=len(screened.text) + 1
            ),
            arrow_csv.ParseOptions(
                delimiter=dialect.pattern.delimiter.decode(),
                quote_char='"' if dialect.quoting else False,
                newlines_in_values=dialect.quoting,
                invalid_row_handler=set_aside,
            ),
            arrow_csv.ConvertOptions(
                check_utf8=False,
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    else:
        table = pa.table({name: pa.array([], pa.string()) for name in names})
    n_rows = table.num_rows + len(rejects)
    landed = np.ones(n_rows, dtype=bool)
    landed[[reject.row - n_seen - 1 for reject in rejects]] = False
    rows = np.flatnonzero(landed).astype(np.int64) + n_seen + 1
    return Batch(table, rows, rejects, block.done, block.total)


def _reject(row: Any, screened: _Screened, dialect: Dialect, n_seen: int) -> Reject:
    number = n_seen + row.number
    replaced = _STAND_IN.match(row.text)
    if replaced is not None and int(replaced[1]) < len(screened.bad):
        reason, record = screened.bad[int(replaced[1])]
        raw = record[: 4 * MAX_RAW].decode("utf-8", "replace").rstrip("\r\n")
    else:
        few_or_many = f"{row.actual_columns} field{'s' * (row.actual_columns != 1)}"
        reason = f"has {few_or_many} where the header has {row.expected_columns}"
        raw = row.text
    raw = raw[:MAX_RAW]
    if len(dialect.delimiter.encode()) > 1:
        raw = raw.replace(dialect.mark.decode(), dialect.delimiter)
    return Reject(number, reason, raw)
