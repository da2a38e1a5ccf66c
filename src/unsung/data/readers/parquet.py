"""Parquet files: checked and counted, never rewritten."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from unsung.data.readers.columns import check_columns
from unsung.data.readers.landed import Landed, reject_table
from unsung.data.readers.paths import source_name
from unsung.data.settings import Source
from unsung.errors import InputError, Location


def land_parquet(files: Sequence[Path], source: Source, base: Path) -> Landed:
    """Count the rows of parquet files and check that they can be opened and have the columns.

    Raises
    ------
    InputError
        Where a file is damaged or cut off, or lacks a column.
    """
    columns: dict[str, None] = {}
    n_rows = 0
    for path in files:
        with open_parquet(path) as file:
            n_rows += file.metadata.num_rows
            own = file.schema_arrow.names
        check_columns(source, own, source_name(path, base))
        columns.update(dict.fromkeys(own))
    return Landed(
        path=tuple(files),
        columns=tuple(columns),
        n_rows=n_rows,
        rejects=reject_table([]),
        native=True,
        names=tuple(source_name(path, base) for path in files),
    )


@contextmanager
def open_parquet(path: Path) -> Iterator[Any]:
    """Open a parquet file (a ``pyarrow.parquet.ParquetFile``), or say what to do."""
    try:
        with pq.ParquetFile(path) as file:
            yield file
    except (pa.ArrowException, OSError, ValueError, OverflowError):
        raise InputError(
            "is a damaged or cut-off parquet file; copy or export it again.",
            at=Location(str(path)),
        ) from None
