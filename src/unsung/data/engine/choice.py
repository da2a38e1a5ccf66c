"""The name of an engine to the engine."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from unsung.data.engine.base import Engine
from unsung.data.engine.duckdb_engine import DuckDBEngine
from unsung.data.engine.spark_engine import SparkEngine

ENGINES: dict[str, Callable[[Path], Engine]] = {"duckdb": DuckDBEngine, "spark": SparkEngine}


@contextmanager
def open_engine(name: str, folder: Path) -> Iterator[Engine]:
    """The engine that ``shop.toml`` names, closed at the end.

    Parameters
    ----------
    name : str
        ``duckdb`` or ``spark``.
    folder : Path
        For what the engine writes beside its results.

    Raises
    ------
    MissingExtraError
        Where the engine isn't installed.
    """
    engine = ENGINES[name](folder)
    try:
        yield engine
    finally:
        engine.close()
