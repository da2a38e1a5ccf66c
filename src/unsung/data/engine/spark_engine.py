"""Preparation on Spark, for shops that outgrow one machine."""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import ibis
import pandas as pd

from unsung import schema
from unsung.data.engine.base import PART_ROWS, Done, Part, unheard
from unsung.errors import MissingExtraError

_VIEW = "unsung_view"
_OPTIONS = {
    "spark.sql.session.timeZone": "UTC",
    # What can't be cast is null here, as on DuckDB, and not an error.
    "spark.sql.ansi.enabled": "false",
    # Parquet times in nanoseconds are unreadable to Spark unless taken as numbers.
    "spark.sql.legacy.parquet.nanosAsLong": "true",
    "spark.ui.enabled": "false",
    "spark.sql.execution.arrow.maxRecordsPerBatch": str(PART_ROWS),
}


class SparkEngine:
    """A Spark session: an own local one, or the cluster's that ``master`` names.

    Parameters
    ----------
    warehouse : Path
        Folder for Spark's own files.
    master : str
        Spark master URL.
    options : mapping of str to str, optional
        Further Spark settings, such as ``spark.executor.memory``.

    Raises
    ------
    MissingExtraError
        Where pyspark isn't installed.

    Notes
    -----
    Starting takes 5-10 s. Closing ends the session; one process holds one session at a time.
    """

    name = "spark"

    def __init__(
        self,
        warehouse: Path,
        *,
        master: str = "local[2]",
        options: Mapping[str, str] | None = None,
    ) -> None:
        try:
            from pyspark.sql import SparkSession  # noqa: PLC0415 (an extra)
        except ImportError:
            raise MissingExtraError("The engine 'spark'", "spark") from None
        # Workers must run the Python that started them.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        builder = SparkSession.builder.master(master).appName("unsung")
        for key, value in {**_OPTIONS, **(options or {})}.items():
            builder = builder.config(key, value)
        builder = builder.config("spark.sql.warehouse.dir", str(warehouse))
        self._session = builder.getOrCreate()
        self._session.sparkContext.setLogLevel("ERROR")
        self._connection = ibis.pyspark.connect(self._session)
        self._n_views = 0

    def read(self, paths: Sequence[Path]) -> Any:
        """A lazy table over parquet files or folders of equal columns."""
        return self._view(self._session.read.parquet(*map(str, paths)))

    def read_native(self, paths: Sequence[Path], names: Sequence[str]) -> Any:
        """A lazy table over a shop's own parquet files, with the origin of every row."""
        from pyspark.sql import functions  # noqa: PLC0415 (an extra)

        frames = [
            self._session.read.parquet(str(path)).select(
                "*",
                functions.lit(name).alias(schema.SOURCE_FILE),
                (functions.col("_metadata.row_index") + 1).alias(schema.SOURCE_ROW),
            )
            for path, name in zip(paths, names, strict=True)
        ]
        return self._view(reduce(lambda a, b: a.unionByName(b, allowMissingColumns=True), frames))

    def write(self, table: Any, path: Path) -> None:
        """Write a table as a folder of parquet files."""
        # Spark refuses a folder that is there; a file may be left by another engine.
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        frame = self._session.sql(self._connection.compile(table))
        frame.write.parquet(str(path))

    def frame(self, table: Any) -> pd.DataFrame:
        """Compute a small table."""
        return pd.DataFrame(self._connection.to_pandas(table))

    def map_parts(
        self,
        table: Any,
        function: Part,
        columns: Mapping[str, str],
        path: Path,
        done: Done = unheard,  # noqa: ARG002 - workers make the rows
    ) -> None:
        """Write what a function makes of the parts of a table, side by side on all workers.

        Parameters
        ----------
        table : ibis.Table
        function : callable
        columns : mapping of str to str
            As the protocol says.
        path : Path
        done : callable
            Never told.
        """
        if path.is_dir():
            shutil.rmtree(path)
        frame = self._session.sql(self._connection.compile(table))
        frame = frame.repartition(self._session.sparkContext.defaultParallelism)
        types = ", ".join(f"{name} {kind}" for name, kind in columns.items())

        def parts(frames: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
            return map(function, frames)

        frame.mapInPandas(parts, types).write.parquet(str(path))

    def close(self) -> None:
        """End the session."""
        self._session.stop()

    def _view(self, frame: Any) -> Any:
        self._n_views += 1
        name = f"{_VIEW}_{self._n_views}"
        frame.createOrReplaceTempView(name)
        return self._connection.table(name)
