"""The split that makes items cold."""

from dataclasses import replace

import numpy as np
import pytest

from unsung.data.cold_items import split_cold_items
from unsung.data.dataset import Dataset
from unsung.errors import InputError, NotEnoughDataError


@pytest.fixture
def shop(toy_shop: Dataset) -> Dataset:
    return replace(toy_shop, catalogue_is_derived=False)


def sold_of(dataset: Dataset) -> set[int]:
    rows = dataset.interactions
    return set(rows.item_index[rows.is_target].tolist())


def test_nothing_is_known_of_a_cold_item(shop: Dataset):
    split = split_cold_items(shop, share=0.3)
    cold = sold_of(shop) - sold_of(split.train)
    assert cold
    assert set(split.targets.indices.tolist()) <= cold
    assert not np.isin(split.train.interactions.item_index, list(cold)).any()
    assert not split.train.reviews["item_index"].isin(cold).any()
    assert split.counts.n_cold_targets == split.targets.nnz
    rows = split.counts
    assert rows.n_train_rows + rows.n_test_rows + rows.n_unused_rows == len(shop.interactions)


def test_targets_are_all_that_users_with_a_history_took_of_them(shop: Dataset):
    split = split_cold_items(shop, share=0.3)
    rows = shop.interactions
    taken = {(int(u), int(i)) for u, i in zip(rows.user_index, rows.item_index, strict=True)}
    has_history = set(split.train.interactions.user_index.tolist())
    cold = sold_of(shop) - sold_of(split.train)
    wanted = {(u, i) for u, i in taken if i in cold and u in has_history}
    where = split.targets.tocoo().coords
    assert set(zip(split.users[where[0]].tolist(), where[1].tolist(), strict=True)) == wanted


def test_validation_has_other_items_and_knows_those_of_the_test_no_better(shop: Dataset):
    test = split_cold_items(shop, share=0.3)
    validation = split_cold_items(shop, holdout="validation", share=0.3)
    cold_of_test = sold_of(shop) - sold_of(test.train)
    assert not cold_of_test & set(validation.targets.indices.tolist())
    assert not cold_of_test & sold_of(validation.train)
    assert sold_of(validation.train) < sold_of(test.train)


def test_the_seed_draws_the_items(shop: Dataset):
    first, again, other = (split_cold_items(shop, share=0.3, seed=seed) for seed in (0, 0, 3))
    assert sold_of(first.train) == sold_of(again.train) != sold_of(other.train)


def test_a_catalogue_of_orders_has_no_text_for_them(toy_shop: Dataset):
    derived = replace(toy_shop, catalogue_is_derived=True)
    with pytest.raises(InputError, match="needs a catalogue file"):
        split_cold_items(derived)


def test_too_few_items_are_an_error(shop: Dataset):
    with pytest.raises(NotEnoughDataError, match="too few"):
        split_cold_items(shop, share=0.01)
