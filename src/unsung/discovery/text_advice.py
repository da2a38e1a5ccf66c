"""What the title of an item lacks beside items that sell, and what a better one promises."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from unsung import schema
from unsung.data.state import ShopState
from unsung.pipeline.outlook import Forecast, Outlook
from unsung.popularity.segments import HEAD
from unsung.settings import Settings
from unsung.text.attributes import KINDS, extract_attributes
from unsung.text.documents import Documents, build_documents, cell_values
from unsung.text.language import words
from unsung.text.normalise import normalise

BRAND: Final = "brand"
PRODUCT: Final = "product"
"""What the item is, as its category says."""
FROM_REVIEWS: Final = ("material", "audience")
"""Kinds that a reviewer's words say of the item itself; sizes and colours may be another one's."""


class TextAdviceSettings(Settings):
    """How titles are held against those of items that sell."""

    most_items: int = Field(default=1000, ge=0)
    """How many items get advice: those that are bought most, among those with a poor title."""
    least_share: float = Field(default=0.25, gt=0, le=1)
    """Share of the selling items whose titles state something, from which on it is missed."""
    least_sellers: int = Field(default=10, ge=1)
    """Items of the head in a category, below which the whole head is compared with."""
    least_reviews: int = Field(default=2, ge=1)
    """Reviews that must agree before what they say of an item is a fact."""


class Fact(NamedTuple):
    """Something that the shop's own data say of an item and its title doesn't.

    Parameters
    ----------
    kind : str
        ``brand``, ``product``, or one of ``unsung.text.attributes.KINDS``.
    words : str
        As they stand in the source.
    source : str
        Column of the catalogue, or ``reviews``.
    """

    kind: str
    words: str
    source: str


class _Wanted(NamedTuple):
    """Kinds that titles of selling items state, with the share that does; and how many sell."""

    shares: dict[str, float]
    n_sellers: int


@dataclass(frozen=True, eq=False)
class _Item:
    """An item with a poor title: what it lacks, what is known, and the title that says it."""

    index: int
    title: str
    missing: dict[str, float]
    n_sellers: int
    facts: tuple[Fact, ...]
    suggestion: str


def text_advice(
    state: ShopState,
    segments: np.ndarray,
    items: np.ndarray,
    outlook: Outlook | None,
    settings: TextAdviceSettings | None = None,
) -> dict[str, dict[str, Any]]:
    """Advice on titles, made of what catalogue and reviews say and of nothing else.

    Parameters
    ----------
    state : ShopState
    segments : ndarray of int8, shape (n_items,)
    items : ndarray of int64, shape (n,)
        Items outside the head that have no title, or a short one.
    outlook : Outlook or None
        Foretells what titles promise; without it, or where it doesn't read text, no effect is said.
    settings : TextAdviceSettings, optional

    Returns
    -------
    advice : dict of str to dict
        By item id: ``title``, ``missing`` (``kind``, ``share`` of selling items whose title states
        it, ``known``), ``n_sellers``, ``facts``, ``suggestion`` or None, ``effect`` (``p_tail`` and
        ``demand``, each before and after) or None.
    """
    settings = settings or TextAdviceSettings()
    order = np.argsort(-state.buyers[items], kind="stable")
    chosen = np.asarray(items)[order[: settings.most_items]]
    wanted = _Sellers(state, segments, settings)
    said = _said_of(state, chosen)
    found = [
        _advised(state, item, wanted, said.get(item, ()), settings) for item in chosen.tolist()
    ]
    better = [item for item in found if item.suggestion]
    effects = _effects(state, better, outlook)
    effect_of = dict(zip((item.index for item in better), effects, strict=True))
    return {
        str(state.items.values[item.index]): _described(item, effect_of.get(item.index))
        for item in found
    }


class _Sellers:
    """What titles of the head state, by category where enough of it sells."""

    def __init__(
        self, state: ShopState, segments: np.ndarray, settings: TextAdviceSettings
    ) -> None:
        self._settings = settings
        head = np.flatnonzero((segments == HEAD) & state.listed)
        self._titles = _cells(state, schema.TITLE)
        self._brands = _cells(state, schema.BRAND)
        self._categories = _cells(state, schema.CATEGORY)
        self._stated = {item: self._kinds(item) for item in head.tolist() if self._titles[item]}
        self._inside: dict[str, list[int]] = {}
        for item in self._stated:
            self._inside.setdefault(self._categories[item], []).append(item)
        self._known: dict[str, _Wanted] = {}

    def of(self, item: int) -> _Wanted:
        category = self._categories[item]
        if category not in self._known:
            inside = self._inside.get(category, [])
            enough = bool(category) and len(inside) >= self._settings.least_sellers
            self._known[category] = self._shares(inside if enough else list(self._stated))
        return self._known[category]

    def _kinds(self, item: int) -> set[str]:
        title = self._titles[item]
        stated = {attribute.kind for attribute in extract_attributes(title)}
        return stated | ({BRAND} if _names(title, self._brands[item]) else set())

    def _shares(self, sellers: Sequence[int]) -> _Wanted:
        counts = Counter(kind for item in sellers for kind in self._stated[item])
        least = self._settings.least_share * len(sellers)
        shares = {
            kind: counts[kind] / len(sellers)
            for kind in (BRAND, *KINDS)
            if counts[kind] and counts[kind] >= least
        }
        return _Wanted(shares, len(sellers))


def _advised(
    state: ShopState,
    item: int,
    sellers: _Sellers,
    reviews: Sequence[str],
    settings: TextAdviceSettings,
) -> _Item:
    row = state.catalogue.iloc[item]
    title = normalise(_text(row.get(schema.TITLE)))
    wanted = sellers.of(item)
    stated = {attribute.kind for attribute in extract_attributes(title)}
    if _names(title, _text(row.get(schema.BRAND))):
        stated.add(BRAND)
    missing = {kind: share for kind, share in wanted.shares.items() if kind not in stated}
    known = {fact.kind: fact for fact in _facts(row, title, reviews, settings)}
    kinds = [BRAND, PRODUCT, *_by_share(missing)]
    used = tuple(
        known[kind] for kind in dict.fromkeys(kinds) if kind in known and kind not in stated
    )
    return _Item(item, title, missing, wanted.n_sellers, used, _joined(title, used))


def _facts(
    row: pd.Series, title: str, reviews: Sequence[str], settings: TextAdviceSettings
) -> Iterator[Fact]:
    """What the catalogue's row and the reviews say of an item; of each kind the surest last."""
    said = [{(a.kind, a.value): a.words for a in extract_attributes(text)} for text in reviews]
    for kind in FROM_REVIEWS:
        agreed = Counter(key for one in said for key in one if key[0] == kind)
        if len(agreed) == 1 and max(agreed.values()) >= settings.least_reviews:
            key = next(iter(agreed))
            spelled = next(one[key] for one in said if key in one)
            yield Fact(kind, spelled, "reviews")
    for column in _prose_first(row):
        yield from _unambiguous(_text(row[column]), str(column))
    category = cell_values(normalise(_text(row.get(schema.CATEGORY))))
    if category and _may_name(category[-1], title):
        yield Fact(PRODUCT, category[-1], schema.CATEGORY)
    brand = normalise(_text(row.get(schema.BRAND)))
    if brand and not _names(title, brand):
        yield Fact(BRAND, brand, schema.BRAND)


def _may_name(category: str, title: str) -> bool:
    """Whether a category is short enough to name a product, and shares no word with the title."""
    named, said = ({word.rstrip("s") for word in words(text)} for text in (category, title))
    return 0 < len(named) <= _NAMING_WORDS and not named & said


def _by_share(missing: Mapping[str, float]) -> list[str]:
    """Kinds, the one that most selling titles state first."""
    return sorted(missing, key=lambda kind: (-missing[kind], (BRAND, *KINDS).index(kind)))


def _prose_first(row: pd.Series) -> list[str]:
    """Columns that may state attributes: the description, then the free ones, which count more."""
    free = [name for name in row.index if name not in schema.ITEM_COLUMNS]
    return [name for name in (schema.DESCRIPTION, *free) if name in row.index]


def _unambiguous(text: str, source: str) -> Iterator[Fact]:
    """Attributes of a text, of each kind the one where it states but one."""
    found = extract_attributes(text[:_MOST_READ])
    for kind in KINDS:
        values = {attribute.value: attribute.words for attribute in found if attribute.kind == kind}
        if len(values) == 1:
            yield Fact(kind, next(iter(values.values())), source)


def _joined(title: str, facts: Sequence[Fact]) -> str:
    """The title with the facts, brand first; empty where there is nothing to add."""
    if not facts:
        return ""
    first = [fact.words for fact in facts if fact.kind == BRAND]
    product = [fact.words for fact in facts if fact.kind == PRODUCT]
    rest = list(dict.fromkeys(f.words for f in facts if f.kind not in (BRAND, PRODUCT)))
    start = " ".join(filter(None, [*first, title, *product]))
    return ", ".join(filter(None, [start, *rest]))


def _effects(
    state: ShopState, items: Sequence[_Item], outlook: Outlook | None
) -> list[dict[str, Any] | None]:
    if outlook is None or outlook.model == "prior" or not items:
        return [None] * len(items)
    rows = [item.index for item in items]
    before, after = (
        outlook.forecast(_documents(state, rows, titles, outlook))
        for titles in ([item.title for item in items], [item.suggestion for item in items])
    )
    return [_effect(before, after, place) for place in range(len(items))]


def _documents(state: ShopState, rows: list[int], titles: list[str], outlook: Outlook) -> Documents:
    """Documents of some items under other titles."""
    place = {item: number for number, item in enumerate(rows)}
    reviews = state.reviews[state.reviews["item_index"].isin(rows)]
    reviews = reviews.assign(item_index=reviews["item_index"].map(place))
    catalogue = state.catalogue.iloc[rows].reset_index(drop=True).assign(**{schema.TITLE: titles})
    settings = outlook.documents
    return build_documents(catalogue, settings.attributes, reviews, settings=settings)


def _effect(before: Forecast, after: Forecast, place: int) -> dict[str, Any]:
    return {
        name: {
            "before": round(float(getattr(before, name)[place]), 4),
            "after": round(float(getattr(after, name)[place]), 4),
        }
        for name in Forecast._fields
    }


def _described(item: _Item, effect: dict[str, Any] | None) -> dict[str, Any]:
    known = {fact.kind for fact in item.facts}
    return {
        "title": item.title,
        "missing": [
            {"kind": kind, "share": round(share, 3), "known": kind in known}
            for kind, share in ((kind, item.missing[kind]) for kind in _by_share(item.missing))
        ],
        "n_sellers": item.n_sellers,
        "facts": [fact._asdict() for fact in item.facts],
        "suggestion": item.suggestion or None,
        "effect": effect,
        "sentence": advice_sentence(item.missing, item.suggestion, effect),
    }


def advice_sentence(
    missing: Mapping[str, float], suggestion: str, effect: Mapping[str, Any] | None
) -> str:
    """The advice in words; empty where nothing is missing and nothing is known to add.

    Parameters
    ----------
    missing : mapping of str to float
        Kind -> share of selling items whose title states it.
    suggestion : str
        Empty where the shop's data hold nothing to add.
    effect : mapping or None
        ``demand`` and ``p_tail``, each ``before`` and ``after``.

    Examples
    --------
    >>> advice_sentence({"colour": 0.5}, "Mug, blue", None)
    'Titles of items that sell state the colour (50 %). Suggested: "Mug, blue".'
    """
    parts = []
    if missing:
        named = ", ".join(
            f"the {kind} ({100 * missing[kind]:.0f} %)" for kind in _by_share(missing)[:3]
        )
        parts.append(f"Titles of items that sell state {named}.")
    if suggestion:
        parts.append(f'Suggested: "{suggestion}".')
    elif missing:
        parts.append("The catalogue and reviews don't say it of this item.")
    if effect is not None:
        demand, tail = effect["demand"], effect["p_tail"]
        parts.append(
            f"New items with such a title: {demand['after']:.1f} buyers foretold in place of "
            f"{demand['before']:.1f}; {100 * tail['after']:.0f} % likely to stay in the tail in "
            f"place of {100 * tail['before']:.0f} %."
        )
    return " ".join(parts)


def _said_of(state: ShopState, items: np.ndarray) -> dict[int, list[str]]:
    """Texts of the reviews of some items."""
    rows = state.reviews[state.reviews["item_index"].isin(items)]
    found: dict[int, list[str]] = {}
    for item, text in zip(rows["item_index"].tolist(), rows[schema.TEXT].tolist(), strict=True):
        if isinstance(text, str):
            found.setdefault(item, []).append(text[:_MOST_READ])
    return found


def _cells(state: ShopState, name: str) -> list[str]:
    if name not in state.catalogue:
        return [""] * state.n_items
    return [normalise(_text(cell)) for cell in state.catalogue[name]]


def _text(cell: Any) -> str:
    return cell if isinstance(cell, str) else "" if pd.isna(cell) else str(cell)


def _names(title: str, brand: str) -> bool:
    """Whether a title has the words of a brand."""
    wanted = set(words(normalise(brand)))
    return bool(wanted) and wanted <= set(words(title))


_MOST_READ: Final = 2000
_NAMING_WORDS: Final = 3
