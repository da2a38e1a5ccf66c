"""Vega-Lite specifications to SVG inside a page: no network, no script."""

import json
import re
from functools import lru_cache
from typing import Any

import altair as alt
import vl_convert
from markupsafe import Markup

from unsung.reports.charts import Chart
from unsung.reports.theme import CHART_CONFIG, use_variables

WIDTHS = {"narrow": 352, "wide": 544}
"""Name of a style class -> width in CSS pixels that it is drawn in."""

_SIZE = re.compile(r' width="[\d.]+" height="[\d.]+"')
# The drawing is one image with one description; what its parts say of themselves is noise.
_PARTS = re.compile(r' (?:role|aria-[a-z]+)="[^"]*"')
_CLIP = re.compile(r'(id="|url\(#)(clip|gradient)')


def specification(chart: Chart, width: int, height: int) -> dict[str, Any]:
    """The chart's Vega-Lite specification in Unsung's look, data included.

    Parameters
    ----------
    chart : altair chart
    width, height : int
        Of the whole drawing, axes and labels included, in CSS pixels.
    """
    # The specification is made here and nowhere else, and drawing it is the proof: checking it
    # against the schema costs more than drawing it.
    fit = alt.AutoSizeParams(type="fit", contains="padding")
    spec: dict[str, Any] = chart.properties(width=width, height=height, autosize=fit).to_dict(
        validate=False
    )
    spec["config"] = CHART_CONFIG
    return spec


def draw(spec: dict[str, Any], name: str, title: str, description: str) -> Markup:
    """Render a specification as SVG for the inside of a page.

    Parameters
    ----------
    spec : dict
        From ``specification``.
    name : str
        Unique in the page: it starts every id of the drawing. What stands after its last hyphen
        becomes a style class.
    title, description : str
        What a screen reader says.

    Returns
    -------
    svg : Markup
        In colours of the style sheet; as wide as its column.
    """
    svg = use_variables(_render(json.dumps(spec, sort_keys=True)))
    svg = _CLIP.sub(rf"\g<1>{name}-\g<2>", svg)
    start, body = _PARTS.sub("", svg).split(">", 1)
    start = _SIZE.sub("", start).replace(
        ' class="marks"', f' class="chart {name.rpartition("-")[2]}"'
    )
    words = Markup(
        ' role="img" aria-labelledby="{0}-title {0}-text">'
        '<title id="{0}-title">{1}</title><desc id="{0}-text">{2}</desc>'
    ).format(name, title, description)
    # Vega escapes the texts that it draws.
    return Markup(start) + words + Markup(body)  # noqa: S704


@lru_cache(maxsize=64)
def _render(spec: str) -> str:
    return str(vl_convert.vegalite_to_svg(spec, vl_version="6.4"))
