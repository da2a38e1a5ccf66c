"""What prepares a shop's tables: a protocol that DuckDB and Spark follow."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

Part = Callable[[pd.DataFrame], pd.DataFrame]
"""Makes a table of a part of another."""
PART_ROWS = 1_024
"""Rows that a function is given at a time."""
Done = Callable[[int], None]
"""Told of the rows that are done so far."""


def unheard(n_rows: int) -> None:
    """Tell nobody."""


class Engine(Protocol):
    """Runs ibis expressions over parquet; the expressions are the same for every engine.

    Tables are ``ibis.Table``. Sessions run in UTC, so that a timestamp without a zone means UTC.
    """

    name: str

    def read(self, paths: Sequence[Path]) -> Any:
        """A lazy table over parquet files or folders of equal columns."""
        ...

    def read_native(self, paths: Sequence[Path], names: Sequence[str]) -> Any:
        """A lazy table over a shop's own parquet files, by column name.

        ``source_file`` (the file's entry of ``names``) and ``source_row`` (from 1) are added.
        """
        ...

    def write(self, table: Any, path: Path) -> None:
        """Write a table as parquet: one file or a folder of files, in no particular order."""
        ...

    def frame(self, table: Any) -> pd.DataFrame:
        """Compute a small table."""
        ...

    def map_parts(
        self,
        table: Any,
        function: Part,
        columns: Mapping[str, str],
        path: Path,
        done: Done = unheard,
    ) -> None:
        """Write what a function makes of the parts of a table, as parquet in no particular order.

        Parameters
        ----------
        table : ibis.Table
        function : callable
            DataFrame -> DataFrame; where the engine has several machines it is sent to each of
            them, with what it holds.
        columns : mapping of str to str
            Columns that it makes -> ``string``, ``int``, ``bigint``, ``float`` or ``double``.
        path : Path
            A file, or a folder of files.
        done : callable
            Told of the rows that are done so far, where this process makes them.
        """
        ...

    def close(self) -> None:
        """Give memory and threads back."""
        ...
