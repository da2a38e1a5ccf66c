"""The first rows of a file, as text, to look at."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from unsung.data.readers.cells import as_text
from unsung.data.readers.dialect import HEAD_BYTES
from unsung.data.readers.encoding import detect_encoding
from unsung.data.readers.land import read_batches
from unsung.data.readers.parquet import open_parquet
from unsung.data.readers.paths import detect_format
from unsung.data.settings import Source
from unsung.errors import InputError, Location

SAMPLE_ROWS = 2_000
LOOKED_AT_BYTES = 16 << 20


@dataclass(frozen=True, eq=False)
class Sample:
    """What a look at a file shows.

    Parameters
    ----------
    path : Path
    kind : str
        ``csv``, ``tsv``, ``jsonl``, ``parquet`` or ``xlsx``.
    rows : DataFrame
        First rows as text, under the file's own column names; nothing is None.
    """

    path: Path
    kind: str
    rows: pd.DataFrame

    @property
    def columns(self) -> tuple[str, ...]:
        """The file's own column names."""
        return tuple(self.rows.columns)


def read_sample(path: Path, source: Source | None = None, n_rows: int = SAMPLE_ROWS) -> Sample:
    """Read the first rows of a file.

    Parameters
    ----------
    path : Path
    source : Source, optional
        How the file is written, where known.
    n_rows : int

    Returns
    -------
    sample : Sample

    Raises
    ------
    InputError
        Where the file can't be read.
    """
    if not path.is_file():
        raise InputError("doesn't exist; check the name.", at=Location(str(path)))
    source = Source(path=str(path)) if source is None else source
    kind = detect_format(path, source.format)
    if kind == "parquet":
        return Sample(path, kind, _parquet_rows(path, n_rows))
    if source.encoding == "auto" and kind != "xlsx":
        source = source.model_copy(update={"encoding": detect_encoding(path, LOOKED_AT_BYTES)})
    tables, seen = [], 0
    for batch in read_batches(path, source, kind, HEAD_BYTES):
        tables.append(batch.table)
        seen += batch.table.num_rows
        if seen >= n_rows:
            break
    merged = pa.concat_tables(tables, promote_options="default").slice(0, n_rows)
    return Sample(path, kind, pd.DataFrame(merged.to_pydict(), dtype=object))


def _parquet_rows(path: Path, n_rows: int) -> pd.DataFrame:
    with open_parquet(path) as file:
        names = file.schema_arrow.names
        for batch in file.iter_batches(batch_size=n_rows):
            columns = [[as_text(value) for value in column.to_pylist()] for column in batch.columns]
            return pd.DataFrame(dict(zip(names, columns, strict=True)), dtype=object)
    return pd.DataFrame(columns=names, dtype=object)
