"""A shop's files and what came since, as one shop."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from unsung.data.dataset import Dataset
from unsung.data.joining import joined_dataset, opted_out, without_users
from unsung.data.settings import ShopSettings, Source
from unsung.errors import InputError

SETTINGS = ShopSettings(interactions=Source(path="orders.csv"))


def rows_of(dataset: Dataset) -> list[tuple[object, ...]]:
    rows = dataset.interactions
    return sorted(
        zip(
            dataset.users.values[rows.user_index],
            dataset.items.values[rows.item_index],
            rows.timestamp.tolist(),
            [dataset.event_kinds[code] for code in rows.event],
            rows.is_target.tolist(),
            rows.price.tolist(),
            strict=True,
        )
    )


def halves(shop: Dataset) -> tuple[Dataset, Dataset]:
    moment = int(np.median(shop.interactions.timestamp))
    rows = shop.interactions
    return (
        shop.with_interactions(rows.before(moment)),
        shop.with_interactions(rows.between(moment, shop.end)),
    )


def test_two_halves_are_the_whole(toy_shop):
    first, second = halves(toy_shop)
    found = joined_dataset(first, replace(second, reviews=second.reviews.iloc[:0]), SETTINGS)
    assert rows_of(found) == rows_of(toy_shop)
    assert found.users.values.tolist() == toy_shop.users.values.tolist()
    pd.testing.assert_frame_equal(found.catalogue, toy_shop.catalogue)
    pd.testing.assert_frame_equal(found.reviews, toy_shop.reviews)
    np.testing.assert_array_equal(found.as_of().buyers, toy_shop.as_of().buyers)


def test_what_both_know_counts_once(toy_shop):
    assert rows_of(joined_dataset(toy_shop, toy_shop, SETTINGS)) == rows_of(toy_shop)


def test_kinds_of_events_are_told_apart_by_name(toy_shop):
    looked = replace(toy_shop, event_kinds=("view",))
    looked = looked.with_interactions(
        replace(toy_shop.interactions, is_target=np.ones(len(toy_shop.interactions), dtype=bool))
    )
    found = joined_dataset(looked, toy_shop, SETTINGS)
    assert set(found.event_kinds) == {"purchase", "view"}
    assert sum(row[4] for row in rows_of(found)) == len(toy_shop.interactions)
    assert {row[3] for row in rows_of(found) if row[4]} == {"purchase"}


def test_the_second_is_right_about_an_item(toy_shop):
    dearer = toy_shop.catalogue.assign(price=toy_shop.catalogue["price"] + 1).drop(columns="title")
    found = joined_dataset(toy_shop, replace(toy_shop, catalogue=dearer), SETTINGS)
    np.testing.assert_allclose(found.catalogue["price"], toy_shop.catalogue["price"] + 1)
    assert found.catalogue["title"].tolist() == toy_shop.catalogue["title"].tolist()


def test_baskets_and_titles_of_the_two_aren_t_mixed_up(toy_shop):
    rows = replace(
        toy_shop.interactions,
        basket=np.zeros(len(toy_shop.interactions), dtype=np.int32),
        title=np.zeros(len(toy_shop.interactions), dtype=np.int32),
    )
    moment = int(np.median(rows.timestamp))
    first = replace(toy_shop, interactions=rows.before(moment), titles=np.array(["old"], object))
    second = replace(
        toy_shop, interactions=rows.between(moment, toy_shop.end), titles=np.array(["new"], object)
    )
    found = joined_dataset(first, second, SETTINGS)
    late = found.interactions.timestamp >= moment
    assert set(found.titles[found.interactions.title[late]]) == {"new"}
    assert set(found.titles[found.interactions.title[~late]]) == {"old"}
    assert not set(found.interactions.basket[late]) & set(found.interactions.basket[~late])


def test_a_clock_and_an_order_don_t_go_together(toy_shop):
    with pytest.raises(InputError, match="know only an order"):
        joined_dataset(replace(toy_shop, has_clock=False), toy_shop, SETTINGS)


def test_of_users_who_are_gone_nothing_is_left(toy_shop):
    shown = pd.DataFrame({"user_index": [0, 1, -1], "item_index": [0, 1, 2], "rank": [1, 1, 1]})
    table = pd.DataFrame({"group": list(toy_shop.users.values)})
    shop = replace(toy_shop, exposures=shown, user_table=table)
    ann = int(shop.users.find("ann"))
    gone = np.arange(shop.n_users) == ann
    found = without_users(shop, gone)
    assert "ann" not in found.users.values
    assert "ann" not in {row[0] for row in rows_of(found)}
    assert [row for row in rows_of(shop) if row[0] != "ann"] == rows_of(found)
    assert len(found.reviews) == 1
    assert found.users.values[found.reviews["user_index"].iloc[0]] == "dan"
    assert found.user_table["group"].tolist() == found.users.values.tolist()
    assert len(found.exposures) == 3 - (ann in (0, 1))


def test_who_opted_out_is_told_from_who_said_nothing(toy_shop):
    assert not opted_out(toy_shop).any()
    said = pd.DataFrame({"user_id": toy_shop.users.values})
    assert not opted_out(replace(toy_shop, user_table=said)).any()
    for wanted in (False, True):
        consent = pd.array([wanted] + [None] * (toy_shop.n_users - 1), dtype="boolean")
        table = said.assign(profiling_consent=consent)
        found = opted_out(replace(toy_shop, user_table=table))
        assert found.tolist() == [not wanted] + [False] * (toy_shop.n_users - 1)
        as_objects = table.astype({"profiling_consent": object})
        assert (opted_out(replace(toy_shop, user_table=as_objects)) == found).all()
