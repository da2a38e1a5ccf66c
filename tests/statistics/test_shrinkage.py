"""Means of small groups are drawn to the common mean as far as the data say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsung.errors import InputError
from unsung.statistics.shrinkage import LEAST_STRENGTH, shrink_means, variance_parts


def drawn_shop(rng, within: float, between: float, n_items: int = 3000):
    true_means = rng.normal(4.0, between**0.5, n_items)
    n = rng.geometric(0.15, n_items)
    item = np.repeat(np.arange(n_items), n)
    return true_means, item, rng.normal(true_means[item], within**0.5)


def test_the_variances_of_a_known_shop_are_found():
    _, item, values = drawn_shop(np.random.default_rng(1), within=0.8, between=0.2)
    parts = variance_parts(values, item, 4.0)
    assert parts.within == pytest.approx(0.8, rel=0.05)
    assert parts.between == pytest.approx(0.2, rel=0.1)


def test_shrunk_means_are_nearer_to_the_truth_and_bounds_hold():
    true_means, item, values = drawn_shop(np.random.default_rng(2), within=0.8, between=0.2)
    shrunk = shrink_means(values, item, len(true_means))
    own = np.bincount(item, values) / np.bincount(item)
    assert np.square(shrunk.mean - true_means).mean() < 0.75 * np.square(own - true_means).mean()
    assert shrunk.strength == pytest.approx(4.0, rel=0.15)
    assert (shrunk.low <= true_means).mean() == pytest.approx(0.95, abs=0.015)


@given(st.floats(3.0, 4.7), st.integers(0, 1000))
def test_one_review_of_five_stars_is_not_above_fifty_of_four_point_eight(shop_mean, seed):
    rng = np.random.default_rng(seed)
    _, item, drawn = drawn_shop(rng, within=0.9, between=0.2, n_items=100)
    stars = np.clip(np.round(drawn - 4 + shop_mean), 1, 5)
    stars = np.concatenate([stars, [5.0], np.repeat([5.0, 4.0], [40, 10])])
    item = np.concatenate([item, [100], np.full(50, 101)])
    shrunk = shrink_means(stars, item, 102)
    assert shrunk.low[100] < shrunk.low[101]


def test_a_category_draws_its_own_items():
    item = np.repeat(np.arange(40), 10)
    category = np.repeat([0, 1], 20)
    rng = np.random.default_rng(3)
    values = rng.normal(np.where(category[item] == 0, 2.0, 4.0), 0.5)
    shrunk = shrink_means(values, item, 42, np.concatenate([category, [0, 1]]))
    assert shrunk.mean[40:] == pytest.approx([2.0, 4.0], abs=0.1)
    assert shrunk.n[40:].tolist() == [0, 0]
    assert np.array_equal(shrunk.mean[40:], shrunk.prior_mean[40:])


def test_groups_that_differ_in_nothing_get_the_common_mean():
    item = np.repeat(np.arange(50), 4)
    shrunk = shrink_means(np.tile([3.0, 4.0, 4.0, 5.0], 50), item, 50)
    assert shrunk.strength == 200
    assert shrunk.mean == pytest.approx(np.full(50, 4.0))


def test_groups_without_spread_within_are_trusted_but_not_wholly():
    shrunk = shrink_means(np.array([1.0, 1, 5, 5]), np.array([0, 0, 1, 1]), 2)
    assert shrunk.strength == LEAST_STRENGTH
    assert shrunk.mean == pytest.approx([5 / 3, 13 / 3])


def test_single_values_say_nothing_of_the_spread():
    shrunk = shrink_means(np.array([1.0, 5.0]), np.array([0, 1]), 2)
    assert shrunk.strength == 2
    assert shrunk.mean.tolist() == pytest.approx([7 / 3, 11 / 3])


def test_no_values_give_no_means():
    shrunk = shrink_means(np.zeros(0), np.zeros(0, dtype=np.int32), 3)
    assert np.isnan(shrunk.mean).all()
    assert np.isnan(shrunk.low).all()
    assert shrunk.n.tolist() == [0, 0, 0]


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 5)), min_size=1, max_size=40))
def test_means_lie_between_their_own_and_the_priors(rows):
    values, group = np.array(rows, dtype=np.float64)[:, 0], np.array(rows)[:, 1]
    shrunk = shrink_means(values, group, 6)
    n = np.bincount(group, minlength=6)
    own = np.where(n > 0, np.bincount(group, values, 6) / np.maximum(n, 1), shrunk.prior_mean)
    lower, upper = np.minimum(own, shrunk.prior_mean), np.maximum(own, shrunk.prior_mean)
    assert (lower - 1e-9 <= shrunk.mean).all()
    assert (shrunk.mean <= upper + 1e-9).all()
    assert (shrunk.low <= shrunk.mean).all()


@pytest.mark.parametrize(
    ("values", "group", "level", "message"),
    [
        ([1.0, np.nan], [0, 1], 0.95, "not a finite number"),
        ([1.0], [0, 1], 0.95, "1 values of 2 groups"),
        ([1.0], [2], 0.95, "between 0 and 1"),
        ([1.0], [-1], 0.95, "between 0 and 1"),
        ([1.0], [0], 95, "give .95"),
    ],
)
def test_what_cannot_be_used_is_refused(values, group, level, message):
    with pytest.raises(InputError, match=message):
        shrink_means(np.array(values), np.array(group), 2, level=level)
