"""The page of a simulation: what policies do to a shop over months, world by world."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import altair as alt
import pandas as pd

from unsung.reports.charts import Chart, differences_chart
from unsung.reports.page import Column, DataTable, Panel, Section, chart, number, render
from unsung.reports.theme import COLOURS

Json = Mapping[str, Any]

LABELS: Final = {
    "purchases_tail": ("established-tail sales", "count"),
    "purchases_fresh": ("fresh sales", "count"),
    "purchases_head": ("head sales", "count"),
    "purchases": ("all sales", "count"),
    "revenue": ("revenue", "money"),
    "gini": ("Gini of sales", "metric"),
    "reached": ("items sold", "count"),
    "shown": ("items shown", "count"),
    "tail_in_lists": ("tail in lists", "share"),
}
"""Metric -> label and kind of number."""
_POLICIES: Final = {
    "most_popular": ("cold", [2, 2]),
    "undialled": ("head", [1, 0]),
    "dialled": ("tail", [1, 0]),
    "term_profile": ("fresh", [5, 3]),
}
"""Policy -> colour and dash of its line."""
_CHARTED: Final = ("purchases_tail", "purchases", "gini")


def simulation_page(record: Json) -> str:
    """HTML page of a simulation.

    Parameters
    ----------
    record : mapping
        As from ``simulation_record``.

    Returns
    -------
    html : str
        Complete in itself: style, charts and script are inside.
    """
    context = (
        f"{record['months']} months of {record['month_days']:g} days, "
        f"{number(record['n_shoppers'])} shoppers, {number(record['n_items'])} items, "
        f"{record['seeds']} seeds."
    )
    return render("Simulation of the loop", record["shop"], context, simulation_sections(record))


def simulation_sections(record: Json) -> list[Section]:
    """The simulation as parts of a page: the verdict, then a part for every world."""
    return [_verdict(record), *(_world(record, name) for name in record["worlds"])]


def _verdict(record: Json) -> Section:
    panels = []
    for metric in ("purchases_tail", "purchases"):
        rows = [
            {"name": record["worlds"][row["world"]], "difference": row["change"], **_ends(row)}
            for row in record["outcomes"]
            if row["policy"] == "dialled" and row["metric"] == metric and row["low"] is not None
        ]
        if not rows:
            continue
        label = LABELS[metric][0]
        title = f"Dialled against undialled: {label}"
        told = "; ".join(f"{r['name']}: {r['low']:+.1%} to {r['high']:+.1%}" for r in rows)
        drawing = chart(
            f"change-{metric}", title, told, differences_chart(rows), 54 + 30 * len(rows)
        )
        panels.append(Panel(title, drawing, f"Change of {label} after the last month, as a share."))
    dial = record["dial"]
    turned = (
        f"The dial: {dial['method']} at {dial['strength']:g}, the strongest that lost at most "
        f"{record['budget']:.0%} of NDCG on the latest real window (it lost {dial['loss']:.1%}; "
        f"the established tail's share of places there went from {dial['undialled_tail']:.1%} to "
        f"{dial['tail']:.1%}). Chosen, not certified."
    )
    return Section(
        "verdict",
        "The verdict",
        summary=[record["verdict"]],
        charts=panels,
        notes=[turned, *record["assumptions"]],
    )


def _ends(row: Json) -> dict[str, float]:
    return {"low": row["low"], "high": row["high"]}


def _world(record: Json, world: str) -> Section:
    rows = [
        {**row, "label": LABELS[row["metric"]][0], "policy": row["policy"].replace("_", " ")}
        for row in record["outcomes"]
        if row["world"] == world
    ]
    title = record["worlds"][world]
    return Section(
        f"world-{world}",
        title[0].upper() + title[1:],
        charts=list(_charts(record, world)),
        tables=[
            _table(world, kind, [row for row in rows if LABELS[row["metric"]][1] == kind])
            for kind in ("count", "money", "metric", "share")
        ],
    )


def _table(world: str, kind: str, rows: list[dict[str, Any]]) -> DataTable:
    titles = {
        "count": "Sales and items",
        "money": "Money",
        "metric": "Concentration",
        "share": "Lists of the last month",
    }
    columns = [
        Column("label", "what"),
        Column("policy", "policy"),
        Column("mean", "mean", kind, "Mean over seeds, from the start to the last month's end."),
        Column("least", "least", kind, "Least of the seeds."),
        Column("most", "most", kind, "Most of the seeds."),
        Column("change", "against undialled", "share", "Mean over seeds of the relative change."),
        Column("low", "from", "share", "Lower end of the change's 95% interval over seeds."),
        Column("high", "to", "share", "Upper end of the change's 95% interval over seeds."),
    ]
    return DataTable(f"{world}-{kind}", titles[kind], columns, rows)


def _charts(record: Json, world: str) -> Iterator[Panel]:
    for metric in _CHARTED:
        rows = [row for row in record["paths"] if row["world"] == world and row["metric"] == metric]
        label, kind = LABELS[metric]
        last = [row for row in rows if row["month"] == record["months"]]
        told = "; ".join(
            f"{r['policy'].replace('_', ' ')}: {number(r['mean'], kind)}" for r in last
        )
        drawing = chart(
            f"{world}-{metric}", f"{label}, month by month", told, paths_chart(rows, label), 190
        )
        yield Panel(
            label[0].upper() + label[1:],
            drawing,
            f"After the last month: {told}. Since the start; bands: least and most of the seeds. "
            "Full green: dialled; full: undialled; long dashes: term profile; dots: most popular.",
        )


def paths_chart(rows: list[dict[str, Any]], title: str) -> Chart:
    """A line a policy with its band, month by month.

    Parameters
    ----------
    rows : list of dict
        ``policy, month, mean, least, most``.
    title : str
    """
    frame = pd.DataFrame(rows)
    months = sorted(frame["month"].unique().tolist())
    x = alt.X("month:Q", title="month", axis=alt.Axis(values=months, format="d", grid=False))
    scale = alt.Scale(zero=False)
    layers = []
    for policy, (colour, dash) in _POLICIES.items():
        some = frame[frame["policy"] == policy]
        if some.empty:
            continue
        base = alt.Chart(some).encode(x=x)
        low = alt.Y("least:Q", title=title, scale=scale, axis=alt.Axis(tickCount=5, format="~s"))
        layers += [
            base.mark_area(color=COLOURS[colour], opacity=0.18).encode(y=low, y2="most:Q"),
            base.mark_line(color=COLOURS[colour], strokeDash=dash, strokeWidth=1.75).encode(
                y=alt.Y("mean:Q", title=title, scale=scale)
            ),
        ]
    return alt.layer(*layers)
