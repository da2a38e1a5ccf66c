"""The charts of an experiment's readout."""

from typing import Any

import altair as alt
import pandas as pd

from unsung.reports.charts import Chart
from unsung.reports.theme import COLOURS

_SIDES = {"up": COLOURS["tail"], "down": COLOURS["fresh"], "open": COLOURS["cold"]}


def effects_chart(rows: list[dict[str, Any]], title: str, *, is_share: bool) -> Chart:
    """Changes with two intervals each: thin, valid at every look; thick, valid at one.

    Parameters
    ----------
    rows : list of dict
        ``name, change, low, high, fixed_low, fixed_high, settled``; a settled rise is drawn in the
        tail's colour, a settled fall in the fresh one's.
    title : str
        Of the axis.
    is_share : bool
        Whether changes are relative.
    """
    frame = pd.DataFrame(rows)
    frame["side"] = [
        ("up" if change > 0 else "down") if settled else "open"
        for change, settled in zip(frame["change"], frame["settled"], strict=True)
    ]
    colour = alt.Color("side:N", scale=alt.Scale(domain=list(_SIDES), range=list(_SIDES.values())))
    y = alt.Y("name:N", sort=None, title=None, axis=alt.Axis(grid=False, labelLimit=190))
    base = alt.Chart(frame).encode(y=y, color=colour)
    axis = alt.Axis(format="+.0%" if is_share else "+~g", tickCount=5)
    return alt.layer(
        alt.Chart(pd.DataFrame({"zero": [0]})).mark_rule(color=COLOURS["ink"]).encode(x="zero:Q"),
        base.mark_rule(strokeWidth=1.25).encode(
            x=alt.X("low:Q", title=title, axis=axis), x2="high:Q"
        ),
        base.mark_rule(strokeWidth=4, opacity=0.55).encode(x="fixed_low:Q", x2="fixed_high:Q"),
        base.mark_point(filled=True, size=48, opacity=1).encode(x="change:Q"),
    )
