"""Every row of a landed table typed, and either good or with the reason why not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import ibis

from unsung import schema
from unsung.data.engine.columns import ColumnMap
from unsung.data.engine.parsing import (
    PARSE_FAULT,
    VALUE,
    Column,
    Parser,
    as_text,
    compute,
    parse_flag,
    parse_id,
    parse_number,
    parse_text,
    parse_whole,
)
from unsung.data.engine.times import TimeReading, parse_time
from unsung.data.settings import ShopSettings

FAULT = "unsung_fault"
"""``column:reason`` of a row that is set aside; null for a good one."""
RAW_PREFIX = "unsung_raw_"
COPIES = "unsung_copies"
"""How many equal rows of the shop's files a row of a canonical table stands for."""

# Column -> smallest and largest value that is kept. A larger one would overflow float32 or is no
# price, rating or number of pieces of any shop.
RANGES = {
    schema.PRICE: (0.0, 1e12),
    schema.RATING: (0.0, 1e6),
    schema.WEIGHT: (-1e6, 1e6),
    schema.QUANTITY: (-1e9, 1e9),
    schema.POSITION: (0.0, 1e15),
    schema.RANK: (1.0, 1e9),
    schema.LOGGING_PROPENSITY: (1e-12, 1.0),
}
_TIMED_TABLES = ("interactions", "reviews", "exposures", "assignments")
_SOLD = ("purchase", "return")


@dataclass(frozen=True)
class Judgement:
    """A landed table with typed columns and a verdict on every row.

    Parameters
    ----------
    table : ibis table
        ``source_file, source_row``, the canonical ``columns``, ``fault``, and the shop's own
        values, as text, of rows with a fault in ``raw_0, raw_1, ...``.
    columns : tuple of str
        The canonical columns that this shop has, in the order of the schema, then attributes.
    raw : tuple of str
        The shop's names of ``raw_0, raw_1, ...``.
    """

    table: Any
    columns: tuple[str, ...]
    raw: tuple[str, ...]


def judge(
    landed: Any,
    mapped: ColumnMap,
    settings: ShopSettings,
    readings: Mapping[str, TimeReading],
    now: datetime,
) -> Judgement:
    """Type the columns of a landed table and find each row's first fault.

    Parameters
    ----------
    landed : ibis table
        With ``source_file`` and ``source_row``.
    mapped : ColumnMap
    settings : ShopSettings
        Its rules of cleaning and its event kinds.
    readings : mapping of str to TimeReading
        How to read each column of times.
    now : datetime
        The moment that "future" is measured from; with a zone.

    Returns
    -------
    judgement : Judgement
    """
    parsers = {
        column: _parser(_given(landed, mapped, column), kind, settings, readings.get(column))
        for column, kind in mapped.found.items()
    }
    attributes = [name for name in mapped.attributes if not _is_nested(landed[name])]
    own = tuple(dict.fromkeys((*mapped.own.values(), *attributes)))
    parsed = compute(landed, parsers)
    faults = [ibis.literal(f"{column}:") + parsed[f"{column}__{PARSE_FAULT}"] for column in parsers]
    typed = parsed.select(
        schema.SOURCE_FILE,
        schema.SOURCE_ROW,
        **{column: parsed[f"{column}__{VALUE}"] for column in parsers},
        **{name: as_text(parsed[name]) for name in attributes},
        **{FAULT: ibis.coalesce(*faults)},
        **{f"{RAW_PREFIX}{i}": _shown(parsed[name]) for i, name in enumerate(own)},
    )
    if mapped.table == "interactions":
        typed = _with_events(typed, settings)
    # An id that isn't there says more than a price that can't be read; both say more than a range.
    absent = [(c, f"no_{c}", typed[c].isnull()) for c in schema.REQUIRED[mapped.table]]
    rules = _rules(typed, mapped, settings, now)
    verdict = ibis.coalesce(_first(absent), typed[FAULT], _first(rules))
    table = typed.mutate(**{FAULT: verdict})
    # Good rows need no witness.
    witness = {
        name: ibis.ifelse(table[FAULT].isnull(), None, table[name])
        for name in (f"{RAW_PREFIX}{i}" for i in range(len(own)))
    }
    table = table.mutate(**witness)
    kinds = [c for c in schema.COLUMNS[mapped.table] if c in table.columns]
    return Judgement(table, (*kinds, *attributes), own)


def _given(landed: Any, mapped: ColumnMap, column: str) -> Column:
    if column in mapped.own:
        return landed[mapped.own[column]]
    return ibis.literal(mapped.constants[column])


def _is_nested(column: Column) -> bool:
    kind = column.type()
    return bool(kind.is_nested() and not kind.is_array())


def _shown(column: Column) -> Column:
    """A cell as the shop's file has it."""
    return column if column.type().is_string() else as_text(column)


def _parser(
    column: Column, kind: str, settings: ShopSettings, reading: TimeReading | None
) -> Parser:
    if kind == "id":
        return parse_id(column, trim_trailing_zero=settings.cleaning.trim_trailing_zero)
    if kind == "time":
        return parse_time(column, reading or TimeReading())
    parse = {"text": parse_text, "number": parse_number, "whole": parse_whole, "flag": parse_flag}
    return parse[kind](column)


def _first(rules: list[tuple[str, str, Column]]) -> Column:
    """The label of the first rule that holds."""
    if not rules:
        return ibis.null("string")
    return ibis.cases(*((when, f"{column}:{code}") for column, code, when in rules))


def _with_events(typed: Any, settings: ShopSettings) -> Any:
    """Add each row's event kind."""
    default = ibis.literal(_default_event(settings))
    if schema.RATING in typed.columns:
        default = ibis.ifelse(typed[schema.RATING].notnull(), "rating", default)
    kind = default
    if schema.EVENT in typed.columns:
        named = typed[schema.EVENT].lower()
        # Our own kinds first, so that a name may also be mapped away from its plain meaning.
        names = {k.lower(): v for k, v in settings.event_names.items()}
        ours = named.cases(*names.items(), else_=named) if names else named
        kind = ibis.coalesce(ours, default)
    cleaning = settings.cleaning
    returned = ibis.literal(False)
    if schema.QUANTITY in typed.columns and cleaning.negative_quantity == "return":
        returned = returned | (typed[schema.QUANTITY] < 0).fill_null(False)
    if schema.BASKET_ID in typed.columns and cleaning.cancelled_basket_pattern:
        cancelled = typed[schema.BASKET_ID].re_search(cleaning.cancelled_basket_pattern)
        returned = returned | cancelled.fill_null(False)
    return typed.mutate(**{schema.EVENT: ibis.ifelse(returned, "return", kind)})


def _default_event(settings: ShopSettings) -> str:
    """Interactions that are read from the reviews themselves are reviews."""
    same = settings.reviews is not None and (
        (settings.reviews.paths, settings.reviews.url, settings.reviews.table)
        == (settings.interactions.paths, settings.interactions.url, settings.interactions.table)
    )
    return "review" if same else settings.default_event


def _rules(
    typed: Any, mapped: ColumnMap, settings: ShopSettings, now: datetime
) -> list[tuple[str, str, Column]]:
    """What makes a row of readable cells unfit, most telling first."""
    rules: list[tuple[str, str, Column]] = []
    cleaning = settings.cleaning
    if schema.ITEM_ID in typed.columns and cleaning.item_id_pattern:
        unlike = ~typed[schema.ITEM_ID].re_search(cleaning.item_id_pattern)
        rules.append((schema.ITEM_ID, "not_a_product", unlike))
    rules += _time_rules(typed, mapped, settings, now)
    for column, (low, high) in RANGES.items():
        if column in typed.columns:
            value = typed[column]
            if low >= 0:
                rules.append((column, "negative", value < 0))
            rules.append((column, "out_of_range", ~value.between(low, high)))
    if mapped.table == "interactions":
        rules += _event_rules(typed, settings)
    if mapped.table == "assignments":
        rules.append((schema.ARM, "two_arms", _in_two_arms(typed)))
    if mapped.table == "reviews":
        said = [c for c in (schema.RATING, schema.TITLE, schema.TEXT) if c in typed.columns]
        if said:
            silent = ibis.and_(*(typed[c].isnull() for c in said))
            rules.append((said[-1], "empty_review", silent))
    return rules


def _time_rules(
    typed: Any, mapped: ColumnMap, settings: ShopSettings, now: datetime
) -> list[tuple[str, str, Column]]:
    if mapped.table not in _TIMED_TABLES:
        return []
    column = schema.TIMESTAMP if schema.TIMESTAMP in typed.columns else schema.POSITION
    if column not in typed.columns:
        return []
    value = typed[column]
    rules = [(column, f"no_{column}", value.isnull())]
    if column == schema.TIMESTAMP:
        latest = _micros(now) + int(settings.cleaning.future_days * schema.DAY_US)
        first = _micros(datetime(settings.cleaning.earliest_year, 1, 1, tzinfo=UTC))
        rules += [(column, "future_time", value > latest), (column, "too_early", value < first)]
    return rules


def _event_rules(typed: Any, settings: ShopSettings) -> list[tuple[str, str, Column]]:
    rules = [(schema.EVENT, "unknown_event", ~typed[schema.EVENT].isin(list(settings.weights)))]
    if schema.QUANTITY in typed.columns:
        quantity = typed[schema.QUANTITY]
        sold = typed[schema.EVENT].isin(_SOLD)
        rules.append((schema.QUANTITY, "zero_quantity", (quantity == 0) & sold))
        if settings.cleaning.negative_quantity == "quarantine":
            rules.append((schema.QUANTITY, "negative_quantity", quantity < 0))
    return rules


def _in_two_arms(typed: Any) -> Column:
    """Whether the row's user has rows of several arms, rows with another fault included."""
    arm, rows_of_user = typed[schema.ARM], ibis.window(group_by=schema.USER_ID)
    return arm.min().over(rows_of_user) != arm.max().over(rows_of_user)


def _micros(moment: datetime) -> int:
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * 1_000_000


def accepted(judgement: Judgement, *, collapse: bool) -> Any:
    """The good rows, equal ones once with their number in ``copies``."""
    good = judgement.table.filter(judgement.table[FAULT].isnull())
    if not collapse:
        return good.select(*judgement.columns, **{COPIES: ibis.literal(1, "int64")})
    return good.group_by(list(judgement.columns)).agg(**{COPIES: good.count()})


def latest(judgement: Judgement, key: str) -> Any:
    """The good rows, of those with equal ``key`` the last in file order."""
    good = judgement.table.filter(judgement.table[FAULT].isnull())
    order = [good[schema.SOURCE_FILE].desc(), good[schema.SOURCE_ROW].desc()]
    ranked = good.mutate(
        unsung_place=ibis.row_number().over(group_by=key, order_by=order),
        **{COPIES: good.count().over(group_by=key)},
    )
    return ranked.filter(ranked["unsung_place"] == 0).select(*judgement.columns, COPIES)


def set_aside(judgement: Judgement) -> Any:
    """The rows with a fault in file order: where they were, what it was and what stood there."""
    bad = judgement.table.filter(judgement.table[FAULT].notnull())
    raw = [f"{RAW_PREFIX}{i}" for i in range(len(judgement.raw))]
    chosen = bad.select(schema.SOURCE_FILE, schema.SOURCE_ROW, FAULT, *raw)
    return chosen.order_by(schema.SOURCE_FILE, schema.SOURCE_ROW)
