"""Warm-up budgets as people see them: started, looked at, stopped, and settled by themselves."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from unsung.errors import InputError
from unsung.operations.served_model import ServedModel
from unsung.operations.warm_up import RANKS, budget_of, may_spend, warming_ids
from unsung.pipeline.reasons import title_of
from unsung.promotion.rules import Verdict, WarmUpRules, judge_items
from unsung.schema import DAY_US
from unsung.statistics.intervals import wilson_interval
from unsung.store.audit import append
from unsung.store.database import Store
from unsung.store.events import Event
from unsung.store.warm_up_ledger import (
    counts_by_item,
    last_impression,
    note_outcomes,
    offers_since,
    rate_at_ranks,
)
from unsung.store.warm_ups import (
    WarmUp,
    WarmUpItem,
    decide_items,
    end_warm_up,
    start_warm_up,
    warm_ups,
)

HOUR_US: Final = 3_600_000_000
MEASURED_DAYS: Final = 28
LEAST_MEASURED: Final = 1_000
"""Impressions below which no rate is read off what ordinary items did."""
_NOBODY: Final = "unsung"
"""Who decides by rule."""


@dataclass(frozen=True)
class Asked:
    """What somebody wants to start.

    Parameters
    ----------
    items : sequence of str
    impressions : int
        The budget.
    days : float
    per_request, min_per_item, max_per_item, max_per_user
        As in ``promotion.budget.Budget``.
    benchmark : float, optional
        Clicks and purchases per impression that ordinary items have in the same slots; measured in
        the store where not given.
    floor : float, optional
        Where an item is stopped; a quarter of the benchmark where not given.
    level : float
        Confidence of each verdict.
    outcome_hours : float
        How long after it was shown a click or purchase counts.
    note : str
    """

    items: Sequence[str]
    impressions: int
    days: float
    per_request: int = 1
    min_per_item: int = 0
    max_per_item: int | None = None
    max_per_user: int | None = 3
    benchmark: float | None = None
    floor: float | None = None
    level: float = 0.95
    outcome_hours: float = 24.0
    note: str = ""


def start_budget(
    store: Store, served: ServedModel, asked: Asked, warm_up_id: str, who: str, now: int
) -> WarmUp:
    """Start a warm-up, and write down who did.

    Parameters
    ----------
    store : Store
    served : ServedModel
    asked : Asked
    warm_up_id : str
        Of the new warm-up; it seeds the draws, too.
    who : str
        For the records.
    now : int
        Microseconds since 1970 UTC.

    Raises
    ------
    ConflictError
        Where an item is warming up already, or too many warm-ups run.
    InputError
        Where an item isn't known, a number is out of range, or the rate to beat is neither given
        nor known.
    StoreError
        Where the store can't be written now.
    """
    unknown = [item for item in asked.items if served.shop.whole.items.find(item) < 0]
    if unknown:
        raise InputError(f"There is no item {unknown[0]}.")
    outcome_us = round(asked.outcome_hours * HOUR_US)
    benchmark = asked.benchmark
    if benchmark is None:
        benchmark = _measured_benchmark(store, asked.per_request, outcome_us, now)
    warm_up = WarmUp(
        warm_up_id=warm_up_id,
        who=who,
        starts=now,
        ends=now + round(asked.days * DAY_US),
        impressions=asked.impressions,
        benchmark=benchmark,
        floor=benchmark / 4 if asked.floor is None else asked.floor,
        level=asked.level,
        outcome_us=outcome_us,
        per_request=asked.per_request,
        min_per_item=asked.min_per_item,
        max_per_item=asked.max_per_item,
        max_per_user=asked.max_per_user,
        note=asked.note,
    )
    budget_of(warm_up)
    _rules_of(warm_up)
    start_warm_up(store, warm_up, asked.items)
    detail = {"items": len(set(asked.items)), "impressions": asked.impressions}
    append(store, who, "warm-up started", warm_up_id, detail, now)
    return warm_up


def stop_budget(store: Store, warm_up_id: str, who: str, now: int) -> bool:
    """Stop a warm-up, and write down who did; False where it doesn't run.

    Parameters
    ----------
    store : Store
    warm_up_id, who : str
    now : int
        Microseconds since 1970 UTC.

    Raises
    ------
    StoreError
        Where the store can't be written now.
    """
    stopped = end_warm_up(store, warm_up_id, "stopped", who, now)
    if stopped:
        append(store, who, "warm-up stopped", warm_up_id, {}, now)
    return stopped


def usual_rate(store: Store, per_request: int, outcome_hours: float, now: int) -> dict[str, Any]:
    """Clicks and purchases per impression of what stood in the kept slots in the last four weeks.

    Parameters
    ----------
    store : Store
    per_request : int
        How many of the kept slots.
    outcome_hours : float
        Impressions younger than that don't count.
    now : int
        Microseconds since 1970 UTC.

    Returns
    -------
    rate : dict
        ``impressions``, ``outcomes``, and ``benchmark``: the upper end of the rate's 95 % interval,
        None below 1,000 impressions or without any outcome.
    """
    until = now - round(outcome_hours * HOUR_US)
    ranks = RANKS[:per_request]
    shown, outcomes = rate_at_ranks(store, ranks, until - MEASURED_DAYS * DAY_US, until)
    known = shown >= LEAST_MEASURED and outcomes
    high = wilson_interval(outcomes, shown).high if known else None
    return {"impressions": shown, "outcomes": outcomes, "benchmark": high}


def known_warm_ups(store: Store, served: ServedModel, now: int) -> list[dict[str, Any]]:
    """Every warm-up with its items, the newest first.

    Returns
    -------
    warm_ups : list of dict
        The record's fields, ``outcomes``, ``outcome_hours``, ``offers`` (lists of the last 24 hours
        that it could have been in; below 50 it only watches), ``drawing`` (whether lists get it
        now) and ``items``.
    """
    return [_shown(store, served, budget, items, now) for budget, items in warm_ups(store)]


def settle(store: Store, now: int) -> None:
    """Give verdicts that the counts allow, and end what is over.

    Any number of processes may do it at any time: the tests hold whenever one looks, and each
    verdict is written down once.

    Raises
    ------
    StoreError
        Where the store can't be written now.
    """
    for budget, items in warm_ups(store, running_only=True):
        counts = counts_by_item(store, budget.warm_up_id, now - budget.outcome_us)
        verdicts = _verdicts(budget, warming_ids(items), counts)
        for item_id in decide_items(store, budget.warm_up_id, verdicts, now):
            shown, outcomes = counts[item_id]
            detail = {"item": item_id, "impressions": shown, "outcomes": outcomes}
            action = f"warm-up {verdicts[item_id]}"
            append(store, _NOBODY, action, budget.warm_up_id, detail, now)
        reason = _ending(store, budget, set(warming_ids(items)) - set(verdicts), now)
        if reason and end_warm_up(store, budget.warm_up_id, reason, _NOBODY, now):
            append(store, _NOBODY, "warm-up ended", budget.warm_up_id, {"reason": reason}, now)


def outcomes_of(store: Store, served: ServedModel | None, events: Sequence[Event]) -> int:
    """Count what events say of what warm-ups showed; what speaks against an item doesn't count.

    Raises
    ------
    StoreError
        Where the store can't be written now.
    """
    weights = {} if served is None else served.bundle.model.events.weights
    return note_outcomes(store, [event for event in events if weights.get(event.event, 0) > 0])


def _verdicts(
    budget: WarmUp, item_ids: Sequence[str], counts: dict[str, tuple[int, int]]
) -> dict[str, str]:
    shown = np.array([counts.get(item, (0, 0)) for item in item_ids], dtype=np.int64)
    impressions, outcomes = shown.reshape(-1, 2).T
    found = judge_items(outcomes, impressions, _rules_of(budget))
    return {
        item: verdict.value
        for item, verdict in zip(item_ids, found, strict=True)
        if verdict is not Verdict.GO_ON
    }


def _ending(store: Store, budget: WarmUp, warming: set[str], now: int) -> str:
    """Why a warm-up ends now; empty where it goes on or waits for the last outcomes."""
    if not warming:
        return "decided"
    if now < budget.ends and budget.spent < budget.impressions:
        return ""
    last = last_impression(store, budget.warm_up_id)
    if last is not None and now < last + budget.outcome_us:
        return ""
    return "spent" if budget.spent >= budget.impressions else "over"


def _rules_of(budget: WarmUp) -> WarmUpRules:
    return WarmUpRules(budget.benchmark, budget.floor, budget.level)


def _measured_benchmark(store: Store, per_request: int, outcome_us: int, now: int) -> float:
    usual = usual_rate(store, per_request, outcome_us / HOUR_US, now)
    if usual["benchmark"] is None:
        raise InputError(
            f"Say which rate is to be beaten (benchmark, such as 0.02): ordinary items had "
            f"{usual['impressions']:,} impressions with {usual['outcomes']:,} clicks or purchases "
            f"in these slots, and {LEAST_MEASURED:,} are needed to measure it."
        )
    return float(usual["benchmark"])


def _shown(
    store: Store, served: ServedModel, budget: WarmUp, items: Sequence[WarmUpItem], now: int
) -> dict[str, Any]:
    state = served.shop.whole
    found = []
    for item in sorted(items, key=lambda item: (-item.spent, item.item_id)):
        index = state.items.find(item.item_id)
        title = item.item_id if index < 0 else title_of(state, index)
        found.append({**asdict(item), "title": title})
    running = budget.state == "running"
    offers = offers_since(store, budget.warm_up_id, now - DAY_US) if running else []
    return {
        **asdict(budget),
        "outcome_hours": budget.outcome_us / HOUR_US,
        "outcomes": sum(item.outcomes for item in items),
        "offers": sum(count for _, _, count in offers),
        "drawing": running and may_spend(budget, items, now),
        "items": found,
    }
