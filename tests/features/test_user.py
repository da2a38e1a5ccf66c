from dataclasses import replace

import numpy as np
import pytest

from unsung.data.interactions import Interactions
from unsung.features.build import build_features, describe_shop
from unsung.features.user import DEFINITIONS
from unsung.popularity.segments import TAIL
from unsung.schema import DAY_US

DAY_0 = 1_735_689_600_000_000  # 2025-01-01, the toy shop's first day


@pytest.fixture
def of_user(toy_shop):
    def found(state, user, name):
        users = toy_shop.users.index_of([user])
        return build_features(state, users, np.zeros((1, 1), np.int32), {}).column(name)[0]

    return found


def test_the_toy_shop_by_hand(state, of_user):
    # cy: kettle on day 2 (5 buyers), teapot on day 12 (3), teacup on day 96 (2).
    assert of_user(state, "cy", "user.n_items") == 3
    assert of_user(state, "cy", "user.n_baskets") == 3
    assert of_user(state, "cy", "user.days_since_purchase") == 4
    assert of_user(state, "cy", "user.mean_log_buyers") == pytest.approx(
        np.log([6, 4, 3]).mean(), rel=1e-6
    )
    assert of_user(state, "cy", "user.mean_price") == pytest.approx(55 / 3)


def test_a_look_at_something_bought_long_ago_is_no_purchase(toy_shop, of_user):
    rows = toy_shop.interactions
    columns = {name: getattr(rows, name) for name in rows.__dataclass_fields__}
    cy, kettle = toy_shop.users.index_of(["cy"]), toy_shop.items.index_of(["kettle"])
    looked = {
        "user_index": cy,
        "item_index": kettle,
        "timestamp": np.array([DAY_0 + 98 * DAY_US]),
        "weight": np.array([0.1], np.float32),
        "is_target": np.array([False]),
    }
    blank = {name: values[:1] for name, values in columns.items()}
    both = {n: np.concatenate([columns[n], {**blank, **looked}[n]]) for n in columns}
    state = toy_shop.with_interactions(Interactions.from_columns(**both)).as_of(
        DAY_0 + 100 * DAY_US
    )
    assert of_user(state, "cy", "user.days_since_purchase") == 4
    # Bought on days 0, 1, 2, 3 and 4.
    trend = state.decayed_buyers(7)[kettle[0]]
    assert trend == pytest.approx(sum(0.5 ** ((100 - day) / 7) for day in range(5)))


def test_taste_for_the_established_tail(toy_shop, state, of_user):
    shop = describe_shop(state)
    tail = set(toy_shop.items.values[shop.segments == TAIL])
    assert "birdbath" not in tail  # fresh
    assert {"teacup", "strainer"} <= tail
    bought = {"kettle", "teapot", "strainer"}
    assert of_user(state, "bea", "user.tail_share") == pytest.approx(len(bought & tail) / 3)


def test_somebody_without_a_history(state, of_user):
    assert of_user(state, "gus", "user.n_items") == 0
    assert of_user(state, "gus", "user.n_baskets") == 0
    for name in set(DEFINITIONS) - {"user.n_items", "user.n_baskets"}:
        assert np.isnan(of_user(state, "gus", name))


def test_order_only_knows_the_history_but_no_time_and_no_popularity(order_only, of_user):
    known = {name for name in DEFINITIONS if np.isfinite(of_user(order_only, "cy", name))}
    assert known == {"user.n_items", "user.mean_price"}


def rows(**columns: list[int]) -> Interactions:
    return Interactions.from_columns(**{name: np.array(v) for name, v in columns.items()})


def test_baskets_are_counted_once(state):
    two = rows(
        user_index=[0, 0, 0, 1, 1, 1],
        item_index=[0, 1, 2, 0, 1, 2],
        timestamp=[1, 1, 5, 1, 1, 5],
        basket=[7, 7, 8, -1, -1, -1],
    )
    assert replace(state, interactions=two).n_baskets[:3].tolist() == [2, 2, 0]


def test_order_only_baskets_need_an_id(order_only):
    some = rows(user_index=[0, 0, 1], item_index=[0, 1, 0], timestamp=[0, 1, 0], basket=[7, 7, -1])
    counts = replace(order_only, interactions=some).n_baskets
    assert counts[0] == 1
    assert np.isnan(counts[1:]).all()
