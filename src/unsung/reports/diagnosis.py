"""The page of a diagnosis."""

from collections.abc import Mapping
from typing import Any, Final

from unsung.reports.charts import (
    MEASURES,
    lorenz_chart,
    monthly_line_chart,
    monthly_shares_chart,
    stacked_shares_chart,
)
from unsung.reports.outlook import outlook_section
from unsung.reports.page import Choice, Column, DataTable, Panel, Section, chart, render
from unsung.reports.theme import SEGMENTS

Json = Mapping[str, Any]

ITEMS_PER_SEGMENT: Final = 100
"""Rows of the table of items, most bought first, that a page shows of each segment."""

_FIGURES: Final = (
    "n_items", "n_customers", "n_pairs", "zero_sale_items", "zero_exposure_items", "gini",
    "top_share", "effective_items",
)  # fmt: skip

_DEFINITIONS: Final = {
    "top_items": "top items",
    "interaction_share": "share of sales",
    "threshold": "threshold",
}

# Column -> label and kind, in the order in which they stand; those that a diagnosis lacks are
# left out.
_LABELS: Final[dict[str, tuple[str, str]]] = {
    "segment": ("segment", "segment"),
    "band": ("popularity band, %", "text"),
    "items": ("items", "count"),
    "catalogue_share": ("of catalogue", "bar"),
    "buyers": ("sales", "count"),
    "buyers_share": ("of sales", "bar"),
    "purchases": ("purchases", "count"),
    "revenue": ("revenue", "money"),
    "revenue_share": ("of revenue", "bar"),
    "exposure_share": ("of exposure", "bar"),
}


def diagnosis_page(diagnosis: Json) -> str:
    """HTML page of a diagnosis.

    Parameters
    ----------
    diagnosis : mapping
        ``Diagnosis.to_json()``.

    Returns
    -------
    html : str
        Complete in itself: style, charts and script are inside.
    """
    moment = diagnosis["as_of"]
    context = f"{diagnosis['shop']}, {as_of_words(moment)}. {diagnosis['tail_definition']}"
    return render("Diagnosis", diagnosis["shop"], context, diagnosis_sections(diagnosis))


def diagnosis_sections(diagnosis: Json) -> list[Section]:
    """The diagnosis as parts of a page."""
    return [
        overview_section(diagnosis),
        _spread(diagnosis["tables"]),
        _over_time(diagnosis["tables"]),
        reasons_section(diagnosis),
        outlook_section(diagnosis["tables"]),
        _items(diagnosis["tables"]),
    ]


def overview_section(diagnosis: Json) -> Section:
    """The findings, the main figures and the charts."""
    tables, figures = diagnosis["tables"], diagnosis["figures"]
    return Section(
        "diagnosis",
        "Who gets the sales",
        summary=diagnosis["summary"],
        figures=[figures[name] for name in _FIGURES],
        charts=_charts(tables, sold=bool(figures["n_pairs"]["value"])),
    )


def _charts(tables: Json, *, sold: bool) -> list[Panel]:
    if not sold:
        return []
    segments = tables["segments"]["rows"]
    head_share = segments[0]["catalogue_share"]
    shares = [
        {"measure": label, "segment": row["segment"], "share": row[column]}
        for column, label in MEASURES.items()
        if column in segments[0]
        for row in segments
    ]
    panels = [
        Panel(
            "Concentration",
            chart(
                "lorenz",
                "Lorenz curve",
                tables["lorenz"]["definition"],
                lorenz_chart(tables["lorenz"]["rows"], head_share),
                260,
            ),
            "The lower the curve hangs below the dashed line of equal sales, the fewer items carry "
            "the shop. Blue: the head. Green: all other items.",
        ),
        Panel(
            "Catalogue and sales",
            chart(
                "shares",
                "Catalogue and sales by segment",
                tables["segments"]["definition"],
                stacked_shares_chart(shares),
                48 + 38 * (len(shares) // len(segments)),
            ),
            "What each segment is of the catalogue, and what it makes of the sales.",
            keyed=True,
        ),
    ]
    months = tables["drift"]["rows"]
    if len(months) > 1:
        panels.append(
            Panel(
                "Sales by month",
                chart(
                    "months",
                    "Sales by segment, month by month",
                    tables["drift"]["definition"],
                    monthly_shares_chart(months, "buyers_share", "share of the month's sales"),
                    260,
                ),
                "By what the items were when the month began; cold = sold for the first time.",
                keyed=True,
            )
        )
    return panels


def _spread(tables: Json) -> Section:
    definitions = tables["definitions"]
    columns = [
        Column("name", "definition", "text", definitions["columns"]["definition"]),
        Column("use", "role", "tag", definitions["columns"]["in_use"]),
        Column("sentence", "what is head", "sentence", definitions["columns"]["sentence"]),
    ]
    for name, label in SEGMENTS.items():
        for suffix, kind, unit in (("items", "count", "items"), ("buyers_share", "share", "sales")):
            key = f"{name}_{suffix}"
            columns.append(Column(key, f"{label}, {unit}", kind, definitions["columns"][key]))
    rows = [
        {
            **row,
            "name": _DEFINITIONS[row["definition"]],
            "use": "in use" if row["in_use"] else "",
            "chosen": row["in_use"],
            "sentence": row["sentence"].partition(";")[0].removeprefix("Head = "),
        }
        for row in definitions["rows"]
    ]
    return Section(
        "spread",
        "The catalogue in parts",
        tables=[
            _shares_table("segments", "By segment", tables["segments"]),
            _shares_table("bands", "By popularity band", tables["bands"]),
            DataTable("definitions-of-tail", "Three definitions of the long tail", columns, rows,
                      definitions["definition"]),
        ],
    )  # fmt: skip


def _shares_table(name: str, title: str, table: Json) -> DataTable:
    columns = [
        Column(key, label, kind, table["columns"][key])
        for key, (label, kind) in _LABELS.items()
        if key in table["columns"]
    ]
    return DataTable(name, title, columns, table["rows"], table["definition"])


def _over_time(tables: Json) -> Section:
    drift = tables["drift"]
    columns = [Column("month", "month", "text", drift["columns"]["month"])]
    columns += [
        Column(key, label, "count", drift["columns"][key])
        for key, label in (("items", "items"), ("buyers", "sales"))
    ]
    columns.append(Column("gini", "Gini", "metric", drift["columns"]["gini"]))
    for part, suffix in (("of catalogue", "catalogue_share"), ("of sales", "buyers_share")):
        for name, label in SEGMENTS.items():
            key = f"{name}_{suffix}"
            columns.append(Column(key, f"{label}, {part}", "share", drift["columns"][key]))
    return Section(
        "drift",
        "Over time",
        drift["definition"],
        charts=_drift_charts(drift) if len(drift["rows"]) > 1 else (),
        tables=[DataTable("months", "Month by month", columns, drift["rows"], empty=drift["note"])],
    )


def _drift_charts(drift: Json) -> list[Panel]:
    catalogue = "share of the catalogue"
    return [
        Panel(
            "Catalogue by month",
            chart(
                "catalogue",
                "Catalogue by segment, month by month",
                drift["definition"],
                monthly_shares_chart(drift["rows"], "catalogue_share", catalogue),
                220,
            ),
            "What the items were when the month ended.",
            keyed=True,
        ),
        Panel(
            "Gini by month",
            chart(
                "gini",
                "Gini coefficient month by month",
                drift["columns"]["gini"],
                monthly_line_chart(drift["rows"], "gini", "Gini"),
                220,
            ),
            "0: all items sell alike. 1: one item sells all.",
        ),
    ]


def reasons_section(diagnosis: Json) -> Section:
    """How many items each reason holds for."""
    reasons = diagnosis["tables"]["reasons"]
    columns = [
        Column("label", "reason", "text", reasons["columns"]["label"]),
        Column("items", "items", "count", reasons["columns"]["items"]),
        Column("items_share", "of all outside the head", "bar", reasons["columns"]["items_share"]),
        *(Column(name, SEGMENTS[name], "count", reasons["columns"][name])
          for name in ("tail", "fresh", "cold")),
        Column("sentence", "when it holds", "sentence", reasons["columns"]["sentence"]),
    ]  # fmt: skip
    return Section(
        "reasons",
        "Why items stay unseen",
        "Every reason that these data can tell, for the items outside the head; an item can have "
        "several.",
        tables=[
            DataTable(
                "reasons-table", "Why items stay unseen", columns, reasons["rows"], cards=True
            )
        ],
    )


def _items(tables: Json) -> Section:
    items, reasons = tables["items"], tables["reasons"]["rows"]
    kinds = {
        "title": ("title", "text"),
        "item_id": ("id", "id"),
        "segment": ("segment", "segment"),
        "band": ("band, %", "id"),
        "buyers": ("buyers", "count"),
        "revenue": ("revenue", "money"),
        "impressions": ("impressions", "count"),
        "first_seen": ("first seen", "id"),
        "reasons": ("reasons", "reasons"),
    }
    columns = [
        Column(key, label, kind, items["columns"][key])
        for key, (label, kind) in kinds.items()
        if key in items["columns"]
    ]
    seen = dict.fromkeys(SEGMENTS, 0)
    rows = []
    for row in items["rows"]:
        seen[row["segment"]] += 1
        if seen[row["segment"]] <= ITEMS_PER_SEGMENT:
            codes = [reason["code"] for reason in row["reasons"]]
            rows.append({**row, "title": row["title"] or row["item_id"], "reason": codes})
    n = len(items["rows"])
    cut = f"The {ITEMS_PER_SEGMENT} most bought items of each segment, {len(rows):,} of {n:,}; "
    return Section(
        "items",
        "Item by item",
        tables=[
            DataTable(
                "items-table",
                "Item by item",
                columns,
                sorted(rows, key=lambda row: row["segment"] == "head"),
                "Listed items, those outside the head first, the most bought of them first.",
                empty="No item was listed before the moment.",
                note=cut + "'unsung diagnose --json' gives all." if len(rows) < n else "",
                cards=True,
                choices=[
                    Choice("segment", "Segment", SEGMENTS),
                    Choice(
                        "reason",
                        "Reason",
                        {row["reason"]: row["label"] for row in reasons if row["items"]},
                    ),
                ],
            )
        ],
    )


def as_of_words(moment: str | None) -> str:
    """What is known as of the moment, in words."""
    if moment is None:
        return "order without dates"
    return f"everything before {moment[:10]}, {moment[11:16]} UTC"
