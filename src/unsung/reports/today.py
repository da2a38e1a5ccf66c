"""Before and after: the shop's lists of today against Unsung's."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from unsung.reports.charts import before_after_chart, stacked_shares_chart
from unsung.reports.metrics import METRICS, metric_label
from unsung.reports.page import Column, DataTable, Panel, Section, chart, number, render

Json = Mapping[str, Any]

_CHARTED: Final = {
    "ndcg_at_k": "all items",
    "head_ndcg_at_k": "head",
    "tail_ndcg_at_k": "established tail",
    "fresh_ndcg_at_k": "fresh",
    "cold_ndcg_at_k": "cold",
}
_TABLES: Final = {
    "metric": "Relevance and concentration",
    "share": "Shares",
    "money": "Money",
    "count": "Counts",
}
"""Kind of metric -> title of its table."""
_SEGMENTS: Final = (
    Column("segment", "segment", "segment"),
    Column("side", "lists"),
    Column("slot_share", "places", "share", "Share of all places of the lists."),
    Column("hit_share", "hits", "share", "Share of all places that hold something bought later."),
    Column("target_share", "bought later", "share", "Share of what was bought later."),
    Column("n_reached", "items reached", "count", "Items that stand in any list."),
    Column("n_items", "items", "count"),
)


def _columns(kind: str) -> tuple[Column, ...]:
    return (
        Column("label", "metric"),
        Column("before", "today", kind),
        Column("after", "Unsung", kind),
        Column("difference", "difference", kind, "Mean over customers of Unsung minus today."),
        Column("low", "from", kind, "Lower end of the 95% interval of the difference."),
        Column("high", "to", kind, "Upper end of the 95% interval of the difference."),
        Column("n", "customers", "count", "Customers that the metric is defined for."),
    )


def today_page(shop: str, today: Json) -> str:
    """HTML page of before and after.

    Parameters
    ----------
    shop : str
    today : mapping
        As from ``today_record``.

    Returns
    -------
    html : str
        Complete in itself: style, charts and script are inside.
    """
    context = f"{number(today['n_users'])} customers, on what they bought later."
    return render("Before and after", shop, context, today_sections(today))


def today_sections(today: Json | None) -> list[Section]:
    """Before and after as a part of a page.

    Parameters
    ----------
    today : mapping or None
        As from ``today_record``.
    """
    if not today:
        return []
    k = today["k"]
    rows = [_labelled(row, k) for row in (*today["rows"], *today["lists"])]
    worse = ", ".join(metric_label(metric, k) for metric in today["worse"])
    segments = [
        {**row, "side": "today" if row["side"] == "before" else "Unsung"}
        for row in today["segments"]
    ]
    groups = [_labelled(row, k) for row in today["groups"]]
    got_worse = "Nothing got worse beyond chance."
    if worse:
        got_worse = f"What got worse, beyond chance: {worse}."
    before = "the shop's own lists" if today["is_shown"] else today["before"].replace("_", " ")
    return [
        Section(
            "today",
            "Today and with Unsung",
            f"Today: {before}. Unsung: {today['after'].replace('_', ' ')}.",
            summary=[today["verdict"], got_worse],
            charts=list(_charts(today)),
            tables=[
                *_by_kind("today-rows", rows),
                DataTable("today-segments", "Where places and hits lie", _SEGMENTS, segments),
                *_by_kind("today-groups", groups, Column("group", "customers")),
            ],
            notes=today["assumptions"],
        )
    ]  # fmt: skip


def _by_kind(name: str, rows: Sequence[Json], *first: Column) -> Iterator[DataTable]:
    """A table for each kind of number."""
    for kind, title in _TABLES.items():
        some = [row for row in rows if METRICS[row["metric"]][1] == kind]
        if some:
            whose = f"{title}, by group of customers" if first else title
            yield DataTable(f"{name}-{kind}", whose, (*first, *_columns(kind)), some)


def _labelled(row: Json, k: int) -> dict[str, Any]:
    return {**row, "label": metric_label(row["metric"], k)}


def _charts(today: Json) -> Iterator[Panel]:
    named = [
        {**row, "name": _CHARTED[row["metric"]]}
        for row in today["rows"]
        if row["metric"] in _CHARTED
    ]
    title = metric_label("ndcg_at_k", today["k"])
    told = "; ".join(
        f"{row['name']}: {number(row['before'], 'metric')} to {number(row['after'], 'metric')}"
        for row in named
    )
    yield Panel(
        f"{title} by what is wanted",
        chart(
            "today-ndcg",
            f"{title} of today's lists and of Unsung's",
            told,
            before_after_chart(named, title),
            54 + 30 * len(named),
        ),
        "Hollow: today; full: Unsung. Green: better, orange: worse, by the 95% interval of the "
        "paired difference; grey: not settled.",
    )
    shares = [
        {"measure": f"{what}, {side}", "segment": row["segment"], "share": row[key]}
        for what, key in (("places", "slot_share"), ("hits", "hit_share"))
        for side, label in (("today", "before"), ("Unsung", "after"))
        for row in today["segments"]
        if row["side"] == label and row[key] is not None
    ]
    shares += [
        {"measure": "bought later", "segment": row["segment"], "share": row["target_share"]}
        for row in today["segments"]
        if row["side"] == "after" and row["target_share"] is not None
    ]
    yield Panel(
        "Places, hits and purchases by segment",
        chart(
            "today-segments-chart",
            "Share of each segment in the places and hits of lists, and in later purchases",
            "; ".join(f"{s['measure']}, {s['segment']}: {s['share']:.0%}" for s in shares),
            stacked_shares_chart(shares),
            44 + 30 * len({share["measure"] for share in shares}),
        ),
        keyed=True,
    )
