"""Colours by meaning, and the look of every chart.

Charts are drawn once, as SVG, and must be legible on light and dark paper. They are therefore drawn
in stand-in colours, which are then replaced by the style sheet's variables.
"""

import re
from typing import Any, Final

# Name of a variable of the style sheet -> its stand-in while a chart is drawn.
COLOURS: Final = {
    name: f"#00000{at}"
    for at, name in enumerate(
        ("paper", "ink", "muted", "line", "rule", "head", "tail", "fresh", "cold"), start=1
    )
}
SEGMENTS: Final = {
    "head": "head",
    "tail": "established tail",
    "fresh": "fresh",
    "cold": "cold",
}
"""Segment -> how pages call it."""

# Measured with the metrics of Arial, whatever fonts a machine has; shown in the page's own font.
_FONT: Final = "Liberation Sans"

CHART_CONFIG: Final[dict[str, Any]] = {
    "background": None,
    "font": _FONT,
    "padding": {"left": 4, "right": 14, "top": 6, "bottom": 2},
    "view": {"stroke": None},
    "axis": {
        "domain": False,
        "ticks": False,
        "grid": True,
        "gridColor": COLOURS["line"],
        "labelColor": COLOURS["muted"],
        "labelFontSize": 11,
        "labelPadding": 6,
        "titleColor": COLOURS["muted"],
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "titlePadding": 8,
    },
    "text": {"fontSize": 11, "color": COLOURS["ink"]},
    "legend": {"disable": True},
}

_STAND_IN: Final = re.compile(r"#00000[1-9]")
_BY_STAND_IN: Final = {colour: f"var(--{name})" for name, colour in COLOURS.items()}


def use_variables(svg: str) -> str:
    """Replace stand-in colours by variables of the style sheet.

    Examples
    --------
    >>> use_variables('<path fill="#000007"/>')
    '<path fill="var(--tail)"/>'
    """
    return _STAND_IN.sub(lambda found: _BY_STAND_IN[found.group()], svg)
