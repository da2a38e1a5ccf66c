import numpy as np
import pytest

from unsung.popularity.exposure import (
    attention_per_item,
    equal_share,
    impressions_per_item,
    little_shown,
)


def test_unknown_items_are_not_counted():
    items = np.array([0, 2, 2, -1])
    assert impressions_per_item(items, 4).tolist() == [1, 0, 2, 0]
    assert attention_per_item(items, np.ones(4), 4).tolist() == [1, 0, 2, 0]


def test_attention_falls_with_rank_and_an_unknown_rank_is_a_first_place():
    seen = attention_per_item(np.arange(4), np.array([1, 3, np.nan, 0.0]), 4)
    assert seen.tolist() == pytest.approx([1, 0.5, 1, 1])


def test_little_shown_is_measured_against_an_equal_share_of_the_listed():
    shown = np.array([100, 4, 0, 1])
    listed = np.array([True, True, True, False])
    assert equal_share(shown, listed) == pytest.approx(104 / 3)
    assert little_shown(shown, listed, 0.2).tolist() == [False, True, False, False]


def test_nothing_listed():
    assert equal_share(np.array([3]), np.array([False])) == 0
    assert not little_shown(np.array([3]), np.array([False]), 0.5).any()
