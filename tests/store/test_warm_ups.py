"""Budgets are spent once, by however many; verdicts and outcomes are written down once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from unsung.errors import ConflictError, InputError
from unsung.store import Exposure, append_events, append_exposures, open_store
from unsung.store.personal import erase_person, forget_before
from unsung.store.warm_up_ledger import (
    Impression,
    add_offers,
    counts_by_item,
    last_impression,
    note_outcomes,
    offers_since,
    rate_at_ranks,
    spend,
    spent_so_far,
)
from unsung.store.warm_ups import WarmUp, decide_items, end_warm_up, start_warm_up, warm_ups

NOW = 1_767_225_600_000_000
HOUR = 3_600_000_000
SPRING = WarmUp("spring", "mei", NOW, NOW + 24 * HOUR, 10, 0.02, 0.005, 0.95, HOUR)


def shown(request: str, item: str = "kettle", user: str | None = "ann", at: int = NOW):
    return Impression(request, 4, "spring", user, item, at, 0.5)


def show(store, request: str, *given, **more):
    one = shown(request, *given, **more)
    return spend(store, "spring", one.user_id, lambda _: [one])


def test_what_is_started_is_there_once(store):
    start_warm_up(store, SPRING, ["kettle", "cup", "cup"])
    ((budget, items),) = warm_ups(store, running_only=True)
    assert budget == SPRING
    assert [(item.item_id, item.spent, item.state) for item in items] == [
        ("cup", 0, "warming"),
        ("kettle", 0, "warming"),
    ]
    with pytest.raises(ConflictError, match="kettle is warming up already"):
        start_warm_up(store, replace(SPRING, warm_up_id="other"), ["tray", "kettle"])
    with pytest.raises(InputError, match="needs an item"):
        start_warm_up(store, replace(SPRING, warm_up_id="none"), [])
    assert len(warm_ups(store)) == 1


def test_an_item_with_a_verdict_may_be_started_again(store):
    start_warm_up(store, SPRING, ["kettle", "cup"])
    assert decide_items(store, "spring", {"kettle": "stop"}, NOW) == ["kettle"]
    assert decide_items(store, "spring", {"kettle": "graduate"}, NOW) == []
    start_warm_up(store, replace(SPRING, warm_up_id="other"), ["kettle"])
    assert end_warm_up(store, "spring", "stopped", "mei", NOW)
    assert not end_warm_up(store, "spring", "over", "", NOW)
    states = {one.warm_up_id: (one.state, one.reason, one.ended_by) for one, _ in warm_ups(store)}
    assert states == {"spring": ("ended", "stopped", "mei"), "other": ("running", "", "")}


def test_processes_that_spend_at_once_never_spend_more_than_there_is(url):
    stores = [open_store(url) for _ in range(4)]
    start_warm_up(stores[0], SPRING, ["kettle"])

    def often(worker: int) -> int:
        def decide(request):
            def left(so_far):
                return [shown(request)] if so_far.total < SPRING.impressions else []

            return left

        mine = stores[worker]
        return sum(
            len(spend(mine, "spring", "ann", decide(f"r{worker}-{turn}"))) for turn in range(8)
        )

    with ThreadPoolExecutor(4) as pool:
        spent = list(pool.map(often, range(4)))
    assert sum(spent) == SPRING.impressions
    so_far = spent_so_far(stores[0], "spring", "ann")
    assert (so_far.total, so_far.by_item, len(so_far.of_user)) == (10, {"kettle": 10}, 10)
    for one in stores:
        one.close()


def test_an_outcome_counts_once_and_in_time(store, event):
    start_warm_up(store, SPRING, ["kettle", "cup"])
    show(store, "r1")
    show(store, "r2", "cup")
    sent = [
        event("e1", request_id="r1", timestamp=NOW + 5),
        event("e2", request_id="r1", timestamp=NOW + 9, event="purchase"),
        event("e3", request_id="r2", timestamp=NOW + 5),
        event("e4", request_id="r2", item_id="cup", timestamp=NOW + HOUR + 1),
        event("e5", item_id="cup"),
    ]
    assert note_outcomes(store, sent) == 1
    assert note_outcomes(store, sent) == 0
    assert counts_by_item(store, "spring", NOW + 1) == {"kettle": (1, 1), "cup": (1, 0)}
    assert counts_by_item(store, "spring", NOW) == {}
    assert last_impression(store, "spring") == NOW
    ((_, items),) = warm_ups(store)
    assert {item.item_id: item.outcomes for item in items} == {"kettle": 1, "cup": 0}


def test_a_person_s_impressions_go_and_the_budget_stays_spent(store):
    start_warm_up(store, SPRING, ["kettle"])
    show(store, "r1")
    show(store, "r2", user="bea")
    assert erase_person(store, "ann", NOW).tables["warm_up_impressions"] == 1
    assert counts_by_item(store, "spring", NOW + 1) == {"kettle": (1, 0)}
    assert spent_so_far(store, "spring", "ann").total == 2
    assert show(store, "r3") == ()
    assert spent_so_far(store, "spring", "ann").total == 2
    forget_before(store, NOW + HOUR, exposures_days=0)
    assert counts_by_item(store, "spring", NOW + 1) == {}


def test_offers_of_all_processes_add_up(store):
    add_offers(store, {("spring", NOW, -8): 3, ("spring", NOW, -4): 1}, NOW)
    add_offers(store, {("spring", NOW, -8): 2}, NOW)
    assert offers_since(store, "spring", NOW) == [(NOW, -8, 5), (NOW, -4, 1)]
    add_offers(store, {("spring", NOW + 72 * HOUR, 0): 1}, NOW + 72 * HOUR)
    assert offers_since(store, "spring", 0) == [(NOW + 72 * HOUR, 0, 1)]


def test_the_usual_rate_is_that_of_ordinary_slots(store, event):
    start_warm_up(store, SPRING, ["kettle"])
    show(store, "r1")
    fields = {"policy": "p", "model": "m", "rung": "full"}
    slots = [(f"r{n}", "kettle", rank) for n in range(5) for rank in (3, 4)]
    append_exposures(
        store, [Exposure(name, "ann", item, rank, NOW, 1.0, **fields) for name, item, rank in slots]
    )
    append_events(
        store,
        [
            event("e1", request_id="r1"),
            event("e2", request_id="r2"),
            event("e3", request_id="r2", event="purchase"),
            event("e4", request_id="r3", item_id="cup"),
        ],
        NOW,
    )
    assert rate_at_ranks(store, [4], NOW, NOW + 1) == (4, 1)
    assert rate_at_ranks(store, [4], NOW + 1, NOW + 2) == (0, 0)
