from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsung.data.dataset import Dataset
from unsung.data.identifiers import Identifiers
from unsung.data.interactions import Interactions
from unsung.data.splits import choose_windows, split_by_time
from unsung.errors import InputError
from unsung.schema import DAY_US

USERS, ITEMS = "abcd", "klmnopq"
PURCHASE, VIEW, RETURN = ("purchase", 1.0), ("view", 0.1), ("return", -1.0)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(USERS),
        st.sampled_from(ITEMS),
        st.integers(0, 9),
        st.sampled_from([PURCHASE, PURCHASE, VIEW, RETURN]),
    ),
    max_size=40,
)


def test_targets_are_new_purchases_of_known_users(shop, targets_of):
    dataset = shop(
        [
            ("a", "k", 0, PURCHASE),
            ("a", "k", 5, PURCHASE),  # again
            ("a", "l", 5, PURCHASE),
            ("a", "l", 6, PURCHASE),  # one pair
            ("a", "m", 5, VIEW),
            ("b", "k", 1, PURCHASE),
            ("b", "k", 6, PURCHASE),  # nothing but a repeat
            ("c", "l", 6, PURCHASE),  # no history
            ("d", "l", 1, VIEW),
            ("d", "l", 6, PURCHASE),  # only seen before
        ]
    )
    split = split_by_time(dataset, 5 * DAY_US)
    assert targets_of(dataset, split) == {"a": {"l"}, "d": {"l"}}
    counts = split.counts
    assert (counts.n_train_rows, counts.n_test_rows, counts.n_unused_rows) == (3, 7, 0)
    assert (counts.n_users_without_history, counts.n_targets_without_history) == (1, 1)
    assert (counts.n_users_with_repeats_only, counts.n_repeat_targets) == (1, 2)
    assert counts.n_cold_targets == 0
    shown = split_by_time(dataset, 5 * DAY_US, repeats="show")
    assert targets_of(dataset, shown) == {"a": {"k", "l"}, "b": {"k"}, "d": {"l"}}
    assert shown.counts.n_repeat_targets == 0
    everybody = split_by_time(dataset, 5 * DAY_US, known_users_only=False)
    assert targets_of(dataset, everybody) == {"a": {"l"}, "c": {"l"}, "d": {"l"}}
    assert everybody.counts.n_users_without_history == 0


def test_cold_and_unlisted_targets_stay_and_are_counted(shop):
    events = [("a", "k", 0, PURCHASE), ("a", "l", 5, PURCHASE)]
    with_file = split_by_time(shop(events), 5 * DAY_US).counts
    assert (with_file.n_cold_targets, with_file.n_unlisted_targets) == (1, 0)
    derived = split_by_time(shop(events, derived=True), 5 * DAY_US)
    assert (derived.counts.n_cold_targets, derived.counts.n_unlisted_targets) == (1, 1)
    assert derived.targets.nnz == 1


def test_values_are_money_where_the_price_is_known(toy_shop):
    rows = toy_shop.interactions
    last_week = toy_shop.end - 7 * DAY_US
    price, quantity = rows.price.copy(), rows.quantity.copy()
    (birdbath,) = toy_shop.items.index_of(["birdbath"])
    price[rows.item_index == birdbath] = np.nan
    quantity[rows.item_index != birdbath] = 3
    dataset = toy_shop.with_interactions(replace(rows, price=price, quantity=quantity))
    split = split_by_time(dataset, last_week)
    money = {}
    for row, user in enumerate(split.users):
        for item in split.values[[row]].indices:
            name = dataset.users.values[user], dataset.items.values[item]
            money[name] = split.values[row, item]
    assert money == {("cy", "teacup"): 15.0, ("fay", "birdbath"): 1.0}


def test_money_adds_up_and_a_missing_quantity_is_one(toy_shop):
    rows = Interactions.from_columns(
        user_index=np.zeros(4, int),
        item_index=np.array([0, 1, 1, 2]),
        timestamp=np.array([0, 9, 9, 9]),
        price=np.array([1.0, 2.0, 4.0, 0.0]),
        quantity=np.array([1.0, 5.0, np.nan, 2.0]),
    )
    split = split_by_time(toy_shop.with_interactions(rows), 9)
    assert split.values.toarray()[0, :3].tolist() == [0, 14, 0]
    assert split.targets.toarray()[0, :3].tolist() == [0, 1, 1]
    # Given away for nothing is still a purchase, and stands at the same place.
    assert split.values.indices.tolist() == split.targets.indices.tolist() == [1, 2]


@given(events=EVENTS, cut=st.integers(0, 10), length=st.integers(1, 10))
def test_no_test_row_is_earlier_than_a_training_row_and_nothing_is_lost(shop, events, cut, length):
    dataset = shop(events)
    cutoff, end = cut * DAY_US, (cut + length) * DAY_US
    split = split_by_time(dataset, cutoff, end)
    assert (split.train.interactions.timestamp < cutoff).all()
    assert (split.train.reviews["timestamp"] < cutoff).all()
    assert ((split.test.timestamp >= cutoff) & (split.test.timestamp < end)).all()
    counts = split.counts
    assert counts.n_train_rows + counts.n_test_rows + counts.n_unused_rows == len(events)
    assert counts.n_unused_rows == sum(day >= cut + length for _, _, day, _ in events)
    assert len(split.state.interactions) == counts.n_train_rows
    assert split.fit_state is split.state


@given(events=EVENTS, cut=st.integers(0, 10), repeats=st.sampled_from(["hide", "show"]))
def test_every_purchase_in_the_test_part_is_a_target_or_counted(
    shop, targets_of, events, cut, repeats
):
    split = split_by_time(shop(events), cut * DAY_US, repeats=repeats)
    pairs = {(u, i) for u, i, day, kind in events if day >= cut and kind == PURCHASE}
    users = {user for user, _ in pairs}
    counts = split.counts
    left_out = counts.n_targets_without_history + counts.n_repeat_targets
    assert split.targets.nnz + left_out == len(pairs)
    gone = counts.n_users_without_history + counts.n_users_with_repeats_only
    assert len(split.users) + gone == len(users)
    assert (np.diff(split.targets.indptr) > 0).all()
    assert (np.diff(split.users) > 0).all()
    if repeats == "hide":
        before = {(u, i) for u, i, day, kind in events if day < cut and kind == PURCHASE}
        targets = targets_of(shop(events), split)
        assert not before & {(u, i) for u, items in targets.items() for i in items}


@given(events=EVENTS, cut=st.integers(0, 10), data=st.data())
def test_shuffled_rows_give_the_same_time_split(shop, events, cut, data):
    shuffled = data.draw(st.permutations(events))
    one, other = (split_by_time(shop(rows), cut * DAY_US) for rows in (events, shuffled))
    assert one.users.tolist() == other.users.tolist()
    assert one.counts == other.counts
    np.testing.assert_array_equal(one.targets.toarray(), other.targets.toarray())
    np.testing.assert_array_equal(one.values.toarray(), other.values.toarray())


def test_exposures_are_cut_like_the_rest(toy_shop):
    seen = pd.DataFrame({"item_index": [0, 1], "timestamp": [toy_shop.end - 9, toy_shop.end]})
    split = split_by_time(replace(toy_shop, exposures=seen), toy_shop.end - 5)
    assert split.train.exposures["item_index"].tolist() == [0]
    untimed = replace(toy_shop, exposures=seen.drop(columns="timestamp"))
    assert len(split_by_time(untimed, toy_shop.end).train.exposures) == 2


def test_a_shop_without_a_clock_is_not_split_by_time(shop):
    with pytest.raises(InputError, match="leave-one-out"):
        split_by_time(shop([], has_clock=False), 0)
    with pytest.raises(InputError, match="leave-one-out"):
        choose_windows(shop([], has_clock=False))


def test_an_end_before_the_cutoff_is_refused(toy_shop):
    with pytest.raises(InputError, match="before it starts"):
        split_by_time(toy_shop, 100, 100)


def test_a_cutoff_after_the_data_leaves_nothing_to_predict(toy_shop):
    split = split_by_time(toy_shop, toy_shop.end + DAY_US)
    assert split.targets.shape == (0, toy_shop.n_items)
    assert split.counts.n_train_rows == len(toy_shop.interactions)


# Windows


def test_the_last_day_starts_no_window(shop):
    days = [*range(100), 100]
    events = [("a", ITEMS[day % 7], day, PURCHASE) for day in days]
    windows = choose_windows(shop(events), min_users=0, days=(10,))
    assert (windows.validation_start, windows.test_start) == (80 * DAY_US, 90 * DAY_US)
    assert windows.end == 100 * DAY_US + 1
    assert windows.window_days == 10


def test_windows_grow_until_they_have_users_enough(shop):
    # One user buys something new on day 99, another on day 75.
    events = [(user, "k", 0, PURCHASE) for user in USERS]
    events += [("a", "l", 99, PURCHASE), ("b", "l", 75, PURCHASE)]
    dataset = shop(events)
    lengths = {
        n: choose_windows(dataset, min_users=n, days=(8, 16, 24, 40)).window_days for n in (1, 2, 3)
    }
    # 40 days would leave too little; 24 are the longest.
    assert lengths == {1: 8, 2: 24, 3: 24}


def test_short_data_get_short_windows(shop):
    dataset = shop([("a", ITEMS[day % 7], day, PURCHASE) for day in range(13)])
    windows = choose_windows(dataset)
    assert windows.window_days == 3
    assert windows.validation_start == 6 * DAY_US


def test_data_of_three_days_have_no_windows(shop):
    for days in (0, 3):
        with pytest.raises(InputError, match=f"span {days} days"):
            choose_windows(shop([("a", "k", day, PURCHASE) for day in {0, days}]))
    with pytest.raises(InputError, match="span 0 days"):
        choose_windows(shop([]))


def read_online_retail(shop: Callable[..., Dataset], folder: Path) -> Dataset:
    """As in the folder's README: customers, sales, and codes of five digits."""
    lines = pd.read_parquet(folder / "online_retail" / "online_retail.parquet")
    kept = (
        lines["CustomerID"].notna()
        & (lines["Quantity"] > 0)
        & ~lines["InvoiceNo"].str.startswith("C")
        & lines["StockCode"].str.match(r"^\d{5}")
    )
    lines = lines[kept]
    customers = lines["CustomerID"].astype(int).astype(str)
    users, items = Identifiers.from_ids(customers), Identifiers.from_ids(lines["StockCode"])
    times = pd.to_datetime(lines["InvoiceDate"]).to_numpy().astype("datetime64[us]")
    return replace(
        shop([], derived=True),
        users=users,
        items=items,
        catalogue=pd.DataFrame({"item_id": items.values}),
        interactions=Interactions.from_columns(
            user_index=users.index_of(customers),
            item_index=items.index_of(lines["StockCode"]),
            timestamp=times.astype(np.int64),
            price=lines["UnitPrice"].to_numpy(),
            quantity=lines["Quantity"].to_numpy(),
        ),
    )


@pytest.mark.data
def test_online_retail_is_split_as_published(shop, data_folder):
    dataset = read_online_retail(shop, data_folder)
    windows = choose_windows(dataset)
    starts = pd.to_datetime([windows.validation_start, windows.test_start], unit="us")
    assert starts.strftime("%Y-%m-%d %H:%M").tolist() == ["2011-10-14 00:00", "2011-11-11 00:00"]
    assert windows.window_days == 28
    split = split_by_time(dataset, windows.test_start, windows.end)
    assert len(split.users) == 1229
    assert 20 < split.targets.nnz / len(split.users) < 21
