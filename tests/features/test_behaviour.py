from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsung.data.dataset import Dataset
from unsung.data.interactions import Interactions
from unsung.data.state import ShopState
from unsung.features.behaviour import ShopHabits, behaviour_of, shop_habits
from unsung.schema import DAY_US

HABITS = ShopHabits(
    tail=np.array([False] * 5 + [True] * 5),
    tail_share=0.5,
    price_terciles=(5.0, 20.0),
    gap_days=30.0,
    recency=np.array([10.0, 20, 40, 80]),
    frequency=np.array([1.0, 2, 4, 8]),
    money=np.array([10.0, 20, 40, 80]),
)
MINUTE_US = 60 * 1_000_000


def customer(
    shop: Dataset, items: list[int], days: list[float], now: float, **columns: Any
) -> ShopState:
    rows = Interactions.from_columns(
        user_index=np.zeros(len(items)),
        item_index=np.array(items),
        timestamp=np.round(np.array(days) * DAY_US),
        **columns,
    )
    return shop.as_of().seen_by("her", rows, round(now * DAY_US))


def test_who_buys_what_few_buy_is_niche_and_the_other_way_round(toy_shop: Dataset) -> None:
    for items, name in (([5, 6, 7, 8, 9], "niche"), ([0, 1, 2, 3, 4], "mainstream")):
        taste = behaviour_of(customer(toy_shop, items, [1, 2, 3, 4, 5], 6), HABITS)["taste"]
        assert taste["name"] == name
        assert 0 <= taste["low"] < taste["tail_share"] < taste["high"] <= 1


def test_one_item_of_the_tail_says_little(toy_shop: Dataset) -> None:
    taste = behaviour_of(customer(toy_shop, [7], [1], 2), HABITS)["taste"]
    # Beta(2 + 1, 2): its mean is 3 / 5.
    assert (taste["name"], taste["tail_share"]) == ("mixed", 0.6)


def test_a_rhythm_is_the_median_gap_and_says_when_the_next_is_due(toy_shop: Dataset) -> None:
    rhythm = behaviour_of(customer(toy_shop, [0, 1, 2, 3], [0, 7, 14, 24], 29), HABITS)["rhythm"]
    assert rhythm == {"days": 7.0, "low": 7.0, "high": 8.5, "due_in_days": 2.0}
    assert behaviour_of(customer(toy_shop, [0, 1], [0, 7], 8), HABITS)["rhythm"] is None


@pytest.mark.parametrize(
    ("days", "now", "stage"),
    [
        ([], 9, "visitor"),
        ([1], 9, "new"),
        ([1, 8, 15], 20, "active"),
        ([1, 8, 15], 28, "slipping"),
        ([1, 8, 15], 60, "lapsed"),
        ([1], 200, "lapsed"),
    ],
)
def test_stages(toy_shop: Dataset, days: list[float], now: float, stage: str) -> None:
    items = list(range(len(days)))
    found = behaviour_of(customer(toy_shop, items, days, now), HABITS)
    assert found["stage"] == stage
    assert found["segment"].endswith(".")


def test_prices_are_held_against_the_shops(toy_shop: Dataset) -> None:
    dear = customer(toy_shop, [0, 1], [1, 2], 3, price=np.array([50.0, 30.0]))
    assert behaviour_of(dear, HABITS)["prices"] == {
        "low": 35.0,
        "median": 40.0,
        "high": 45.0,
        "band": "high",
    }
    assert behaviour_of(customer(toy_shop, [0], [1], 3), HABITS)["prices"] is None


def test_rfm_scores_by_hand(toy_shop: Dataset) -> None:
    price, quantity = np.array([10.0, 15.0]), np.array([2.0, 1.0])
    state = customer(toy_shop, [0, 1], [1, 2], 17, price=price, quantity=quantity)
    assert behaviour_of(state, HABITS)["rfm"] == {
        "recency": 4,
        "frequency": 3,
        "money": 3,
        "days_since": 15.0,
        "purchase_days": 2,
        "spent": 35.0,
    }


def test_without_prices_nothing_is_said_of_spending(toy_shop: Dataset) -> None:
    unpriced = replace(HABITS, money=np.zeros(4))
    found = behaviour_of(customer(toy_shop, [0, 1], [1, 2], 17), unpriced)["rfm"]
    assert (found["money"], found["spent"], found["frequency"]) == (None, None, 3)


def test_intent_of_the_session_that_goes_on(toy_shop: Dataset) -> None:
    category = toy_shop.catalogue["category"].tolist()
    first = category[0]
    alike = [i for i, name in enumerate(category) if name == first][:3]
    other = [i for i, name in enumerate(category) if name != first][:2]
    minute = MINUTE_US / DAY_US

    def intent(items: list[int], ago: float, *, bought: bool = False) -> str | None:
        days = [10 - ago * minute] * len(items)
        seen = customer(toy_shop, items, days, 10, is_target=np.full(len(items), bought))
        return behaviour_of(seen, HABITS)["intent"]

    assert intent(alike, 5) == "comparing"
    assert intent([alike[0], other[0]], 5) == "browsing"
    assert intent(alike, 5, bought=True) == "buying"
    assert intent(alike, 45) is None


def test_habits_know_nothing_after_their_moment(toy_shop: Dataset) -> None:
    moment = int(toy_shop.interactions.timestamp[len(toy_shop.interactions) // 2])
    cut = replace(toy_shop, interactions=toy_shop.interactions.before(moment))
    tail = np.arange(10) % 2 == 0
    whole, part = (shop_habits(shop.as_of(moment), tail) for shop in (toy_shop, cut))
    assert whole.tail_share == part.tail_share
    for name in ("recency", "frequency", "money"):
        assert np.array_equal(getattr(whole, name), getattr(part, name))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 50)), max_size=12))
def test_scores_stay_in_range(rows: list[tuple[int, int]]) -> None:
    habits = replace(HABITS)
    days = np.unique([day for _, day in rows])
    from unsung.features.behaviour import _rfm

    found = _rfm(days, float(len(rows)), 51 * DAY_US, habits)
    assert (found is None) == (not rows)
    if found is not None:
        assert all(1 <= found[name] <= 5 for name in ("recency", "frequency", "money"))
