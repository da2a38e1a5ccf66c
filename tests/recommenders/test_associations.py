"""Associations against brute force on small shops."""

import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import scipy.sparse as sp

from unsung.data.dataset import Dataset
from unsung.data.identifiers import Identifiers
from unsung.data.interactions import Interactions
from unsung.recommenders.associations import (
    AssociationSettings,
    basket_associations,
    find_associations,
    linear_associations,
    mixed,
    order_associations,
    order_share,
    usable_sources,
)
from unsung.recommenders.linear import Linear, LinearSettings
from unsung.schema import DAY_US

N_ITEMS = 10


@pytest.fixture
def shop_of(toy_shop: Dataset):
    """``shop_of(user, item, day)``: the toy shop's items, bought as given."""

    def make(user, item, day, **columns):
        users = Identifiers.from_ids([f"u{n}" for n in range(max(user) + 1)])
        start = int(toy_shop.interactions.timestamp[0]) // DAY_US * DAY_US
        rows = Interactions.from_columns(
            user_index=np.array(user),
            item_index=np.array(item),
            timestamp=start + np.array(day) * DAY_US,
            **columns,
        )
        reviews = toy_shop.reviews.iloc[:0]
        return replace(toy_shop, users=users, interactions=rows, reviews=reviews)

    return make


@pytest.fixture
def baskets(rng) -> list[list[int]]:
    return [sorted(rng.choice(N_ITEMS, rng.integers(1, 6), replace=False)) for _ in range(60)]


@pytest.fixture
def basket_shop(shop_of, baskets) -> Dataset:
    lines = [(number, item) for number, basket in enumerate(baskets) for item in basket]
    basket, item = (np.array(column) for column in zip(*lines, strict=True))
    return shop_of(basket % 7, item, basket, basket=basket)


def counted_mutual_information(baskets, settings):
    """What the docstring says, one pair at a time."""
    several = [basket for basket in baskets if len(basket) > 1]
    found = np.zeros((N_ITEMS, N_ITEMS))
    for i, j in combinations(range(N_ITEMS), 2):
        n_i, n_j = (sum(item in basket for basket in several) for item in (i, j))
        both = sum(i in basket and j in basket for basket in several)
        if both >= settings.min_together:
            information = math.log(both * len(several) / (n_i * n_j))
            weight = max(information, 0) * both / (both + settings.shrinkage)
            found[i, j] = found[j, i] = weight
    return found


def test_baskets_give_the_mutual_information_counted_pair_by_pair(basket_shop, baskets):
    settings = AssociationSettings(min_together=2, shrinkage=3)
    found = basket_associations(basket_shop.as_of(), settings).toarray()
    wanted = counted_mutual_information(baskets, settings)
    assert (wanted > 0).sum() > 10
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_only_the_largest_of_every_item_are_kept(basket_shop, baskets):
    settings = AssociationSettings(min_together=2, shrinkage=3, kept=2)
    found = basket_associations(basket_shop.as_of(), settings).toarray()
    wanted = counted_mutual_information(baskets, settings)
    for row, everything in zip(found, wanted, strict=True):
        kept = row[row > 0]
        assert len(kept) == min((everything > 0).sum(), 2)
        np.testing.assert_allclose(np.sort(kept), np.sort(everything)[N_ITEMS - len(kept) :], 1e-5)


def test_what_was_taken_back_is_in_no_basket(shop_of):
    shop = shop_of(
        [0, 0, 1, 1],
        [0, 1, 0, 1],
        [1, 1, 2, 2],
        basket=np.array([0, 0, 1, 1]),
        weight=np.array([1, 1, 1, -1]),
    )
    settings = AssociationSettings(min_together=1, shrinkage=0)
    # Only the first basket has two items, and they are in all baskets of several.
    assert basket_associations(shop.as_of(), settings).nnz == 0


def test_order_counts_what_stands_side_by_side(shop_of):
    shop = shop_of([0, 0, 0, 1, 1], [0, 1, 2, 0, 1], [1, 2, 3, 1, 5])
    near = AssociationSettings(distance=1)
    found = order_associations(shop.as_of(), near, rng=np.random.default_rng(0)).toarray()
    assert (found[0, 1], found[1, 2], found[0, 2]) == (2, 1, 0)
    assert np.array_equal(found, found.T)
    further = AssociationSettings(distance=2)
    assert order_associations(shop.as_of(), further, rng=np.random.default_rng(0))[0, 2] == 1


def test_the_order_within_a_day_is_drawn(shop_of):
    shop = shop_of([0] * 4, [0, 1, 2, 3], [1, 1, 1, 1])
    settings = AssociationSettings(distance=1, shuffles=600)
    found = order_associations(shop.as_of(), settings, rng=np.random.default_rng(0)).toarray()
    # Three of the six pairs are neighbours in any order of four.
    above = found[np.triu_indices(4, 1)]
    np.testing.assert_allclose(above, 0.5, atol=0.09)


def test_the_linear_model_s_positive_weights_are_what_an_item_is_predicted_from(basket_shop):
    state = basket_shop.as_of()
    found = linear_associations(state, AssociationSettings(ridge=2)).toarray()
    l2 = 2 * state.buyers[state.buyers > 0].mean()
    fitted = Linear(LinearSettings(l2=l2, term_weight=0)).fit(state, rng=np.random.default_rng(0))
    wanted = np.maximum(fitted.weights.toarray().T, 0)
    assert (wanted > 0).any()
    np.testing.assert_allclose(found, wanted, atol=1e-7)


def test_sources_follow_from_what_the_shop_knows(shop_of, basket_shop):
    in_baskets = basket_shop.as_of()
    assert usable_sources(in_baskets) == ("linear",)
    few = AssociationSettings(max_items=4)
    assert usable_sources(in_baskets, few) == ("baskets", "linear")
    days_apart = shop_of([0, 0, 0], [0, 1, 2], [1, 2, 3]).as_of()
    assert (order_share(days_apart), usable_sources(days_apart)) == (1, ("order", "linear"))
    one_day = shop_of([0, 0, 0], [0, 1, 2], [1, 1, 1]).as_of()
    assert (order_share(one_day), usable_sources(one_day)) == (0, ("linear",))
    lone = shop_of([0, 1], [0, 1], [1, 2]).as_of()
    assert (order_share(lone), usable_sources(lone)) == (0, ())


def test_places_in_an_order_only_shop_are_moments(shop_of):
    shop = replace(shop_of([0, 0, 0], [0, 1, 2], [0, 0, 0]), has_clock=False)
    rows = replace(shop.interactions, timestamp=np.arange(3))
    assert order_share(replace(shop, interactions=rows).as_of()) == 1


def test_each_source_has_the_same_say_about_an_item(basket_shop):
    both = AssociationSettings(sources=("baskets", "linear"))
    found = find_associations(basket_shop.as_of(), both, rng=np.random.default_rng(0))
    assert list(found.counts) == ["baskets", "linear"]
    sums = found.weights.sum(axis=1)
    np.testing.assert_allclose(sums, np.round(sums), atol=1e-5)
    assert sums.max() == pytest.approx(2)
    assert (found.weights.diagonal() == 0).all()
    assert found.weights.data.min() > 0


def test_a_shop_without_two_items_of_one_user_has_no_associations(shop_of):
    state = shop_of([0, 1], [0, 1], [1, 2]).as_of()
    found = find_associations(state, rng=np.random.default_rng(0))
    assert (found.weights.nnz, found.counts) == (0, {})


def test_a_source_without_a_weight_scales_to_nothing():
    nothing = sp.csr_array((2, 2), dtype=np.float32)
    assert mixed({"order": nothing}, 2).nnz == 0
