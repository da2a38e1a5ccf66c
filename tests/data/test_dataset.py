from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from unsung.data.dataset import Dataset
from unsung.data.identifiers import Identifiers
from unsung.data.interactions import Interactions
from unsung.schema import DAY_US

TITLES = np.array(["RED KETTLE", "KETTLE, RED", "SPADE"], dtype=object)


def order_lines(*lines: tuple[int, int, int, float, float]) -> Dataset:
    """A shop of order lines alone: (day, item, row of TITLES, price, quantity)."""
    day, item, title, price, quantity = (np.array(part) for part in zip(*lines, strict=True))
    items = Identifiers(np.array(["kettle", "spade", "rake"], dtype=object))
    return Dataset(
        users=Identifiers(np.array(["ann"], dtype=object)),
        items=items,
        catalogue=pd.DataFrame({"item_id": items.values}),
        catalogue_is_derived=True,
        interactions=Interactions.from_columns(
            user_index=np.zeros(len(lines), int),
            item_index=item,
            timestamp=day * DAY_US,
            title=title,
            price=price,
            quantity=quantity,
        ),
        event_kinds=("purchase",),
        titles=TITLES,
        reviews=pd.DataFrame(
            {"user_index": [0, -1], "item_index": [0, 1], "timestamp": [0, DAY_US]}
        ),
        exposures=None,
        user_table=None,
        has_clock=True,
    )


LINES = order_lines(
    (0, 0, 0, 2.0, 1), (1, 0, 1, 4.0, 1), (2, 0, 1, 9.0, 1), (3, 1, 2, 5.0, 1), (3, 0, -1, 0.0, 1)
)


def test_the_end_is_just_after_the_last_row():
    assert LINES.end == 3 * DAY_US + 1
    assert len(LINES.as_of().interactions) == len(LINES.interactions)
    assert LINES.with_interactions(LINES.interactions.before(0)).end == 0


def test_the_moment_itself_is_not_known():
    assert len(LINES.as_of(2 * DAY_US).interactions) == 2
    assert LINES.as_of(DAY_US).reviews["user_index"].tolist() == [0]


def test_titles_and_prices_come_from_the_order_lines_so_far():
    titles = [LINES.as_of(day * DAY_US).catalogue["title"][0] for day in (1, 2, 3)]
    # One each on day 2: the later wins; then the more frequent.
    assert titles == ["RED KETTLE", "KETTLE, RED", "KETTLE, RED"]
    prices = [LINES.as_of(day * DAY_US).catalogue["price"][0] for day in (1, 2, 3, 4)]
    assert prices == [2, 3, 4, 4]  # a price of 0 is none
    assert LINES.as_of().catalogue["title"].isna().tolist() == [False, False, True]


def test_titles_of_one_moment_are_told_apart_by_their_text():
    lines = [(0, 0, 0, 1.0, 1), (0, 0, 1, 1.0, 1)]
    for order in (lines, lines[::-1]):
        assert order_lines(*order).as_of().catalogue["title"][0] == "RED KETTLE"


def test_before_the_first_row_nothing_is_known():
    state = LINES.as_of(0)
    assert len(state.pairs) == 0
    assert not state.listed.any()
    assert state.catalogue["title"].isna().all()


def test_the_shops_own_words_win(toy_shop):
    own = pd.DataFrame({"item_id": LINES.items.values, "title": ["Kettle", None, None]})
    catalogue = replace(LINES, catalogue=own).as_of().catalogue
    assert catalogue["title"].tolist()[:2] == ["Kettle", "SPADE"]


def test_a_derived_catalogue_lists_what_was_ordered_before():
    assert LINES.as_of(3 * DAY_US).listed.tolist() == [True, False, False]
    assert LINES.as_of().listed.tolist() == [True, True, False]


def test_an_items_file_lists_what_was_created_before(toy_shop):
    created = pd.Series([np.nan] * 8 + [50.0, 150.0])
    shop = replace(toy_shop, catalogue=toy_shop.catalogue.assign(created_at=created))
    moved = shop.with_interactions(
        Interactions.from_columns(
            user_index=np.zeros(1, int), item_index=np.zeros(1, int), timestamp=np.array([90])
        )
    )
    assert moved.as_of(100).listed.tolist() == [True] * 9 + [False]
    assert moved.as_of(50).listed.tolist() == [True] * 8 + [False] * 2


def test_stock_that_is_not_known_is_there(toy_shop):
    stock = pd.Series([True, False, None] + [None] * 7, dtype="boolean")
    shop = replace(toy_shop, catalogue=toy_shop.catalogue.assign(in_stock=stock))
    assert shop.as_of().in_stock.tolist() == [True, False] + [True] * 8
    assert toy_shop.as_of().in_stock.all()


def test_without_a_clock_everything_is_known(toy_shop):
    shop = toy_shop.with_interactions(toy_shop.interactions, has_clock=False)
    state = shop.as_of(5)
    assert state.as_of is None
    assert len(state.interactions) == len(toy_shop.interactions)
    assert len(state.reviews) == 2


@pytest.mark.parametrize("moment", [-DAY_US, 0, 10**18])
def test_any_moment_is_fine(toy_shop, moment):
    state = toy_shop.as_of(moment)
    assert len(state.listed) == toy_shop.n_items
    assert len(state.interactions) == (toy_shop.interactions.timestamp < moment).sum()


def test_what_came_after_the_last_order_is_known_today(toy_shop: Dataset):
    created = np.full(toy_shop.n_items, np.nan)
    kettle, gnome = toy_shop.items.index_of(["kettle", "gnome"])
    created[kettle], created[gnome] = toy_shop.end + 5, toy_shop.end + 50
    review = toy_shop.reviews.iloc[:1].assign(timestamp=toy_shop.end + 5)
    shop = replace(
        toy_shop,
        catalogue=toy_shop.catalogue.assign(created_at=created),
        reviews=pd.concat([toy_shop.reviews, review]),
        read_at=toy_shop.end + 10,
    )
    today = shop.as_of()
    assert today.as_of == toy_shop.end
    assert today.listed[kettle]
    assert not today.listed[gnome]
    assert len(today.reviews) == 3
    then = shop.as_of(toy_shop.end)
    assert not then.listed[kettle]
    assert len(then.reviews) == 2
