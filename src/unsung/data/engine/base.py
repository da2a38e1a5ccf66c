"""What prepares a shop's tables: a protocol that DuckDB and Spark follow."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import pandas as pd


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

    def close(self) -> None:
        """Give memory and threads back."""
        ...
