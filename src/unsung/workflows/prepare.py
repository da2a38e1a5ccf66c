"""Read a shop's files into a Dataset, with everything that was set aside on the way."""

import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from unsung import schema
from unsung.data.build import build_dataset, target_event
from unsung.data.checks import check_report
from unsung.data.dataset import Dataset
from unsung.data.engine.choice import open_engine
from unsung.data.event_kinds import EventKinds
from unsung.data.guess import find_shop
from unsung.data.joining import opted_out, without_users
from unsung.data.preparation import PreparedTables, prepare_tables
from unsung.data.quarantine import REASONS
from unsung.data.settings import ShopSettings
from unsung.errors import InputError, Location
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

    @property
    def event_kinds(self) -> EventKinds:
        """What events mean in it; one without any wants the first of ``TARGET_EVENTS``."""
        kinds = self.dataset.event_kinds
        target = target_event(kinds, self.settings) if kinds else schema.TARGET_EVENTS[0]
        return EventKinds(self.settings.weights, target)


def without_opted_out(shop: Shop) -> Shop:
    """The shop without what customers did who said that it may not be learnt from.

    Parameters
    ----------
    shop : Shop
        With what its running service knows, where there is one: the newest word counts.

    Returns
    -------
    shop : Shop
        Its check says how many were left out (``n_opted_out``), where any were.
    """
    gone = opted_out(shop.dataset)
    if not gone.any():
        return shop
    check = {**shop.check, "n_opted_out": int(gone.sum())}
    return replace(shop, dataset=without_users(shop.dataset, gone), check=check)


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
        Where a file or a column can't be used, or no interaction is left; the message names it
        and says what to do.
    """
    settings = find_shop(Path(path), flags)
    moment = now or datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="unsung-") as scratch:
        with open_engine(settings.engine, Path(scratch, "engine")) as engine:
            tables = prepare_tables(
                settings, Path(scratch), now=moment, engine=engine, progress=progress
            )
        if quarantine is not None:
            # Before anything can refuse the shop: who has no row left needs the reasons most.
            tables = _kept(tables, quarantine)
        _check_interactions(tables, quarantine)
        progress("indexing users and items", 0, 1)
        dataset = build_dataset(tables, settings)
        progress("indexing users and items", 1, 1)
        check = check_report(tables, dataset).to_json()
    return Shop(settings, dataset, check)


def _kept(tables: PreparedTables, folder: Path) -> PreparedTables:
    """The same tables, with the rows that were set aside in a folder that stays."""
    folder.mkdir(parents=True, exist_ok=True)
    files = (tables.quarantine, tables.quarantine_csv)
    rows, csv = (Path(shutil.copyfile(file, folder / file.name)) for file in files)
    return replace(tables, quarantine=rows, quarantine_csv=csv)


def _check_interactions(tables: PreparedTables, quarantine: Path | None) -> None:
    rows = tables.tables["interactions"]
    if rows.n_accepted:
        return
    at = Location(rows.mapped.file)
    if not rows.n_read:
        raise InputError("has no rows; name the file that holds the shop's interactions.", at=at)
    message = f"none of its {rows.n_read:,} rows can be used."
    if rows.reasons:
        top = rows.reasons[0]
        where = f", column '{top.column}'" if top.column else ""
        message += f" Most often ({top.n_rows:,} rows{where}): {REASONS[top.reason]}"
    if quarantine is None:
        message += " 'unsung check' keeps all rows with their reasons."
    else:
        message += f" All rows and their reasons: {tables.quarantine_csv}."
    raise InputError(message, at=at)
