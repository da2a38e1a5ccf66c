"""A shop's files to canonical tables: every row accepted, set aside with a reason, or a repeat."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from unsung import schema
from unsung.data.engine.base import Engine
from unsung.data.engine.columns import ColumnMap, map_columns
from unsung.data.engine.judging import COPIES, Judgement, accepted, judge, latest, set_aside
from unsung.data.engine.profile import ColumnFacts, profile
from unsung.data.engine.times import TimeReading, look_at_times
from unsung.data.quarantine import QuarantineWriter, ReasonCount
from unsung.data.readers.land import land
from unsung.data.readers.landed import Landed
from unsung.data.settings import ShopSettings, Source
from unsung.errors import SettingsError, UnsungError
from unsung.progress import Progress, silent

ONE_ROW_EACH = {"items": schema.ITEM_ID, "users": schema.USER_ID}
"""Tables with one row a key; of several the last in file order counts."""


@dataclass(frozen=True)
class PreparedTable:
    """One canonical table on disk.

    Parameters
    ----------
    mapped : ColumnMap
        Which of the shop's columns is which.
    path : Path
        Parquet, a file or a folder of files: ``columns`` and ``unsung_copies`` (how many equal
        rows of the shop's files a row stands for). Ids and text are text, numbers float64, times
        int64 microseconds since 1970 UTC, positions and ranks int64, flags bool; null = not given.
    columns : tuple of str
        In the order of the schema, then attributes.
    n_read, n_accepted, n_quarantined, n_duplicates : int
        ``n_read = n_accepted + n_quarantined + n_duplicates``; duplicates are repeats of accepted
        rows, and earlier rows of an item or user.
    reasons : tuple of ReasonCount
        Why rows are in quarantine, most frequent first.
    facts : tuple of ColumnFacts
        About the accepted rows.
    """

    mapped: ColumnMap
    path: Path
    columns: tuple[str, ...]
    n_read: int
    n_accepted: int
    n_quarantined: int
    n_duplicates: int
    reasons: tuple[ReasonCount, ...]
    facts: tuple[ColumnFacts, ...]


@dataclass(frozen=True)
class PreparedTables:
    """All tables of a shop, cleaned.

    Parameters
    ----------
    tables : dict of str to PreparedTable
        By name in ``schema.COLUMNS``, for the tables that were prepared.
    quarantine, quarantine_csv : Path
        Every row that was set aside: ``table, source_file, source_row, column, value, reason,
        explanation, raw``.
    now : datetime
        The moment that "future" was measured from.
    """

    tables: dict[str, PreparedTable]
    quarantine: Path
    quarantine_csv: Path
    now: datetime


def prepare_tables(
    settings: ShopSettings,
    workdir: Path,
    *,
    now: datetime,
    engine: Engine,
    sources: Mapping[str, Source] | None = None,
    progress: Progress = silent,
) -> PreparedTables:
    """Read, type, check and deduplicate all tables of a shop.

    Parameters
    ----------
    settings : ShopSettings
    workdir : Path
        Folder for what is written: landed files, canonical tables, quarantine.
    now : datetime
        The present, with a zone; later rows are set aside.
    engine : Engine
    sources : mapping of str to Source, optional
        The tables to prepare, by name in ``schema.COLUMNS``; the shop's own where not given.
    progress : Progress, optional

    Raises
    ------
    InputError
        Where a file or column isn't there, times are in mixed units, or days and months can't be
        told apart.
    SettingsError
        Where an event kind that the settings name has no weight.
    """
    _check_events(settings)
    tables = {}
    with QuarantineWriter(workdir) as quarantine:
        for name, source in (settings.sources if sources is None else sources).items():
            landed = land(source, name, Path(settings.folder), workdir / "landed", progress)
            progress(f"cleaning {name}")
            table = _Table(name, source, landed, settings, engine, workdir / "prepared")
            tables[name] = table.prepare(now, quarantine)
            progress(f"cleaning {name}", 1, 1)
    return PreparedTables(tables, quarantine.path, quarantine.csv_path, now)


@dataclass(frozen=True)
class _Table:
    """One table on its way."""

    name: str
    source: Source
    landed: Landed
    settings: ShopSettings
    engine: Engine
    folder: Path

    def prepare(self, now: datetime, quarantine: QuarantineWriter) -> PreparedTable:
        mapped = map_columns(self.name, self.source, self.landed.columns)
        raw = self._raw()
        judgement = judge(raw, mapped, self.settings, self._readings(raw, mapped), now)
        path, judged, faulty = (
            self.folder / f"{self.name}{end}.parquet" for end in ("", ".judged", ".set_aside")
        )
        # Parsed once, read twice; and Spark would push the filters below through every step of
        # the parsers, whose expressions then grow without bound.
        self.engine.write(judgement.table, judged)
        judgement = replace(judgement, table=self.engine.read([judged]))
        self.engine.write(self._good(judgement), path)
        self.engine.write(set_aside(judgement), faulty)
        reasons = quarantine.add(mapped, self.landed.rejects, faulty, judgement.raw)
        canonical = self.engine.read([path])
        n_rows, n_good = self._count(canonical)
        table = PreparedTable(
            mapped=mapped,
            path=path,
            columns=judgement.columns,
            n_read=self.landed.n_rows,
            n_accepted=n_rows,
            n_quarantined=sum(reason.n_rows for reason in reasons),
            n_duplicates=n_good - n_rows,
            reasons=reasons,
            facts=profile(self.engine, canonical, judgement.columns, n_rows),
        )
        _check_sum(table)
        return table

    def _raw(self) -> Any:
        if self.landed.native:
            return self.engine.read_native(self.landed.path, self.landed.names)
        return self.engine.read(self.landed.path)

    def _readings(self, raw: Any, mapped: ColumnMap) -> dict[str, TimeReading]:
        source = self.source
        times = (column for column, kind in mapped.found.items() if kind == "time")
        return {
            column: look_at_times(self.engine, raw, mapped, column, source)
            if column in mapped.own
            else TimeReading(zone=source.timezone)
            for column in times
        }

    def _good(self, judgement: Judgement) -> Any:
        if self.name in ONE_ROW_EACH:
            return latest(judgement, ONE_ROW_EACH[self.name])
        return accepted(judgement, collapse=self.settings.cleaning.collapse_duplicates)

    def _count(self, canonical: Any) -> tuple[int, int]:
        counts = self.engine.frame(
            canonical.agg(n_rows=canonical.count(), n_good=canonical[COPIES].sum())
        ).iloc[0]
        n_rows = int(counts["n_rows"])
        # A sum over no rows is null.
        return n_rows, int(counts["n_good"]) if n_rows else 0


def _check_sum(table: PreparedTable) -> None:
    known = table.n_accepted + table.n_quarantined + table.n_duplicates
    if known != table.n_read:
        raise UnsungError(
            f"{table.mapped.file}: {table.n_read:,} rows were read, but {known:,} are accounted "
            "for; the file may have changed while it was read: run again."
        )


def _check_events(settings: ShopSettings) -> None:
    named = {"default_event": settings.default_event}
    named |= {f"event_names.{name}": kind for name, kind in settings.event_names.items()}
    for key, kind in named.items():
        if kind not in settings.weights:
            known = ", ".join(settings.weights)
            raise SettingsError(
                f"'{key}': '{kind}' is no known kind of event; add it to [event_weights] (known: "
                f"{known})."
            )
