"""One product is one group: in other sizes and colours, or listed twice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsung.errors import InputError
from unsung.text.near_duplicates import group_variants


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("blue mug 250 ml", "red mug 250 ml", "variant"),
        ("mug blue", "MUG, BLUE", "duplicate"),
        ("set of 4 spoons", "set of 4 forks", None),
        ("set of 4 spoons", "set of 6 spoons", "variant"),
        ("Olay lotion, 1.7 Fl Oz", "OLAY Lotion 1.7 fluid ounce", "duplicate"),
        ("Olay lotion, 1.7 Fl Oz", "Olay lotion 50 ml", "variant"),
        ("Baking mould chocolate cup cakes", "Baking mould chocolate cupcakes", "duplicate"),
        ("Mug &amp; saucer", "saucer and mug", "duplicate"),
        ("jewelled flower purse beads", "jeweled flower purse beads", "duplicate"),
        ("glass bottle holder wall", "glass battle holder wall", None),
        ("men's watch", "women's watch", None),
        ("wooden frame", "metal frame", None),
        ("vitamin C serum", "vitamin E serum", None),
        ("GTX 750 card", "GTX 1060 card", None),
        ("Reading glasses tortoise shell +1.5", "Reading glasses tortoise shell +3.5", "variant"),
        ("搪瓷盆红色", "蓝色搪瓷盆", "variant"),
        ("纯棉毛巾3条装", "纯棉毛巾 3条装", "duplicate"),
        ("苹果手机壳", "华为手机壳", None),
        ("Blue", "Red", None),
        ("Blue", "blue", "duplicate"),
        ("", "", None),
    ],
)  # fmt: skip
def test_relations(first, second, expected):
    assert group_variants([first, second]).relation(0, 1) == expected


def test_brand_and_category_part_groups():
    titles = ["red mug", "blue mug", "green mug"]
    found = group_variants(titles, ["A", "A", None], ["kitchen", "Kitchen", "kitchen"])
    assert found.relation(0, 1) == "variant"
    assert found.relation(0, 2) is None
    assert group_variants(titles, categories=["x", "y", "x"]).relation(0, 1) is None


def test_groups_are_numbered_in_the_order_of_titles():
    found = group_variants(["spoon", "red mug", "fork", "blue mug"])
    assert found.group.dtype == np.int32
    assert found.group.tolist() == [2, 0, 1, 0]


WORDS = st.sampled_from(
    ["red", "blue", "mug", "mugs", "250 ml", "vintage", "vintge", "heart", "tea", "pot", "teapot",
     "7", "set of 4", "红色", "毛巾", "纯棉", "", "glass,"]
)  # fmt: skip
TITLES = st.lists(st.lists(WORDS, max_size=5).map(" ".join), max_size=12)


@given(TITLES, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(titles, random):
    titles = [title for title in titles if title.strip()]
    order = list(range(len(titles)))
    random.shuffle(order)
    found = group_variants(titles)
    shuffled = group_variants([titles[row] for row in order])
    assert shuffled.group.tolist() == found.group[order].tolist()
    assert shuffled.listing.tolist() == found.listing[order].tolist()


@given(TITLES)
def test_equal_titles_are_duplicates_and_listings_lie_within_groups(titles):
    found = group_variants([*titles, *titles])
    n = len(titles)
    for row, title in enumerate(titles):
        assert found.relation(row, row + n) == ("duplicate" if title.strip() else None)
    group_of_listing = dict(zip(found.listing.tolist(), found.group.tolist(), strict=True))
    assert [group_of_listing[listing] for listing in found.listing] == found.group.tolist()


def test_no_titles_are_no_groups():
    assert group_variants([]).group.tolist() == []


def test_lengths_must_agree():
    with pytest.raises(InputError, match="1 brands of 2 titles"):
        group_variants(["a", "b"], ["x"])
