"""Filters on the toy shop."""

from dataclasses import replace

import numpy as np
import pytest

from unsung.data.dataset import Dataset
from unsung.data.state import ShopState
from unsung.pipeline.rules import Rules, allowed_items, seen_items


@pytest.fixture
def state(toy_shop: Dataset) -> ShopState:
    return toy_shop.as_of()


def ids(state: ShopState, mask: np.ndarray) -> set[str]:
    return set(state.items.values[mask])


def test_no_rules_leave_everything(state):
    assert allowed_items(state, Rules()).all()


def test_what_is_not_listed_is_never_allowed(state):
    gone = replace(state, listed=state.items.values != "kettle")
    assert "kettle" not in ids(gone, allowed_items(gone, Rules()))


def test_stock(state):
    sold_out = replace(state, in_stock=state.items.values != "kettle")
    assert "kettle" not in ids(sold_out, allowed_items(sold_out, Rules()))
    assert allowed_items(sold_out, Rules(in_stock_only=False)).all()


def test_excluded_ids_may_be_unknown(state):
    rules = Rules(exclude=["kettle", "no such thing"])
    assert ids(state, ~allowed_items(state, rules)) == {"kettle"}


def test_category_and_price_are_both_asked(state):
    rules = Rules(categories=["tea"], min_price=5, max_price=20)
    assert ids(state, allowed_items(state, rules)) == {"teapot", "teacup", "cosy"}


def test_a_shop_without_the_column_has_no_match(state):
    assert not allowed_items(state, Rules(brands=["acme"])).any()
    bare = replace(state, catalogue=state.catalogue.drop(columns="price"))
    assert not allowed_items(bare, Rules(max_price=10)).any()


def test_an_item_without_a_price_passes_no_bound(state):
    price = state.catalogue["price"].where(state.items.values != "kettle")
    unknown = replace(state, catalogue=state.catalogue.assign(price=price))
    assert "kettle" not in ids(unknown, allowed_items(unknown, Rules(min_price=0)))


def test_prices_from_order_lines_meet_their_own_bound(toy_shop: Dataset):
    rows = replace(toy_shop.interactions, price=np.full(len(toy_shop.interactions), 2.55, "f4"))
    bare = toy_shop.catalogue.drop(columns="price")
    state = replace(toy_shop, catalogue=bare, interactions=rows).as_of()
    sold = ids(state, state.buyers > 0)
    for rules in (Rules(min_price=2.55), Rules(max_price=2.55)):
        assert ids(state, allowed_items(state, rules)) == sold
    rows = replace(rows, price=np.full(len(rows), 0.85, "f4"))
    state = replace(toy_shop, catalogue=bare, interactions=rows).as_of()
    assert ids(state, allowed_items(state, Rules(min_price=0.85, max_price=0.85))) == sold


def test_bought_items_are_hidden_unless_repeats_are_shown(state):
    users = state.users.index_of(["ann", "gus", "nobody"])
    seen = seen_items(state, users, Rules())
    assert [ids(state, row) for row in seen] == [{"kettle", "teapot", "teacup"}, set(), set()]
    assert not seen_items(state, users, Rules(repeats="show")).any()


def test_one_value_of_a_list_or_path_is_enough(state):
    category = state.catalogue["category"].replace({"tea": "Home > Tea | 茶"})
    told = replace(state, catalogue=state.catalogue.assign(category=category))
    for wanted in ("茶", "Tea", "Home", "Home > Tea | 茶"):
        assert allowed_items(told, Rules(categories=[wanted])).sum() == 5
    assert not allowed_items(told, Rules(categories=["Te"])).any()
