"""Why an item is not in the head: every reason that holds, with the figures it rests on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
from pydantic import Field

from unsung import schema
from unsung.data.state import ShopState
from unsung.popularity.exposure import equal_share, little_shown
from unsung.popularity.neighbours import PriceLevel, prices_by_category, prices_by_terms
from unsung.popularity.season import MONTHS, item_seasons
from unsung.popularity.segments import FRESH, HEAD, NEVER, item_first_seen
from unsung.popularity.sentences import count_of
from unsung.popularity.wording import informative_words, is_blank
from unsung.schema import DAY_US
from unsung.settings import Settings


class ReasonSettings(Settings):
    """From where on a reason holds; every threshold is relative to the shop itself."""

    new_days: float = Field(default=60.0, gt=0)
    """An item first seen (or put in the catalogue) less than this many days ago is new."""
    little_shown_ratio: float = Field(default=0.1, gt=0, lt=1)
    """Little shown = fewer impressions than this part of an equal share of all impressions."""
    narrow_category_ratio: float = Field(default=0.1, gt=0, lt=1)
    """A category is narrow when it has at most this part of the buyers of the median category."""
    few_words_ratio: float = Field(default=0.4, gt=0, lt=1)
    """A title is short when it has at most this part of the words of the median title."""
    most_share: float = Field(default=0.5, gt=0, lt=1)
    """Share of the other items that must have a description or a picture before its absence
    counts."""
    season_months: int = Field(default=3, ge=1, le=6)
    """Length of a season in months."""
    season_share: float = Field(default=0.6, gt=0, lt=1)
    """Least share of an item's buyers in its season."""
    season_ratio: float = Field(default=1.5, gt=1)
    """How many times the shop's own share in these months that must be."""
    season_p_value: float = Field(default=0.01, gt=0, lt=1)
    """Largest chance of such a concentration in an item that sells like the shop."""
    price_ratio: float = Field(default=1.5, gt=1)
    """Overpriced = above this multiple of the neighbours' median price and above what nine of ten
    neighbours cost."""
    min_neighbours: int = Field(default=8, ge=3)
    """Least number of priced items in a category before prices are compared."""
    n_neighbours: int = Field(default=20, ge=3)
    """How many items with the nearest text are compared in price."""
    max_compared_items: int = Field(default=50_000, ge=0)
    """In larger catalogues prices are compared within categories only."""


Evidence = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Reason:
    """One possible reason, for all items at once.

    Parameters
    ----------
    code : str
        Stable name, such as ``little_shown``.
    label : str
        The same in words.
    definition : str
        One sentence: when it holds.
    holds : ndarray of bool, shape (n_items,)
        Only items outside the head that are listed.
    sentence : callable
        Makes the sentence of one item from its evidence.
    evidence : dict of str to ndarray, shape (n_items,)
        The figures that the sentence needs.
    """

    code: str
    label: str
    definition: str
    holds: np.ndarray
    sentence: Callable[[Evidence], str]
    evidence: dict[str, np.ndarray] = field(default_factory=dict)

    def of_item(self, item: int) -> dict[str, Any]:
        """``code, sentence, evidence`` of one item, as plain values."""
        evidence = {
            name: values[item : item + 1].tolist()[0] for name, values in self.evidence.items()
        }
        return {"code": self.code, "sentence": self.sentence(evidence), "evidence": evidence}


NO_REASON: Final = "no_reason"


def find_reasons(
    state: ShopState,
    segments: np.ndarray,
    settings: ReasonSettings,
    impressions: np.ndarray | None = None,
) -> tuple[Reason, ...]:
    """Every reason that the shop's data can tell, for the items outside the head.

    Parameters
    ----------
    state : ShopState
        With ``content.terms``, prices are compared between items with alike text.
    segments : ndarray of int8, shape (n_items,)
        From ``segment_items``.
    settings : ReasonSettings
    impressions : ndarray of int64, shape (n_items,), optional
        How often each item was shown before the state's moment, where that is known.

    Returns
    -------
    reasons : tuple of Reason
        Reasons for which the shop has no data are left out; the last is always ``no_reason``,
        which holds where none of the others does.
    """
    asked = (segments != HEAD) & state.listed
    found: list[Reason] = [
        *_new(state, segments, asked, settings),
        *(_shown(impressions, state.listed, asked, settings) if impressions is not None else ()),
        *_narrow_category(state, asked, settings),
        *_poor_text(state, asked, settings),
        *_no_picture(state, asked, settings),
        *_seasonal(state, asked, settings),
        *_out_of_stock(state, asked),
        *_overpriced(state, asked, settings),
    ]
    explained = np.any([reason.holds for reason in found], axis=0)
    found.append(
        Reason(
            NO_REASON,
            "no reason found",
            "None of the other reasons holds: what keeps the item down is not in these data.",
            asked & ~explained,
            lambda _: "None of the reasons that these data can tell.",
        )
    )
    return tuple(found)


def _new(
    state: ShopState, segments: np.ndarray, asked: np.ndarray, settings: ReasonSettings
) -> Iterator[Reason]:
    known = np.full(state.n_items, np.inf)
    if state.as_of is not None:
        first = item_first_seen(state)
        known = np.where(first < NEVER, (state.as_of - first.astype(np.float64)) / DAY_US, np.inf)
        if schema.CREATED_AT in state.catalogue:
            created = pd.to_numeric(state.catalogue[schema.CREATED_AT]).to_numpy(
                dtype=np.float64, na_value=np.nan
            )
            # A sale before the stated birth says that the item is older.
            known = np.where(np.isinf(known), (state.as_of - created) / DAY_US, known)
        yield Reason(
            "new",
            "new",
            f"First seen less than {settings.new_days:g} days ago.",
            asked & ((known < settings.new_days) | (segments == FRESH)),
            lambda e: f"First seen {count_of(e['days'], 'day')} ago.",
            {"days": np.floor(np.nan_to_num(known, nan=np.inf))},
        )


def _shown(
    impressions: np.ndarray, listed: np.ndarray, asked: np.ndarray, settings: ReasonSettings
) -> Iterator[Reason]:
    equal = equal_share(impressions, listed)
    yield Reason(
        "never_shown",
        "never shown",
        "No impression in the exposures on record.",
        asked & (impressions == 0),
        lambda e: (
            f"Never shown; an equal share would be {count_of(e['equal_share'], 'impression')}."
        ),
        {"equal_share": np.full(len(impressions), equal)},
    )
    yield Reason(
        "little_shown",
        "little shown",
        f"Shown, but less than {settings.little_shown_ratio:.0%} of an equal share of all "
        "impressions.",
        asked & little_shown(impressions, listed, settings.little_shown_ratio),
        lambda e: (
            f"Shown {count_of(e['impressions'], 'time')}; an equal share would be "
            f"{count_of(e['equal_share'], 'impression')}."
        ),
        {"impressions": impressions, "equal_share": np.full(len(impressions), equal)},
    )


def _narrow_category(
    state: ShopState, asked: np.ndarray, settings: ReasonSettings
) -> Iterator[Reason]:
    if schema.CATEGORY not in state.catalogue:
        return
    code, names = pd.factorize(state.catalogue[schema.CATEGORY])
    if len(names) < 3:
        return
    pairs = state.pairs
    category = code[pairs.item_index]
    counted = pairs.bought & (category >= 0)
    reach = np.unique(np.column_stack([category, pairs.user_index()])[counted], axis=0)
    buyers = np.bincount(reach[:, 0], minlength=len(names))
    items = np.bincount(code[state.listed & (code >= 0)], minlength=len(names))
    median = float(np.median(buyers[items > 0])) if (items > 0).any() else 0.0
    narrow = buyers <= settings.narrow_category_ratio * median
    yield Reason(
        "narrow_category",
        "narrow category",
        f"Its category has at most {settings.narrow_category_ratio:.0%} of the buyers of the "
        "median category.",
        asked & (code >= 0) & narrow[code] & (median > 0),
        lambda e: (
            f"Its category '{e['category']}' has {count_of(e['buyers'], 'buyer')} and "
            f"{count_of(e['items'], 'item')}; the median category has "
            f"{count_of(e['median_buyers'], 'buyer')}."
        ),
        {
            "category": np.where(code >= 0, np.append(names, "")[code], ""),
            "buyers": np.append(buyers, 0)[code],
            "items": np.append(items, 0)[code],
            "median_buyers": np.full(state.n_items, median),
        },
    )


def _poor_text(state: ShopState, asked: np.ndarray, settings: ReasonSettings) -> Iterator[Reason]:
    if schema.TITLE in state.catalogue:
        words = informative_words(state.catalogue[schema.TITLE])
        blank = is_blank(state.catalogue[schema.TITLE])
        titled = state.listed & ~blank
        median = float(np.median(words[titled])) if titled.any() else 0.0
        yield Reason(
            "no_title",
            "poor text: no title",
            "The title is empty.",
            asked & blank,
            lambda _: "Has no title.",
        )
        yield Reason(
            "short_title",
            "poor text: short title",
            f"The title has at most {settings.few_words_ratio:.0%} of the distinct words of the "
            "median title (digits and single letters left out; two characters of Chinese are a "
            "word).",
            asked & ~blank & (words <= settings.few_words_ratio * median),
            lambda e: (
                f"The title has {count_of(e['words'], 'informative word')}; "
                f"the median title has {e['median_words']:g}."
            ),
            {"words": words, "median_words": np.full(state.n_items, median)},
        )
    yield from _lacking(
        state,
        asked,
        settings,
        schema.DESCRIPTION,
        ("no_description", "poor text: no description", "description"),
    )


def _no_picture(state: ShopState, asked: np.ndarray, settings: ReasonSettings) -> Iterator[Reason]:
    return _lacking(state, asked, settings, schema.IMAGE, ("no_picture", "no picture", "picture"))


def _lacking(
    state: ShopState,
    asked: np.ndarray,
    settings: ReasonSettings,
    column: str,
    words: tuple[str, str, str],
) -> Iterator[Reason]:
    if column not in state.catalogue:
        return
    code, label, noun = words
    blank = is_blank(state.catalogue[column])
    have = float((~blank[state.listed]).mean()) if state.listed.any() else 0.0
    yield Reason(
        code,
        label,
        f"Has no {noun}, though at least {settings.most_share:.0%} of the items have one.",
        asked & blank & (have >= settings.most_share),
        lambda e: f"Has no {noun}; {e['share_with']:.0%} of the items have one.",
        {"share_with": np.full(state.n_items, have)},
    )


def _seasonal(state: ShopState, asked: np.ndarray, settings: ReasonSettings) -> Iterator[Reason]:
    if state.as_of is None:
        return
    length = settings.season_months
    season = item_seasons(state.interactions, state.n_items, state.as_of, length)
    if season is None:
        return
    months = np.array([_months(first, length) for first in range(12)])
    strong = (
        season.recurs
        & (season.share >= settings.season_share)
        & (season.share >= settings.season_ratio * season.shop_share)
        & (season.p_value <= settings.season_p_value)
    )
    yield Reason(
        "seasonal",
        "sold mainly in certain months",
        f"At least {settings.season_share:.0%} of its buyers came in {length} consecutive months "
        f"of the year (in two years, if the data cover two), {settings.season_ratio:g} times the "
        "shop's own share or more, and chance would do that in at most "
        f"{settings.season_p_value:.0%} of the cases.",
        asked & strong,
        lambda e: (
            f"{e['share']:.0%} of its buyers came in {e['months']}, when the shop had "
            f"{e['shop_share']:.0%} of its own."
        ),
        {
            "months": months[season.first_month],
            "share": season.share,
            "shop_share": season.shop_share,
            "p_value": season.p_value,
        },
    )


def _out_of_stock(state: ShopState, asked: np.ndarray) -> Iterator[Reason]:
    if schema.IN_STOCK in state.catalogue:
        yield Reason(
            "out_of_stock",
            "out of stock",
            "The catalogue says that it is not in stock.",
            asked & ~state.in_stock,
            lambda _: "Not in stock.",
        )


def _overpriced(state: ShopState, asked: np.ndarray, settings: ReasonSettings) -> Iterator[Reason]:
    if schema.PRICE not in state.catalogue:
        return
    price = pd.to_numeric(state.catalogue[schema.PRICE]).to_numpy(np.float64, na_value=np.nan)
    price = np.where((price > 0) & state.listed, price, np.nan)
    level, among = _price_level(state, price, asked, settings)
    if level is None:
        return
    yield Reason(
        "overpriced",
        "dear beside its neighbours",
        f"Costs more than {settings.price_ratio:g} times the median price of {among}, and more "
        "than nine of ten of them.",
        asked & (price > settings.price_ratio * level.median) & (price > level.high),
        lambda e: (
            f"Costs {e['price']:.2f}; of {among} ({e['neighbours']:,}), half cost at most "
            f"{e['median']:.2f} and nine of ten at most {e['high']:.2f}."
        ),
        {"price": price, "median": level.median, "high": level.high, "neighbours": level.n},
    )


def _price_level(
    state: ShopState, price: np.ndarray, asked: np.ndarray, settings: ReasonSettings
) -> tuple[PriceLevel | None, str]:
    terms = state.content.terms
    if terms.shape[1] and state.n_items <= settings.max_compared_items:
        level = prices_by_terms(price, terms, asked, settings.n_neighbours)
        return level, "the items with the most similar text"
    if schema.CATEGORY in state.catalogue:
        category = state.catalogue[schema.CATEGORY]
        return prices_by_category(price, category, settings.min_neighbours), "its category's items"
    return None, ""


def _months(first: int, length: int) -> str:
    last = MONTHS[(first + length - 1) % 12]
    return last if length == 1 else f"{MONTHS[first]}-{last}"
