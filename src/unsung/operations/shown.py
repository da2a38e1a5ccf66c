"""What lists showed: who got their places, and what one customer saw last."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from unsung.operations.running import RunningShop
from unsung.operations.search import segment_of
from unsung.operations.served_model import ServedModel
from unsung.pipeline.reasons import title_of
from unsung.popularity.concentration import shares
from unsung.popularity.segments import (
    FINE_BAND_EDGES,
    FINE_BAND_NAMES,
    SEGMENT_NAMES,
    popularity_bands,
)
from unsung.schema import DAY_US
from unsung.store.activity import latest_shown
from unsung.store.daily import slots_by_item

DAYS: Final = 28


def shown_of(shop: RunningShop, now: int, days: int = DAYS) -> dict[str, Any]:
    """What lists showed of late, and what they showed in the fit's test.

    Parameters
    ----------
    shop : RunningShop
    now : int
        Microseconds since 1970 UTC.
    days : int
        Days back.

    Returns
    -------
    shown : dict
        ``days``; ``n_places``, places of lists that were given in these days, and ``n_items`` that
        stood in them; ``segments`` and ``bands``, each group's share of the places, by what the
        items were at the fit (an item that came later is cold, and in the last band), empty without
        a place; ``tested``, the same of lists on the fit's test window: ``name`` of the model,
        ``segments`` and ``n_items``.
    """
    served = shop.model()
    state = served.bundle.model.state
    known = np.array([SEGMENT_NAMES.index(name) for name in served.bundle.model.segments])
    bands = popularity_bands(np.asarray(state.buyers), state.listed, FINE_BAND_EDGES)
    by_segment, by_band = np.zeros(len(SEGMENT_NAMES)), np.zeros(len(FINE_BAND_NAMES))
    items: set[str] = set()
    for _, item_id, n in slots_by_item(shop.store, now - days * DAY_US, now + 1):
        item = state.items.find(item_id)
        by_segment[known[item] if item >= 0 else -1] += n
        by_band[bands[item] if item >= 0 else -1] += n
        items.add(item_id)
    return {
        "days": days,
        "n_places": int(by_segment.sum()),
        "n_items": len(items),
        "segments": _shares(SEGMENT_NAMES, by_segment),
        "bands": _shares(FINE_BAND_NAMES, by_band),
        "tested": _tested(served),
    }


def _shares(names: tuple[str, ...], places: np.ndarray) -> dict[str, float]:
    if not places.sum():
        return {}
    return dict(zip(names, map(float, shares(places)), strict=True))


def _tested(served: ServedModel) -> list[dict[str, Any]]:
    """Most-popular lists and the served ones, undialled and dialled, as the fit tested them."""
    metrics, n_items = served.bundle.metrics, served.bundle.model.state.n_items
    served_one = [name for name in ("two_stage", "blend") if name in metrics][:1]
    names = ["most_popular", *served_one, "dialled"]
    found = []
    for name in names:
        summary = metrics.get(name)
        if not isinstance(summary, Mapping) or summary.get("aplt_tail") is None:
            continue
        rest = {part: float(summary.get(f"aplt_{part}") or 0.0) for part in SEGMENT_NAMES[1:]}
        reached = float(summary.get("catalogue_coverage_at_k") or 0.0)
        segments = {SEGMENT_NAMES[0]: max(1.0 - sum(rest.values()), 0.0), **rest}
        found.append({"name": name, "segments": segments, "n_items": round(reached * n_items)})
    return found


def last_list(shop: RunningShop, user_id: str) -> dict[str, Any]:
    """The list that a customer was shown last.

    Parameters
    ----------
    shop : RunningShop
    user_id : str

    Returns
    -------
    shown : dict
        ``timestamp`` in microseconds since 1970 UTC (None where nothing was shown), ``policy`` and
        ``items``: ``item_id``, ``rank``, ``title`` and ``segment`` of each.
    """
    found = latest_shown(shop.store, user_id)
    if found is None:
        return {"timestamp": None, "policy": "", "items": []}
    timestamp, policy, items = found
    served = shop.model()
    listed = [_listed(served, item_id, rank) for rank, item_id in enumerate(items, 1)]
    return {"timestamp": timestamp, "policy": policy, "items": listed}


def _listed(served: ServedModel, item_id: str, rank: int) -> dict[str, Any]:
    state = served.shop.whole
    item = state.items.find(item_id)
    title = item_id if item < 0 else title_of(state, item)
    segment = segment_of(served, item) if item >= 0 else "cold"
    return {"item_id": item_id, "rank": rank, "title": title, "segment": segment}
