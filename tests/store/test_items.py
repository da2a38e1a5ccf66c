"""Items are put as often as one likes; what is given replaces, what isn't stays."""

import math

import pytest

from unsung.errors import InputError
from unsung.store import Item, change_number, changes_after, items, put_items, set_stock

NOW = 1_767_225_600_000_000


def test_given_attributes_replace_and_others_stay(store):
    kettle = {"title": "Kettle", "price": 30, "colour": "red", "n": 3, "eco": True, "w": 1.5}
    put_items(store, [Item("kettle", kettle), Item("cup", {})], NOW)
    put_items(store, [Item("kettle", {"price": 25.5, "colour": None, "created_at": NOW})], NOW)
    left = {name: value for name, value in kettle.items() if name != "colour"}
    assert items(store) == [
        Item("cup", {}),
        Item("kettle", left | {"price": 25.5, "created_at": NOW}),
    ]


def test_what_says_nothing_new_is_no_change(store):
    assert put_items(store, [Item("kettle", {"price": 3}), Item("cup", {})], NOW) == 2
    assert put_items(store, [Item("kettle", {"price": 3.0, "title": None})], NOW + 1) == 2
    assert put_items(store, [], NOW) == change_number(store) == 2
    assert put_items(store, [Item("kettle", {"price": 4}), Item("cup", {})], NOW) == 3
    assert [item.item_id for item in changes_after(store, 2).items] == ["kettle"]


def test_the_later_of_two_in_a_batch_counts(store):
    batch = [Item("kettle", {"price": 3, "title": "K"}), Item("kettle", {"price": 4})]
    assert put_items(store, batch, NOW) == 1
    assert items(store) == [Item("kettle", {"price": 4.0, "title": "K"})]


def test_stock(store):
    put_items(store, [Item("kettle", {"title": "Kettle"})], NOW)
    set_stock(store, {"kettle": False, "new": True}, NOW)
    assert items(store) == [
        Item("kettle", {"title": "Kettle", "in_stock": False}),
        Item("new", {"in_stock": True}),
    ]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("price", "3", "has to be a number"),
        ("price", math.nan, "finite"),
        ("in_stock", 1, "true or false"),
        ("title", 7, "has to be text"),
        ("created_at", 1.5, "whole number"),
        ("item_id", "x", "is no attribute"),
        ("", "x", "may not be empty"),
        ("n" * 129, "x", "may have 128"),
        ("colour", "x" * 100_001, "may have 100,000"),
        ("colour", "a\0", "NUL"),
        ("weight", math.inf, "finite"),
        ("weight", 2**64, "out of range"),
        ("colour", ["red"], "has to be text"),
    ],
)
def test_what_no_column_takes_is_refused_by_name(store, name, value, message):
    with pytest.raises(InputError, match=f"items, column '{name[:128]}', row 2: .*{message}"):
        put_items(store, [Item("cup", {}), Item("kettle", {name: value})], NOW)
    assert items(store) == []


def test_an_item_has_a_largest_size(store):
    large = {f"n{n}": "x" * 90_000 for n in range(5)}
    with pytest.raises(InputError, match=r"items, column 'attributes', row 1: has 4\d\d,\d\d\d"):
        put_items(store, [Item("kettle", large)], NOW)
    with pytest.raises(InputError, match="column 'item_id', row 1: may not be empty"):
        put_items(store, [Item("", {})], NOW)
    assert items(store) == []
