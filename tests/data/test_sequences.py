from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsung.data.dataset import Dataset
from unsung.data.identifiers import Identifiers
from unsung.data.interactions import Interactions
from unsung.data.splits import split_leave_one_out
from unsung.errors import InputError

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


def sequences(dataset: Dataset) -> dict[str, str]:
    pairs = dataset.as_of().pairs
    return {
        name: "".join(dataset.items.values[pairs.item_index[pairs.of_user(user)]])
        for user, name in enumerate(dataset.users.values)
    }


def purchases(**items_by_user: str) -> list:
    return [
        (user, item, day, PURCHASE)
        for user, items in items_by_user.items()
        for day, item in enumerate(items)
    ]


def test_the_last_item_is_left_out(shop, targets_of):
    dataset = shop(purchases(a="klmn", b="kl", c="opq"))
    test = split_leave_one_out(dataset)
    assert targets_of(dataset, test) == {"a": {"n"}, "c": {"q"}}
    assert sequences(test.train) == {"a": "kl", "b": "kl", "c": "o", "d": ""}
    assert test.counts.n_users_without_history == 1
    validation = split_leave_one_out(dataset, holdout="validation")
    assert targets_of(dataset, validation) == {"a": {"m"}, "c": {"p"}}
    assert sequences(validation.train) == sequences(test.train)


def test_models_score_from_all_that_comes_before_the_target(shop):
    dataset = shop(purchases(a="klmn"))
    strict = split_leave_one_out(dataset)
    refit = split_leave_one_out(dataset, refit=True)
    assert sequences(refit.train)["a"] == "klm"
    assert len(strict.fit_state.pairs) == 2
    assert len(refit.fit_state.pairs) == 3
    assert len(strict.state.pairs) == len(refit.state.pairs) == 3
    assert strict.counts.n_unused_rows == 1
    assert refit.counts.n_unused_rows == 0


def test_training_knows_an_order_and_no_time(shop):
    split = split_leave_one_out(shop(purchases(a="klmn")))
    assert not split.train.has_clock
    assert split.train.interactions.timestamp.tolist() == [0, 1]
    assert split.state.pairs.age.tolist() == [2, 1, 0]
    assert split.train.exposures is None


def test_only_a_purchase_is_left_out_and_what_follows_goes_too(shop, targets_of):
    events = [*purchases(a="klm"), ("a", "n", 7, VIEW), ("a", "o", 8, PURCHASE)]
    events.append(("a", "p", 9, VIEW))
    dataset = shop(events)
    split = split_leave_one_out(dataset)
    assert targets_of(dataset, split) == {"a": {"o"}}
    assert sequences(split.train)["a"] == "kl"
    # Looked at before the purchase that is to be predicted.
    items = dataset.items.values[split.state.pairs.item_index]
    assert "".join(items) == "klmn"


def test_reviews_of_what_is_left_out_go(shop):
    dataset = shop(purchases(a="klmn", b="n"))
    split = split_leave_one_out(dataset)
    reviewed = {
        (dataset.users.values[u], dataset.items.values[i])
        for u, i in split.train.reviews[["user_index", "item_index"]].to_numpy()
    }
    assert reviewed == {("a", "k"), ("a", "l"), ("b", "n")}


def test_a_repeated_item_stands_at_its_latest_place(shop, targets_of):
    dataset = shop(purchases(a="klmk"))
    split = split_leave_one_out(dataset)
    assert targets_of(dataset, split) == {"a": {"k"}}
    assert sequences(split.train)["a"] == "l"
    assert split.counts.n_test_rows == 2


def test_a_refit_has_no_validation(shop):
    with pytest.raises(InputError, match="refit"):
        split_leave_one_out(shop([]), holdout="validation", refit=True)


def test_order_only_shops_are_split_alike(shop):
    events = purchases(a="klmn", b="opqk")
    with_clock, by_order = (
        split_leave_one_out(shop(events, has_clock=clock)) for clock in (True, False)
    )
    np.testing.assert_array_equal(with_clock.targets.toarray(), by_order.targets.toarray())
    assert sequences(with_clock.train) == sequences(by_order.train)


@given(events=EVENTS, data=st.data(), holdout=st.sampled_from(["test", "validation"]))
def test_shuffled_rows_give_the_same_items_left_out(shop, events, data, holdout):
    shuffled = data.draw(st.permutations(events))
    one, other = (split_leave_one_out(shop(rows), holdout=holdout) for rows in (events, shuffled))
    assert one.counts == other.counts
    np.testing.assert_array_equal(one.targets.toarray(), other.targets.toarray())
    assert sequences(one.train) == sequences(other.train)


@given(events=EVENTS)
def test_leave_one_out_loses_nothing(shop, targets_of, events):
    dataset = shop(events)
    split = split_leave_one_out(dataset, refit=True)
    counts = split.counts
    assert counts.n_train_rows + counts.n_test_rows + counts.n_unused_rows == len(events)
    whole = sequences(dataset)
    targets = targets_of(dataset, split)
    for name, sequence in whole.items():
        train = sequences(split.train)[name]
        if name in targets:
            (target,) = targets[name]
            assert sequence.startswith(train + target)
            assert len(train) >= 2
        else:
            assert train == sequence
    strict = split_leave_one_out(dataset)
    validation = split_leave_one_out(dataset, holdout="validation")
    assert strict.users.tolist() == validation.users.tolist() == split.users.tolist()
    assert sequences(strict.train) == sequences(validation.train)
    # Target of validation, then of test, follow the training items.
    for name, (item,) in targets_of(dataset, validation).items():
        assert whole[name].startswith(sequences(strict.train)[name] + item)


@pytest.mark.data
def test_beauty_is_split_as_published(shop, data_folder):
    rows = pd.read_parquet(data_folder / "amazon_beauty_2014_5core" / "interactions.parquet")
    users, items = Identifiers.from_ids(rows["user_id"]), Identifiers.from_ids(rows["item_id"])
    dataset = replace(
        shop([], has_clock=False),
        users=users,
        items=items,
        catalogue=pd.DataFrame({"item_id": items.values}),
        interactions=Interactions.from_columns(
            user_index=users.index_of(rows["user_id"]),
            item_index=items.index_of(rows["item_id"]),
            timestamp=rows["position"].to_numpy(),
        ),
    )
    split = split_leave_one_out(dataset)
    assert len(split.users) == 22_363
    assert split.counts.n_train_rows == 198_502 - 2 * 22_363
    last = rows.sort_values("position").drop_duplicates("user_id", keep="last")
    expected = items.index_of(last.set_index("user_id").loc[users.values[split.users], "item_id"])
    assert split.targets.indices.tolist() == expected.tolist()
