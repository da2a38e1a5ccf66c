"""What a shop's data look like after reading, as tables: what is there, missing or strange."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from unsung import schema
from unsung.data.build import NEVER, read_canonical
from unsung.data.dataset import Dataset
from unsung.data.preparation import PreparedTable, PreparedTables
from unsung.data.quarantine import REASONS, Example
from unsung.data.state import ShopState

FORMAT = 1
"""Grows when a key of the JSON changes its meaning."""
_SHOWN = 5
_GAP_DAYS = 2
_BUSY = 10


@dataclass(frozen=True)
class Finding:
    """One thing that a person should know.

    Parameters
    ----------
    level : str
        ``ok``, ``look`` (go on, but look at it) or ``stop`` (results would mislead).
    code : str
        Stable name of the kind of finding.
    table : str
        Table that it is about; empty for the shop as a whole.
    sentence : str
        What it is and what to do.
    """

    level: str
    code: str
    table: str
    sentence: str


@dataclass(frozen=True)
class ReasonReport:
    """Rows set aside for one reason: the shop's column, the code, what it means, some rows."""

    column: str
    reason: str
    explanation: str
    n_rows: int
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class ColumnReport:
    """One column of the good rows.

    Parameters
    ----------
    column : str
        Our name, or the shop's for an attribute.
    shop_column : str or None
        The shop's name; None where the column is a constant or derived.
    kind : str
        ``id``, ``text``, ``number``, ``whole``, ``time``, ``flag`` or ``attribute``.
    filled_share : float
        0 to 1.
    distinct : int
    minimum, maximum, median : float, str or None
        Numbers; ISO text for times; None for text.
    odd_values : tuple of str
        Values of this column in rows that were set aside.
    """

    column: str
    shop_column: str | None
    kind: str
    filled_share: float
    distinct: int
    minimum: float | str | None
    maximum: float | str | None
    median: float | str | None
    odd_values: tuple[str, ...]


@dataclass(frozen=True)
class TableReport:
    """One table: ``n_read = n_accepted + n_quarantined + n_duplicates``."""

    name: str
    file: str
    n_read: int
    n_accepted: int
    n_quarantined: int
    n_duplicates: int
    reasons: tuple[ReasonReport, ...]
    columns: tuple[ColumnReport, ...]


@dataclass(frozen=True)
class EventReport:
    """One kind of event: rows, and whether it is what the shop wants more of."""

    kind: str
    n_rows: int
    is_target: bool


@dataclass(frozen=True)
class ShopReport:
    """Sizes: everybody, those with a target event, and what was left out on building."""

    n_users: int
    n_buyers: int
    n_items: int
    n_sold_items: int
    n_interactions: int
    n_returns: int
    n_baskets: int
    n_reviews: int
    n_reviews_of_unknown_items: int
    n_reviews_without_time: int
    n_exposures: int
    n_exposures_of_unknown_items: int
    events: tuple[EventReport, ...]


@dataclass(frozen=True)
class Gap:
    """Days without any event, first and last included; ``n_busy_days`` are usually busy."""

    start: str
    end: str
    n_days: int
    n_busy_days: int


@dataclass(frozen=True)
class Month:
    """Interactions of one month (``2026-03``)."""

    month: str
    n_rows: int


@dataclass(frozen=True)
class TimeReport:
    """Span (ISO text), days, rows a month, and gaps; only of a shop with a clock."""

    start: str
    end: str
    n_days: int
    months: tuple[Month, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True)
class Group:
    """How many items or users something concerns, and some of them."""

    n: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class CatalogueReport:
    """Items that lack something, or look like another.

    ``never_sold`` are in the items file without a target event; ``not_in_catalogue`` have events
    but no row in the items file; in ``duplicate_titles`` and the two of ``alike`` (ids equal but
    for capitals and blanks) an example joins its members by " | ".
    """

    is_derived: bool
    without_text: Group
    without_price: Group
    without_category: Group
    not_in_catalogue: Group
    never_sold: Group
    duplicate_titles: Group
    alike_items: Group
    alike_users: Group


@dataclass(frozen=True)
class CheckReport:
    """All that ``unsung check`` tells.

    Parameters
    ----------
    level : str
        The worst level of the findings.
    findings : tuple of Finding
        Worst first.
    tables : tuple of TableReport
    shop : ShopReport
    time : TimeReport or None
        None where only order is known.
    catalogue : CatalogueReport
    """

    level: str
    findings: tuple[Finding, ...]
    tables: tuple[TableReport, ...]
    shop: ShopReport
    time: TimeReport | None
    catalogue: CatalogueReport

    def to_json(self) -> dict[str, Any]:
        """The report as plain JSON values: the fields above by name, and ``format``."""
        return {"format": FORMAT, **asdict(self)}


def describe_table(name: str, table: PreparedTable) -> TableReport:
    """Counts, reasons and columns of one table."""
    n_good = table.n_accepted + table.n_duplicates
    kinds = schema.TABLES[name]
    columns = []
    for facts in table.facts:
        kind = kinds.get(facts.column, "attribute")
        own = table.mapped.own.get(facts.column)
        span = (facts.minimum, facts.maximum, facts.median)
        lowest, highest, middle = map(_iso, span) if kind == "time" else span
        odd = [
            example.value
            for reason in table.reasons
            for example in reason.examples
            if reason.column == (own or facts.column) and example.value
        ]
        columns.append(
            ColumnReport(
                facts.column,
                facts.column if kind == "attribute" else own,
                kind,
                round(facts.filled / max(n_good, 1), 4),
                facts.distinct,
                minimum=lowest,
                maximum=highest,
                median=middle,
                odd_values=tuple(odd),
            )
        )
    reasons = (
        ReasonReport(r.column, r.reason, REASONS[r.reason], r.n_rows, r.examples)
        for r in table.reasons
    )
    return TableReport(
        name,
        table.mapped.file,
        table.n_read,
        table.n_accepted,
        table.n_quarantined,
        table.n_duplicates,
        tuple(reasons),
        tuple(columns),
    )


def describe_shop(prepared: PreparedTables, dataset: Dataset) -> ShopReport:
    """How much there is of everything."""
    rows = dataset.interactions
    counts = np.bincount(rows.event, minlength=len(dataset.event_kinds))
    targets = set(np.unique(rows.event[rows.is_target]).tolist())
    events = tuple(
        EventReport(kind, int(counts[code]), code in targets)
        for code, kind in enumerate(dataset.event_kinds)
    )
    exposures = 0 if dataset.exposures is None else len(dataset.exposures)
    given = {name: table.n_accepted for name, table in prepared.tables.items()}
    times = dataset.reviews[schema.TIMESTAMP]
    return ShopReport(
        n_users=dataset.n_users,
        n_buyers=len(np.unique(rows.user_index[rows.is_target])),
        n_items=dataset.n_items,
        n_sold_items=len(np.unique(rows.item_index[rows.is_target])),
        n_interactions=len(rows),
        n_returns=next((e.n_rows for e in events if e.kind == "return"), 0),
        n_baskets=int(rows.basket.max(initial=-1)) + 1,
        n_reviews=len(dataset.reviews),
        n_reviews_of_unknown_items=given.get("reviews", 0) - len(dataset.reviews),
        n_reviews_without_time=int((times == NEVER).sum()),
        n_exposures=exposures,
        n_exposures_of_unknown_items=given.get("exposures", 0) - exposures,
        events=events,
    )


def describe_time(dataset: Dataset) -> TimeReport | None:
    """When things happened, and when nothing did."""
    if not dataset.has_clock or len(dataset.interactions) == 0:
        return None
    times = dataset.interactions.timestamp
    days = times // schema.DAY_US
    counts = np.bincount(days - days[0])
    months, n_rows = np.unique(
        times.astype("datetime64[us]").astype("datetime64[M]"), return_counts=True
    )
    return TimeReport(
        start=str(_iso(float(times[0]))),
        end=str(_iso(float(times[-1]))),
        n_days=len(counts),
        months=tuple(Month(str(m), int(n)) for m, n in zip(months, n_rows, strict=True)),
        gaps=find_gaps(counts, int(days[0])),
    )


def find_gaps(counts: np.ndarray, first_day: int) -> tuple[Gap, ...]:
    """Runs of days without events that hold at least two days which are usually busy.

    Parameters
    ----------
    counts : ndarray of int, shape (n_days,)
        Events a day.
    first_day : int
        Days of the first since 1970-01-01.

    Notes
    -----
    A day is usually busy where the median of its weekday is at least 10 events, so that a shop
    that is closed on Sundays has no gap each week.
    """
    weekday = np.arange(len(counts)) % 7
    usual = np.array([np.median(counts[weekday == d]) if d < len(counts) else 0 for d in range(7)])
    busy = usual[weekday] >= _BUSY
    edges = np.flatnonzero(np.diff(np.concatenate([[0], counts == 0, [0]])))
    gaps = []
    for start, end in edges.reshape(-1, 2):
        n_busy = int(busy[start:end].sum())
        if n_busy >= _GAP_DAYS:
            first, last = (str(np.datetime64(int(first_day + d), "D")) for d in (start, end - 1))
            gaps.append(Gap(first, last, n_days=int(end - start), n_busy_days=n_busy))
    return tuple(gaps)


def describe_catalogue(
    prepared: PreparedTables, dataset: Dataset, state: ShopState
) -> CatalogueReport:
    """What the items lack, and which of them look alike."""
    ids, catalogue, rows = dataset.items.values, state.catalogue, dataset.interactions
    sold = np.bincount(rows.item_index[rows.is_target], minlength=len(ids)) > 0
    described = np.ones(len(ids), dtype=bool)
    if "items" in prepared.tables:
        listed = read_canonical(prepared.tables["items"], [schema.ITEM_ID])[schema.ITEM_ID]
        described = dataset.items.index_of(listed.to_numpy(dtype=object))
        described = np.isin(np.arange(len(ids)), described)

    def lacking(*columns: str) -> Group:
        missing = np.ones(len(ids), dtype=bool)
        for name in columns:
            if name in catalogue:
                missing &= catalogue[name].isna().to_numpy()
        return _group(ids[missing])

    titles = catalogue.get(schema.TITLE, pd.Series(dtype="str")).dropna()
    return CatalogueReport(
        is_derived=dataset.catalogue_is_derived,
        without_text=lacking(schema.TITLE, schema.DESCRIPTION),
        without_price=lacking(schema.PRICE),
        without_category=lacking(schema.CATEGORY),
        not_in_catalogue=_group(ids[~described]),
        never_sold=_group(ids[described & ~sold]),
        duplicate_titles=_alike(titles.to_numpy(dtype=object), ids[titles.index]),
        alike_items=_alike(ids, ids),
        alike_users=_alike(dataset.users.values, dataset.users.values),
    )


def _group(ids: np.ndarray) -> Group:
    return Group(len(ids), tuple(map(str, ids[:_SHOWN])))


def _alike(texts: np.ndarray, ids: np.ndarray) -> Group:
    """Ids whose texts are equal but for capitals and blanks; examples are whole groups."""
    folded = pd.Series(texts, dtype="str").str.lower().str.replace(r"\s+", "", regex=True)
    repeated = folded.duplicated(keep=False).to_numpy()
    members = pd.Series(ids[repeated], dtype="str").groupby(folded[repeated].to_numpy())
    examples = (" | ".join(sorted(group)) for _, group in list(members)[:_SHOWN])
    return Group(int(repeated.sum()), tuple(examples))


def _iso(micros: float | None) -> str | None:
    """ISO text of a time, to the second."""
    if micros is None:
        return None
    return datetime.fromtimestamp(micros / 1e6, tz=UTC).isoformat(timespec="seconds")


def worst(findings: Sequence[Finding]) -> str:
    """The worst level of some findings."""
    levels = ("stop", "look", "ok")
    return min((f.level for f in findings), key=levels.index, default="ok")
