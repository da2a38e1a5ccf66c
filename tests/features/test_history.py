import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from unsung.features.history import divide, histories_of


def test_entries_are_the_users_pairs(toy_shop, state):
    users = toy_shop.users.index_of(["eve", "gus", "ann", "eve", "nobody"])
    history = histories_of(state, users)
    assert history.count().tolist() == [3, 0, 3, 3, 0]
    for row, name in enumerate(["eve", "gus", "ann", "eve"]):
        place = state.pairs.of_user(int(toy_shop.users.index_of([name])[0]))
        mine = history.row == row
        np.testing.assert_array_equal(history.item[mine], state.pairs.item_index[place])
        np.testing.assert_array_equal(history.age[mine], state.pairs.age[place])


def test_users_appended_later_have_none(state):
    assert histories_of(state, np.array([state.n_users, 10**6])).count().tolist() == [0, 0]
    assert histories_of(state, np.zeros(0, np.int32)).count().tolist() == []


def test_means_leave_out_what_is_not_known(toy_shop, state, by_id):
    price = np.where(toy_shop.items.values == "kettle", np.nan, 4.0)
    history = histories_of(state, toy_shop.users.index_of(["ann", "gus"]))
    np.testing.assert_array_equal(history.mean(price), [4, np.nan])
    np.testing.assert_array_equal(history.mean(np.full(10, np.nan)), [np.nan, np.nan])


def test_the_latest_purchase(toy_shop, state):
    history = histories_of(state, toy_shop.users.index_of(["cy", "gus"]))
    np.testing.assert_array_equal(history.since_purchase(), [4, np.nan])


@given(above=st.floats(-1e6, 1e6), below=st.sampled_from([0.0, 1.0, 2.0, float("nan")]))
def test_division(above, below):
    quotient = divide(np.array([above]), np.array([below]))[0]
    assert np.isnan(quotient) if not below > 0 else quotient == above / below
