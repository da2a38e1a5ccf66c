from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from unsung.data.state import ShopState
from unsung.features.item import DEFINITIONS, group_codes, item_features


def test_names_are_the_defined_ones(state):
    assert list(item_features(state)) == list(DEFINITIONS)


def test_the_toy_shop_by_hand(state, by_id):
    found = {name: by_id(values) for name, values in item_features(state).items()}
    assert found["item.age_days"]["kettle"] == 60  # 100, and no more is told
    assert found["item.age_days"]["birdbath"] == 5
    assert np.isnan(found["item.age_days"]["gnome"])  # never sold
    assert found["item.log_buyers"]["kettle"] == pytest.approx(np.log(6))
    assert found["item.log_buyers"]["gnome"] == 0
    assert found["item.price"]["birdbath"] == 40
    # Tea prices: 3, 5, 8, 20, 30.
    assert found["item.price_to_category"]["teapot"] == 2.5
    assert found["item.title_words"]["birdbath"] == 6


def with_catalogue(state: ShopState, **columns: object) -> ShopState:
    return replace(state, catalogue=state.catalogue.assign(**columns))


def test_what_is_not_known_is_nan(state):
    bare = replace(state, catalogue=state.catalogue[["item_id"]])
    found = item_features(bare)
    for name in ("item.price", "item.price_to_category", "item.title_words"):
        assert np.isnan(found[name]).all()


def test_a_price_of_zero_is_not_known(state):
    free = with_catalogue(state, price=0.0)
    assert np.isnan(item_features(free)["item.price"]).all()
    assert np.isnan(item_features(free)["item.price_to_category"]).all()


def test_an_item_without_category_has_no_ratio(state):
    categories = state.catalogue["category"].where(state.catalogue["category"] == "tea", "")
    ratio = item_features(with_catalogue(state, category=categories))["item.price_to_category"]
    assert np.isnan(ratio[categories == ""]).all()
    assert np.isfinite(ratio[categories == "tea"]).all()


def test_items_that_are_not_listed_do_not_move_the_median(state):
    listed = state.catalogue["item_id"].to_numpy() != "kettle"
    before = item_features(replace(state, listed=listed))["item.price_to_category"]
    prices = state.catalogue["price"].where(listed, 1.0)
    after = item_features(replace(with_catalogue(state, price=prices), listed=listed))
    np.testing.assert_array_equal(before[listed], after["item.price_to_category"][listed])


def test_words_of_two_scripts(state):
    titles = pd.Series(["红色 Tea 茶壶 2-pack", "", None, *["x"] * 7], dtype="str")
    counts = item_features(with_catalogue(state, title=titles))["item.title_words"]
    np.testing.assert_array_equal(counts[:4], [7, 0, np.nan, 1])


def test_order_only_knows_neither_age_nor_popularity(order_only):
    found = item_features(order_only)
    assert np.isnan(found["item.age_days"]).all()
    assert np.isnan(found["item.log_buyers"]).all()
    assert np.isfinite(found["item.price"]).all()


def test_codes_group_equal_texts(state, by_id):
    codes = by_id(group_codes(state, "category"))
    assert codes["kettle"] == codes["cosy"] != codes["spade"]
    assert set(by_id(group_codes(state, "brand")).values()) == {-1}
