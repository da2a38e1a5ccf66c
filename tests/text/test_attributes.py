"""Titles give typed values, whatever the language and the spelling of the unit."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsung.text.attributes import KINDS, extract_attributes
from unsung.text.normalise import normalise


def values(title: str, kind: str) -> list:
    return [found.value for found in extract_attributes(title) if found.kind == kind]


@pytest.mark.parametrize(
    ("title", "kind", "expected"),
    [
        ("Mug 250 ml", "volume", [250.0]),
        ("Mug 250ML", "volume", [250.0]),
        ("Conditioner 1/3 Fl.oz. (10ml)", "volume", [9.8578, 10.0]),
        ("牛奶500毫升×12瓶", "volume", [500.0]),
        ("可乐2升", "volume", [2000.0]),
        ("Cream, 2-Ounce", "weight", [56.699]),
        ("Cream 1 1/2 oz", "weight", [42.5242]),
        ("Vitamin 1,000 mg", "weight", [1.0]),
        ("大米5公斤", "weight", [5000.0]),
        ("苹果10斤", "weight", [5000.0]),
        ("28寸行李箱", "length", [71.12]),
        ("Ruler 30 cm", "length", [30.0]),
        ('Tattoo 4" x 3.5"', "dimensions", [(10.16, 8.89)]),
        ("Rug 30x40cm", "dimensions", [(30.0, 40.0)]),
        ("Set of 4 mugs", "count", [4.0]),
        ("SET/6 MUGS", "count", [6.0]),
        ("PACK OF THREE CANDLES", "count", [3.0]),
        ("2 Pack oil", "count", [2.0]),
        ("60 count", "count", [60.0]),
        ("6 x 50 ml", "count", [6.0]),
        ("Soap x2", "count", [2.0]),
        ("毛巾3条装", "count", [3.0]),
        ("三件套", "count", [3.0]),
        ("两瓶装", "count", [2.0]),
        ("Size M dress", "size", ["M"]),
        ("Shirt XXL", "size", ["XXL"]),
        ("男鞋42码", "size", ["42"]),
        ("LARGE BAG", "size", ["large"]),
        ("大号收纳箱", "size", ["large"]),
        ("Blue mug", "colour", ["blue"]),
        ("black/white mug", "colour", ["black", "white"]),
        ("rose gold ring", "colour", ["rose gold"]),
        ("藏青色裤子", "colour", ["navy"]),
        ("Gray scarf", "colour", ["grey"]),
        ("Stainless Steel pot", "material", ["steel"]),
        ("不锈钢锅", "material", ["steel"]),
        ("Gold plated ring", "material", ["gold plated"]),
        ("Men’s watch", "audience", ["men"]),
        ("儿童水杯", "audience", ["children"]),
        ("3-6岁", "age", [(36.0, 72.0)]),
        ("6-12 months", "age", [(6.0, 12.0)]),
    ],
)
def test_a_value_is_read(title, kind, expected):
    assert values(title, kind) == expected


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Green tea", "colour"),
        ("Orange oil", "colour"),
        ("5 in 1 tool", "length"),
        ("2.4G wireless mouse", "weight"),
        ("5G phone", "weight"),
        ("红谷林石子饼", "colour"),
        ("第三节", "count"),
        ("A Christmas mug", "size"),
        ("Model B00004", "count"),
        ("woodland", "material"),
    ],
)
def test_what_is_none_is_not_read(title, kind):
    assert values(title, kind) == []


def test_both_languages_give_equal_values():
    english = extract_attributes("blue cotton 2 pack 500 ml")
    chinese = extract_attributes("蓝色纯棉2件装500毫升")
    assert [(a.kind, a.value, a.unit) for a in english] == [
        (a.kind, a.value, a.unit) for a in chinese
    ]


PIECES = st.sampled_from(
    ["2", "x", " ", "ml", "blue", "set of", "1/0", "红色", "岁", "-", "3", '"', "oz."]
)


@given(st.text(max_size=60) | st.lists(PIECES).map("".join))
def test_found_words_stand_where_it_says_and_dont_overlap(title):
    text = normalise(title)
    found = extract_attributes(title)
    assert all(text[a.start : a.end] == a.words and a.kind in KINDS for a in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert extract_attributes(text) == found
