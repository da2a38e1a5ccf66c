from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsung.data.interactions import Interactions, Pairs, pair_up
from unsung.schema import DAY_US

N_USERS, N_ITEMS = 4, 5
EVENT = st.tuples(
    st.integers(0, N_USERS - 1),
    st.integers(0, N_ITEMS - 1),
    st.integers(0, 6),  # day
    st.sampled_from([("purchase", 1.0), ("view", 0.1), ("return", -1.0), ("dislike", 0.0)]),
    st.integers(1, 3),  # quantity
)
EVENTS = st.lists(EVENT, max_size=30)


def build(events) -> Interactions:
    user, item, day, kind, quantity = zip(*events, strict=True) if events else ((),) * 5
    return Interactions.from_columns(
        user_index=np.array(user, int),
        item_index=np.array(item, int),
        timestamp=np.array(day, int) * DAY_US,
        event=np.array([len(name) for name, _ in kind], int),
        weight=np.array([weight for _, weight in kind], float),
        is_target=np.array([name == "purchase" for name, _ in kind], bool),
        quantity=np.array(quantity, float),
    )


def columns(rows: Interactions | Pairs) -> dict[str, list]:
    return {f.name: getattr(rows, f.name).tolist() for f in fields(rows)}


def test_defaults_and_types():
    rows = Interactions.from_columns(
        user_index=np.array([1]), item_index=np.array([2]), timestamp=np.array([3])
    )
    assert {f.name: getattr(rows, f.name).dtype.name for f in fields(rows)} == {
        "user_index": "int32",
        "item_index": "int32",
        "timestamp": "int64",
        "event": "int8",
        "weight": "float32",
        "is_target": "bool",
        "price": "float32",
        "quantity": "float32",
        "basket": "int32",
        "title": "int32",
    }
    assert rows.is_target.tolist() == [True]
    assert np.isnan(rows.price[0])
    assert (rows.basket[0], rows.title[0], rows.weight[0]) == (-1, -1, 1)


@given(events=EVENTS)
def test_rows_run_by_time_then_user_then_item(events):
    rows = build(events)
    keys = list(zip(rows.timestamp, rows.user_index, rows.item_index, strict=True))
    assert keys == sorted(keys)
    assert len(rows) == len(events)


@given(events=EVENTS, data=st.data())
def test_shuffled_rows_give_the_same_arrays(events, data):
    shuffled = data.draw(st.permutations(events))
    np.testing.assert_equal(columns(build(shuffled)), columns(build(events)))
    one, other = (pair_up(build(rows), N_USERS, N_ITEMS, 7 * DAY_US) for rows in (events, shuffled))
    assert columns(one) == columns(other)


@given(events=EVENTS, day=st.integers(0, 7), later=st.integers(0, 7))
def test_parts_by_time_are_whole(events, day, later):
    rows, start, end = build(events), day * DAY_US, max(day, later) * DAY_US
    before, between = rows.before(start), rows.between(start, end)
    rest = rows.between(end, 8 * DAY_US)
    assert len(before) + len(between) + len(rest) == len(rows)
    assert (before.timestamp < start).all()
    assert ((between.timestamp >= start) & (between.timestamp < end)).all()
    assert rest.user_index.tolist() == rows.take(rows.timestamp >= end).user_index.tolist()


@given(events=EVENTS)
def test_pairs_are_the_plain_sum(events):
    """Against a dictionary that a person would write."""
    pairs = pair_up(build(events), N_USERS, N_ITEMS, 7 * DAY_US)
    found = {
        (int(user), int(item)): (value, last // DAY_US, bought)
        for user, item, value, last, bought in zip(
            pairs.user_index(), pairs.item_index, pairs.value, pairs.last, pairs.bought, strict=True
        )
    }
    expected = {}
    for user, item in {event[:2] for event in events}:
        mine = [event for event in events if event[:2] == (user, item)]
        value = min(max(sum(weight for *_, (_, weight), _ in mine), 0), 1)
        bought = any(name == "purchase" for *_, (name, _), _ in mine)
        counted = [day for _, _, day, (_, weight), _ in mine if weight > 0]
        if value > 1e-6 or bought:
            expected[user, item] = (pytest.approx(value, abs=1e-6), max(counted), bought)
    assert found == expected


@given(events=EVENTS)
def test_a_users_entries_run_old_to_new(events):
    pairs = pair_up(build(events), N_USERS, N_ITEMS, 7 * DAY_US)
    for user in range(N_USERS):
        last = pairs.last[pairs.of_user(user)]
        assert (np.diff(last) >= 0).all()
        assert (pairs.user_index()[pairs.of_user(user)] == user).all()
    assert pairs.indptr[-1] == len(pairs)


def test_a_return_takes_a_purchase_back_while_it_stays_bought():
    events = [(0, 1, 0, ("purchase", 1.0), 1), (0, 1, 2, ("return", -1.0), 1)]
    pairs = pair_up(build(events), N_USERS, N_ITEMS, 4 * DAY_US)
    assert pairs.value.tolist() == [0]
    assert pairs.bought.tolist() == [True]
    assert pairs.last.tolist() == [0]  # the return is no interest


def test_views_that_add_up_to_nothing_leave_no_pair():
    tenths = [("view", 0.3), ("view", -0.1), ("view", -0.2)]
    events = [(0, 1, day, kind, 1) for day, kind in enumerate(tenths)]
    assert len(pair_up(build(events), N_USERS, N_ITEMS, 4 * DAY_US)) == 0


def test_value_is_cut_at_one():
    events = [(0, 1, day, ("purchase", 1.0), 1) for day in range(3)]
    assert pair_up(build(events), N_USERS, N_ITEMS, 4 * DAY_US).value.tolist() == [1]


def test_a_target_event_of_weight_zero_counts_at_its_time():
    events = [(0, 1, 3, ("purchase", 0.0), 1)]
    pairs = pair_up(build(events), N_USERS, N_ITEMS, 4 * DAY_US)
    assert (pairs.value.tolist(), pairs.age.tolist()) == ([0], [1])


def test_ages_in_days_and_in_steps():
    events = [(0, item, day, ("purchase", 1.0), 1) for item, day in ((3, 0), (1, 4), (2, 5))]
    events += [(1, 0, 2, ("purchase", 1.0), 1)]
    with_clock = pair_up(build(events), N_USERS, N_ITEMS, 6 * DAY_US)
    assert with_clock.item_index.tolist() == [3, 1, 2, 0]
    assert with_clock.age.tolist() == [6, 2, 1, 4]
    by_order = pair_up(build(events), N_USERS, N_ITEMS, None)
    assert by_order.age.tolist() == [2, 1, 0, 0]


def test_the_matrix_holds_values_decayed_by_age():
    events = [(0, 3, 0, ("purchase", 1.0), 1), (0, 1, 4, ("view", 0.1), 1)]
    pairs = pair_up(build(events), N_USERS, N_ITEMS, 6 * DAY_US)
    plain = pairs.matrix(N_ITEMS)
    assert plain.shape == (N_USERS, N_ITEMS)
    assert plain.dtype == np.float32
    np.testing.assert_allclose(plain.toarray()[0], [0, 0.1, 0, 1, 0])
    decayed = pairs.matrix(N_ITEMS, half_life=2.0)
    np.testing.assert_allclose(decayed.toarray()[0], [0, 0.05, 0, 0.125, 0])


@given(events=EVENTS, users=st.lists(st.integers(-2, N_USERS + 2), max_size=6))
def test_rows_of_the_matrix_are_the_users_asked_for(events, users):
    pairs = pair_up(build(events), N_USERS, N_ITEMS, 7 * DAY_US)
    whole = pairs.matrix(N_ITEMS).toarray()
    part = pairs.matrix(N_ITEMS, np.array(users, dtype=np.int32)).toarray()
    assert part.shape == (len(users), N_ITEMS)
    for row, user in zip(part, users, strict=True):
        known = 0 <= user < N_USERS
        np.testing.assert_array_equal(row, whole[user] if known else np.zeros(N_ITEMS))


def test_users_who_are_not_known_have_no_entries():
    pairs = pair_up(build([(0, 1, 0, ("purchase", 1.0), 1)]), 1, N_ITEMS, DAY_US)
    assert [pairs.of_user(user) for user in (-1, 0, 1)] == [slice(0, 0), slice(0, 1), slice(0, 0)]


def test_nothing_happened():
    pairs = pair_up(build([]), N_USERS, N_ITEMS, None)
    assert len(pairs) == 0
    assert pairs.matrix(N_ITEMS).nnz == 0
    assert len(pair_up(build([]), 0, 0, DAY_US)) == 0


def test_ties_are_broken_by_every_column(rng):
    n = 400
    columns = {
        "user_index": rng.integers(0, 3, n),
        "item_index": rng.integers(0, 3, n),
        "timestamp": rng.integers(0, 4, n),
        "event": rng.integers(0, 2, n),
        "price": rng.choice([1.0, 2.0, np.nan], n),
        "quantity": rng.choice([1.0, 2.0], n),
        "basket": rng.integers(-1, 3, n),
        "title": rng.integers(-1, 3, n),
    }
    found = Interactions.from_columns(**columns)
    keys = ["title", "basket", "quantity", "price", "event"]
    keys += ["item_index", "user_index", "timestamp"]
    order = np.lexsort([columns[key] for key in keys])
    for name, values in columns.items():
        assert np.array_equal(
            getattr(found, name), values[order], equal_nan=name in ("price", "quantity")
        )


@given(events=EVENTS, moment=st.integers(0, 9))
def test_pairs_of_one_user_are_aged_like_those_of_everybody(events, moment):
    everybody = pair_up(build(events), N_USERS, N_ITEMS, moment * DAY_US)
    for user in range(N_USERS):
        one = build([(0, *event[1:]) for event in events if event[0] == user])
        alone, entries = one.pairs_of_one.at(moment * DAY_US), everybody.of_user(user)
        for name in ("item_index", "value", "last", "age", "bought", "bought_age", "purchase"):
            assert getattr(alone, name).tolist() == getattr(everybody, name)[entries].tolist()
