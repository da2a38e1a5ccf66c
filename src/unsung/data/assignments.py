"""Who was in which arm of an experiment, and since when."""

import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from unsung import schema
from unsung.data.build import read_canonical
from unsung.data.engine.choice import open_engine
from unsung.data.preparation import PreparedTable, prepare_tables
from unsung.data.quarantine import REASONS, ReasonCount
from unsung.data.settings import ShopSettings, Source
from unsung.errors import InputError, Location
from unsung.progress import Progress, silent

_TABLE = "assignments"


@dataclass(frozen=True, eq=False)
class Assignments:
    """The users of an experiment, each in one arm.

    Parameters
    ----------
    file : str
        What messages call the file.
    user_id : ndarray of object (str), shape (n,)
        Distinct, in text order.
    arm : ndarray of object (str), shape (n,)
    first_exposure : ndarray of int64, shape (n,), or None
        The user's earliest row, microseconds since 1970 UTC; None where the file has no times.
    n_read, n_accepted, n_quarantined, n_duplicates : int
        Rows; ``n_read`` is the sum of the others.
    reasons : tuple of ReasonCount
        Why rows are in quarantine, most frequent first.
    """

    file: str
    user_id: np.ndarray
    arm: np.ndarray
    first_exposure: np.ndarray | None
    n_read: int
    n_accepted: int
    n_quarantined: int
    n_duplicates: int
    reasons: tuple[ReasonCount, ...]

    def __len__(self) -> int:
        return len(self.user_id)


def read_assignments(
    path: Path | None,
    settings: ShopSettings,
    *,
    now: datetime,
    quarantine: Path | None = None,
    progress: Progress = silent,
) -> Assignments:
    """Read the assignments of an experiment; every row counts, is a repeat, or is set aside.

    Parameters
    ----------
    path : Path or None
        The file, in any form that the shop's own tables may have; where not given, the one that
        ``[assignments]`` of ``shop.toml`` names. Its columns are mapped there in either case.
    settings : ShopSettings
    now : datetime
        The present, with a zone; later rows are set aside.
    quarantine : Path, optional
        Folder that keeps the rows that were set aside, with their reasons.
    progress : Progress, optional

    Returns
    -------
    assignments : Assignments
        Of several rows of a user in one arm the earliest counts; all rows of a user in two arms
        are set aside.

    Raises
    ------
    InputError
        Where the file or a column isn't there, or no row can be used; the message names the file,
        the column and a row.
    """
    source = _source(path, settings)
    with tempfile.TemporaryDirectory(prefix="unsung-") as scratch:
        with open_engine(settings.engine, Path(scratch, "engine")) as engine:
            prepared = prepare_tables(
                settings,
                Path(scratch),
                now=now,
                engine=engine,
                sources={_TABLE: source},
                progress=progress,
            )
        if quarantine is not None:
            quarantine.mkdir(parents=True, exist_ok=True)
            for file in (prepared.quarantine, prepared.quarantine_csv):
                shutil.copyfile(file, quarantine / file.name)
        return _assignments(prepared.tables[_TABLE])


def _source(path: Path | None, settings: ShopSettings) -> Source:
    named = settings.assignments
    if path is None:
        if named is None:
            raise InputError(
                "no assignments are named: give their file, or name it under [assignments] of "
                "shop.toml."
            )
        return named
    given = {"path": str(path.resolve())}
    if named is None:
        return Source.model_validate(given)
    kept = named.model_dump(exclude_unset=True, exclude={"url", "table", "query"})
    return Source.model_validate({**kept, **given})


def _assignments(table: PreparedTable) -> Assignments:
    if table.n_accepted == 0:
        raise _nothing_left(table)
    rows = read_canonical(table)
    timed = schema.TIMESTAMP in rows
    keys = [schema.USER_ID, schema.TIMESTAMP] if timed else [schema.USER_ID]
    first = rows.sort_values(keys).drop_duplicates(schema.USER_ID)
    return Assignments(
        file=Path(table.mapped.file).name,
        user_id=first[schema.USER_ID].to_numpy(dtype=object),
        arm=first[schema.ARM].to_numpy(dtype=object),
        first_exposure=first[schema.TIMESTAMP].to_numpy(dtype=np.int64) if timed else None,
        n_read=table.n_read,
        n_accepted=table.n_accepted,
        n_quarantined=table.n_quarantined,
        n_duplicates=table.n_duplicates,
        reasons=table.reasons,
    )


def _nothing_left(table: PreparedTable) -> InputError:
    if not table.reasons:
        return InputError("has no rows: give user_id, arm.", at=Location(table.mapped.file))
    top = table.reasons[0]
    first = top.examples[0]
    return InputError(
        f"none of its {table.n_read:,} rows can be used; most often ({top.n_rows:,} rows): "
        f"{REASONS[top.reason]}",
        at=Location(first.source_file, top.column or None, first.source_row),
    )
