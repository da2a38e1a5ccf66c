"""The charts of the pages, as altair charts of a given width."""

from typing import Any, Final, Literal
from unicodedata import east_asian_width

import altair as alt
import pandas as pd

from unsung.reports.theme import COLOURS, SEGMENTS

Rows = list[dict[str, Any]]
Chart = alt.Chart | alt.LayerChart | alt.FacetChart

MEASURES: Final = {
    "catalogue_share": "Catalogue",
    "buyers_share": "Sales",
    "revenue_share": "Revenue",
    "exposure_share": "Exposure",
}

MOST_MARKED_POINTS: Final = 40
"""A curve of more points is drawn without marks."""

_PERCENT = alt.Axis(format=".0%", tickCount=5)
_BY_SIDE = alt.Color(
    "side:N",
    scale=alt.Scale(
        domain=["up", "down", "open"], range=[COLOURS["tail"], COLOURS["fresh"], COLOURS["cold"]]
    ),
)
_BY_SEGMENT = alt.Color(
    "segment:N", scale=alt.Scale(domain=list(SEGMENTS), range=[COLOURS[name] for name in SEGMENTS])
)


def lorenz_chart(points: Rows, head_share: float) -> Chart:
    """Sales against catalogue, least popular items first; the head's part in its own colour.

    Parameters
    ----------
    points : list of dict
        ``catalogue_share, buyers_share``, ascending.
    head_share : float
        Share of the catalogue that is head, 0 to 1.
    """
    cut = 1 - head_share
    x = alt.X("catalogue_share:Q", title="items, least bought first", axis=_PERCENT)
    y = alt.Y("buyers_share:Q", title="share of sales", axis=_PERCENT)
    base = alt.Chart(pd.DataFrame(points)).encode(x=x, y=y)
    below = base.transform_filter(f"datum.catalogue_share <= {cut} + 0.005")
    above = base.transform_filter(f"datum.catalogue_share >= {cut} - 0.005")
    even = alt.Chart(pd.DataFrame({"catalogue_share": [0, 1], "buyers_share": [0, 1]})).encode(x, y)
    layers = [
        above.mark_area(color=COLOURS["head"], opacity=0.22),
        below.mark_area(color=COLOURS["tail"], opacity=0.28),
        even.mark_line(color=COLOURS["rule"], strokeDash=[3, 3], strokeWidth=1),
        base.mark_line(color=COLOURS["ink"], strokeWidth=1.75),
    ]
    return alt.layer(*layers)


def stacked_shares_chart(rows: Rows) -> Chart:
    """One bar of segments for each measure.

    Parameters
    ----------
    rows : list of dict
        ``measure`` (a label), ``segment``, ``share`` (0 to 1).
    """
    frame = pd.DataFrame(rows)
    frame["order"] = frame["segment"].map(list(SEGMENTS).index)
    frame["middle"] = frame.groupby("measure", sort=False)["share"].cumsum() - frame["share"] / 2
    frame["text"] = [f"{share:.0%}" if share >= 0.085 else "" for share in frame["share"]]
    y = alt.Y("measure:N", sort=None, title=None, axis=alt.Axis(grid=False, labelLimit=150))
    base = alt.Chart(frame).encode(y=y)
    bars = base.mark_bar(height={"band": 0.62}).encode(
        x=alt.X("share:Q", stack="zero", title=None, axis=_PERCENT, scale=alt.Scale(domain=[0, 1])),
        color=_BY_SEGMENT,
        order="order:Q",
    )
    words = base.mark_text(color=COLOURS["paper"], fontWeight=600).encode(
        x=alt.X("middle:Q"), text="text:N"
    )
    return alt.layer(bars, words)


def monthly_shares_chart(months: Rows, suffix: str, title: str) -> Chart:
    """Each month by segment.

    Parameters
    ----------
    months : list of dict
        ``month`` and ``<segment>_<suffix>``.
    suffix, title : str
        Which shares, and what they are of.
    """
    rows = [
        {"month": row["month"], "segment": name, "share": row[f"{name}_{suffix}"], "order": at}
        for row in months
        for at, name in enumerate(SEGMENTS)
    ]
    made: alt.Chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_bar(width={"band": 0.78})
        .encode(
            x=_month_axis([row["month"] for row in months]),
            y=alt.Y("share:Q", title=title, axis=_PERCENT,
                    scale=alt.Scale(domain=[0, 1])),
            color=_BY_SEGMENT,
            order="order:Q",
        )
    )  # fmt: skip
    return made


def monthly_line_chart(months: Rows, column: str, title: str) -> Chart:
    """One number month by month, from zero."""
    frame = pd.DataFrame(months)
    base = alt.Chart(frame).encode(
        x=_month_axis(list(frame["month"])),
        y=alt.Y(f"{column}:Q", title=title, scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=5)),
    )
    return alt.layer(
        base.mark_line(color=COLOURS["ink"], strokeWidth=1.75),
        base.mark_point(color=COLOURS["ink"], filled=True, size=22, opacity=1),
    )


def monthly_bars_chart(months: Rows, column: str, title: str) -> Chart:
    """One count month by month."""
    frame = pd.DataFrame(months)
    made: alt.Chart = (
        alt.Chart(frame)
        .mark_bar(color=COLOURS["head"], width={"band": 0.78})
        .encode(
            x=_month_axis(list(frame["month"])),
            y=alt.Y(f"{column}:Q", title=title, axis=alt.Axis(tickCount=4, format="~s")),
        )
    )
    return made


def trade_off_chart(models: Rows, width: int, height: int) -> Chart:
    """Relevance against relevance on the established tail, a point a recommender.

    Parameters
    ----------
    models : list of dict
        ``name, x, y`` (both metrics) and ``chosen`` (whether it is the one to look at).
    width, height : int
        Of the drawing: names are placed where they don't cover one another.
    """
    frame = pd.DataFrame(models)
    placed = frame.join(pd.DataFrame(_place_labels(models, width, height)))
    # Room on the right, where most names stand.
    top, high = (max(float(frame[c].max()) * room, 1e-6) for c, room in (("x", 1.18), ("y", 1.06)))
    few = alt.Axis(tickCount=5)
    base = alt.Chart(placed).encode(
        x=alt.X("x:Q", title="NDCG, all items", scale=alt.Scale(domain=[0, top]), axis=few),
        y=alt.Y("y:Q", title="NDCG, established tail", scale=alt.Scale(domain=[0, high]), axis=few),
    )
    colour = alt.condition("datum.chosen", alt.value(COLOURS["tail"]), alt.value(COLOURS["head"]))
    points = base.mark_point(filled=True, size=64, opacity=1).encode(color=colour)
    names = [
        base.transform_filter(f"datum.side == '{side}'").mark_text(
            align=align, dx=dx, dy=dy, color=COLOURS["ink"], limit=260
        ).encode(text="label:N")
        for side, (align, dx, dy) in _SIDES.items()
    ]  # fmt: skip
    return alt.layer(points, *names)


def differences_chart(rows: Rows) -> Chart:
    """Differences to a baseline with their intervals.

    Parameters
    ----------
    rows : list of dict
        ``name, difference, low, high``; an interval above zero is drawn in the tail's colour, one
        below in the fresh one's.
    """
    frame = _with_side(rows)
    y = alt.Y("name:N", sort=None, title=None, axis=alt.Axis(grid=False, labelLimit=150))
    base = alt.Chart(frame).encode(y=y, color=_BY_SIDE)
    axis = alt.Axis(format="+~g", tickCount=5)
    return alt.layer(
        alt.Chart(pd.DataFrame({"zero": [0]})).mark_rule(color=COLOURS["ink"]).encode(x="zero:Q"),
        base.mark_rule(strokeWidth=2).encode(
            x=alt.X("low:Q", title="difference, 95% interval", axis=axis), x2="high:Q"
        ),
        base.mark_point(filled=True, size=48, opacity=1).encode(x="difference:Q"),
    )


def before_after_chart(rows: Rows, title: str) -> Chart:
    """Two values a row, before as a hollow point and after as a full one.

    Parameters
    ----------
    rows : list of dict
        ``name, before, after, low, high``; the last two are the 95% interval of the difference.
        Settled gains are drawn in the tail's colour, settled losses in the fresh one's.
    title : str
        What is measured.
    """
    frame = _with_side(rows)
    y = alt.Y("name:N", sort=None, title=None, axis=alt.Axis(grid=False, labelLimit=150))
    base = alt.Chart(frame).encode(y=y, color=_BY_SIDE)
    x = alt.X("before:Q", title=title, scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=5))
    hollow = base.mark_point(filled=True, size=44, opacity=1, stroke=COLOURS["muted"])
    return alt.layer(
        base.mark_rule(strokeWidth=2).encode(x=x, x2="after:Q"),
        hollow.encode(x=x, color=alt.value(COLOURS["paper"])),
        base.mark_point(filled=True, size=58, opacity=1).encode(x="after:Q"),
    )


def training_curve_chart(points: Rows, column: str, title: str, best_step: int | None) -> Chart:
    """One number against the steps of a training, with a rule at the step that was kept.

    Parameters
    ----------
    points : list of dict
        ``step`` and ``column``, in order.
    column, title : str
    best_step : int or None
    """
    base = alt.Chart(pd.DataFrame(points)).encode(
        x=alt.X("step:Q", title="steps", axis=alt.Axis(tickCount=5, format="~s")),
        y=alt.Y(
            f"{column}:Q", title=title, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=5)
        ),
    )
    layers = [base.mark_line(color=COLOURS["head"], strokeWidth=1.75)]
    if len(points) <= MOST_MARKED_POINTS:
        layers.append(base.mark_point(color=COLOURS["head"], filled=True, size=28, opacity=1))
    if best_step is not None:
        kept = alt.Chart(pd.DataFrame({"step": [best_step]}))
        layers.append(kept.mark_rule(color=COLOURS["tail"], strokeDash=[4, 3]).encode(x="step:Q"))
    return alt.layer(*layers)


def _with_side(rows: Rows) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    frame["side"] = ["up" if low > 0 else "down" if high < 0 else "open"
                     for low, high in zip(frame["low"], frame["high"], strict=True)]  # fmt: skip
    return frame


def _month_axis(months: list[str]) -> alt.X:
    step = -(-len(months) // 6)
    axis = alt.Axis(grid=False, values=months[::step], labelAngle=0)
    return alt.X("month:O", title=None, axis=axis)


# Side of the point -> how its name is aligned there, and how far off it stands.
_SIDES: Final[dict[str, tuple[Literal["left", "right", "center"], int, int]]] = {
    "right": ("left", 8, 0),
    "left": ("right", -8, 0),
    "above": ("center", 0, -12),
    "below": ("center", 0, 13),
    "above-right": ("left", 5, -10),
    "above-left": ("right", -5, -10),
    "below-right": ("left", 5, 11),
    "below-left": ("right", -5, 11),
}
_LONGEST: Final = 26
"""Characters of a name in a chart; a wide one counts twice."""


def _place_labels(models: Rows, width: int, height: int) -> Rows:
    """The side of each point where its name covers least of what is there already."""
    right = max(float(row["x"]) for row in models) * 1.18 or 1.0
    top = max(float(row["y"]) for row in models) * 1.06 or 1.0
    inner, tall = width - 62, height - 60
    at = [(row["x"] / right * inner, tall - row["y"] / top * tall) for row in models]
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y in at]
    placed: Rows = []
    for row, (x, y) in zip(models, at, strict=True):
        name = _shortened(str(row["name"]))
        length = 5.8 * _columns(name)
        boxes = {
            side: _box(x + dx, y + dy, length, align) for side, (align, dx, dy) in _SIDES.items()
        }
        side = min(boxes, key=lambda side: _covered(boxes[side], taken, inner, tall))
        taken.append(boxes[side])
        placed.append({"side": side, "label": name})
    return placed


def _columns(text: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _shortened(name: str) -> str:
    if _columns(name) <= _LONGEST:
        return name
    while _columns(name) >= _LONGEST:
        name = name[:-1]
    return f"{name.rstrip()}\u2026"


Box = tuple[float, float, float, float]


def _box(x: float, y: float, length: float, align: str) -> Box:
    left = {"left": x, "right": x - length, "center": x - length / 2}[align]
    return (left, y - 6, left + length, y + 6)


def _covered(box: Box, taken: list[Box], width: float, height: float) -> float:
    outside = max(-box[0], 0) + max(box[2] - width, 0) + max(-box[1], 0) + max(box[3] - height, 0)
    return outside * 12 + sum(
        max(min(box[2], other[2]) - max(box[0], other[0]), 0)
        * max(min(box[3], other[3]) - max(box[1], other[1]), 0)
        for other in taken
    )
