"""What reading one table of the shop yields."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from unsung import schema

RAW = "raw"
REJECT_COLUMNS = (schema.SOURCE_FILE, schema.SOURCE_ROW, schema.REASON, RAW)
MAX_RAW = 1_000
"""Characters of a rejected row that are kept."""
LIST_SEPARATOR = " | "
"""Stands between the elements of a list where a list becomes text."""


@dataclass(frozen=True, eq=False)
class Landed:
    """One table of the shop, read and counted but not yet understood.

    Parameters
    ----------
    path : tuple of Path
        Parquet files, to be read as one table by column *name*.
    columns : tuple of str
        The shop's own column names, without the two below.
    n_rows : int
        Rows read, rejects included: rows in ``path`` + rows of ``rejects``, always.
    rejects : DataFrame
        ``source_file, source_row, reason, raw``: rows that no table could be made of; ``raw`` is
        cut to 1,000 characters.
    native : bool
        False: every column is text, an empty cell is null, lists are joined by " | ", and the
        columns ``source_file`` (text) and ``source_row`` (int64, 1-based data row) are there; all
        files have the same columns. True: ``path`` are the shop's own parquet files with their
        own types, without the two columns, and files may lack columns that others have.
    names : tuple of str
        What to call each of ``path`` in ``source_file`` (native tables only).
    """

    path: tuple[Path, ...]
    columns: tuple[str, ...]
    n_rows: int
    rejects: pd.DataFrame
    native: bool
    names: tuple[str, ...] = ()


def reject_table(rows: Sequence[tuple[str, int, str, str]]) -> pd.DataFrame:
    """``rejects`` from rows of source file, source row, reason and raw text."""
    frame = pd.DataFrame(list(rows), columns=list(REJECT_COLUMNS))
    kinds = dict.fromkeys(REJECT_COLUMNS, "str") | {schema.SOURCE_ROW: "int64"}
    return frame.astype(kinds)
