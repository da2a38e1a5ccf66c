from collections.abc import Callable

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from unsung.errors import InputError
from unsung.evaluation import hits as hits_module
from unsung.evaluation.hits import find_hits

SEEDS = st.integers(0, 2**32)


@given(seed=SEEDS, k=st.integers(1, 9), n_items=st.integers(1, 9))
def test_value_of_a_slot_is_that_of_the_target(
    make_case: Callable[..., tuple[np.ndarray, sp.csr_array]], seed: int, k: int, n_items: int
) -> None:
    lists, targets = make_case(seed, n_items=n_items)
    hits = find_hits(lists, targets, k)
    dense = targets.toarray()
    assert hits.lists.shape == (len(lists), hits.k) == (len(lists), k)
    for user, row in enumerate(hits.lists):
        listed = lists[user, :k]
        np.testing.assert_array_equal(row[: len(listed)], listed)
        assert (row[len(listed) :] == -1).all()
        expected = [dense[user, item] if item >= 0 else 0 for item in row]
        np.testing.assert_array_equal(hits.value[user], expected)
    np.testing.assert_array_equal(hits.n_relevant, (dense > 0).sum(axis=1))
    np.testing.assert_array_equal(hits.is_hit, hits.value > 0)


@given(seed=SEEDS, k=st.integers(1, 8))
def test_a_subset_is_the_same_as_targets_without_the_rest(
    make_case: Callable[..., tuple[np.ndarray, sp.csr_array]], seed: int, k: int
) -> None:
    lists, targets = make_case(seed)
    subset = np.random.default_rng(seed).random(targets.shape[1]) < 0.5
    inside = find_hits(lists, targets, k).within(subset)
    expected = find_hits(lists, sp.csr_array(targets.toarray() * subset), k)
    np.testing.assert_array_equal(inside.lists, expected.lists)
    np.testing.assert_array_equal(inside.value, expected.value)
    np.testing.assert_array_equal(inside.n_relevant, expected.n_relevant)
    np.testing.assert_array_equal(inside.relevant.toarray(), expected.relevant.toarray())


def test_users_are_looked_up_in_batches(
    make_case: Callable[..., tuple[np.ndarray, sp.csr_array]], monkeypatch: pytest.MonkeyPatch
) -> None:
    lists, targets = make_case(3, n_users=50)
    whole = find_hits(lists, targets, 5)
    monkeypatch.setattr(hits_module, "BATCH_USERS", 7)
    np.testing.assert_array_equal(find_hits(lists, targets, 5).value, whole.value)


def test_targets_may_be_flags_unsorted_or_stored_twice() -> None:
    lists = np.array([[2, 0, 1]])
    flags = sp.csr_array((np.array([True, True]), np.array([2, 0]), np.array([0, 2])), (1, 3))
    np.testing.assert_array_equal(find_hits(lists, flags, 3).value, [[1, 1, 0]])
    twice = sp.csr_array((np.array([True, True]), np.array([1, 1]), np.array([0, 2])), (1, 3))
    assert find_hits(lists, twice, 3).n_relevant.tolist() == [1]
    in_two_parts = sp.csr_array((np.array([2.0, 3.0]), np.array([1, 1]), np.array([0, 2])), (1, 3))
    assert find_hits(lists, in_two_parts, 3).value.tolist() == [[0, 0, 5]]
    assert find_hits(lists, in_two_parts, 3).n_relevant.tolist() == [1]
    stored_zero = sp.csr_array((np.array([0.0, 4.0]), np.array([0, 1]), np.array([0, 2])), (1, 3))
    assert find_hits(lists, stored_zero, 3).n_relevant.tolist() == [1]


def test_lists_may_be_unsigned_and_short() -> None:
    hits = find_hits(np.array([[2, 0]], dtype=np.uint16), sp.csr_array([[1, 0, 0]]), 3)
    assert hits.lists.tolist() == [[2, 0, -1]]
    assert hits.lists.dtype == np.int32


def test_targets_of_the_caller_stay_as_they_are() -> None:
    targets = sp.csr_array((np.array([0.0, 4.0]), np.array([2, 1]), np.array([0, 2])), (1, 3))
    find_hits(np.array([[0]]), targets, 1)
    assert targets.indices.tolist() == [2, 1]
    assert targets.data.tolist() == [0, 4]


def test_an_empty_catalogue_and_no_user_are_fine() -> None:
    no_items = find_hits(np.full((2, 3), -1), sp.csr_array((2, 0)), 3)
    assert no_items.within(np.zeros(0, dtype=bool)).n_relevant.tolist() == [0, 0]
    assert find_hits(np.zeros((0, 3), dtype=np.int32), sp.csr_array((0, 4)), 3).k == 3


@pytest.mark.parametrize(
    ("lists", "fault"),
    [
        ([[0, 1], [3, 1]], "list 1 .* outside 0 to 2"),
        ([[0, 1], [-2, -1]], "list 1 .* outside 0 to 2"),
        ([[0, 2**32 + 1], [0, 1]], "list 0 .* outside 0 to 2"),
        ([[-1, 1], [0, 1]], "list 0 .* an empty slot before"),
        ([[0, 1], [2, 2]], "list 1 .* same item twice"),
        ([[0, 1]], r"shape \(1, 2\)"),
        ([0, 1], r"shape \(2,\)"),
        ([[0.0, 1.0], [1.0, 2.0]], "are float64"),
    ],
)
def test_broken_lists_are_refused(lists: list[list[float]], fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        find_hits(np.array(lists), sp.csr_array((2, 3)), 2)


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
def test_broken_targets_are_refused(value: float) -> None:
    with pytest.raises(InputError, match="below zero or not finite"):
        find_hits(np.array([[0]]), sp.csr_array([[value]]), 1)


def test_k_is_at_least_one() -> None:
    with pytest.raises(InputError, match="at least one slot"):
        find_hits(np.array([[0]]), sp.csr_array((1, 1)), 0)
