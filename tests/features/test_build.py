from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from unsung.data.settings import SegmentSettings
from unsung.features.build import build_features, describe_shop, feature_definitions
from unsung.popularity.segments import TAIL
from unsung.schema import DAY_US


@pytest.fixture
def asked(toy_shop, rng):
    """Users, candidate lists with padding, scores of two scorers."""
    users = toy_shop.users.index_of(["ann", "gus", "eve", "fay"])
    lists = np.stack([rng.permutation(toy_shop.n_items)[:6] for _ in users]).astype(np.int32)
    lists[1, 4:] = lists[2, 0] = -1
    shape = (len(users), toy_shop.n_items)
    scores = {name: rng.random(shape).astype(np.float32) for name in ("linear", "terms")}
    return users, lists, scores


def test_every_feature_is_defined_in_a_sentence(state, asked):
    features = build_features(state, *asked)
    definitions = feature_definitions(("linear", "terms"))
    assert features.names == tuple(definitions)
    families = {name.split(".")[0] for name in features.names}
    assert families == {"shop", "item", "trend", "user", "pair", "first_stage"}
    assert all(text.endswith(".") for text in definitions.values())


def test_shapes_and_padding(state, asked):
    features = build_features(state, *asked)
    assert features.values.shape == (24, len(features.names))
    assert features.values.dtype == np.float32
    np.testing.assert_array_equal(features.valid.reshape(4, 6), asked[1] >= 0)
    assert np.isnan(features.values[~features.valid]).all()
    assert not np.isinf(features.values).any()
    assert np.isfinite(features.column("item.price")[features.valid]).all()


def test_columns_stand_at_their_names(state, asked, toy_shop):
    users, lists, scores = asked
    features = build_features(state, users, lists, scores)
    price = state.catalogue["price"].to_numpy()
    expected = np.where(lists >= 0, price[lists], np.nan)
    np.testing.assert_allclose(features.column("item.price").reshape(4, 6), expected)
    counts = np.where(lists >= 0, np.array([[3], [0], [3], [3]]), np.nan)
    np.testing.assert_array_equal(features.column("user.n_items").reshape(4, 6), counts)
    linear = np.where(lists >= 0, np.take_along_axis(scores["linear"], lists, axis=1), np.nan)
    np.testing.assert_array_equal(features.column("first_stage.linear").reshape(4, 6), linear)


def test_a_batch_is_its_users_one_by_one(state, asked):
    users, lists, scores = asked
    together = build_features(state, users, lists, scores)
    shop = describe_shop(state)
    for row in range(len(users)):
        one = slice(row, row + 1)
        alone = build_features(
            state, users[one], lists[one], {n: s[one] for n, s in scores.items()}, shop=shop
        )
        np.testing.assert_array_equal(alone.values, together.values[row * 6 : (row + 1) * 6])


def test_selection_keeps_the_order_asked_for(state, asked):
    features = build_features(state, *asked)
    two = features.select(("user.n_items", "item.price"))
    assert two.names == ("user.n_items", "item.price")
    np.testing.assert_array_equal(two.column("item.price"), features.column("item.price"))
    with pytest.raises(KeyError, match=r"item\.colour"):
        features.select(("item.colour",))


def test_a_moment_later_by_whole_days_moves_only_ages(toy_shop, asked):
    """No feature holds the clock: a shop moved by a year has the same features."""
    moved = replace(
        toy_shop,
        interactions=replace(
            toy_shop.interactions, timestamp=toy_shop.interactions.timestamp + 365 * DAY_US
        ),
    )
    before = build_features(toy_shop.as_of(toy_shop.end), *asked)
    after = build_features(moved.as_of(moved.end), *asked)
    np.testing.assert_array_equal(before.values, after.values)


def test_no_feature_is_an_index(toy_shop, state, asked):
    """Renumber every item and user: the same values."""
    users, lists, scores = asked
    item_order, user_order = np.arange(10)[::-1], np.arange(7)[::-1]
    new_item, new_user = np.argsort(item_order), np.argsort(user_order)
    rows = toy_shop.interactions
    renumbered = replace(
        toy_shop,
        items=type(toy_shop.items)(toy_shop.items.values[item_order]),
        users=type(toy_shop.users)(toy_shop.users.values[user_order]),
        catalogue=toy_shop.catalogue.iloc[item_order].reset_index(drop=True),
        interactions=replace(
            rows,
            item_index=new_item[rows.item_index].astype(np.int32),
            user_index=new_user[rows.user_index].astype(np.int32),
        ),
        reviews=toy_shop.reviews.iloc[:0],
    )
    before = build_features(state, users, lists, scores)
    after = build_features(
        renumbered.as_of(state.as_of),
        new_user[users].astype(np.int32),
        np.where(lists >= 0, new_item[lists], -1).astype(np.int32),
        {name: values[:, item_order] for name, values in scores.items()},
    )
    np.testing.assert_allclose(before.values, after.values, rtol=1e-6)


def test_a_user_who_came_after_the_shop_was_described(state, toy_shop):
    shop = describe_shop(state)
    later = replace(state, users=state.users.appended(["zoe"]))
    found = build_features(later, np.array([7]), np.array([[0]]), {}, shop=shop)
    assert found.column("user.n_baskets")[0] == 0
    assert found.column("user.n_items")[0] == 0


def test_an_item_appended_later_leaves_the_others_as_they_are(toy_shop, asked):
    users, lists, scores = asked
    row = {"item_id": "anvil", "category": "tea", "price": 1.0}
    longer = replace(
        toy_shop,
        items=toy_shop.items.appended(["anvil"]),
        catalogue=pd.concat([toy_shop.catalogue, pd.DataFrame([row])], ignore_index=True),
    )
    later = {name: np.pad(s, ((0, 0), (0, 1)), constant_values=9) for name, s in scores.items()}
    before = build_features(toy_shop.as_of(), *asked)
    shop = describe_shop(longer.as_of(), n_fitted=toy_shop.n_items)
    after = build_features(longer.as_of(), users, lists, later, shop=shop)
    np.testing.assert_array_equal(before.values, after.values)


def test_what_is_tail_can_be_set(state, asked):
    wide = describe_shop(state, SegmentSettings(definition="threshold", min_buyers=99))
    narrow = describe_shop(state, SegmentSettings(definition="threshold", min_buyers=2))
    assert (wide.segments == TAIL).sum() == 6  # all that were sold, less the fresh birdbath
    assert (narrow.segments == TAIL).sum() == 1  # the strainer


def test_order_only_leaves_out_what_rests_on_time_or_on_other_users(order_only, asked):
    features = build_features(order_only, *asked)
    known = {name for name in features.names if np.isfinite(features.column(name)).any()}
    assert known == {
        "item.price",
        "item.price_to_category",
        "item.title_words",
        "user.n_items",
        "user.mean_price",
        "pair.price_to_user",
        "pair.category_share",
        *(name for name in features.names if name.startswith("first_stage.")),
    }


def test_no_candidates_no_rows(state):
    features = build_features(state, np.zeros(0, np.int32), np.zeros((0, 5), np.int32), {})
    assert features.values.shape == (0, len(feature_definitions()))
