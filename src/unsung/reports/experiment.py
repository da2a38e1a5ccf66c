"""The page of an experiment: its verdict, what its arms changed, and for whom."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from unsung.reports.experiment_charts import effects_chart
from unsung.reports.page import Column, DataTable, Panel, Section, chart, number, render
from unsung.reports.theme import SEGMENTS

Json = Mapping[str, Any]

_GROUPS: Final = {
    "new": "new users",
    "known": "known users",
    "active": "known, active",
    "inactive": "known, inactive",
}
_INTERVALS: Final = (
    "Thin: the interval that holds at every look; thick: at one look, fixed beforehand. Green: "
    "more, proven. Orange: less, proven. Grey: not proven."
)
_FIGURES: Final = (
    ("control_mean", "control", "Mean of the control's users, less what was known before."),
    ("arm_mean", "arm", "Mean of the arm's users, less what was known before."),
    ("difference", "difference", "Arm minus control, a user."),
    ("low", "from", "Lower end of the interval that holds at every look."),
    ("high", "to", "Upper end of the interval that holds at every look."),
    ("fixed_low", "from, one look", "Lower end of the interval that holds at one look."),
    ("fixed_high", "to, one look", "Upper end of the interval that holds at one look."),
    (
        "adjusted_p_value",
        "p, corrected",
        "Chance of ever seeing this much without an effect, corrected for the metrics or groups "
        "that were looked at together.",
    ),
    (
        "variance_share",
        "variance left",
        "Share of the variance that is left when what was known of each user before is used.",
    ),
)


def experiment_page(record: Json) -> str:
    """HTML page of a readout.

    Parameters
    ----------
    record : mapping
        ``shop, verdict, refused, control, level, start, end, ratio, arms, assignments, effects,
        groups, metrics, notes``, as ``unsung experiment readout --json`` prints it.

    Returns
    -------
    html : str
        Complete in itself: style, charts and script are inside.
    """
    users = sum(arm["n_users"] for arm in record["arms"])
    context = (
        f"{record['start'][:10]} to {record['end'][:10]}, {number(users)} users in "
        f"{len(record['arms'])} arms, compared with '{record['control']}'."
    )
    return render("Experiment", record["shop"], context, experiment_sections(record))


def experiment_sections(record: Json) -> list[Section]:
    """The readout as parts of a page: where the verdict is refused, the arms alone."""
    if record["refused"]:
        return [_verdict(record), _arms(record)]
    return [_verdict(record), _segments(record), _groups(record), _arms(record)]


def _verdict(record: Json) -> Section:
    changes = [
        (_name(record, row), row) for row in record["effects"] if row["lift_low"] is not None
    ]
    return Section(
        "verdict",
        "The verdict",
        summary=[record["verdict"]],
        findings=[_ratio_finding(record)],
        charts=_lift_chart("lifts", "Change against the control", record, changes),
        tables=[] if record["refused"] else [_effects_table(record), _metrics_table(record)],
        notes=record["notes"],
    )


def _ratio_finding(record: Json) -> Json:
    ratio = record["ratio"]
    if ratio["fails"]:
        return {
            "level": "stop",
            "sentence": f"The sample ratio fails (p = {ratio['p_value']:.1g}): find out where "
            "users were lost or added before anything is compared.",
        }
    return {
        "level": "ok",
        "sentence": f"The arms have the planned sizes (p = {ratio['p_value']:.2g}).",
    }


def _lift_chart(
    name: str, title: str, record: Json, changes: Iterable[tuple[str, Json]]
) -> list[Panel]:
    rows = [
        {
            "name": label,
            "change": row["lift"],
            "low": row["lift_low"],
            "high": row["lift_high"],
            "fixed_low": row["lift_fixed_low"],
            "fixed_high": row["lift_fixed_high"],
            "settled": row["settled"],
        }
        for label, row in changes
    ]
    if not rows:
        return []
    said = "; ".join(f"{r['name']}: {r['low']:+.1%} to {r['high']:+.1%}" for r in rows)
    axis = f"change of the mean a user, {100 * record['level']:g}% intervals"
    drawing = chart(
        name, title, said, effects_chart(rows, axis, is_share=True), 54 + 24 * len(rows)
    )
    return [Panel(title, drawing, _INTERVALS)]


def _segments(record: Json) -> Section:
    """Where purchases came from and went to: these differences add up to that of all purchases."""
    wanted = {f"{name}_purchases": label for name, label in SEGMENTS.items()}
    several = len(record["arms"]) > 2
    rows = [
        {
            "name": f"{row['arm']}, {label}" if several else label,
            "change": row["difference"],
            **{key: row[key] for key in ("low", "high", "fixed_low", "fixed_high", "settled")},
        }
        for metric, label in wanted.items()
        for row in record["effects"]
        if row["metric"] == metric and row["low"] is not None
    ]
    panels = []
    if rows:
        said = "; ".join(f"{r['name']}: {r['change']:+.3g}" for r in rows)
        axis = f"purchases a user, arm minus control, {100 * record['level']:g}% intervals"
        drawing = chart(
            "segments-chart",
            "Difference in purchases a user by segment of the items",
            said,
            effects_chart(rows, axis, is_share=False),
            54 + 24 * len(rows),
        )
        panels.append(Panel("Purchases a user by segment", drawing, _INTERVALS))
    return Section(
        "segments",
        "What the tail won and the head lost",
        "Segments are as of the start. What the head loses while the tail wins is what the lists "
        "moved, not what they added.",
        charts=panels,
        tables=[_reached_table(record)],
    )


def _reached_table(record: Json) -> DataTable:
    smallest = min(arm["n_users"] for arm in record["arms"])
    return DataTable(
        "reached",
        "Items reached",
        [
            Column("arm", "arm"),
            Column("n_users", "users", "count"),
            Column(
                "items_reached",
                "items bought",
                "count",
                "Distinct items that as many users as the smallest arm has, drawn at random from "
                "this arm, are expected to have bought.",
            ),
        ],
        record["arms"],
        f"Distinct items bought, every arm cut to {number(smallest)} users.",
    )


def _groups(record: Json) -> Section:
    rows = [
        {**row, "name": f"{_GROUPS[row['group']]}: {_name(record, row)}"}
        for row in record["groups"]
    ]
    several = len(record["arms"]) > 2
    shown = [
        (f"{row['arm']}, {_GROUPS[row['group']]}" if several else _GROUPS[row["group"]], row)
        for row in rows
        if row["lift_low"] is not None and row["metric"] == "tail_purchases"
    ]
    return Section(
        "groups",
        "By group of users",
        "Known = with any event before the start; active = with a purchase in the days before it. "
        "A look for surprises: the verdict doesn't rest on it.",
        charts=_lift_chart(
            "group-lifts", "Established-tail purchases by group of users", record, shown
        ),
        tables=[
            DataTable(
                "groups-table",
                "By group",
                _columns(),
                [{**row, "chosen": row["settled"]} for row in rows],
                empty="No group has users in every arm.",
            )
        ],
    )


def _effects_table(record: Json) -> DataTable:
    rows = [
        {**row, "name": _name(record, row), "chosen": row["settled"]} for row in record["effects"]
    ]
    return DataTable(
        "effects",
        "All metrics",
        _columns(),
        rows,
        "Means of all users of an arm, those who bought nothing included. Rows that stand out are "
        "proven.",
    )


def _metrics_table(record: Json) -> DataTable:
    columns = [Column("label", "metric"), Column("definition", "what it is", "sentence")]
    rows = list(record["metrics"].values())
    return DataTable("metrics", "What the metrics are", columns, rows, cards=True)


def _columns() -> list[Column]:
    return [
        Column("name", "metric"),
        *(Column(key, label, "metric", text) for key, label, text in _FIGURES),
        Column(
            "n_active", "users with a value", "count", "Users whose value isn't 0, in both arms."
        ),
    ]


def _name(record: Json, row: Json) -> str:
    label: str = record["metrics"][row["metric"]]["label"]
    return f"{row['arm']}, {label}" if len(record["arms"]) > 2 else label


def _arms(record: Json) -> Section:
    given = record["assignments"]
    arms = DataTable(
        "arms",
        "Arms",
        [
            Column("arm", "arm"),
            Column("n_users", "users", "count"),
            Column("expected_users", "planned", "count", "Users by the planned shares."),
            Column("user_days", "user-days", "count", "Days since the first exposure, summed."),
        ],
        record["arms"],
    )
    reasons = DataTable(
        "assignments",
        "Rows set aside",
        [
            Column("column", "column"),
            Column("explanation", "why", "sentence"),
            Column("n_rows", "rows", "count"),
        ],
        given["reasons"],
        f"{given['file']}: {number(given['n_read'])} rows read = {number(given['n_accepted'])} "
        f"accepted + {number(given['n_quarantined'])} set aside + "
        f"{number(given['n_duplicates'])} duplicates.",
        empty="Every row of the assignments could be used.",
        cards=True,
    )
    return Section("arms-section", "Who was in which arm", tables=[arms, _sizes(record), reasons])


def _sizes(record: Json) -> DataTable:
    names = [arm["arm"] for arm in record["arms"]]
    columns = [
        Column("group", "users"),
        *(Column(f"arm {number}", name, "count") for number, name in enumerate(names)),
        Column("p_value", "p", "metric", "Chance of sizes this far from the planned shares."),
    ]
    rows = [
        {
            "group": _GROUPS[row["group"]],
            **{f"arm {number}": row["n_users"][name] for number, name in enumerate(names)},
            "p_value": row["p_value"],
        }
        for row in record["ratio"]["groups"]
    ]
    about = "Where the sample ratio fails, this says whom it concerns."
    return DataTable("sizes", "Sizes by group of users", columns, rows, about)
