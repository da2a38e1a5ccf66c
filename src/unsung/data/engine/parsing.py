"""Text cells to values, by expressions that every engine computes alike.

A parser is a generator: it yields named expressions, gets them back as computed columns, and
yields ``value`` and ``fault`` last. So no expression is written into the query twice, which would
make it grow, and be computed, exponentially.

Three traps are kept out: on Spark ``strip()`` also cuts the letters v and f, ``isinf()`` never
holds, and back-references in replacements mean something else; so blanks are cut by a pattern,
infinity is found by comparing, and parts are extracted.
"""

from collections.abc import Generator, Mapping
from typing import Any

import ibis

from unsung.data.readers.landed import LIST_SEPARATOR

Column = Any
"""An ibis column; ibis brings no types."""
Parser = Generator[dict[str, Column], tuple[Column, ...], None]

VALUE, PARSE_FAULT = "value", "fault"
NUMBER_PATTERN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\z"

# Blanks of every script, and the marks that hide in exported files.
_BLANK = r"[\t\n\x0b\f\r \x{a0}\x{3000}\x{200b}\x{feff}]+"
# Words of up to four letters for an empty cell.
_NOTHING = r"(?i)^(none|null|#?n/a|\\n)\z"
_NOT_A_NUMBER = "(?i)^na[nt]\\z"
# 12,50 but not 1,234 (which might be either), and 1,234.50 or 1,234,567 but not 1,23.
_DECIMAL_COMMA = r"^[+-]?\d+,\d{1,2}\z"
_GROUPED_NUMBER = r"^[+-]?\d{1,3}(,\d{3})+\.\d+\z|^[+-]?\d{1,3}(,\d{3}){2,}\z"
_CURRENCY = "[$£€¥￥₹ ]"
_YES = "(?i)^(true|t|yes|y|on|in ?stock|available|是|有货)\\z"
_NO = "(?i)^(false|f|no|n|off|out ?of ?stock|unavailable|否|无货)\\z"
_EXACT = 2.0**53
"""Whole numbers beyond this aren't exact in a float."""
_INFINITE = 1e308
"""Not below this: infinity, and NaN, which both engines sort above it."""


def compute(table: Any, parsers: Mapping[str, Parser]) -> Any:
    """Run parsers side by side: their columns are added as ``<name>__value``, ``<name>__fault``.

    Parameters
    ----------
    table : ibis table
    parsers : mapping of str to generator
        Made from columns of ``table``.
    """
    running = {name: (parser, next(parser)) for name, parser in parsers.items()}
    while running:
        table = table.mutate(
            **{
                f"{name}__{part}": expression
                for name, (_, parts) in running.items()
                for part, expression in parts.items()
            }
        )
        asked = {}
        for name, (parser, parts) in running.items():
            try:
                answer = tuple(table[f"{name}__{part}"] for part in parts)
                asked[name] = (parser, parser.send(answer))
            except StopIteration:
                continue
        running = asked
    return table


def _found(value: Column, fault: Column | None = None) -> dict[str, Column]:
    return {VALUE: value, PARSE_FAULT: ibis.null("string") if fault is None else fault}


def as_text(column: Column) -> Column:
    """Any column as text without blanks around it; empty cells are null."""
    kind = column.type()
    if kind.is_array():
        parts = column if kind.value_type.is_string() else column.map(lambda v: v.cast("string"))
        return parts.join(LIST_SEPARATOR).nullif("")
    if kind.is_floating() or kind.is_decimal():
        number = column.cast("float64")
        whole = (number.abs() < _EXACT) & (number % 1 == 0)
        # The cast of a fraction, or of infinity, must not be reached.
        text = ibis.ifelse(whole, number, None).cast("int64").cast("string")
        # Engines spell infinity each in their own way.
        infinite = ibis.ifelse(number > 0, "inf", "-inf")
        other = ibis.ifelse(number.abs() >= _INFINITE, infinite, number.cast("string"))
        return ibis.coalesce(text, ibis.ifelse(number.isnan(), None, other))
    if kind.is_timestamp():
        # Without the zone, which only some engines would write: sessions run in UTC.
        column = column.cast("timestamp")
    text = column if kind.is_string() else column.cast("string")
    trimmed = text.re_replace(f"^{_BLANK}", "").re_replace(f"{_BLANK}\\z", "")
    blank_around = text.re_search(f"^{_BLANK}|{_BLANK}\\z")
    return ibis.ifelse(blank_around, trimmed, text).nullif("")


def filled(text: Column) -> Column:
    """The cell, or null where it is a word for nothing."""
    # The length is looked at first: it is cheaper than the pattern.
    return ibis.ifelse((text.length() <= 4) & text.re_search(_NOTHING), None, text)


def named(text: Column) -> Column:
    """The cell, or null where it is a word for nothing or "nan", which names nobody."""
    no_name = (text.length() == 3) & text.re_search(_NOT_A_NUMBER)
    return ibis.ifelse(no_name, None, filled(text))


def parse_text(column: Column) -> Parser:
    """Text as it stands, without blanks around it."""
    yield _found(as_text(column))


def parse_id(column: Column, *, trim_trailing_zero: bool) -> Parser:
    """An id: text; ``17850.0`` is ``17850`` where wanted; null for "nan", "null" and the like."""
    (text,) = yield {"text": as_text(column)}
    if trim_trailing_zero and column.type().is_string():
        number = text.re_extract(r"^(\d+)\.0\z", 1).nullif("")
        whole = ibis.ifelse(text.endswith(".0"), ibis.coalesce(number, text), text)
        (text,) = yield {"whole": whole}
    yield _found(named(text))


def parse_number(column: Column) -> Parser:
    """A finite float64, also from ``£1,234.50`` and ``12,50``; fault ``not_a_number``."""
    given, number = yield from read_number(column)
    finite = ibis.ifelse(number.abs() < _INFINITE, number, None)
    yield _found(finite, _when(given.notnull() & finite.isnull(), "not_a_number"))


def read_number(
    column: Column,
) -> Generator[dict[str, Column], tuple[Column, ...], tuple[Column, Column]]:
    """The part of a parser that finds what was given (null: nothing) and the float64 in it."""
    kind = column.type()
    if kind.is_numeric() or kind.is_boolean():
        number = column.cast("int64").cast("float64") if kind.is_boolean() else column
        (number,) = yield {"number": number.cast("float64")}
        return number, number
    # Most cells are plain numbers: only the others are looked at closely.
    (plain,) = yield {"plain": column.re_search(NUMBER_PATTERN)}
    (given,) = yield {"given": ibis.ifelse(plain, column, filled(as_text(column)))}
    (bare,) = yield {"bare": ibis.ifelse(plain, given, given.re_replace(_CURRENCY, ""))}
    cleaned = ibis.cases(
        (plain, bare),
        (bare.re_search(NUMBER_PATTERN), bare),
        (bare.re_search(_DECIMAL_COMMA), bare.replace(",", ".")),
        (bare.re_search(_GROUPED_NUMBER), bare.replace(",", "")),
    )
    (number,) = yield {"number": cleaned.try_cast("float64")}
    return given, number


def parse_whole(column: Column) -> Parser:
    """A whole number as int64; fault ``not_a_whole_number``."""
    given, number = yield from read_number(column)
    whole = (number.abs() < _EXACT) & (number % 1 == 0)
    (value,) = yield {"whole": ibis.ifelse(whole, number, None).cast("int64")}
    yield _found(value, _when(given.notnull() & value.isnull(), "not_a_whole_number"))


def parse_flag(column: Column) -> Parser:
    """Yes or no, also from words and stock counts (above 0 is yes); fault ``not_a_flag``."""
    if column.type().is_boolean():
        yield _found(column)
        return
    given, number = yield from read_number(column)
    value = number > 0
    if not column.type().is_numeric():
        yes, no = given.re_search(_YES), given.re_search(_NO)
        value = ibis.cases((yes, True), (no, False), else_=value)
    (value,) = yield {"flag": value}
    yield _found(value, _when(given.notnull() & value.isnull(), "not_a_flag"))


def _when(condition: Column, code: str) -> Column:
    return ibis.ifelse(condition, code, None)
