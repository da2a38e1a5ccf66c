"""What the values of a column look like, and whether they fit what its name promises."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from unsung import schema
from unsung.data.guess.names import event_kind, name_confidence
from unsung.data.readers.landed import LIST_SEPARATOR

_NUMBER = re.compile(r"^[$£€¥￥]?\s?[+-]?(?:\d+(?:,\d{3})*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$")
_DATE = re.compile(
    r"^(?:\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})"
    r"(?:[T ]+\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?\s?(?:Z|UTC|[+-]\d\d(?::?\d\d)?)?)?$"
)
_LINK = re.compile(r"^https?://|\.(?:jpe?g|png|webp|gif)$", re.IGNORECASE)
# Seconds from 1990 to 2100; the other units are so many times larger.
_SECONDS: Final = (631_152_000, 4_102_444_800)
_UNITS: Final = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_MOST_IDS = 64
"""Characters: longer texts are no ids."""
_CELLS = 2_000


@dataclass(frozen=True)
class Look:
    """A column's values in figures; shares are of the cells that aren't empty.

    Parameters
    ----------
    name : str
    n : int
        Cells that aren't empty.
    n_distinct : int
    number_share, whole_share, time_share, link_share, event_share : float
        Share of values that are numbers, whole numbers, times, links, words for events.
    length : float
        Mean length in characters.
    low, high : float
        Smallest and largest number; NaN where there is none.
    has_lists : bool
        Whether values are lists that were joined.
    """

    name: str
    n: int
    n_distinct: int
    number_share: float
    whole_share: float
    time_share: float
    link_share: float
    event_share: float
    length: float
    low: float
    high: float
    has_lists: bool

    @property
    def is_unique(self) -> bool:
        """Whether (almost) every value occurs once."""
        return self.n > 0 and self.n_distinct >= 0.98 * self.n


def look_at(values: pd.Series) -> Look:
    """Sum up a column of text cells; the forms of values by the first 2,000."""
    every = values.dropna().astype(str).str.strip()
    every = every[every != ""]
    cells = every.head(_CELLS)
    numbers = _numbers(cells)
    finite = numbers[np.isfinite(numbers)]
    distinct = every.unique()
    events = sum(event_kind(value) is not None for value in distinct[:100])
    return Look(
        name=str(values.name),
        n=len(every),
        n_distinct=len(distinct),
        number_share=_share(np.isfinite(numbers)),
        whole_share=_share(np.isfinite(numbers) & (numbers % 1 == 0)),
        time_share=max(
            _share(cells.str.match(_DATE).to_numpy(bool)), float(time_unit(cells) is not None)
        ),
        link_share=_share(cells.str.contains(_LINK).to_numpy(bool)),
        event_share=events / len(distinct) if 0 < len(distinct) <= 50 else 0.0,
        length=float(cells.str.len().mean()) if len(cells) else 0.0,
        low=float(finite.min()) if len(finite) else np.nan,
        high=float(finite.max()) if len(finite) else np.nan,
        has_lists=bool(cells.str.contains(LIST_SEPARATOR, regex=False).mean() > 0.5),
    )


def time_unit(values: pd.Series) -> str | None:
    """Unit of times that are numbers since 1970, by their size; None where they aren't all so.

    Examples
    --------
    >>> time_unit(pd.Series(["1424615980000", "1431982094000"]))
    'ms'
    >>> time_unit(pd.Series(["1393545600", "7"])) is None
    True
    """
    cells = values.dropna().astype(str).str.strip()
    numbers = _numbers(cells[~cells.isin(["", "0"])])
    if len(numbers) == 0 or not np.isfinite(numbers).all():
        return None
    for unit, factor in _UNITS.items():
        if ((numbers >= _SECONDS[0] * factor) & (numbers <= _SECONDS[1] * factor)).all():
            return unit
    return None


def confidence(look: Look, column: str, table: str) -> tuple[float, str]:
    """How surely a column is one of ours (0..1), by its name and then its values, and why."""
    named, why = name_confidence(look.name, column, table)
    if named == 0:
        return _by_values(look, column)
    if look.n == 0:
        return round(named * 0.6, 2), f"{why}, but there are no values to look at"
    complaint = _complaint(look, column)
    if complaint:
        return round(named * 0.3, 2), f"{why}, but {complaint}"
    praise = _PRAISE.get(column)
    if praise is not None and praise[0](look):
        return round(1 - (1 - named) * 0.6, 2), f"{why}, and {praise[1]}"
    return named, why


def _by_values(look: Look, column: str) -> tuple[float, str]:
    if column == schema.TIMESTAMP and look.time_share > 0.95 and look.n_distinct > 1:
        return 0.6, "the values are times"
    if column == schema.EVENT and look.event_share > 0.6 and look.n_distinct > 1:
        return 0.7, "the values are words for events"
    if column == schema.IMAGE and look.link_share > 0.9:
        return 0.5, "the values are links"
    return 0.0, ""


def _complaint(look: Look, column: str) -> str | None:
    fits, complaint = _FITS.get(column, (lambda _: True, ""))
    return None if fits(look) else complaint


def _is_id(look: Look) -> bool:
    whole = look.number_share < 0.9 or look.whole_share > 0.9 * look.number_share
    return look.length <= _MOST_IDS and whole and not look.has_lists and look.link_share < 0.5


def _is_words(look: Look) -> bool:
    return look.number_share < 0.5 and look.time_share < 0.5 and look.link_share < 0.5


_Rule = tuple[Callable[[Look], bool], str]
_ID: _Rule = (_is_id, "its values are no ids")
_NUMERIC: _Rule = (lambda look: look.number_share > 0.9, "its values are no numbers")
_TIMES: _Rule = (lambda look: look.time_share > 0.9, "its values are no times that we know")
_FITS: dict[str, _Rule] = {
    schema.USER_ID: _ID,
    schema.ITEM_ID: _ID,
    schema.BASKET_ID: _ID,
    schema.SELLER_ID: _ID,
    schema.REQUEST_ID: _ID,
    schema.TIMESTAMP: _TIMES,
    schema.CREATED_AT: _TIMES,
    schema.POSITION: (lambda look: look.whole_share > 0.9, "its values are no whole numbers"),
    schema.RANK: (lambda look: look.whole_share > 0.9, "its values are no whole numbers"),
    schema.EVENT: (
        lambda look: look.n_distinct <= 50 and look.length <= 40,
        "its values are too many to be kinds of events",
    ),
    schema.RATING: (
        lambda look: look.number_share > 0.9 and look.low >= -10 and look.high <= 100,
        "its values are no ratings",
    ),
    schema.PRICE: _NUMERIC,
    schema.QUANTITY: _NUMERIC,
    schema.WEIGHT: _NUMERIC,
    schema.LOGGING_PROPENSITY: (
        lambda look: look.number_share > 0.9 and look.low >= 0 and look.high <= 1,
        "its values are no probabilities",
    ),
    schema.TITLE: (_is_words, "its values are no words"),
    schema.DESCRIPTION: (_is_words, "its values are no words"),
    schema.TEXT: (_is_words, "its values are no words"),
    schema.IN_STOCK: (
        lambda look: look.number_share > 0.9 or look.n_distinct <= 4,
        "its values are neither yes and no nor numbers",
    ),
}
_PRAISE: dict[str, _Rule] = {
    schema.TIMESTAMP: (lambda look: look.time_share > 0.95, "all values are times"),
    schema.EVENT: (lambda look: look.event_share > 0.5, "the values are words for events"),
    schema.RATING: (lambda look: look.n_distinct <= 20, "the values are few and small"),
    schema.TEXT: (lambda look: look.length > 40, "the values are long texts"),
    schema.USER_ID: (lambda look: not look.is_unique, "values come back"),
    schema.TITLE: (lambda look: 3 <= look.length <= 300, "the values are short texts"),
    schema.CATEGORY: (lambda look: look.n_distinct < 0.5 * look.n, "values come back"),
    schema.BRAND: (lambda look: look.n_distinct < 0.8 * look.n, "values come back"),
}


def _numbers(cells: pd.Series) -> np.ndarray:
    plain = cells.where(cells.str.match(_NUMBER).astype(bool))
    bare = plain.str.replace(r"[$£€¥￥,\s]", "", regex=True)
    return pd.to_numeric(bare, errors="coerce").to_numpy(dtype=np.float64)


def _share(flags: np.ndarray) -> float:
    return float(flags.mean()) if len(flags) else 0.0


def is_number_or_date(text: str) -> bool:
    """Whether a column name looks like a value: then a file has no header line."""
    return bool(_NUMBER.match(text) or _DATE.match(text))
