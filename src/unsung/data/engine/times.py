"""Times in any of the forms that shops use, to microseconds since 1970 UTC."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import ibis

from unsung import schema
from unsung.data.engine.base import Engine
from unsung.data.engine.columns import ColumnMap
from unsung.data.engine.parsing import (
    NUMBER_PATTERN,
    PARSE_FAULT,
    VALUE,
    Column,
    Parser,
    as_text,
    named,
)
from unsung.data.engine.zones import to_utc
from unsung.data.settings import Source
from unsung.errors import InputError

MIXED_SHARE = 0.001
"""Share of a column's times in another unit than most, above which we stop."""

# Unit -> microseconds. A magnitude below the number beside it is that unit: seconds up to the
# year 5138, milliseconds from 1973.
_UNIT_US = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}
_BELOW = {"s": 1e11, "ms": 1e14, "us": 1e17}
_DATE_NUMBER = "yyyymmdd"
_DATES = (19_000_101, 21_001_231)
_MAX_US = 4e18

_PLAIN = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?\z"
_ZONED = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s?(Z|UTC|[+-]\d\d(:?\d\d)?)\z"
_ZONE = r"\s?(Z|UTC|[+-]\d\d(:?\d\d)?)\z"
_PARTS = (
    r"^(\d{1,4})([-/.])(\d{1,2})[-/.](\d{1,4})"
    r"(?:[T ]+(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?\z"
)


@dataclass(frozen=True)
class TimeReading:
    """How to read one column of times, decided by looking at all of it.

    Parameters
    ----------
    unit : str
        Unit of numeric times: ``s``, ``ms``, ``us``, ``ns`` or ``yyyymmdd``.
    magnitude : str or None
        The magnitude that numeric times have; others are set aside. None: no check.
    day_first : bool
        Whether ``03/04/2024`` is the third of April.
    zone : str
        Zone of times that name none.
    """

    unit: str = "s"
    magnitude: str | None = None
    day_first: bool = True
    zone: str = "UTC"


def parse_time(column: Column, reading: TimeReading) -> Parser:
    """Microseconds since 1970 UTC (int64); faults ``unreadable_time`` and ``time_unit_differs``.

    Empty cells and the number 0, which systems write for "no time", are null.
    """
    kind = column.type()
    if kind.is_date() or kind.is_timestamp():
        (moment,) = yield {"moment": _micros(column.cast("timestamp"))}
        with_zone = kind.is_timestamp() and kind.timezone is not None
        yield {
            VALUE: moment if with_zone else to_utc(moment, reading.zone),
            PARSE_FAULT: ibis.null("string"),
        }
        return
    if kind.is_numeric():
        (number,) = yield {"number": column.cast("float64")}
        given, moment = ibis.ifelse((number == 0) | number.isnan(), None, number), None
    else:
        # Most texts are plain ISO times: only the others are looked at closely.
        (plain,) = yield {"plain": column.re_search(_PLAIN)}
        (text,) = yield {"text": ibis.ifelse(plain, column, as_text(column))}
        numeric = ibis.ifelse(plain, None, text).re_search(NUMBER_PATTERN)
        (number,) = yield {"number": ibis.ifelse(numeric, text, None).try_cast("float64")}
        given = ibis.ifelse(plain, text, ibis.ifelse(number == 0, None, named(text)))
        (given,) = yield {"given": given}
        moment = yield from _read_text(text, plain, reading)
    (value,) = yield {"from_number": _from_number(number, reading)}
    if moment is not None:
        value = ibis.coalesce(value, moment)
    differs = ibis.literal(False)
    if reading.magnitude is not None:
        differs = number.notnull() & (_magnitude(number, reading.unit) != reading.magnitude)
    value, differs = yield {"either": value, "differs": differs & given.notnull()}
    yield {
        VALUE: ibis.ifelse(differs | given.isnull(), None, value),
        PARSE_FAULT: ibis.cases(
            (differs, "time_unit_differs"),
            (given.notnull() & value.isnull(), "unreadable_time"),
        ),
    }


def _micros(moment: Column) -> Column:
    return moment.delta(ibis.timestamp("1970-01-01"), unit="microsecond")


def _from_number(number: Column, reading: TimeReading) -> Column:
    if reading.unit == _DATE_NUMBER:
        # A cast of what isn't such a number could overflow.
        date = ibis.ifelse(number.between(*_DATES), number, None)
        digits = date.cast("int64").cast("string")
        text = digits.substr(0, 4) + "-" + digits.substr(4, 2) + "-" + digits.substr(6, 2)
        return to_utc(_micros(text.try_cast("timestamp")), reading.zone)
    us = (number * _UNIT_US[reading.unit] + 0.5).floor()
    return ibis.ifelse(number.abs() < _MAX_US / _UNIT_US[reading.unit], us, None).cast("int64")


def _read_text(
    text: Column, plain: Column, reading: TimeReading
) -> Generator[dict[str, Column], tuple[Column, ...], Column]:
    """Microseconds of ISO times and of dates written with slashes or dots."""
    (other,) = yield {"other": ibis.ifelse(plain, None, text)}
    (zoned,) = yield {"zoned": other.re_search(_ZONED)}
    (zone,) = yield {"zone": ibis.ifelse(zoned, other.re_extract(_ZONE, 1), None)}
    clock = ibis.cases(
        (plain, text),
        (zoned, other.re_replace(_ZONE, "")),
        (other.re_search(_PLAIN), other),
        (other.re_search(_PARTS), _as_iso(other, reading)),
    )
    (clock,) = yield {"clock": clock}
    # 26 characters end at the microsecond.
    micros = ibis.ifelse(clock.length() > 26, clock.substr(0, 26), clock)
    (local,) = yield {"local": _micros(micros.try_cast("timestamp"))}
    moment = ibis.ifelse(zone.isnull(), to_utc(local, reading.zone), local - _offset_us(zone))
    (moment,) = yield {"moment": moment}
    return moment


def _offset_us(zone: Column) -> Column:
    digits = zone.re_replace("[^0-9]", "")
    hours = ibis.ifelse(digits != "", digits.substr(0, 2), "0").try_cast("int64")
    minutes = ibis.ifelse(digits.length() == 4, digits.substr(2, 2), "0").try_cast("int64")
    sign = ibis.ifelse(zone.startswith("-"), -1, 1)
    return sign * (hours * 3_600 + minutes * 60) * 1_000_000


def _as_iso(text: Column, reading: TimeReading) -> Column:
    """``2024/1/5 8:26``, ``5.1.2024`` or ``1/5/2024`` as ISO text; null for anything else."""
    first, mark, second, third = (text.re_extract(_PARTS, group) for group in (1, 2, 3, 4))
    day_first = (mark == ".") | ibis.literal(reading.day_first)
    day = ibis.ifelse(day_first, first, second)
    month = ibis.ifelse(day_first, second, first)
    hour, minute, second_of = (text.re_extract(_PARTS, group) for group in (5, 6, 7))
    clock = " " + _two(hour) + ":" + _two(minute) + ":" + _two(second_of)
    return ibis.cases(
        (first.length() == 4, first + "-" + _two(second) + "-" + _two(third) + clock),
        (third.length() == 4, third + "-" + _two(month) + "-" + _two(day) + clock),
    )


def _two(digits: Column) -> Column:
    return ("00" + digits).right(2)


def _magnitude(number: Column, unit: str) -> Column:
    """The unit that a number's size speaks of; dates as numbers only where ``unit`` allows."""
    size = number.abs()
    form = ibis.cases(*((size < limit, name) for name, limit in _BELOW.items()), else_="ns")
    if unit not in ("auto", _DATE_NUMBER):
        return form
    month, day = (number / 100).floor() % 100, number % 100
    is_date = number.between(*_DATES) & month.between(1, 12) & day.between(1, 31)
    return ibis.ifelse(is_date, _DATE_NUMBER, form)


def _form(column: Column, unit: str) -> Column:
    """Which form a cell has: a magnitude, a way to write dates, or null."""
    if column.type().is_numeric():
        number = column.cast("float64")
        return ibis.ifelse((number == 0) | number.isnan(), None, _magnitude(number, unit))
    numeric = column.re_search(NUMBER_PATTERN)
    number = ibis.ifelse(numeric, column, None).try_cast("float64")
    first, mark, second, third = (column.re_extract(_PARTS, group) for group in (1, 2, 3, 4))
    slashed = (first.length() <= 2) & (third.length() == 4) & (mark != ".")
    return ibis.cases(
        (numeric, ibis.ifelse(number == 0, None, _magnitude(number, unit))),
        (slashed & (first.try_cast("int64") > 12), "day_first"),
        (slashed & (second.try_cast("int64") > 12), "month_first"),
        (slashed, "either"),
    )


def look_at_times(
    engine: Engine, raw: Any, mapped: ColumnMap, column: str, source: Source
) -> TimeReading:
    """Decide how to read a column of times.

    Parameters
    ----------
    engine : Engine
    raw : ibis table
        The landed table, with ``source_file`` and ``source_row``.
    mapped : ColumnMap
    column : str
        Our name of the column.
    source : Source
        Its ``time_unit`` and ``timezone``.

    Raises
    ------
    InputError
        Where more than 0.1 % of the numeric times have another magnitude than most, where
        ``03/04/2024`` could be either, or where both orders are used: the message names the file,
        the column and the first such row.
    """
    cells = raw[mapped.own[column]]
    if cells.type().is_timestamp() or cells.type().is_date():
        return TimeReading(zone=source.timezone)
    if not cells.type().is_numeric():
        cells = ibis.ifelse(cells.re_search(_PLAIN), None, as_text(cells))
    looked_at = raw.select(schema.SOURCE_FILE, schema.SOURCE_ROW, given=cells)
    formed = looked_at.mutate(form=_form(looked_at.given, source.time_unit))
    formed = formed.filter(formed.form.notnull())
    counted = engine.frame(formed.group_by("form").agg(n=formed.count()))
    counts = dict(zip(counted["form"], counted["n"].astype(int), strict=True))

    def stop(name: str, sentence: str) -> InputError:
        first = formed.filter(formed.form == name).order_by(schema.SOURCE_FILE, schema.SOURCE_ROW)
        file, row, given, _ = engine.frame(first.limit(1)).iloc[0]
        return InputError(f"'{given}' {sentence}", at=mapped.at(column, int(row), str(file)))

    numeric = {u: n for u, n in counts.items() if u in (*_UNIT_US, _DATE_NUMBER)}
    usual = max(numeric, key=lambda unit: (numeric[unit], unit), default=None)
    for unit, n in numeric.items():
        if unit != usual and n > MIXED_SHARE * sum(numeric.values()):
            raise stop(
                unit,
                f"looks like a time in {unit}, but most are in {usual} ({n:,} rows differ): "
                "write all times in one unit.",
            )
    unit = source.time_unit if source.time_unit != "auto" else usual or "s"
    return TimeReading(unit, usual, _day_first(counts, stop), source.timezone)


def _day_first(counts: dict[str, int], stop: Any) -> bool:
    """Whether slashed dates put the day first, where that can be known."""
    n_day, n_month = counts.get("day_first", 0), counts.get("month_first", 0)
    if n_day == n_month == 0 and "either" in counts:
        raise stop(
            "either",
            "could be day/month or month/day, and no row of the file decides: write times as "
            "YYYY-MM-DD.",
        )
    rare, n_rare = ("day_first", n_day) if n_day < n_month else ("month_first", n_month)
    if n_rare > MIXED_SHARE * (n_day + n_month):
        raise stop(
            rare,
            "has day and month in another order than other rows: write times as YYYY-MM-DD.",
        )
    return n_day >= n_month
