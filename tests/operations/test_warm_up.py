"""What warm-ups put into lists: as probable as they say, within budget, and gone when decided."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from unsung.errors import ConflictError, InputError
from unsung.operations import warm_up, warm_ups
from unsung.operations.answers import Query, answer
from unsung.operations.warm_up import WarmUpSlots, interest_of, level_of
from unsung.operations.warm_ups import (
    Asked,
    known_warm_ups,
    outcomes_of,
    settle,
    start_budget,
    stop_budget,
    usual_rate,
)
from unsung.pipeline.rules import Rules
from unsung.schema import DAY_US
from unsung.store import Event, Exposure, append_events, append_exposures
from unsung.store.audit import entries
from unsung.store.choices import Choice
from unsung.store.database import open_store
from unsung.store.warm_up_ledger import SoFar, add_offers, spent_so_far

HOUR = 3_600_000_000
K = 5


def never(place, error):
    raise AssertionError(place) from error


@pytest.fixture
def slots(store) -> WarmUpSlots:
    return WarmUpSlots(store, never)


@pytest.fixture
def now(served) -> int:
    return int(served.shop.since) + HOUR


def listed(served, user, now, **query):
    asked = Query(user, query.pop("k", K), Rules(repeats="show"), **query)
    return answer(served, asked, now, never), asked


@pytest.fixture
def unlisted(served, now) -> list[str]:
    """Items that the list of u1 hasn't."""
    found, _ = listed(served, "u1", now)
    return sorted(set(served.shop.whole.items.values) - {item.item_id for item in found.items})


def start(store, served, items, now, **given):
    asked = Asked(items, **{"impressions": 20, "days": 1.0, "benchmark": 0.05, **given})
    return start_budget(store, served, asked, "spring", "mei", now)


def watched(store, slots, served, user, now, budget_left=1.0):
    """Let the warm-up see so many offers of a user that a share of them is all it may take."""
    found, query = listed(served, user, now)
    slots.look(now, at_once=True)
    assert slots.place(served, found, query, "watched", now) is found
    slots.look(now, at_once=True)
    ((bucket, level, _),) = warm_up.offers_since(store, "spring", 0)
    add_offers(store, {("spring", bucket, level): round(200 / budget_left)}, now)
    slots.look(now, at_once=True)


def test_without_a_warm_up_an_answer_is_what_it_was(slots, served, now):
    found, query = listed(served, "u1", now)
    assert slots.look(now)
    assert not slots.look(now + 5)
    assert slots.idle
    assert slots.place(served, found, query, "r1", now) is found


@pytest.mark.parametrize("left", [1.0, 0.5])
def test_every_slot_is_as_probable_as_its_propensity_says(
    store, slots, served, unlisted, now, monkeypatch, left
):
    start(store, served, unlisted[:3], now - HOUR, days=1.0, impressions=4_800, max_per_user=None)
    watched(store, slots, served, "u1", now, left)
    found, query = listed(served, "u1", now)
    # The state stays what it is, so that each request is asked as though it were the first.
    frozen = SoFar(running=True, total=0, by_item={}, of_user=())
    monkeypatch.setattr(warm_up, "spent_so_far", lambda *_: frozen)
    monkeypatch.setattr(warm_up, "spend", lambda _store, _name, _user, decide: decide(frozen))
    n, seen, said = 800, Counter(), {}
    for draw in range(n):
        given = slots.place(served, found, query, f"r{draw}", now)
        shares = given.propensities or (1.0,) * len(given.items)
        for item, share in zip(given.items, shares, strict=True):
            seen[item.rank, item.item_id] += 1
            assert said.setdefault((item.rank, item.item_id), share) == pytest.approx(share)
    drawn = {item for _, item in said if item in unlisted[:3]}
    assert len(drawn) == 3
    for slot, share in said.items():
        error = 4.5 * np.sqrt(share * (1 - share) / n) + 1e-12
        assert seen[slot] / n == pytest.approx(share, abs=error)
    of_slot = {rank: sum(p for (r, _), p in said.items() if r == rank) for rank in range(1, K + 1)}
    assert of_slot == pytest.approx(dict.fromkeys(of_slot, 1.0))


def test_a_budget_is_spent_to_the_end_and_no_further_by_two_workers(
    store, served, unlisted, now, tmp_path
):
    start(store, served, unlisted[:4], now, impressions=7, max_per_item=3)
    stores = [open_store(str(tmp_path / "shop.db")) for _ in range(2)]
    workers = [WarmUpSlots(one, never) for one in stores]
    add_offers(store, {("spring", now // 600_000_000 * 600_000_000, -80): 60}, now)
    for worker in workers:
        worker.look(now, at_once=True)
    users = served.shop.user_ids()

    def ask(worker: int) -> list[str]:
        shown = []
        for user in users:
            found, query = listed(served, user, now)
            given = workers[worker].place(served, found, query, f"{worker}-{user}", now)
            shown += [given.items[3].item_id] if given is not found else []
        return shown

    with ThreadPoolExecutor(2) as pool:
        shown = [item for part in pool.map(ask, range(2)) for item in part]
    so_far = spent_so_far(store, "spring", "u1")
    assert so_far.total == len(shown) == 7
    assert so_far.by_item == {item: shown.count(item) for item in unlisted[:4]}
    assert max(so_far.by_item.values()) <= 3
    for one in stores:
        one.close()


def test_nobody_sees_an_item_twice_nor_more_than_their_share(store, slots, served, unlisted, now):
    start(store, served, unlisted[:3], now, impressions=1_000, max_per_user=2)
    add_offers(store, {("spring", now // 600_000_000 * 600_000_000, -80): 60}, now)
    slots.look(now, at_once=True)
    found, query = listed(served, "u1", now)
    for draw in range(12):
        slots.place(served, found, query, f"r{draw}", now)
    had = spent_so_far(store, "spring", "u1").of_user
    assert len(had) == len(set(had)) == 2


def test_whom_a_warm_up_leaves_alone(store, slots, served, unlisted, now, told):
    start(store, served, unlisted[:3], now, impressions=1_000)
    add_offers(store, {("spring", now // 600_000_000 * 600_000_000, -80): 60}, now)
    slots.look(now, at_once=True)
    served.shop.apply(told(choices=[Choice("u2", "profiling", "", False, now)]))
    for user, k in (("", K), ("u2", K), ("u1", 3)):
        found, query = listed(served, user, now, k=k)
        assert slots.place(served, found, query, "r1", now) is found
    found, query = listed(served, "u1", now)
    assert slots.place(served, found, query, "r1", now, wanted=lambda: False) is found
    assert spent_so_far(store, "spring", "u1").total == 0
    explained, query = listed(served, "u1", now, explain=True)
    given = slots.place(served, explained, query, "r1", now)
    (drawn,) = [item for item in given.items if item.item_id in unlisted[:3]]
    assert (drawn.rank, drawn.reasons[-1].kind) == (4, "warm_up")
    assert [item.rank for item in given.items] == [1, 2, 3, 4, 5]


def test_what_is_worth_it_graduates_and_the_rest_stops(store, slots, served, unlisted, now):
    good, bad, young = unlisted[:3]
    start(
        store, served, [good, bad, young], now, impressions=900, days=2.0, benchmark=0.1, floor=0.1
    )
    shown = [
        warm_up.Impression(f"{item}{n}", 4, "spring", f"v{n}", item, now, 1 / 3)
        for item, count in ((good, 40), (bad, 200), (young, 3))
        for n in range(count)
    ]
    warm_up.spend(store, "spring", "v1", lambda _: shown)
    clicks = [
        Event(f"e{n}", f"v{n}", good, "view", now + 9, request_id=f"{good}{n}") for n in range(20)
    ]
    other = [Event("x", "v1", bad, "unheard", now + 9, request_id=f"{bad}1")]
    assert outcomes_of(store, served, clicks + other) == 20
    settle(store, now + HOUR)
    assert {item["state"] for item in known_warm_ups(store, served, now)[0]["items"]} == {"warming"}
    settle(store, now + 25 * HOUR)
    (one,) = known_warm_ups(store, served, now + 25 * HOUR)
    assert (one["state"], one["outcomes"], one["spent"]) == ("running", 20, 243)
    states = {item["item_id"]: item["state"] for item in one["items"]}
    assert states == {good: "graduate", bad: "stop", young: "warming"}
    settle(store, now + 48 * HOUR)
    (one,) = known_warm_ups(store, served, now + 48 * HOUR)
    assert (one["state"], one["reason"], one["drawing"]) == ("ended", "over", False)
    actions = [entry.action for entry in entries(store)]
    assert sorted(actions) == [
        "warm-up ended",
        "warm-up graduate",
        "warm-up started",
        "warm-up stop",
    ]


def test_what_is_started_wrongly_is_refused(store, served, unlisted, now):
    with pytest.raises(InputError, match="no item nothing"):
        start(store, served, ["nothing"], now)
    with pytest.raises(InputError, match="Say which rate"):
        start(store, served, unlisted[:1], now, benchmark=None)
    with pytest.raises(InputError, match="floor <= benchmark"):
        start(store, served, unlisted[:1], now, floor=0.2)
    with pytest.raises(InputError, match="max_per_item"):
        start(store, served, unlisted[:1], now, min_per_item=5, max_per_item=2)
    start(store, served, unlisted[:1], now)
    with pytest.raises(ConflictError, match="warming up already"):
        start_budget(store, served, Asked(unlisted[:2], 5, 1.0, benchmark=0.1), "x", "mei", now)
    assert stop_budget(store, "spring", "mei", now)
    assert not stop_budget(store, "spring", "mei", now)


def test_the_rate_to_beat_is_the_upper_end_of_what_was_usual(store, served, unlisted, now):
    then = now - 2 * DAY_US
    fields = {"policy": "p", "model": "m", "rung": "full"}
    shown = [Exposure(f"r{n}", "u1", "i", 4, then, 1.0, **fields) for n in range(1_200)]
    append_exposures(store, shown)
    led = [Event(f"e{n}", "u1", "i", "view", then + 5, request_id=f"r{n}") for n in range(24)]
    append_events(store, led, now)
    usual = usual_rate(store, 1, 24.0, now)
    assert (usual["impressions"], usual["outcomes"]) == (1_200, 24)
    assert 0.02 < usual["benchmark"] < 0.031
    assert start(store, served, unlisted[:1], now, benchmark=None).benchmark == usual["benchmark"]
    assert usual_rate(store, 1, 24.0 * 3, now) == {
        "impressions": 0,
        "outcomes": 0,
        "benchmark": None,
    }


def test_a_level_stands_for_the_interests_on_it():
    for interest in (1e-9, 0.003, 0.3, 1.0):
        level = level_of(interest)
        low, high = interest_of(np.array([level, level + 1]))
        assert low <= interest * (1 + 1e-12) < high * (1 + 1e-9)
    assert warm_ups.RANKS == (4, 8, 12)
    assert replace(Asked(["a"], 1, 1.0), note="x").note == "x"
