"""What an item was shown, what came of it day by day, and the words that stand for it."""

from typing import Any, Final

import numpy as np

from unsung.operations.running import RunningShop
from unsung.operations.served_model import ServedModel
from unsung.schema import DAY_US
from unsung.store.activity import events_by_day, shown_by_day

DAYS: Final = 28
MOST_TERMS: Final = 12


def item_traffic(shop: RunningShop, item_id: str, now: int, days: int = DAYS) -> dict[str, Any]:
    """Impressions, what they led to, and all events of an item, day by day.

    Parameters
    ----------
    shop : RunningShop
    item_id : str
    now : int
        Microseconds since 1970 UTC.
    days : int
        Days back, today included.

    Returns
    -------
    traffic : dict
        ``target`` (the event that counts as a sale) and ``days``: the day's ``date`` (microseconds
        since 1970 UTC), ``shown``, ``led`` (impressions whose request an event named), ``sales``,
        ``other`` events.
    """
    first = now // DAY_US - days + 1
    shown = shown_by_day(shop.store, item_id, first * DAY_US)
    events = events_by_day(shop.store, item_id, first * DAY_US)
    target = shop.model().bundle.model.events.target
    rows = []
    for day in range(first, first + days):
        impressions, led = shown.get(day, (0, 0))
        kinds = {kind: n for (moment, kind), n in events.items() if moment == day}
        sales = kinds.pop(target, 0)
        rows.append(
            {
                "date": day * DAY_US,
                "shown": impressions,
                "led": led,
                "sales": sales,
                "other": sum(kinds.values()),
            }
        )
    return {"item_id": item_id, "target": target, "days": rows}


def item_terms(served: ServedModel, item_id: str) -> list[dict[str, Any]]:
    """The terms that an item's text weighs most, each with its share of what makes it alike others.

    Parameters
    ----------
    served : ServedModel
    item_id : str

    Returns
    -------
    terms : list of dict
        ``term``, ``share`` (squared weight; the shares of all terms of the item add up to 1) and
        ``n_items`` of the catalogue that have the term.
    """
    state = served.shop.whole
    item, terms = state.items.find(item_id), state.content.terms
    if not 0 <= item < terms.shape[0]:
        return []
    return weighed(served, terms[[item]].toarray()[0])


def weighed(
    served: ServedModel, weights: np.ndarray, most: int = MOST_TERMS
) -> list[dict[str, Any]]:
    """The heaviest terms of a vector; two-word terms stand for their words, numbers for nothing.

    Parameters
    ----------
    served : ServedModel
    weights : ndarray of float, shape (n_terms,)
        0 or more.
    most : int
    """
    names, terms = served.bundle.model.terms.terms, served.shop.whole.content.terms
    total = float((weights**2).sum())
    if not total:
        return []
    having = np.bincount(terms.indices, minlength=terms.shape[1])
    found: list[dict[str, Any]] = []
    for term in np.argsort(-weights, kind="stable")[: 4 * most].tolist():
        text = names[term].split("=", 1)[-1]
        words = set(text.split())
        told = {word for one in found for word in one["term"].split()}
        if not weights[term] or words & told or any(map(_says_little, words)):
            continue
        share = float(weights[term] ** 2) / total
        found.append({"term": text, "share": round(share, 5), "n_items": int(having[term])})
    return found[:most]


def _says_little(word: str) -> bool:
    return word.isascii() and (len(word) < 3 or word.isdigit())
