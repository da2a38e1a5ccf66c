"""Excel workbooks, row by row."""

import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import openpyxl

from unsung.data.readers.cells import as_text, raw_text, text_batch
from unsung.data.readers.parts import Batch, Reject, unique_names
from unsung.data.settings import Source
from unsung.errors import InputError, Location

_ROWS = 20_000
# What openpyxl is seen to raise on damaged workbooks (an XML ParseError is a SyntaxError).
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    SyntaxError,
    OSError,
    EOFError,
    RuntimeError,
)


def read_spreadsheet(path: Path, source: Source) -> Iterator[Batch]:
    """The rows of a sheet as text, in batches; the first row that isn't empty has the names.

    Parameters
    ----------
    path : Path
    source : Source
        ``sheet`` names the sheet (the first where not given; ``"*"`` = every one, with the same
        columns), ``header`` the columns of a sheet without names.

    Yields
    ------
    batch : Batch

    Raises
    ------
    InputError
        Where the workbook is damaged, has a password, or has no such sheet.
    """
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except _DAMAGE as error:
        raise _damaged(path, error) from None
    try:
        n_seen = 0
        for sheet in _sheets(book, source.sheet, path):
            for batch in _read_sheet(sheet, source.header, n_seen, path):
                n_seen += batch.table.num_rows + len(batch.rejects)
                yield batch
    finally:
        book.close()


def _sheets(book: Any, wanted: str | None, path: Path) -> list[Any]:
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if sheets and wanted in (None, "*"):
        return list(sheets.values())[: None if wanted else 1]
    if wanted in sheets:
        return [sheets[wanted]]
    raise InputError(
        f"has no sheet '{wanted or ''}'; it has {', '.join(sheets) or 'none'}.",
        at=Location(str(path)),
    )


def _read_sheet(
    sheet: Any, header: tuple[str, ...] | None, n_seen: int, path: Path
) -> Iterator[Batch]:
    # Some programs write a wrong size into the sheet; without it the rows themselves decide.
    sheet.reset_dimensions()
    rows = _filled_rows(sheet, path)
    names = unique_names(header if header is not None else _header(rows, path))
    cells: list[list[str | None]] = []
    numbers: list[int] = []
    rejects: list[Reject] = []
    number = n_seen
    for number, row in enumerate(rows, n_seen + 1):
        if len(row) > len(names):
            reason = f"has {len(row)} cells where the header has {len(names)}"
            rejects.append(Reject(number, reason, raw_text(row)))
        else:
            cells.append(row + [None] * (len(names) - len(row)))
            numbers.append(number)
        if (number - n_seen) % _ROWS == 0:
            yield text_batch(names, cells, numbers, rejects)
            cells, numbers, rejects = [], [], []
    yield text_batch(names, cells, numbers, rejects)


def _header(rows: Iterator[list[str | None]], path: Path) -> Iterable[str]:
    first = next(rows, None)
    if first is None:
        raise InputError("has an empty sheet: there is no header row.", at=Location(str(path)))
    return [name or "" for name in first]


def _filled_rows(sheet: Any, path: Path) -> Iterator[list[str | None]]:
    try:
        for values in sheet.iter_rows(values_only=True):
            row = [as_text(value) for value in values]
            while row and row[-1] is None:
                row.pop()
            if row:
                yield row
    except _DAMAGE as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(
        f"is no readable .xlsx workbook ({type(error).__name__}); save it again as .xlsx without a "
        "password, or as .csv.",
        at=Location(str(path)),
    )
