"""Preparation on one machine, larger than memory."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from unsung import schema
from unsung.artifacts.files import replacing
from unsung.data.engine.base import PART_ROWS, Done, Part, unheard
from unsung.errors import InputError, UnsungError

_FILE = "__unsung_file"
_ARROW = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
}


class DuckDBEngine:
    """DuckDB in this process; what doesn't fit into ``memory_limit`` goes to ``spill``.

    Parameters
    ----------
    spill : Path
        Folder for what doesn't fit into memory.
    memory_limit : str
        Such as ``"2GB"``; DuckDB's own share of the process, Python and Arrow come on top.
    threads : int, optional
        All cores where not given.
    """

    name = "duckdb"

    def __init__(
        self, spill: Path, *, memory_limit: str = "2GB", threads: int | None = None
    ) -> None:
        options: dict[str, Any] = {} if threads is None else {"threads": threads}
        self._connection = ibis.duckdb.connect(
            memory_limit=memory_limit,
            temp_directory=str(spill),
            # The tables have an order of their own: keeping the file's costs memory.
            preserve_insertion_order=False,
            # Nothing is fetched from the network behind the user's back.
            autoinstall_known_extensions=False,
            **options,
        )

    def read(self, paths: Sequence[Path]) -> Any:
        """A lazy table over parquet files or folders of equal columns."""
        return self._connection.read_parquet(_files(paths), union_by_name=len(paths) > 1)

    def read_native(self, paths: Sequence[Path], names: Sequence[str]) -> Any:
        """A lazy table over a shop's own parquet files, with the origin of every row."""
        table = self._connection.read_parquet(
            _files(paths), union_by_name=True, filename=_FILE, file_row_number=True
        )
        known = [(str(path), name) for path, name in zip(paths, names, strict=True)]
        file = table[_FILE].cases(*known) if len(known) > 1 else ibis.literal(names[0])
        return table.mutate(
            **{
                schema.SOURCE_FILE: file,
                schema.SOURCE_ROW: table["file_row_number"] + 1,
            }
        ).drop(_FILE, "file_row_number")

    def write(self, table: Any, path: Path) -> None:
        """Write a table as one parquet file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with _in_words():
            self._connection.to_parquet(table, path)

    def frame(self, table: Any) -> pd.DataFrame:
        """Compute a small table."""
        with _in_words():
            return pd.DataFrame(self._connection.to_pandas(table))

    def map_parts(
        self,
        table: Any,
        function: Part,
        columns: Mapping[str, str],
        path: Path,
        done: Done = unheard,
    ) -> None:
        """Write what a function makes of the parts of a table, one after the other.

        Parameters
        ----------
        table : ibis.Table
        function : callable
        columns : mapping of str to str
            As the protocol says.
        path : Path
        done : callable
        """
        types = pa.schema([(name, _ARROW[kind]) for name, kind in columns.items()])
        path.parent.mkdir(parents=True, exist_ok=True)
        n_done = 0
        with replacing(path) as draft, pq.ParquetWriter(draft, types) as writer, _in_words():
            for part in self._connection.to_pyarrow_batches(table, chunk_size=PART_ROWS):
                for start in range(0, len(part), PART_ROWS):
                    rows = part.slice(start, PART_ROWS)
                    made = function(rows.to_pandas())
                    writer.write_table(pa.Table.from_pandas(made, types, preserve_index=False))
                    n_done += len(rows)
                    done(n_done)

    def close(self) -> None:
        """Give memory and threads back."""
        self._connection.disconnect()


def _files(paths: Sequence[Path]) -> list[str]:
    return [str(path / "*.parquet") if path.is_dir() else str(path) for path in paths]


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException:
        raise UnsungError(
            "DuckDB needs more memory than it was given; free some, or set engine = 'spark'."
        ) from None
    except duckdb.Error as error:
        reason = str(error).partition("\n")[0].partition(": ")[2]
        raise InputError(f"{reason or error}: export the file again if it is damaged.") from error
