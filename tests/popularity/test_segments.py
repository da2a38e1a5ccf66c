from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsung.data.identifiers import Identifiers
from unsung.data.interactions import Interactions
from unsung.data.settings import SegmentSettings
from unsung.popularity.segments import (
    BAND_NAMES,
    COLD,
    FINE_BAND_EDGES,
    FINE_BAND_NAMES,
    FRESH,
    HEAD,
    SEGMENT_NAMES,
    TAIL,
    assign_segments,
    head_items,
    popularity_bands,
    popularity_place,
    segment_items,
)
from unsung.schema import DAY_US

counts = st.lists(st.integers(0, 6), max_size=30).map(lambda values: np.array(values, dtype=int))
kinds = st.sampled_from(["top_items", "interaction_share", "threshold"])


def names_by_item(dataset, segments):
    return {
        item: SEGMENT_NAMES[code] for item, code in zip(dataset.items.values, segments, strict=True)
    }


def everything(buyers):
    return np.ones(len(buyers), dtype=bool)


def test_the_toy_shop_has_the_segments_that_can_be_seen(toy_shop):
    segments = segment_items(toy_shop.as_of(), SegmentSettings(head_share=0.1))
    assert names_by_item(toy_shop, segments) == {
        "kettle": "head",
        "teapot": "tail",
        "spade": "tail",
        "rake": "tail",
        "teacup": "tail",
        "strainer": "tail",
        "birdbath": "fresh",
        "cosy": "cold",
        "gnome": "cold",
        "dibber": "cold",
    }


def test_without_a_clock_nothing_is_fresh(toy_shop):
    orderly = toy_shop.with_interactions(toy_shop.interactions, has_clock=False)
    segments = segment_items(orderly.as_of(), SegmentSettings(head_share=0.1))
    assert names_by_item(toy_shop, segments)["birdbath"] == "tail"


@pytest.fixture
def shop_with_views(toy_shop):
    """Items old (sold on day 0), seen (looked at on day 90) and unseen; ends on day 99."""
    items = Identifiers.from_ids(["old", "seen", "unseen"])
    rows = Interactions.from_columns(
        user_index=np.zeros(3, int),
        item_index=items.index_of(["old", "old", "seen"]),
        timestamp=np.array([0, 99, 90]) * DAY_US,
        weight=np.array([1, 0.1, 0.1]),
        is_target=np.array([True, False, False]),
    )
    catalogue = pd.DataFrame({"item_id": items.values})
    return replace(
        toy_shop,
        items=items,
        catalogue=catalogue,
        interactions=rows,
        reviews=toy_shop.reviews.iloc[:0],
    )


def test_an_item_that_was_only_looked_at_is_not_cold(shop_with_views):
    names = names_by_item(
        shop_with_views, segment_items(shop_with_views.as_of(), SegmentSettings())
    )
    assert names == {"old": "head", "seen": "fresh", "unseen": "cold"}


def test_an_event_without_weight_that_is_no_target_leaves_an_item_cold(toy_shop):
    rows = replace(
        toy_shop.interactions,
        weight=np.zeros(len(toy_shop.interactions), np.float32),
        is_target=np.zeros(len(toy_shop.interactions), bool),
    )
    state = toy_shop.with_interactions(rows).as_of()
    assert (segment_items(state, SegmentSettings()) == COLD).all()


@pytest.mark.parametrize(
    ("definition", "head"),
    [
        ("top_items", [True, False, False, False, False]),
        ("interaction_share", [True, True, False, False, False]),
        ("threshold", [True, True, True, False, False]),
    ],
)
def test_each_definition_of_the_head(definition, head):
    buyers = np.array([50, 30, 10, 5, 5])
    settings = SegmentSettings(definition=definition, min_buyers=10)
    assert head_items(buyers, everything(buyers), settings).tolist() == head


def test_the_cut_takes_equally_popular_items_in_when_more_than_half_of_them_fit():
    settings = SegmentSettings(head_share=0.2)
    in_two_thirds = np.array([9, 5, 5] + [1] * 9)  # place of the pair: 2 of 12
    assert head_items(in_two_thirds, everything(in_two_thirds), settings).sum() == 3
    half = np.array([9, 5, 5] + [1] * 7)  # place of the pair: exactly 2 of 10
    assert head_items(half, everything(half), settings).sum() == 1


def test_unlisted_items_are_no_head_and_do_not_count_in_shares():
    buyers = np.array([9, 8, 1, 1, 1, 1])
    listed = np.array([False, True, True, True, True, True])
    assert head_items(buyers, listed, SegmentSettings()).tolist() == [False, True, *[False] * 4]
    assert popularity_place(buyers, listed)[0] == 1
    assert popularity_bands(buyers, listed)[0] == len(BAND_NAMES) - 1


def test_an_item_is_fresh_until_its_age_reaches_fresh_days():
    seen = np.array([40, 41]) * DAY_US
    segments = assign_segments(
        np.array([1, 1]), seen, np.ones(2, bool), 100 * DAY_US, SegmentSettings(fresh_days=60)
    )
    assert segments.tolist() == [TAIL, FRESH]


def test_a_head_item_is_not_fresh_however_new():
    buyers, seen = np.array([9, 1, 1, 1, 1]), np.full(5, 99 * DAY_US)
    segments = assign_segments(buyers, seen, everything(buyers), 100 * DAY_US, SegmentSettings())
    assert segments.tolist() == [HEAD, FRESH, FRESH, FRESH, FRESH]


def test_where_all_are_equally_popular_there_is_no_head_of_top_items():
    buyers = np.full(10, 3)
    assert not head_items(buyers, everything(buyers), SegmentSettings()).any()


@given(counts, kinds)
def test_segments_follow_popularity_alone(buyers, definition):
    settings = SegmentSettings(definition=definition, min_buyers=3)
    head = head_items(buyers, everything(buyers), settings)
    if head.any():
        assert buyers[head].min() > 0
        assert buyers[~head].max(initial=0) < buyers[head].min()
    order = np.random.default_rng(len(buyers)).permutation(len(buyers))
    shuffled = head_items(buyers[order], everything(buyers), settings)
    assert (shuffled == head[order]).all()


@given(counts)
def test_top_items_come_nearest_to_their_share_without_splitting_equals(buyers):
    settings = SegmentSettings(head_share=0.2)
    head = head_items(buyers, everything(buyers), settings).sum()
    cuts = [0] + [(buyers >= level).sum() for level in np.unique(buyers[buyers > 0])]
    distance = [abs(cut - 0.2 * len(buyers)) for cut in cuts]
    assert abs(head - 0.2 * len(buyers)) <= min(distance) + 1e-9


@given(counts)
def test_bands_fall_with_popularity_and_equals_share_one(buyers):
    bands = popularity_bands(buyers, edges=FINE_BAND_EDGES)
    assert bands.dtype == np.int8
    assert bands.max(initial=0) < len(FINE_BAND_NAMES)
    for a, b in np.ndindex(len(buyers), len(buyers)):
        if buyers[a] >= buyers[b]:
            assert bands[a] <= bands[b]


def test_the_first_band_is_the_head_of_top_items_where_all_have_sold():
    buyers = np.random.default_rng(3).integers(1, 40, 200)
    head = head_items(buyers, everything(buyers), SegmentSettings())
    assert ((popularity_bands(buyers) == 0) == head).all()


def test_as_of_law(toy_shop):
    settings = SegmentSettings(head_share=0.1)
    start = int(toy_shop.interactions.timestamp[0])
    for day in (0, 6, 13, 30, 96):
        moment = start + day * DAY_US
        cut = toy_shop.with_interactions(toy_shop.interactions.before(moment))
        assert (
            segment_items(toy_shop.as_of(moment), settings)
            == segment_items(cut.as_of(moment), settings)
        ).all()
