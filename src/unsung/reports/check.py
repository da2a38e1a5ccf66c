"""The page of a data check: what was read, what was set aside, and what looks odd."""

from collections.abc import Mapping
from typing import Any, Final

from unsung.reports.charts import monthly_bars_chart
from unsung.reports.page import NOTHING, Column, DataTable, Panel, Section, chart, number, render

Json = Mapping[str, Any]

_VERDICTS: Final = {
    "ok": "The data can be used as they are.",
    "look": "The data can be used; look at what is marked below.",
    "stop": "Results from these data would mislead: correct what is marked 'stop' first.",
}
_SIZES: Final = {
    "n_interactions": ("interactions", "Accepted rows of interactions, all kinds of events."),
    "n_users": ("users", "Users named in accepted rows."),
    "n_buyers": ("buyers", "Users with a target event (a purchase, where there are purchases)."),
    "n_items": ("items", "Items of the catalogue, or named in accepted rows."),
    "n_sold_items": ("items sold", "Items with a target event."),
    "n_baskets": ("baskets", "Distinct invoices or sessions."),
    "n_returns": ("returns", "Rows that take a purchase back."),
    "n_reviews": ("reviews", "Reviews of known items."),
    "n_exposures": ("exposures", "Places of shown lists, of known items."),
}
_COUNTS: Final = (
    Column("name", "table"),
    Column("file", "file", "id"),
    Column("n_read", "rows read", "count", "Rows of the files, the header not counted."),
    Column("n_accepted", "accepted", "count", "Rows that are used."),
    Column("n_quarantined", "set aside", "count", "Rows in the quarantine file, with the reason."),
    Column(
        "n_duplicates",
        "duplicates",
        "count",
        "Repeats of accepted rows, and earlier rows of one item or user.",
    ),
    Column("accepted_share", "accepted of read", "bar", "Accepted rows as a share of rows read."),
)
_REASONS: Final = (
    Column("reason", "reason", "text", "Stable code, as in the quarantine file."),
    Column("column", "column", "id", "The shop's own name; empty where the whole row is meant."),
    Column("n_rows", "rows", "count", "Rows of the quarantine file with this reason."),
    Column("explanation", "what it means", "sentence"),
    Column("shown", "first such rows", "sentence", "Row, from 1, and what stood there."),
)
_COLUMNS: Final = (
    Column("column", "column", "text", "Our name of the column."),
    Column("shop_column", "in the files", "id", "The shop's own name of it."),
    Column("filled_share", "filled", "bar", "Share of the good rows that have a value."),
    Column("distinct", "distinct", "count", "Distinct values."),
    Column("minimum", "least", "id"),
    Column("median", "median", "id"),
    Column("maximum", "most", "id"),
    Column("odd", "odd values", "sentence", "Values of this column in rows that were set aside."),
)
_EVENTS: Final = (
    Column("kind", "kind of event"),
    Column("n_rows", "rows", "count"),
    Column("use", "role", "tag", "What the shop wants more of: the target of evaluation."),
)


def check_page(check: Json) -> str:
    """HTML page of a data check.

    Parameters
    ----------
    check : mapping
        ``CheckReport.to_json()``.

    Returns
    -------
    html : str
        Complete in itself: style, charts and script are inside.
    """
    files = ", ".join(table["file"] for table in check["tables"])
    sections = [check_overview(check), *map(_table_section, check["tables"])]
    return render("Data check", files, _span(check["time"]), sections)


def check_overview(check: Json) -> Section:
    """The verdict, the sizes, the findings and the rows of every table."""
    sizes = check["shop"]
    counts = [
        {**table, "accepted_share": _share(table["n_accepted"], table["n_read"])}
        for table in check["tables"]
    ]
    events = [{**event, "use": "target" if event["is_target"] else ""} for event in sizes["events"]]
    return Section(
        "check",
        "The data",
        summary=[_VERDICTS[check["level"]]],
        figures=[
            {"label": label, "value": sizes[key], "definition": definition, "is_share": False}
            for key, (label, definition) in _SIZES.items()
            if sizes[key]
        ],
        findings=check["findings"],
        charts=_charts(check["time"]),
        tables=[
            DataTable(
                "counts",
                "Rows",
                _COUNTS,
                counts,
                "Rows read = accepted + set aside + duplicates, in every table.",
            ),
            DataTable("events", "Events", _EVENTS, events, empty="There are no events."),
        ],
    )


def _charts(time: Json | None) -> list[Panel]:
    if time is None or len(time["months"]) < 2:
        return []
    drawn = chart(
        "rows",
        "Accepted interactions by month",
        "; ".join(f"{month['month']}: {month['n_rows']:,}" for month in time["months"]),
        monthly_bars_chart(time["months"], "n_rows", "rows"),
        200,
    )
    return [Panel("Interactions by month", drawn, "A month that stands out may lack a file.")]


def _table_section(table: Json) -> Section:
    name = table["name"]
    columns = [
        {
            **column,
            **{key: _value(column[key]) for key in ("minimum", "median", "maximum")},
            "odd": ", ".join(dict.fromkeys(column["odd_values"])),
        }
        for column in table["columns"]
    ]
    reasons = [{**reason, "shown": _examples(reason)} for reason in table["reasons"]]
    return Section(
        f"table-{name}",
        f"Table: {name}",
        tables=[
            DataTable(f"{name}-columns", "Columns", _COLUMNS, columns),
            DataTable(
                f"{name}-reasons",
                "Rows set aside",
                _REASONS,
                reasons,
                empty="No row was set aside.",
                note="The quarantine file holds every such row whole." if reasons else "",
                cards=True,
            ),
        ],
    )


def _examples(reason: Json) -> str:
    shown = [
        f"row {number(example['source_row'])}"
        + (f": {example['value']}" if example["value"] else "")
        for example in reason["examples"]
    ]
    return "; ".join(shown)


def _value(value: float | str | None) -> str:
    if isinstance(value, str):
        return f"{value[:10]} {value[11:16]}".removesuffix(" 00:00")
    return NOTHING if value is None else f"{value:,.12g}"


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _span(time: Json | None) -> str:
    if time is None:
        return "Only the order of events is known."
    return f"{_value(time['start'])} to {_value(time['end'])} UTC, {number(time['n_days'])} days."
