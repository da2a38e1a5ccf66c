"""Batches of a table on their way into parquet files, all or nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from unsung import schema
from unsung.data.readers.landed import MAX_RAW, reject_table
from unsung.errors import InputError, Location

MAX_COLUMNS = 5_000
MAX_REJECTS = 1_000_000
"""More rejects than this, and more than rows that landed: the file is read in a wrong way."""


@dataclass(frozen=True, eq=False)
class Reject:
    """A row that could not be read: its 1-based number, why, and its text."""

    row: int
    reason: str
    raw: str


@dataclass(frozen=True, eq=False)
class Batch:
    """Some rows of one file.

    Parameters
    ----------
    table : pyarrow.Table
        Text columns under the shop's own names.
    rows : ndarray of int64, shape (table.num_rows,)
        1-based number of each row in its file.
    rejects : list of Reject
    done, total : int
        How much of the file is read, in whatever unit the reader counts; total 0 = not known.
    """

    table: Any
    rows: np.ndarray
    rejects: list[Reject] = field(default_factory=list)
    done: int = 0
    total: int = 0


def unique_names(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """Column names without blanks around, without gaps and without repeats.

    Names that differ in upper and lower case only count as repeats, since SQL engines take them
    for one.

    Examples
    --------
    >>> unique_names(["id", " Price ", "price", "", "source_row"])
    ['id', 'Price', 'price_2', 'column_4', 'source_row_2']
    """
    used = {schema.SOURCE_FILE, schema.SOURCE_ROW, *(name.casefold() for name in taken)}
    result = []
    for number, name in enumerate(names, 1):
        wanted = name.strip() or f"column_{number}"
        candidate, copy = wanted, 2
        while candidate.casefold() in used:
            candidate, copy = f"{wanted}_{copy}", copy + 1
        used.add(candidate.casefold())
        result.append(candidate)
    return result


class PartWriter:
    """Writes batches to parquet under temporary names; ``commit`` gives them their own.

    A file whose columns were not all there before starts a further part; ``commit`` gives every
    part the same columns. Leaving the ``with`` block without a commit removes everything.

    Parameters
    ----------
    folder : Path
        Made where it doesn't exist.
    table : str
        Start of the files' names.
    """

    def __init__(self, folder: Path, table: str) -> None:
        self._folder, self._table = folder, table
        self._columns: dict[str, str] = {}
        self._parts: list[tuple[Path, tuple[str, ...]]] = []
        self._writer: Any = None
        self._rejects: list[tuple[str, int, str, str]] = []
        self._landed = 0
        self._committed = False

    def __enter__(self) -> "PartWriter":
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()
        if not self._committed:
            for path, _ in self._parts:
                path.unlink(missing_ok=True)

    @property
    def columns(self) -> tuple[str, ...]:
        """The shop's columns so far."""
        return tuple(self._columns.values())

    @property
    def n_rows(self) -> int:
        """Rows so far, rejects included."""
        return self._landed + len(self._rejects)

    def add(self, batch: Batch, source_file: str) -> tuple[str, ...]:
        """Write a batch, and return the names its columns got.

        Raises
        ------
        InputError
            Where the file has thousands of columns, or rows are mostly unreadable.
        """
        names = self._register(batch.table.column_names, source_file)
        for reject in batch.rejects:
            self._rejects.append((source_file, reject.row, reject.reason, reject.raw[:MAX_RAW]))
        self._landed += batch.table.num_rows
        if len(self._rejects) > max(MAX_REJECTS, self._landed):
            raise InputError(
                f"most rows can't be read ({self._rejects[-1][2]}); check the delimiter, the "
                "header and the encoding in shop.toml.",
                at=Location(source_file),
            )
        if batch.table.num_rows or not self._parts:
            self._write(batch, names, source_file)
        return names

    def commit(self) -> tuple[Path, ...]:
        """Give the parts their final names and return their paths."""
        self._close()
        finals = []
        for number, (part, columns) in enumerate(self._parts):
            if columns != self.columns:
                _widen(part, self.columns)
            final = self._folder / f"{self._table}-{number:03d}.parquet"
            part.replace(final)
            finals.append(final)
        self._committed = True
        return tuple(finals)

    def rejects(self) -> pd.DataFrame:
        """The rejected rows as a table."""
        return reject_table(self._rejects)

    def _register(self, names: Sequence[str], source_file: str) -> tuple[str, ...]:
        for name in names:
            self._columns.setdefault(name.casefold(), name)
        if len(self._columns) > MAX_COLUMNS:
            raise InputError(
                f"has more than {MAX_COLUMNS} columns; is it a table?", at=Location(source_file)
            )
        return tuple(self._columns[name.casefold()] for name in names)

    def _write(self, batch: Batch, names: tuple[str, ...], source_file: str) -> None:
        if self._writer is None or self._parts[-1][1] != self.columns:
            self._close()
            path = self._folder / f"{self._table}-{len(self._parts):03d}.parquet.partial"
            self._writer = pq.ParquetWriter(path, _text_schema(self.columns))
            self._parts.append((path, self.columns))
        by_name = dict(zip(names, batch.table.columns, strict=True))
        n = batch.table.num_rows
        arrays = [by_name.get(name, pa.nulls(n, pa.string())) for name in self.columns]
        # Few distinct values: a dictionary of one entry, not a string a row.
        files = pa.DictionaryArray.from_arrays(np.zeros(n, np.int8), [source_file])
        arrays += [files.cast(pa.string()), pa.array(batch.rows, pa.int64())]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=_text_schema(self.columns)))

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _text_schema(columns: tuple[str, ...]) -> Any:
    fields = [(name, pa.string()) for name in columns]
    return pa.schema([*fields, (schema.SOURCE_FILE, pa.string()), (schema.SOURCE_ROW, pa.int64())])


def _widen(part: Path, columns: tuple[str, ...]) -> None:
    wide = part.with_suffix(".wide")
    narrow = pq.ParquetFile(part)
    with pq.ParquetWriter(wide, _text_schema(columns)) as writer:
        for group in range(narrow.num_row_groups):
            table = narrow.read_row_group(group)
            missing = [name for name in columns if name not in table.column_names]
            for name in missing:
                table = table.append_column(name, pa.nulls(table.num_rows, pa.string()))
            writer.write_table(table.select(_text_schema(columns).names))
    narrow.close()
    wide.replace(part)
