"""A table as a CSV file that a spreadsheet opens without running anything."""

import csv
import io
from typing import Any

import pandas as pd
import pyarrow as pa

from unsung.data.quarantine import disarmed


def as_csv(table: pd.DataFrame) -> bytes:
    r"""UTF-8 with a byte order mark; cells that would be formulas begin with an apostrophe.

    Parameters
    ----------
    table : DataFrame
        Cells that are sequences are joined by a bar.

    Examples
    --------
    >>> as_csv(pd.DataFrame({"title": ["=1+1", "tea"], "buyers": [1, -2]})).decode("utf-8-sig")
    "title,buyers\r\n'=1+1,1\r\ntea,-2\r\n"
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(table.columns)
    columns = [_cells(table[name].tolist()) for name in table.columns]
    writer.writerows(zip(*columns, strict=True))
    # With a byte order mark, or Excel takes UTF-8 for something else.
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _cells(values: list[Any]) -> list[Any]:
    """Numbers as they are, words without live formulas, nothing where there is nothing."""
    texts = [_text(value) for value in values]
    safe = disarmed(pa.array(texts, pa.string())).to_pylist()
    return [
        ("" if pd.isna(value) else value) if isinstance(value, int | float) else cell
        for value, cell in zip(values, safe, strict=True)
    ]


def _text(value: Any) -> str | None:
    if isinstance(value, tuple | list):
        return "|".join(map(str, value))
    return value if isinstance(value, str) else None
