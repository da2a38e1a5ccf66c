"""What stands in a canonical table, column by column."""

from dataclasses import dataclass
from typing import Any

from unsung.data.engine.base import Engine
from unsung.data.engine.judging import COPIES

EXACT_ROWS = 2_000_000
"""Up to this many rows distinct values and medians are exact."""


@dataclass(frozen=True)
class ColumnFacts:
    """One column of the accepted rows.

    Parameters
    ----------
    column : str
    filled : int
        Accepted rows, equal ones counted each, that have a value.
    distinct : int
        Distinct values; within a few per cent in tables of over two million rows.
    minimum, maximum, median : float or None
        Of numbers and times (microseconds since 1970 UTC); None for text. The median is
        approximate in tables of over two million rows.
    """

    column: str
    filled: int
    distinct: int
    minimum: float | None = None
    maximum: float | None = None
    median: float | None = None


def profile(
    engine: Engine, table: Any, columns: tuple[str, ...], n_rows: int
) -> tuple[ColumnFacts, ...]:
    """Look at every column of a canonical table in one pass.

    Parameters
    ----------
    engine : Engine
    table : ibis table
        A canonical table, with ``copies``.
    columns : tuple of str
        The columns wanted.
    n_rows : int
        Rows of ``table``.
    """
    exact = n_rows <= EXACT_ROWS
    asked = {}
    for i, name in enumerate(columns):
        column = table[name]
        asked[f"filled_{i}"] = table[COPIES].sum(where=column.notnull())
        asked[f"distinct_{i}"] = column.nunique() if exact else column.approx_nunique()
        if column.type().is_numeric():
            asked[f"minimum_{i}"] = column.min()
            asked[f"maximum_{i}"] = column.max()
            asked[f"median_{i}"] = column.median() if exact else column.approx_median()
    found = engine.frame(table.agg(**asked)).iloc[0].to_dict()
    return tuple(
        ColumnFacts(
            name,
            _whole(found[f"filled_{i}"]),
            _whole(found[f"distinct_{i}"]),
            *(_number(found.get(f"{what}_{i}")) for what in ("minimum", "maximum", "median")),
        )
        for i, name in enumerate(columns)
    )


def _whole(value: Any) -> int:
    # A sum over no rows is null.
    return 0 if value is None or value != value else int(value)  # noqa: PLR0124


def _number(value: Any) -> float | None:
    return None if value is None or value != value else float(value)  # noqa: PLR0124
