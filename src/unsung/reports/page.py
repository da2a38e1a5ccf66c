"""What all pages are made of: definitions, columns, charts, and the template environment."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from unsung.reports.charts import Chart
from unsung.reports.drawing import WIDTHS, draw, specification
from unsung.reports.theme import SEGMENTS

NOTHING = "\u2013"
"""Stands where there is no number."""


@dataclass
class Definitions:
    """The words of one page that have a definition, in the order in which they appear.

    Examples
    --------
    >>> words = Definitions()
    >>> str(words.link("Gini", "0 = even."))
    '<a class="term" href="#d-1" title="0 = even.">Gini</a>'
    """

    entries: dict[tuple[str, str], str] = field(default_factory=dict)

    def link(self, label: str, sentence: str | None) -> Markup:
        """The word, with its definition on hover and a link to it at the foot of the page."""
        if not sentence:
            return Markup.escape(label)
        anchor = self.entries.setdefault((label, sentence), f"d-{len(self.entries) + 1}")
        return Markup('<a class="term" href="#{}" title="{}">{}</a>').format(
            anchor, sentence, label
        )

    def listed(self) -> list[tuple[str, str, str]]:
        """``(anchor, label, sentence)``, by label."""
        found = [(anchor, label, text) for (label, text), anchor in self.entries.items()]
        return sorted(found, key=lambda entry: entry[1].lower())


@dataclass(frozen=True)
class Column:
    """How a page shows one column of a table.

    Parameters
    ----------
    key : str
        In the rows.
    label : str
    kind : str
        ``text``, ``sentence``, ``id``, ``count``, ``share``, ``bar`` (a share drawn beside its
        number), ``money``, ``metric``, ``segment``, ``tag`` or ``reasons``.
    definition : str
        One sentence.
    """

    key: str
    label: str
    kind: str = "text"
    definition: str = ""

    @property
    def is_number(self) -> bool:
        """Whether cells stand at the right."""
        return self.kind in {"count", "share", "bar", "money", "metric"}


@dataclass(frozen=True)
class Choice:
    """A menu above a table that leaves only the rows with a certain value.

    Parameters
    ----------
    key : str
        Key of the rows; its value is a word or a list of words.
    label : str
    options : mapping of str to str
        Value -> text.
    """

    key: str
    label: str
    options: Mapping[str, str]

    def of(self, row: Mapping[str, Any]) -> str:
        """The row's words, with spaces between."""
        value = row.get(self.key) or ""
        return value if isinstance(value, str) else " ".join(value)


@dataclass(frozen=True)
class DataTable:
    """A table of a page.

    Parameters
    ----------
    name : str
        Unique in the page.
    title, about : str
    columns : sequence of Column
        The first is the heading of its row.
    rows : sequence of mapping
        Besides the columns' keys: ``chosen`` (whether the row stands out) and ``best`` (keys of
        the columns whose number is the best).
    empty : str
        Stands in place of a table without rows.
    note : str
        Stands below.
    cards : bool
        Whether rows become cards on a phone, for rows of words; others scroll.
    choices : sequence of Choice
        Menus; with one there is also a field to filter by text.
    """

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    about: str = ""
    empty: str = "There is nothing to show."
    note: str = ""
    cards: bool = False
    choices: Sequence[Choice] = ()


@dataclass(frozen=True)
class Panel:
    """A chart with its words; ``keyed`` puts the key of the segments' colours above it."""

    title: str
    svg: Markup
    about: str = ""
    keyed: bool = False


@dataclass(frozen=True)
class Section:
    """A part of a page; whatever is empty is left out.

    Parameters
    ----------
    name : str
        Unique in the page.
    title, about : str
    summary : sequence of str
        Findings in plain sentences.
    figures : sequence of mapping
        ``label, value, definition, is_share``.
    findings : sequence of mapping
        ``level`` (``ok``, ``look`` or ``stop``) and ``sentence``.
    charts : sequence of Panel
    tables : sequence of DataTable
    settings : sequence of (str, str)
    notes : sequence of str
    """

    name: str
    title: str
    about: str = ""
    summary: Sequence[str] = ()
    figures: Sequence[Mapping[str, Any]] = ()
    findings: Sequence[Mapping[str, Any]] = ()
    charts: Sequence[Panel] = ()
    tables: Sequence[DataTable] = ()
    settings: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()


def chart(
    name: str, title: str, description: str, made: Chart | Callable[[int], Chart], height: int
) -> Markup:
    """Draw a chart for a phone or a narrow column, and once more for a wide one.

    Parameters
    ----------
    name : str
        Unique in the page.
    title, description : str
        For screen readers.
    made : altair chart or callable
        The chart; or what makes it for a width, where its parts depend on that.
    height : int
        CSS pixels.

    Returns
    -------
    svg : Markup
        Both drawings; the style sheet shows the one that fits.
    """
    drawn = []
    for size, width in WIDTHS.items():
        spec = specification(made(width) if callable(made) else made, width, height)
        drawn.append(draw(spec, f"{name}-{size}", title, description))
    return Markup("\n").join(drawn)


def number(value: Any, kind: str = "count") -> str:
    """A number as pages write it.

    Examples
    --------
    >>> number(1234567), number(0.0512, "share"), number(0.10332, "metric"), number(None)
    ('1,234,567', '5.1%', '0.1033', '\u2013')
    """
    if value is None or value == "":
        return NOTHING
    if kind in {"share", "bar"}:
        return f"{value:.1%}"
    if kind == "money":
        return f"{value:,.0f}"
    if kind == "metric":
        digits = 4 if abs(value) < 10 else 1 if abs(value) < 100 else 0
        return f"{value:,.{digits}f}"
    whole = float(value).is_integer() or abs(value) >= 100
    return f"{value:,.0f}" if whole else f"{value:,.3g}"


def render(title: str, shop: str, context: str, sections: Sequence[Section]) -> str:
    """A whole HTML page, complete in itself.

    Parameters
    ----------
    title, shop, context : str
        What the page is, whose it is, and as of when.
    sections : sequence of Section
        In order. Every text in them is escaped.
    """
    page = _environment().get_template("page.html")
    return page.render(
        title=title, shop=shop, context=context, sections=sections, words=Definitions()
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("unsung.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    environment.globals.update(SEGMENTS=SEGMENTS, NOTHING=NOTHING)
    return environment
