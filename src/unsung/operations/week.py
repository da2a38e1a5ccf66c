"""What changed in the last seven days: gains, first sales, new items, and who moved where."""

from collections import Counter
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np

from unsung.data.state import ShopState
from unsung.operations.running import RunningShop
from unsung.operations.served_model import ServedModel
from unsung.pipeline.reasons import title_of
from unsung.popularity.segments import SEGMENT_NAMES, segment_items
from unsung.schema import DAY_US
from unsung.store.activity import bought_between, items_told_of

WEEK_US: Final = 7 * DAY_US
_SEGMENTS: Final[WeakKeyDictionary[ServedModel, tuple[ShopState, np.ndarray]]] = WeakKeyDictionary()


def week_of(shop: RunningShop, now: int, most: int = 8) -> dict[str, Any]:
    """What the store's events of seven days say, beside what the fit knew.

    Parameters
    ----------
    shop : RunningShop
    now : int
        Microseconds since 1970 UTC.
    most : int
        Items named of each kind.

    Returns
    -------
    week : dict
        ``gained`` (most buyers more than in the seven days before), ``first_sales`` (of items
        without a buyer before), ``new_items`` (told of since the fit, in these days), ``moves``
        (segment now against the one at the fit), each with its number and the first items; and
        ``buyers``, ``buyers_before``: over all items.
    """
    served = shop.model()
    target, since = served.bundle.model.events.target, now - WEEK_US
    week = bought_between(shop.store, target, since, now + DAY_US)
    before = {
        one.item_id: one.buyers
        for one in bought_between(shop.store, target, since - WEEK_US, since)
    }
    gained = [(one, one.buyers - before.get(one.item_id, 0)) for one in week]
    gained = sorted(
        (pair for pair in gained if pair[1] > 0), key=lambda pair: (-pair[1], pair[0].item_id)
    )
    sold = _sold_at_fit(served) | set(before)
    first = [one for one in week if one.item_id not in sold]
    fitted = set(served.bundle.model.state.items.values)
    new = [item for item, _ in items_told_of(shop.store, since) if item not in fitted]
    return {
        "since": since,
        "buyers": sum(one.buyers for one in week),
        "buyers_before": sum(before.values()),
        "gained": {
            "n_items": len(gained),
            "items": [
                {
                    **_named(served, one.item_id),
                    "buyers": one.buyers,
                    "before": before.get(one.item_id, 0),
                }
                for one, _ in gained[:most]
            ],
        },
        "first_sales": {
            "n_items": len(first),
            "items": [
                {**_named(served, one.item_id), "buyers": one.buyers, "first": one.first}
                for one in sorted(first, key=lambda one: -one.first)[:most]
            ],
        },
        "new_items": {"n_items": len(new), "items": [_named(served, item) for item in new[:most]]},
        "moves": _moves(served, most),
    }


def segments_now(served: ServedModel) -> np.ndarray:
    """Segments as the shop is counted now: ndarray of str, one an item of the live catalogue."""
    whole = served.shop.whole
    known = _SEGMENTS.get(served)
    if known is None or known[0] is not whole:
        codes = segment_items(whole, served.bundle.model.first.settings.segments)
        known = _SEGMENTS[served] = (whole, np.array(SEGMENT_NAMES)[codes])
    return known[1]


def _moves(served: ServedModel, most: int) -> dict[str, Any]:
    """Items of the fit whose segment would be another one now."""
    then, state = np.array(served.bundle.model.segments), served.shop.whole
    now = segments_now(served)[: len(then)]
    moved = np.flatnonzero(then != now)
    pairs = Counter(zip(then[moved].tolist(), now[moved].tolist(), strict=True))
    # Ageing alone makes a fresh item tail: what rises is named first.
    order = sorted(moved.tolist(), key=lambda item: (now[item] != "head", -int(state.buyers[item])))
    return {
        "n_items": len(moved),
        "kinds": [{"from": a, "to": b, "n_items": n} for (a, b), n in pairs.most_common()],
        "items": [
            {
                **_named(served, str(state.items.values[item])),
                "from": str(then[item]),
                "to": str(now[item]),
            }
            for item in order[:most]
        ],
    }


def _sold_at_fit(served: ServedModel) -> set[str]:
    state = served.bundle.model.state
    return set(np.asarray(state.items.values)[np.asarray(state.buyers) > 0].tolist())


def _named(served: ServedModel, item_id: str) -> dict[str, str]:
    state = served.shop.whole
    item = state.items.find(item_id)
    return {"item_id": item_id, "title": item_id if item < 0 else title_of(state, item)}
