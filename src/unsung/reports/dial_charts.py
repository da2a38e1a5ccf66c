"""Charts of the dial."""

from typing import Any

import altair as alt
import pandas as pd

from unsung.reports.charts import Chart
from unsung.reports.theme import COLOURS

Rows = list[dict[str, Any]]


def frontier_chart(rows: Rows, positions: Rows, budget: float) -> Chart:
    """Loss of relevance against the share of the established tail, a line a method.

    Parameters
    ----------
    rows : list of dict
        ``method, loss, aplt_tail``, each method's in the order of its strengths; losses beyond the
        drawing are left out.
    positions : list of dict
        Of the method that the dial turns: ``loss, tail_share, certified``.
    budget : float
        Share of the relevance that may be lost, drawn as a rule.
    """
    most = max(3 * budget, 0.06)
    x = alt.X(
        "loss:Q",
        title="NDCG given up",
        axis=alt.Axis(format=".0%", tickCount=6),
        scale=alt.Scale(domain=[-most / 3, most], clamp=False),
    )
    y = alt.Y("share:Q", title="established tail in lists", axis=alt.Axis(format=".0%"))
    drawn = pd.DataFrame(
        [
            {"method": row["method"].replace("_", " "), "loss": row["loss"],
             "share": row["aplt_tail"], "order": place}
            for place, row in enumerate(rows)
            if -most / 3 <= row["loss"] <= most
        ],
        columns=["method", "loss", "share", "order"],
    )  # fmt: skip
    certified = pd.DataFrame(
        [
            {"loss": position["loss"], "share": position["tail_share"]}
            for position in positions
            if position["certified"]
        ],
        columns=["loss", "share"],
    )
    lines = (
        alt.Chart(drawn)
        .mark_line(strokeWidth=1.5, point=alt.OverlayMarkDef(size=18, filled=True))
        .encode(
            x=x,
            y=y,
            order="order:Q",
            color=alt.Color("method:N", title=None, legend=alt.Legend(orient="bottom", columns=4)),
        )
    )
    rule = (
        alt.Chart(pd.DataFrame({"loss": [budget]}))
        .mark_rule(color=COLOURS["fresh"], strokeDash=[4, 3])
        .encode(x="loss:Q")
    )
    held = (
        alt.Chart(certified)
        .mark_point(shape="diamond", filled=True, size=80, opacity=1, color=COLOURS["tail"])
        .encode(x=x, y=y)
    )
    return alt.layer(rule, lines, held)
