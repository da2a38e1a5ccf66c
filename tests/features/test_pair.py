from dataclasses import replace

import numpy as np
import pytest

from unsung.features.build import build_features
from unsung.features.pair import DEFINITIONS


@pytest.fixture
def of_pair(toy_shop):
    def found(state, user, item, name):
        users, items = toy_shop.users.index_of([user]), toy_shop.items.index_of([item])
        return build_features(state, users, items[None, :], {}).column(f"pair.{name}")[0]

    return found


def test_the_toy_shop_by_hand(state, of_pair):
    # eve: kettle (tea, 96 days ago), spade and rake (garden, 86 and 76 days ago).
    tea, garden = 0.5 ** (96 / 60), 0.5 ** (86 / 60) + 0.5 ** (76 / 60)
    share = of_pair(state, "eve", "gnome", "category_share")
    assert share == pytest.approx(garden / (tea + garden))
    assert of_pair(state, "eve", "cosy", "category_share") == pytest.approx(1 - share)
    assert of_pair(state, "eve", "gnome", "days_since_category") == 76
    assert of_pair(state, "eve", "cosy", "days_since_category") == 96
    assert of_pair(state, "eve", "gnome", "price_to_user") == pytest.approx(9 / 19)


def test_a_category_never_bought_has_share_zero_and_no_date(state, of_pair):
    assert of_pair(state, "ann", "gnome", "category_share") == 0
    assert np.isnan(of_pair(state, "ann", "gnome", "days_since_category"))


def test_nothing_is_known_without_history_or_category(state, of_pair):
    for name in DEFINITIONS:
        assert np.isnan(of_pair(state, "gus", "kettle", name.removeprefix("pair.")))
    assert np.isnan(of_pair(state, "ann", "kettle", "brand_share"))


def test_brands_count_like_categories(state, of_pair):
    branded = state.catalogue.assign(
        brand=np.where(state.catalogue["item_id"].isin(["kettle", "cosy"]), "Acme", None)
    )
    state = replace(state, catalogue=branded)
    assert of_pair(state, "eve", "cosy", "brand_share") == 1
    assert np.isnan(of_pair(state, "eve", "gnome", "brand_share"))


def test_order_only_counts_steps_for_shares_and_knows_no_days(order_only, of_pair):
    tea, garden = 0.5 ** (2 / 60), 0.5 ** (1 / 60) + 1
    assert of_pair(order_only, "eve", "gnome", "category_share") == pytest.approx(
        garden / (tea + garden)
    )
    assert np.isnan(of_pair(order_only, "eve", "gnome", "days_since_category"))
