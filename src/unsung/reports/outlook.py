"""Items without a history: the part of a page that says what to expect of them."""

import itertools
from collections.abc import Mapping
from typing import Any, Final

import altair as alt
import pandas as pd

from unsung.reports.charts import Chart, Rows
from unsung.reports.page import Column, DataTable, Panel, Section, chart
from unsung.reports.theme import COLOURS

ITEMS_SHOWN: Final = 100
"""Rows of the table of items that a page shows, those with most demand."""
CLASS_EDGES: Final = (0, 1, 2, 5, 10, 20, 50)
"""Where classes of expected buyers begin."""

_PERCENT = alt.Axis(format=".0%", tickCount=5)
_ITEMS: Final = {
    "title": ("title", "text"),
    "item_id": ("id", "id"),
    "buyers": ("buyers so far", "count"),
    "demand": ("expected buyers", "count"),
    "p_tail": ("P(tail)", "bar"),
    "for_sales": ("words for sales", "sentence"),
    "for_tail": ("words for the tail", "sentence"),
}
_MODELS: Final = {
    "label": ("read by", "text"),
    "use": ("role", "tag"),
    "pr_auc_rare": ("PR-AUC, top sellers", "metric"),
    "prevalence_rare": ("prevalence", "metric"),
    "roc_auc": ("ROC-AUC", "metric"),
    "brier": ("Brier", "metric"),
    "ece": ("ECE", "metric"),
    "spearman": ("Spearman, buyers", "metric"),
    "top_decile_lift": ("top-decile lift", "metric"),
}


def outlook_section(tables: Mapping[str, Any]) -> Section:
    """What is expected of items without a history.

    Parameters
    ----------
    tables : mapping
        ``Diagnosis.to_json()["tables"]``: its ``outlook, outlook_models`` and
        ``outlook_calibration`` are used.
    """
    items, models = tables["outlook"], tables["outlook_models"]
    rows = items["rows"]
    shown = [{**row, "title": row["title"] or row["item_id"]} for row in rows[:ITEMS_SHOWN]]
    title = "Items without a history"
    if not rows:
        return Section("outlook", title, items["note"])
    judged = [{**row, "use": "in use" if row["chosen"] else ""} for row in models["rows"]]
    cut = f"The {len(shown):,} with most expected buyers of {len(rows):,}; "
    return Section(
        "outlook",
        title,
        items["definition"],
        charts=_charts(tables),
        tables=[
            DataTable(
                "outlook-items",
                "What to expect, item by item",
                _columns(_ITEMS, items["columns"]),
                shown,
                note=cut + "'unsung diagnose --json' gives all." if len(shown) < len(rows) else "",
                cards=True,
            ),
            DataTable(
                "outlook-models",
                "How well texts foretell",
                _columns(_MODELS, {**models["columns"], "use": models["columns"]["chosen"]}),
                judged,
                models["definition"],
            ),
        ],
    )


def _columns(labels: Mapping[str, tuple[str, str]], meanings: Mapping[str, str]) -> list[Column]:
    return [Column(key, label, kind, meanings[key]) for key, (label, kind) in labels.items()]


def _charts(tables: Mapping[str, Any]) -> list[Panel]:
    calibration = tables["outlook_calibration"]
    panels = [
        Panel(
            "Expected buyers",
            chart(
                "expected",
                "Items without a history by expected buyers",
                tables["outlook"]["definition"],
                classes_chart(tables["outlook"]["rows"]),
                240,
            ),
            "How many items are expected to find so many buyers.",
        )
    ]
    if len(calibration["rows"]) > 1:
        panels.insert(
            0,
            Panel(
                "Said and seen",
                chart(
                    "calibration",
                    "Probability of the tail against what happened",
                    calibration["definition"],
                    calibration_chart(calibration["rows"]),
                    240,
                ),
                "Each point is as many items. On the dashed line a probability of 80% comes true "
                "in 80 of 100 items.",
            ),
        )
    return panels


def calibration_chart(bins: Rows) -> Chart:
    """Observed against predicted shares, with the diagonal.

    Parameters
    ----------
    bins : list of dict
        ``predicted`` and ``observed``, 0 to 1.
    """
    x = alt.X("predicted:Q", title="said: P(tail)", axis=_PERCENT, scale=alt.Scale(domain=[0, 1]))
    y = alt.Y("observed:Q", title="seen: share in the tail", axis=_PERCENT,
              scale=alt.Scale(domain=[0, 1]))  # fmt: skip
    base = alt.Chart(pd.DataFrame(bins)).encode(x=x, y=y)
    even = alt.Chart(pd.DataFrame({"predicted": [0, 1], "observed": [0, 1]})).encode(x=x, y=y)
    return alt.layer(
        even.mark_line(color=COLOURS["rule"], strokeDash=[3, 3], strokeWidth=1),
        base.mark_line(color=COLOURS["tail"], strokeWidth=1.25, opacity=0.6),
        base.mark_point(color=COLOURS["tail"], filled=True, size=52, opacity=1),
    )


def classes_chart(items: Rows) -> Chart:
    """How many items there are in each class of expected buyers.

    Parameters
    ----------
    items : list of dict
        ``demand``, >= 0.
    """
    made: alt.Chart = (
        alt.Chart(pd.DataFrame(demand_classes(items)))
        .mark_bar(color=COLOURS["fresh"], width={"band": 0.78})
        .encode(
            x=alt.X("label:O", sort=None, title="expected buyers",
                    axis=alt.Axis(grid=False, labelAngle=0)),
            y=alt.Y("items:Q", title="items", axis=alt.Axis(tickCount=4, format="~s")),
        )
    )  # fmt: skip
    return made


def demand_classes(items: Rows) -> Rows:
    """Items by expected buyers: ``label`` and ``items`` of every class.

    Examples
    --------
    >>> [row["items"] for row in demand_classes([{"demand": 0.4}, {"demand": 7.0}])]
    [1, 0, 0, 1, 0, 0, 0]
    """
    edges = [*CLASS_EDGES, float("inf")]
    return [
        {
            "label": f"{low}\u2013{high}" if high < float("inf") else f"{low}+",
            "items": sum(low <= item["demand"] < high for item in items),
        }
        for low, high in itertools.pairwise(edges)
    ]
