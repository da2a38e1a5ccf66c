"""Read a shop's files into a Dataset, with everything that was set aside on the way."""

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from unsung.data.build import build_dataset
from unsung.data.checks import check_report
from unsung.data.dataset import Dataset
from unsung.data.engine.choice import open_engine
from unsung.data.guess import find_shop
from unsung.data.preparation import prepare_tables
from unsung.data.settings import ShopSettings
from unsung.progress import Progress, silent


@dataclass(frozen=True, eq=False)
class Shop:
    """A shop that was read.

    Parameters
    ----------
    settings : ShopSettings
    dataset : Dataset
    check : dict
        The data check, ready for JSON: counts, reasons, spans, findings.
    """

    settings: ShopSettings
    dataset: Dataset
    check: dict[str, Any]


def read_shop(
    path: str | Path,
    *,
    quarantine: Path | None = None,
    now: datetime | None = None,
    flags: dict[str, Any] | None = None,
    progress: Progress = silent,
) -> Shop:
    """Read, check and clean a shop's files.

    Parameters
    ----------
    path : str or Path
        ``shop.toml``, a folder that has one, or files in a layout that Unsung knows.
    quarantine : Path, optional
        Folder that keeps the rows that were set aside (CSV and parquet), with their reasons.
    now : datetime, optional
        The present, with a zone; rows later than this are set aside.
    flags : dict, optional
        Settings that win over those of the file (dotted names).
    progress : Progress, optional

    Returns
    -------
    shop : Shop

    Raises
    ------
    InputError
        Where a file or a column can't be used; the message names it and says what to do.
    """
    settings = find_shop(Path(path), flags)
    moment = now or datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="unsung-") as scratch:
        with open_engine(settings.engine, Path(scratch, "engine")) as engine:
            tables = prepare_tables(
                settings, Path(scratch), now=moment, engine=engine, progress=progress
            )
        progress("indexing users and items", 0, 1)
        dataset = build_dataset(tables, settings)
        progress("indexing users and items", 1, 1)
        check = check_report(tables, dataset).to_json()
        if quarantine is not None:
            quarantine.mkdir(parents=True, exist_ok=True)
            for file in (tables.quarantine, tables.quarantine_csv):
                (quarantine / file.name).write_bytes(file.read_bytes())
    return Shop(settings, dataset, check)
