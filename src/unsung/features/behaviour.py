"""How a customer buys, in words: taste for the tail, prices, rhythm, stage, what they are doing."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import stats

from unsung import schema
from unsung.data.state import ShopState
from unsung.schema import DAY_US

PRIOR_ITEMS: Final = 4.0
"""Items of the shop's mean taste that a customer's own are added to."""
SURE: Final = 0.9
"""Probability from which a taste has a name of its own."""
LEAST_GAPS: Final = 2
"""Times between purchases from which on a customer has a rhythm."""
SLIPPING, LAPSED = 1.5, 3.0
"""Rhythms without a purchase after which a customer is slipping, and lapsed."""
SESSION_US: Final = 30 * 60 * 1_000_000
"""What is further apart than half an hour belongs to two sessions."""

_QUINTILES: Final = (0.2, 0.4, 0.6, 0.8)
_WORDS: Final = {
    "visitor": "Has not bought yet",
    "new": "Bought for the first time of late",
    "active": "Buys as usual",
    "slipping": "Is later than usual",
    "lapsed": "Has stopped buying",
    "niche": "likes what few buy",
    "mixed": "likes a mix of popular and rare items",
    "mainstream": "likes what many buy",
    "low": "at low prices",
    "middle": "at middle prices",
    "high": "at high prices",
}


@dataclass(frozen=True, eq=False)
class ShopHabits:
    """What a customer's habits are held against; all as of one state.

    Parameters
    ----------
    tail : ndarray of bool, shape (n_items,)
        The established tail.
    tail_share : float
        Share of the tail among all that was bought, item by item and customer.
    price_terciles : tuple of float
        Of what was sold; NaN where no price is known.
    gap_days : float
        Median days between the purchase days of a customer; NaN where nobody came twice.
    recency, frequency, money : ndarray of float64, shape (4,)
        Quintiles over customers who bought: days since the last purchase, purchase days, spending.
    """

    tail: np.ndarray
    tail_share: float
    price_terciles: tuple[float, float]
    gap_days: float
    recency: np.ndarray
    frequency: np.ndarray
    money: np.ndarray


def shop_habits(state: ShopState, tail: np.ndarray) -> ShopHabits:
    """Measure the habits of a shop's customers.

    Parameters
    ----------
    state : ShopState
        With a clock.
    tail : ndarray of bool, shape (n_items,)
    """
    bought = state.interactions.take(state.interactions.is_target)
    user = bought.user_index.astype(np.int64)
    day = bought.timestamp // DAY_US
    first_of_day = np.unique(np.stack([user, day]), axis=1)
    who, days = first_of_day
    gaps = np.diff(days)[np.diff(who) == 0]
    last = np.full(state.n_users, -1, dtype=np.int64)
    np.maximum.at(last, user, day)
    buyers = np.flatnonzero(last >= 0)
    spent = np.bincount(user, _spent(bought.price, bought.quantity), state.n_users)[buyers]
    items = state.pairs.item_index[state.pairs.bought]
    known = bought.price[np.isfinite(bought.price) & (bought.price > 0)]
    terciles = np.quantile(known, (1 / 3, 2 / 3)) if len(known) else np.full(2, np.nan)
    return ShopHabits(
        tail=tail,
        tail_share=float(tail[items].mean()) if len(items) else 0.5,
        price_terciles=(float(terciles[0]), float(terciles[1])),
        gap_days=float(np.median(gaps)) if len(gaps) else float("nan"),
        recency=_quintiles((state.as_of or 0) / DAY_US - last[buyers]),
        frequency=_quintiles(np.bincount(who, minlength=state.n_users)[buyers]),
        money=_quintiles(spent),
    )


def behaviour_of(state: ShopState, habits: ShopHabits) -> dict[str, Any]:
    """How the one customer of a state buys, as of its moment.

    Parameters
    ----------
    state : ShopState
        Of ``ShopState.seen_by``, with a clock.
    habits : ShopHabits

    Returns
    -------
    behaviour : dict
        ``stage`` (visitor, new, active, slipping, lapsed), ``taste`` (name, ``tail_share`` with
        ``low`` and ``high``, and the shop's), ``prices`` and ``rhythm`` or None where nothing is
        known of them, ``rfm`` (scores from 1 to 5, 5 the best) or None, ``intent`` (buying,
        comparing, browsing) or None without a session, ``segment`` (a sentence).

    References
    ----------
    Hughes (2005), Strategic Database Marketing, for recency, frequency and spending by quintiles.
    """
    now = state.as_of or 0
    bought = state.interactions.take(state.interactions.is_target)
    days = np.unique(bought.timestamp // DAY_US)
    taste = _taste(state, habits)
    prices = _prices(bought.price, habits)
    rhythm = _rhythm(days, now)
    stage = _stage(days, now, habits.gap_days if rhythm is None else rhythm["days"])
    return {
        "stage": stage,
        "taste": taste,
        "prices": prices,
        "rhythm": rhythm,
        "rfm": _rfm(days, _spent(bought.price, bought.quantity).sum(), now, habits),
        "intent": _intent(state, now),
        "segment": _sentence(stage, taste["name"], None if prices is None else prices["band"]),
    }


def _taste(state: ShopState, habits: ShopHabits) -> dict[str, Any]:
    """A beta posterior of the tail's share, with the shop's mean taste as its prior."""
    items = state.pairs.item_index[state.pairs.bought]
    items = items[items < len(habits.tail)]
    n_tail = int(habits.tail[items].sum())
    share = min(max(habits.tail_share, 0.01), 0.99)
    found = stats.beta(
        PRIOR_ITEMS * share + n_tail, PRIOR_ITEMS * (1 - share) + len(items) - n_tail
    )
    above = float(found.sf(share))
    name = "niche" if above >= SURE else "mainstream" if above <= 1 - SURE else "mixed"
    return {
        # Who bought nothing has the prior alone, however that leans.
        "name": name if len(items) else "mixed",
        "tail_share": round(float(found.mean()), 3),
        "low": round(float(found.ppf(0.1)), 3),
        "high": round(float(found.ppf(0.9)), 3),
        "of_shop": round(habits.tail_share, 3),
    }


def _prices(price: np.ndarray, habits: ShopHabits) -> dict[str, Any] | None:
    known = price[np.isfinite(price) & (price > 0)]
    if not len(known) or np.isnan(habits.price_terciles).any():
        return None
    low, median, high = (round(float(value), 2) for value in np.quantile(known, (0.25, 0.5, 0.75)))
    place = int(np.searchsorted(habits.price_terciles, median, side="right"))
    return {"low": low, "median": median, "high": high, "band": ("low", "middle", "high")[place]}


def _rhythm(days: np.ndarray, now: int) -> dict[str, Any] | None:
    gaps = np.diff(days)
    if len(gaps) < LEAST_GAPS:
        return None
    low, median, high = (float(value) for value in np.quantile(gaps, (0.25, 0.5, 0.75)))
    due = float(days[-1] + median - now / DAY_US)
    return {"days": median, "low": low, "high": high, "due_in_days": round(due, 1)}


def _stage(days: np.ndarray, now: int, gap_days: float) -> str:
    if not len(days):
        return "visitor"
    since = now / DAY_US - days[-1]
    usual = max(gap_days, 1.0) if np.isfinite(gap_days) else float("inf")
    if since > LAPSED * usual:
        return "lapsed"
    if since > SLIPPING * usual:
        return "slipping"
    return "active" if len(days) > 1 else "new"


def _rfm(days: np.ndarray, spent: float, now: int, habits: ShopHabits) -> dict[str, Any] | None:
    if not len(days):
        return None
    since = now / DAY_US - float(days[-1])
    priced = bool(habits.money.any())
    return {
        "recency": 5 - int(np.searchsorted(habits.recency, since)),
        "frequency": 1 + int(np.searchsorted(habits.frequency, len(days), side="right")),
        "money": 1 + int(np.searchsorted(habits.money, spent, side="right")) if priced else None,
        "days_since": round(since, 1),
        "purchase_days": len(days),
        "spent": round(float(spent), 2) if priced else None,
    }


def _intent(state: ShopState, now: int) -> str | None:
    """What the session that goes on looks like: a purchase, one kind of item, or a stroll."""
    rows = state.interactions
    recent = rows.timestamp > now - SESSION_US
    if not recent.any():
        return None
    if rows.is_target[recent].any():
        return "buying"
    items = np.unique(rows.item_index[recent])
    if schema.CATEGORY not in state.catalogue or len(items) == 1:
        return "comparing" if len(items) == 1 else "browsing"
    counts = state.catalogue[schema.CATEGORY].iloc[items].value_counts()
    return "comparing" if len(counts) and 2 * int(counts.iloc[0]) > len(items) else "browsing"


def _sentence(stage: str, taste: str, band: str | None) -> str:
    if stage == "visitor":
        return f"{_WORDS[stage]}."
    return ", ".join(_WORDS[name] for name in (stage, taste, band) if name) + "."


def _spent(price: np.ndarray, quantity: np.ndarray) -> np.ndarray:
    return np.asarray(np.nan_to_num(price) * np.nan_to_num(quantity, nan=1.0), dtype=np.float64)


def _quintiles(values: np.ndarray) -> np.ndarray:
    return np.quantile(values, _QUINTILES) if len(values) else np.zeros(len(_QUINTILES))
