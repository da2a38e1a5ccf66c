"""What a title says about size, amount, colour, material and for whom, as typed values."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from unsung.text.attribute_vocabulary import (
    COUNTED,
    COUNTED_HAN,
    NOT_COLOURS,
    NUMBER,
    NUMBER_WORDS,
    UNITS,
    VOCABULARY,
)
from unsung.text.normalise import normalise

KINDS = (
    "volume", "weight", "length", "dimensions", "age", "count", "size", "colour", "material",
    "audience",
)  # fmt: skip
"""What is looked for; where two readings overlap, the longer one counts, then the earlier kind."""


@dataclass(frozen=True)
class Attribute:
    """One value that a title states.

    Parameters
    ----------
    kind : str
        One of ``KINDS``.
    value : float, tuple of float, or str
        A measure in ``unit``, the sides of ``dimensions`` or the ends of an ``age`` in ascending
        order of the text, or an English word whatever the title's language.
    unit : str
        ``ml``, ``g``, ``cm``, ``months`` or empty.
    words : str
        The words that it was read from.
    start, end : int
        Where they stand in the normalised title.
    """

    kind: str
    value: float | tuple[float, ...] | str
    unit: str
    words: str
    start: int
    end: int


def _units(*kinds: str) -> str:
    names = sorted((name for name in UNITS if UNITS[name][0] in kinds), key=len, reverse=True)
    latin = "|".join(re.escape(name).replace(r"\ ", "[ -]") for name in names if name.isascii())
    han = "|".join(name for name in names if not name.isascii())
    return rf"(?:(?:{latin})(?![A-Za-z])|{han})"


_NAMES = "|".join(sorted((name for name in NUMBER_WORDS if name.isascii()), key=len, reverse=True))
_HAN_DIGITS = "".join(name for name in NUMBER_WORDS if not name.isascii())
_COUNT = rf"(?:\d{{1,5}}|{_NAMES})"
_FREE = r"(?<![\w.,/])"  # no number starts in the middle of another one or of a code

_NO_RADIO = r"(?!2\.4g|[3-6]g ?(?:wireless|wifi|network|phone|lte|手机|网))"

_MEASURE = re.compile(
    rf"{_FREE}{_NO_RADIO}(?P<number>{NUMBER})[ -]?"
    rf"(?P<unit>{_units('volume', 'weight', 'length')})"
    r"|(?<=[\u4e00-\u9fff])(?P<number_han>\d+(?:\.\d+)?)"
    rf"(?P<unit_han>{_units('volume', 'weight', 'length')})"
)
_LENGTH = _units("length")
_SIDE = rf"{NUMBER}(?: ?{_LENGTH})?"
_SIDES = re.compile(
    rf"(?<![\w.]){_SIDE}(?: ?[x×*] ?{_SIDE}){{1,2}}(?![\w.])(?! ?{_units('volume', 'weight')})"
)
_AGE = re.compile(
    rf"(?<![\w.])(?P<low>\d{{1,2}})(?: ?[-~至到] ?(?P<high>\d{{1,2}})|\+)?"
    rf"[ -]?(?P<unit>{_units('age')})"
)
_PACKS = re.compile(
    rf"(?<![\w-])(?:(?:set|pack|box|lot|case|bag|bundle)(?: of|/)? ?(?P<of>{_COUNT})(?!\w)"
    rf"|(?P<times>\d{{1,4}}) ?[x×*](?= ?\d)"
    rf"|(?P<before>{_COUNT})[ -]?(?:{'|'.join(COUNTED)})(?!\w)"
    rf"|[x×*](?P<after>\d{{1,3}})(?![\w.]))"
    rf"|(?P<han>(?<![\d.])\d{{1,4}}|(?<![第一-十])[{_HAN_DIGITS}])(?:[{COUNTED_HAN}])(?!月)装?",
    re.IGNORECASE,
)
_LETTER_SIZE = re.compile(
    r"(?<![A-Za-z0-9'-])(?:size[: ]{1,2}(?P<sized>(?:x{0,4}[sl]|[2-6]xl|m|\d{1,2})(?![\w.]))"
    r"|(?P<alone>x{1,4}[sl]|[2-6]xl)(?![\w'])"
    r"|(?P<shoe>\d{2}(?:\.5)?)码)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)?'?")
_HAN_WORDS = re.compile(
    "|".join(sorted((re.escape(w) for w in VOCABULARY if not w.isascii()), key=len, reverse=True))
)


def extract_attributes(title: str) -> tuple[Attribute, ...]:
    """Read the attributes that a title states, in English and Chinese.

    Parameters
    ----------
    title : str

    Returns
    -------
    attributes : tuple of Attribute
        By where they stand; none overlap.

    Notes
    -----
    About 60 microseconds a title. A word counts where it is one of the vocabulary
    (``attribute_vocabulary.py``), so names of shades such as "Candy Apple" don't. Ounces without
    "fluid" count as a weight. "M" alone is no size: it could be anything.

    Examples
    --------
    >>> [(a.kind, a.value, a.unit) for a in extract_attributes("Set of 4 blue mugs, 250 ml")]
    [('count', 4.0, ''), ('colour', 'blue', ''), ('volume', 250.0, 'ml')]
    >>> [(a.kind, a.value, a.words) for a in extract_attributes("纯棉浴巾男士2条装藏青色")]
    [('material', 'cotton', '纯棉'), ('audience', 'men', '男士'), ('count', 2.0, '2条装'),
     ('colour', 'navy', '藏青色')]
    """
    text = normalise(title)
    found = [*_measures(text), *_counts(text), *_letter_sizes(text), *_vocabulary(text)]
    found.sort(key=lambda a: (a.start - a.end, KINDS.index(a.kind), a.start))
    kept: list[Attribute] = []
    for attribute in found:
        if all(attribute.end <= other.start or other.end <= attribute.start for other in kept):
            kept.append(attribute)
    return tuple(sorted(kept, key=lambda attribute: attribute.start))


def _number(written: str) -> float:
    """Value of a number that ``NUMBER`` matched.

    >>> _number("1 1/2"), _number("1,000"), _number(".5")
    (1.5, 1000.0, 0.5)
    """
    whole, _, part = written.replace(",", "").rpartition(" ")
    if "/" not in part:
        return float(part)
    over, _, under = part.partition("/")
    fraction = float(over) / float(under) if float(under) else 0.0
    return fraction + (float(whole) if whole else 0.0)


def _unit(written: str) -> tuple[str, str, float]:
    return UNITS[written.lower().replace("-", " ")]


def _measures(text: str) -> Iterator[Attribute]:
    text_lower = text.lower()
    for match in _MEASURE.finditer(text_lower):
        kind, unit, factor = _unit(match["unit"] or match["unit_han"])
        value = round(_number(match["number"] or match["number_han"]) * factor, 4)
        yield Attribute(kind, value, unit, _words(text, match), *match.span())
    for match in _SIDES.finditer(text_lower):
        named = re.findall(_LENGTH, match[0])
        factor = _unit(named[-1])[2] if named else 1.0
        sides = tuple(round(_number(n) * factor, 4) for n in re.findall(NUMBER, match[0]))
        unit = "cm" if named else ""
        yield Attribute("dimensions", sides, unit, _words(text, match), *match.span())
    for match in _AGE.finditer(text_lower):
        _, unit, factor = _unit(match["unit"])
        ends = tuple(float(end) * factor for end in (match["low"], match["high"]) if end)
        yield Attribute("age", ends, unit, _words(text, match), *match.span())


def _words(text: str, match: re.Match[str]) -> str:
    return text[match.start() : match.end()]


def _counts(text: str) -> Iterator[Attribute]:
    for match in _PACKS.finditer(text):
        written = next(filter(None, match.groups())).lower()
        value = NUMBER_WORDS.get(written) or int(written)
        yield Attribute("count", float(value), "", match[0], *match.span())


def _letter_sizes(text: str) -> Iterator[Attribute]:
    for match in _LETTER_SIZE.finditer(text):
        value = (match["sized"] or match["alone"] or match["shoe"]).upper()
        yield Attribute("size", value, "", match[0], *match.span())


def _vocabulary(text: str) -> Iterator[Attribute]:
    """Words of the vocabulary; of two that follow each other, the pair where it has a meaning."""
    lowered = text.lower().replace("’", "'")
    found = list(_WORD.finditer(lowered))
    if not text.isascii():
        found += _HAN_WORDS.finditer(lowered)
    spans = [(match[0], *match.span()) for match in found]
    spans += [
        (f"{first[0]} {second[0]}", first.start(), second.end())
        for first, second in pairwise(found)
        if second.start() - first.end() == 1
    ]
    named = [(*VOCABULARY[words], start, end) for words, start, end in spans if words in VOCABULARY]
    barred = [match.span() for match in NOT_COLOURS.finditer(lowered)] if named else []
    for kind, value, start, end in named:
        if kind != "colour" or all(end <= low or high <= start for low, high in barred):
            yield Attribute(kind, value, "", text[start:end], start, end)
