import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsung.data.identifiers import Identifiers

IDS = st.lists(st.text(max_size=4), max_size=12)


@given(ids=IDS)
def test_ids_and_indices_are_inverse(ids):
    table = Identifiers.from_ids(ids)
    assert len(table) == len(set(ids))
    assert table.values[table.index_of(ids)].tolist() == ids
    assert table.index_of(table.values).tolist() == list(range(len(table)))
    assert table.index_of(ids).dtype == np.int32


@given(ids=IDS, data=st.data())
def test_the_order_of_rows_leaves_no_trace(ids, data):
    shuffled = data.draw(st.permutations(ids))
    repeated = shuffled + ids[:3]
    assert (
        Identifiers.from_ids(repeated).values.tolist() == Identifiers.from_ids(ids).values.tolist()
    )


@given(ids=IDS, new=IDS)
def test_appended_ids_keep_the_indices_of_the_others(ids, new):
    table = Identifiers.from_ids(ids)
    longer = table.appended(new)
    assert longer.values[: len(table)].tolist() == table.values.tolist()
    assert set(longer.values) == {*ids, *new}
    assert longer.index_of(new).min(initial=0) >= 0
    assert longer.appended(ids + new).values.tolist() == longer.values.tolist()


@given(ids=IDS)
def test_an_unknown_id_is_minus_one(ids):
    assert Identifiers.from_ids(ids).index_of(["nobody knows this id"]).tolist() == [-1]


def test_all_kinds_of_columns_are_read():
    expected = Identifiers.from_ids(["a", "b", "c"]).values.tolist()
    for column in (
        ("c", "a", "b"),
        np.array(["a", "b", "c"]),
        pd.Series(["b", "c", "a"], dtype="str"),
        pd.Index(["a", "c", "b"]),
        (letter for letter in "abc"),
    ):
        assert Identifiers.from_ids(column).values.tolist() == expected


def test_the_order_is_not_the_alphabet():
    ids = [f"item{number:04}" for number in range(2_000)]
    place = Identifiers.from_ids(ids).index_of(ids)
    ascending = np.mean(np.diff(place) > 0)
    # Half of neighbouring ids ascend by chance, give or take four standard deviations.
    assert abs(ascending - 0.5) < 4 * (1 / 12 / 2_000) ** 0.5


def test_the_order_is_the_same_on_every_machine():
    assert "".join(Identifiers.from_ids(list("abcdefgh")).values) == "hfdecbga"


@given(ids=IDS, data=st.data())
def test_ids_of_equal_hash_stand_in_their_own_order(ids, data):
    hash_array = pd.util.hash_array
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pd.util, "hash_array", lambda *a, **k: hash_array(*a, **k) % 7)
        found = Identifiers.from_ids(ids).values.tolist()
        assert Identifiers.from_ids(data.draw(st.permutations(ids))).values.tolist() == found
        hashes = pd.util.hash_array(np.array(found, dtype=object), categorize=False).tolist()
    places = list(zip(hashes, found, strict=True))
    assert places == sorted(places)
