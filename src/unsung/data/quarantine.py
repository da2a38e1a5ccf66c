"""The rows that were set aside: each with its place, its reason and what stood there."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from unsung import schema
from unsung.data.engine.columns import ColumnMap
from unsung.data.engine.judging import FAULT, RAW_PREFIX

REASONS: Final[dict[str, str]] = {
    "unreadable_row": "The row can't be read; correct it in the file.",
    "no_user_id": "The row names no user: it shows demand for the item, but nobody whose taste "
    "could be learnt; nothing to do unless the shop knows the user.",
    "no_item_id": "The row names no item; fill in the item's id.",
    "no_timestamp": "The row has no time; fill it in, or leave the row out.",
    "no_arm": "The row names no arm of the experiment; fill it in.",
    "two_arms": "The user was assigned to several arms, so what they did can't be put down to one; "
    "find out how it came about, since a faulty assignment spoils the comparison.",
    "no_position": "The row has no position in its user's history; fill it in.",
    "not_a_product": "The id doesn't match item_id_pattern, so it isn't a product; change "
    "[cleaning] item_id_pattern if it is one.",
    "unknown_event": "The kind of event isn't known; add it to [event_weights], or give its name "
    "under [event_names].",
    "not_a_number": "The cell can't be read as a finite number; correct it, or empty it.",
    "not_a_whole_number": "The cell can't be read as a whole number; correct it, or empty it.",
    "not_a_flag": "The cell can't be read as yes or no; write true or false, or empty it.",
    "unreadable_time": "The cell can't be read as a time; write YYYY-MM-DD HH:MM:SS.",
    "time_unit_differs": "The time is in another unit (seconds, milliseconds, ...) than the rest "
    "of its column; write all in one unit.",
    "future_time": "The time lies in the future; correct it, or raise [cleaning] future_days.",
    "too_early": "The time is before [cleaning] earliest_year; correct it, or lower that year.",
    "negative": "The value is below zero; correct it, or empty it.",
    "out_of_range": "The value is larger or smaller than any that makes sense; correct it, or "
    "empty it.",
    "zero_quantity": "No pieces were sold; correct the quantity, or leave the row out.",
    "negative_quantity": "The quantity is below zero and [cleaning] negative_quantity is "
    "'quarantine'; set it to 'return' if such rows are returns.",
    "empty_review": "The review has neither a rating nor a text; leave it out.",
}
"""Reason code -> what it means and what to do. Codes never change their meaning."""

COLUMNS: Final = (
    "table",
    schema.SOURCE_FILE,
    schema.SOURCE_ROW,
    "column",
    "value",
    schema.REASON,
    "explanation",
    "raw",
)
EXAMPLES: Final = 3
"""Rows shown for each reason."""
_LIVE = "^[-=+@\t\r\n＝＋－＠]"
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_SCHEMA = pa.schema(
    [(name, pa.int64() if name == schema.SOURCE_ROW else pa.string()) for name in COLUMNS]
)
_BATCH_ROWS = 100_000


@dataclass(frozen=True)
class Example:
    """A row that was set aside.

    Parameters
    ----------
    source_file : str
    source_row : int
        From 1, the header not counted.
    value : str or None
        What stood in the column.
    """

    source_file: str
    source_row: int
    value: str | None


@dataclass(frozen=True)
class ReasonCount:
    """How often a reason was given for a column, and the first such rows.

    Parameters
    ----------
    column : str
        The shop's own name of the column; empty where the whole row is meant.
    reason : str
        One of ``REASONS``.
    n_rows : int
    examples : tuple of Example
    """

    column: str
    reason: str
    n_rows: int
    examples: tuple[Example, ...]


@dataclass
class _Tally:
    n_rows: int = 0
    examples: list[Example] = field(default_factory=list)


def disarmed(cells: Any) -> Any:
    """Arrow text cells that no spreadsheet takes for a formula: an apostrophe goes before those.

    Examples
    --------
    >>> disarmed(pa.array(["=1+1", "tea", None, " -1"])).to_pylist()
    ["'=1+1", 'tea', None, ' -1']
    """
    return pc.if_else(
        pc.match_substring_regex(cells, _LIVE),
        pc.binary_join_element_wise("'", cells, ""),
        cells,
    )


class QuarantineWriter:
    """Writes ``quarantine.csv`` (for people) and ``quarantine.parquet`` (the values untouched).

    Cells of the CSV that a spreadsheet would run as a formula begin with an apostrophe there.

    Parameters
    ----------
    folder : Path
        Where the two files go.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.csv_path = folder / "quarantine.csv"
        self.path = folder / "quarantine.parquet"

    def __enter__(self) -> Self:
        self._text = self.csv_path.open("wb")
        # With a byte order mark, or Excel takes UTF-8 for something else.
        self._text.write(b"\xef\xbb\xbf")
        self._csv = pa_csv.CSVWriter(self._text, _SCHEMA)
        self._parquet = pq.ParquetWriter(self.path, _SCHEMA)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._csv.close()
        self._text.close()
        self._parquet.close()

    def add(
        self, mapped: ColumnMap, rejects: pd.DataFrame, faulty: Path, raw: tuple[str, ...]
    ) -> tuple[ReasonCount, ...]:
        """Add the rows of one table.

        Parameters
        ----------
        mapped : ColumnMap
        rejects : DataFrame
            ``source_file, source_row, reason, raw`` of rows that could not be read.
        faulty : Path
            Parquet of ``judging.set_aside``.
        raw : tuple of str
            The shop's names of its raw columns.

        Returns
        -------
        counts : tuple of ReasonCount
            Most frequent first.
        """
        tallies: dict[tuple[str, str], _Tally] = defaultdict(_Tally)
        self._write(_unreadable(rejects, mapped.table), tallies)
        for batch in ds.dataset(faulty, format="parquet").to_batches(batch_size=_BATCH_ROWS):
            self._write(_explained(batch, mapped, raw), tallies)
        ordered = sorted(tallies.items(), key=lambda entry: (-entry[1].n_rows, entry[0]))
        return tuple(
            ReasonCount(column, reason, tally.n_rows, tuple(tally.examples))
            for (column, reason), tally in ordered
        )

    def _write(self, rows: Any, tallies: dict[tuple[str, str], _Tally]) -> None:
        if len(rows) == 0:
            return
        self._parquet.write_table(rows)
        safe = [disarmed(c) if c.type == pa.string() else c for c in rows.columns]
        self._csv.write_table(pa.Table.from_arrays(safe, schema=_SCHEMA))
        for group in (
            rows.group_by(["column", schema.REASON]).aggregate([([], "count_all")]).to_pylist()
        ):
            tally = tallies[group["column"], group[schema.REASON]]
            tally.n_rows += group["count_all"]
            wanted = EXAMPLES - len(tally.examples)
            if wanted > 0:
                same = pc.and_(
                    pc.equal(rows["column"], group["column"]),
                    pc.equal(rows[schema.REASON], group[schema.REASON]),
                )
                shown = rows.filter(same).slice(0, wanted)
                chosen = shown.select([schema.SOURCE_FILE, schema.SOURCE_ROW, "value"])
                tally.examples += [Example(**row) for row in chosen.to_pylist()]


def _unreadable(rejects: pd.DataFrame, table: str) -> Any:
    """Rows that reading rejected; their reason is the explanation."""
    return _rows(
        table=[table] * len(rejects),
        source_file=rejects[schema.SOURCE_FILE].tolist(),
        source_row=rejects[schema.SOURCE_ROW].tolist(),
        column=[""] * len(rejects),
        value=[None] * len(rejects),
        reason=["unreadable_row"] * len(rejects),
        explanation=rejects[schema.REASON].tolist(),
        raw=rejects["raw"].tolist(),
    )


def _explained(batch: Any, mapped: ColumnMap, raw: tuple[str, ...]) -> Any:
    """Rows of ``judging.set_aside`` with what their fault means."""
    faults = pc.unique(batch[FAULT])
    place = pc.index_in(batch[FAULT], faults)
    labels = [fault.split(":") for fault in faults.to_pylist()]
    theirs = [mapped.own.get(ours, ours) for ours, _ in labels]
    cells = {name: batch[f"{RAW_PREFIX}{i}"] for i, name in enumerate(raw)}
    value = pa.nulls(len(batch), pa.string())
    for number, ((ours, _), name) in enumerate(zip(labels, theirs, strict=True)):
        cell = cells.get(name, pa.scalar(mapped.constants.get(ours), pa.string()))
        value = pc.if_else(pc.equal(place, number), cell, value)
    return _rows(
        table=pa.repeat(mapped.table, len(batch)),
        source_file=batch[schema.SOURCE_FILE],
        source_row=batch[schema.SOURCE_ROW],
        column=pa.array(theirs).take(place),
        value=value,
        reason=pa.array([reason for _, reason in labels]).take(place),
        explanation=pa.array([REASONS[reason] for _, reason in labels]).take(place),
        raw=_as_json(cells),
    )


def _rows(**columns: Any) -> Any:
    arrays = [
        pa.array(columns[f.name], f.type)
        if isinstance(columns[f.name], list)
        else columns[f.name].cast(f.type)
        for f in _SCHEMA
    ]
    return pa.Table.from_arrays(arrays, schema=_SCHEMA)


def _as_json(cells: dict[str, Any]) -> Any:
    """One JSON object a row: Arrow has no writer for it, and row by row is slow."""
    members = []
    for name, given in cells.items():
        text = given
        for plain, escaped in _ESCAPES.items():
            text = pc.replace_substring(text, plain, escaped)
        # The remaining control characters can't stand in JSON and say nothing.
        text = pc.replace_substring_regex(text, r"[\x00-\x1f]", "\ufffd")
        quoted = pc.binary_join_element_wise('"', text, '"', "")
        value = pc.if_else(pc.is_null(given), "null", quoted)
        members.append(pc.binary_join_element_wise(json.dumps(name) + ": ", value, ""))
    return pc.binary_join_element_wise("{", pc.binary_join_element_wise(*members, ", "), "}", "")
