"""One table of the shop, from whatever it is kept in to parquet, every row counted."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from unsung.data.readers.columns import check_columns
from unsung.data.readers.delimited import read_delimited
from unsung.data.readers.dialect import detect_dialect
from unsung.data.readers.json_lines import read_json
from unsung.data.readers.landed import Landed
from unsung.data.readers.parquet import land_parquet
from unsung.data.readers.parts import Batch, PartWriter
from unsung.data.readers.paths import detect_format, resolve_paths, source_name
from unsung.data.readers.spreadsheet import read_spreadsheet
from unsung.data.readers.sql import read_sql, sql_name
from unsung.data.settings import Source
from unsung.errors import InputError, Location
from unsung.progress import Progress, silent


def land(
    source: Source, table: str, base: Path, workdir: Path, progress: Progress = silent
) -> Landed:
    """Read one table of a shop; every row lands or is set aside with the reason.

    Parameters
    ----------
    source : Source
        Where the table is: files, a folder, a glob, or a SQL table.
    table : str
        Its name ("interactions"), for the names of the files written.
    base : Path
        The folder that relative paths start from.
    workdir : Path
        Where the parquet files go; nothing is left there after an error.
    progress : Progress, optional

    Returns
    -------
    landed : Landed

    Raises
    ------
    InputError
        Where a file doesn't exist, is damaged, empty, of an unknown kind, or lacks a column that
        ``source`` names.

    Notes
    -----
    Text takes about 1.5 s a million rows on one core and memory for a few blocks of 8 MB;
    parquet files are counted, not read.
    """
    if source.url is not None:
        name = sql_name(source)
        return _write([_Stream(name, read_sql(source, base))], source, table, workdir, progress)
    files = resolve_paths(source, base)
    formats = [detect_format(path, source.format) for path in files]
    if set(formats) == {"parquet"}:
        return land_parquet(files, source, base)
    if "parquet" in formats:
        raise InputError(
            "holds parquet and text files; name one kind with a pattern such as "
            f'path = "{source.paths[0].rstrip("/")}/*.parquet".',
            at=Location(source.paths[0]),
        )
    streams = [
        _Stream(source_name(path, base), read_batches(path, source, kind), kind == "jsonl")
        for path, kind in zip(files, formats, strict=True)
    ]
    return _write(streams, source, table, workdir, progress)


def read_batches(path: Path, source: Source, kind: str, size: int | None = None) -> Iterator[Batch]:
    """The rows of one text file or workbook, in batches.

    Parameters
    ----------
    path : Path
    source : Source
        How the file is written, as far as it says.
    kind : str
        ``csv``, ``tsv``, ``jsonl`` or ``xlsx``.
    size : int, optional
        Bytes of text that are read at a time.

    Returns
    -------
    batches : iterator of Batch
    """
    sized = {} if size is None else {"size": size}
    if kind == "xlsx":
        return read_spreadsheet(path, source)
    if kind == "jsonl":
        return read_json(path, source.encoding, **sized)
    return read_delimited(path, detect_dialect(path, source, kind), **sized)


@dataclass(frozen=True)
class _Stream:
    """One file on its way in; ``grows`` where its columns are only known at its end."""

    name: str
    batches: Iterator[Batch]
    grows: bool = False


def _write(
    streams: list[_Stream], source: Source, table: str, workdir: Path, progress: Progress
) -> Landed:
    with PartWriter(workdir, table) as writer:
        for stream in streams:
            names: dict[str, None] = {}
            total = 1
            for batch in stream.batches:
                names.update(dict.fromkeys(writer.add(batch, stream.name)))
                if not stream.grows:
                    check_columns(source, tuple(names), stream.name)
                total = batch.total or total
                progress(f"reading {stream.name}", min(batch.done, total - 1), batch.total)
            check_columns(source, tuple(names), stream.name)
            progress(f"reading {stream.name}", total, total)
        path = writer.commit()
        return Landed(path, writer.columns, writer.n_rows, writer.rejects(), native=False)
