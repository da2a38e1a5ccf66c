"""How what the service is told and shows moves away from what its model was fitted on."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np

from unsung import schema
from unsung.data.state import ShopState
from unsung.errors import InputError
from unsung.operations.search import segment_of
from unsung.operations.served_model import ServedModel
from unsung.schema import DAY_US
from unsung.store.daily import (
    events_by_item,
    events_by_kind,
    hits_by_day,
    lists_by_day,
    slots_by_item,
    users_by_day,
)
from unsung.store.database import Store

MOST_DAYS: Final = 60
REFERENCE_DAYS: Final = 28
"""Of the fit's last days: what a day of the service is held against."""
FEWEST: Final = 200
"""Below so many a share moves by chance alone, and nothing is said."""
MOST_TIMES: Final = 2.0
"""Events a day may be so many times more or fewer than before."""
MOST_POINTS: Final = 0.15
"""A share may move by so much."""
_REFERENCES: Final[WeakKeyDictionary[ServedModel, dict[str, float | None]]] = WeakKeyDictionary()
SENTENCES: Final = {
    "events": "{now:,.0f} events a day, where the fit's last weeks had {fit:,.0f}.",
    "new_user_share": (
        "{now:.0%} of a day's customers are new to the model, {fit:.0%} were to be expected."
    ),
    "new_item_share": (
        "{now:.0%} of the events are on items new to the model, {fit:.0%} were to be expected."
    ),
    "tail_share": (
        "{now:.0%} of the places went to the established tail, {fit:.0%} in the fit's test."
    ),
    **dict.fromkeys(
        (schema.PRICE, schema.TITLE, schema.DESCRIPTION),
        "{now:.0%} of the items have a {name}, at the fit {fit:.0%} had.",
    ),
}


def drift_of(store: Store, served: ServedModel, days: int, now: int) -> dict[str, Any]:
    """The service day by day beside the fit, and what stands out.

    Parameters
    ----------
    store : Store
    served : ServedModel
    days : int
        The last so many, with what there is of today; 1 to ``MOST_DAYS``.
    now : int
        Microseconds since 1970 UTC.

    Returns
    -------
    drift : dict
        ``days``, each as ``figures`` gives it with its date; ``recent``, the same of all days from
        the first with anything on to yesterday; ``fit``, what a day is held against;
        ``catalogue``, shares of items with a price, a title and a description at the ``fit`` and
        ``now``; ``compared``, of what there is enough of its ``name``, ``now``, ``fit`` and
        whether it ``moved``; ``warnings``, sentences on what did.

    Raises
    ------
    InputError
        Where ``days`` is out of range.
    StoreError
        Where the store can't be read now.
    """
    if not 1 <= days <= MOST_DAYS:
        raise InputError(f"days is {days}; it must be from 1 to {MOST_DAYS}.")
    today = now // DAY_US
    counts = _counts(store, served, today - days + 1, now)
    each = [
        {"day": _date(day), **figures(counts[day], 1)} for day in range(today - days + 1, today + 1)
    ]
    # A service that is younger than the window had no day before its first.
    told = [day for day in range(today - days + 1, today) if counts[day].total()]
    before = sum((counts[day] for day in told), Counter[str]())
    recent = figures(before, today - told[0] if told else 1)
    fit = reference_of(served)
    catalogue = {
        "fit": catalogue_shares(served.bundle.model.state),
        "now": catalogue_shares(served.shop.whole),
    }
    compared = [*_compared(before, recent, fit), *_catalogues(catalogue["fit"], catalogue["now"])]
    return {
        "model": served.version,
        "days": each,
        "recent": recent,
        "fit": fit,
        "catalogue": catalogue,
        "compared": compared,
        "warnings": [SENTENCES[one["name"]].format(**one) for one in compared if one["moved"]],
    }


def figures(counts: Counter[str], days: int) -> dict[str, float | None]:
    """What is watched, from counts; a share is None where there is nothing to share.

    Parameters
    ----------
    counts : Counter
        ``events``, ``targets``, ``users``, ``new_users``, ``new_item_events``, ``lists``,
        ``slots``, ``tail_slots``, ``responses``, ``hits``.
    days : int
        That they are of.

    Examples
    --------
    >>> found = figures(Counter(events=20, new_item_events=5, lists=4, hits=1), 2)
    >>> found["events"], found["new_item_share"], found["hit_rate"], found["tail_share"]
    (10.0, 0.25, 0.25, None)
    """

    def share(part: str, whole: str) -> float | None:
        return counts[part] / counts[whole] if counts[whole] else None

    return {
        "events": counts["events"] / days,
        "targets": counts["targets"] / days,
        "lists": counts["lists"] / days,
        "new_user_share": share("new_users", "users"),
        "new_item_share": share("new_item_events", "events"),
        "tail_share": share("tail_slots", "slots"),
        "response_rate": share("responses", "lists"),
        "hit_rate": share("hits", "lists"),
    }


def reference_of(served: ServedModel) -> dict[str, float | None]:
    """What a day of the service is held against.

    Parameters
    ----------
    served : ServedModel

    Returns
    -------
    reference : dict
        Events and targets a day over the fit's last ``REFERENCE_DAYS``; the shares of new customers
        and of events on new items that a fit would have met in these days, had it been made before
        them; of the lists that the fit tested, the share of places with the established tail, and
        the share of customers who bought one of ten items in the test window. None where not known.
    """
    tested = _tested(served)
    if served not in _REFERENCES:
        _REFERENCES[served] = _of_fit(served.bundle.model.state)
    return {
        **_REFERENCES[served],
        "tail_share": tested.get("aplt_tail"),
        "hit_rate_of_test": tested.get("hr_at_k"),
    }


def _of_fit(state: ShopState) -> dict[str, float | None]:
    """Of the last weeks that the fit knew: counted once, for it takes a second in a small shop."""
    names = ("events", "targets", "new_user_share", "new_item_share")
    if state.as_of is None:
        return dict.fromkeys(names)
    rows = state.interactions
    since = state.as_of - REFERENCE_DAYS * DAY_US
    late = rows.timestamp >= since
    old_users = np.unique(rows.user_index[~late])
    old_items = np.unique(rows.item_index[~late])
    pairs = np.unique(
        np.stack([rows.timestamp[late] // DAY_US, rows.user_index[late].astype(np.int64)]), axis=1
    )
    counts = Counter(
        events=int(late.sum()),
        targets=int((late & rows.is_target).sum()),
        users=pairs.shape[1],
        new_users=int((~np.isin(pairs[1], old_users)).sum()),
        new_item_events=int((~np.isin(rows.item_index[late], old_items)).sum()),
    )
    found = figures(counts, REFERENCE_DAYS)
    return {name: found[name] for name in names}


def catalogue_shares(state: ShopState) -> dict[str, float]:
    """Share of the items that have a price, a title, a description.

    Parameters
    ----------
    state : ShopState
    """
    found = {}
    for column in (schema.PRICE, schema.TITLE, schema.DESCRIPTION):
        if column in state.catalogue and state.n_items:
            cells = state.catalogue[column]
            found[column] = float((cells.notna() & (cells.astype("str") != "")).mean())
        else:
            found[column] = 0.0
    return found


def _counts(store: Store, served: ServedModel, first: int, now: int) -> dict[int, Counter[str]]:
    """What is counted, by day since 1970 UTC, from the first day on."""
    since, until = first * DAY_US, now + 1
    model = served.bundle.model
    items, users, target = model.state.items, model.state.users, model.events.target
    tail = {
        str(item) for place, item in enumerate(items.values) if segment_of(served, place) == "tail"
    }
    counts: dict[int, Counter[str]] = {day: Counter() for day in range(first, now // DAY_US + 1)}
    for (day, kind), n in events_by_kind(store, since, until).items():
        counts[day]["events"] += n
        counts[day]["targets"] += n * (kind == target)
    for day, item, n in events_by_item(store, since, until):
        counts[day]["new_item_events"] += n * (items.find(item) < 0)
    for day, user in users_by_day(store, since, until):
        counts[day]["users"] += 1
        counts[day]["new_users"] += users.find(user) < 0
    for day, item, n in slots_by_item(store, since, until):
        counts[day]["slots"] += n
        counts[day]["tail_slots"] += n * (item in tail)
    for name, by_day in (
        ("lists", lists_by_day(store, since, until)),
        ("responses", hits_by_day(store, since, until)),
        ("hits", hits_by_day(store, since, until, target)),
    ):
        for day, n in by_day.items():
            counts[day][name] += n
    return counts


def _compared(
    counts: Counter[str], recent: dict[str, float | None], fit: dict[str, float | None]
) -> list[dict[str, Any]]:
    """The recent days beside the fit, as far as there is enough of both."""
    found = []
    now, then = recent["events"] or 0.0, fit["events"]
    if then and counts["events"]:
        near = then / MOST_TIMES <= now <= then * MOST_TIMES
        found.append({"name": "events", "now": now, "fit": then, "moved": not near})
    wholes = {"new_user_share": "users", "new_item_share": "events", "tail_share": "slots"}
    for name, whole in wholes.items():
        share, before = recent[name], fit[name]
        if share is not None and before is not None and counts[whole] >= FEWEST:
            moved = abs(share - before) > MOST_POINTS
            found.append({"name": name, "now": share, "fit": before, "moved": moved})
    return found


def _catalogues(before: dict[str, float], now: dict[str, float]) -> list[dict[str, Any]]:
    return [
        {
            "name": column,
            "now": now[column],
            "fit": before[column],
            "moved": before[column] - now[column] > MOST_POINTS,
        }
        for column in before
    ]


def _tested(served: ServedModel) -> Mapping[str, Any]:
    """Figures of the lists that are served, on the fit's test window."""
    metrics = served.bundle.metrics
    name = "dialled" if served.at() else "two_stage"
    for kind in (name, "two_stage", "blend"):
        found = metrics.get(kind)
        if isinstance(found, Mapping):
            return found
    return {}


def _date(day: int) -> str:
    return datetime.fromtimestamp(day * 86_400, UTC).date().isoformat()
