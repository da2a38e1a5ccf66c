from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from unsung.errors import InputError
from unsung.promotion.slots import (
    _systematic_sample,
    eligible_items,
    explore,
    hash_uniforms,
    inclusion_probabilities,
)
from unsung.schema import EMPTY

BASE = np.arange(10, dtype=np.int32)


def draw(request, items=(20, 30, 25, 40), weights=(5.0, 1.0, 2.0, 1.0), ranks=(3, 7), base=BASE):
    return explore(
        base, np.array(items), np.array(weights), ranks=ranks, request_id=request, campaign_id="c"
    )


def test_every_order_and_every_start_give_the_probabilities():
    probabilities = inclusion_probabilities(np.array([4.0, 3.0, 2.0, 1.0]), 2)
    starts = (np.arange(1000) + 0.5) / 1000
    orders = [np.array(order) for order in permutations(range(4))]
    for order in orders:
        taken = [_systematic_sample(probabilities, start, order) for start in starts]
        assert all(len(set(one.tolist())) == 2 for one in taken)
        counts = np.bincount(np.concatenate(taken), minlength=4)
        assert counts / len(starts) == pytest.approx(probabilities, abs=1e-3)


def test_propensities_are_how_often_each_item_stands_in_each_slot():
    n, items, weights = 20_000, np.array([20, 25, 30, 40]), np.array([5.0, 2.0, 1.0, 1.0])
    drawn = [draw(f"r{number}", items, weights) for number in range(n)]
    expected = dict(zip(items.tolist(), inclusion_probabilities(weights, 2) / 2, strict=True))
    for slot in (2, 6):
        shown = np.array([one.items[slot] for one in drawn])
        assert all(
            one.logging_propensity[slot] == expected[int(one.items[slot])] for one in drawn[:200]
        )
        counts = [(shown == item).sum() for item in expected]
        assert stats.chisquare(counts, n * np.array([*expected.values()])).pvalue > 0.001


def test_the_same_request_gives_the_same_list_in_any_order_of_items():
    first = draw("r1")
    again = draw("r1", items=(40, 25, 30, 20), weights=(1.0, 2.0, 1.0, 5.0))
    assert first.items.tolist() == again.items.tolist()
    assert first.logging_propensity.tolist() == again.logging_propensity.tolist()


def test_a_known_request_gives_the_list_it_gave_on_every_other_machine():
    assert hash_uniforms(9, "r1", "spring")[:2].round(4).tolist() == [0.484, 0.824]
    assert hash_uniforms(3, "ab", "c").tolist() != hash_uniforms(3, "a", "bc").tolist()


def test_deterministic_slots_are_certain_and_keep_their_order():
    explored = draw("r1")
    assert np.flatnonzero(explored.drawn).tolist() == [2, 6]
    assert explored.items[~explored.drawn].tolist() == list(range(8))
    assert (explored.logging_propensity[~explored.drawn] == 1).all()


def test_fewer_items_than_slots_use_the_first_slots():
    explored = draw("r1", items=(20, 30), weights=(1.0, 0.0))
    assert explored.items.tolist() == [0, 1, 20, 2, 3, 4, 5, 6, 7, 8]
    assert (explored.logging_propensity == 1).all()
    assert draw("r1", items=(), weights=()).items.tolist() == BASE.tolist()


def test_a_short_list_moves_up():
    base = np.array([1, 2, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY], dtype=np.int32)
    explored = draw("r1", base=base)
    assert explored.items[:2].tolist() == [1, 2]
    assert explored.drawn.tolist() == [False, False, True, True] + [False] * 4
    assert np.isnan(explored.logging_propensity[4:]).all()


@given(
    st.lists(st.one_of(st.just(0.0), st.floats(1e-6, 1e6)), min_size=1, max_size=30),
    st.integers(1, 8),
    st.text(max_size=5),
)
def test_probabilities_add_up_and_no_item_comes_twice(weights, n, request):
    probabilities = inclusion_probabilities(np.array(weights), n)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    assert probabilities.sum() == pytest.approx(min(n, np.count_nonzero(weights)))
    explored = draw(request, range(20, 20 + len(weights)), weights, tuple(range(1, n + 1)))
    assert len(set(explored.items.tolist())) == 10
    assert explored.drawn.sum() == min(n, np.count_nonzero(weights))
    assert (explored.logging_propensity > 0).all()


def test_what_could_go_wrong_is_refused():
    with pytest.raises(InputError, match="twice"):
        draw("r1", items=(3, 30), weights=(1.0, 1.0))
    with pytest.raises(InputError, match="ranks"):
        draw("r1", ranks=(3, 3))
    with pytest.raises(InputError, match="weight"):
        draw("r1", weights=(1.0, -1.0, 1.0, 1.0))


def test_listed_seen_and_forbidden_items_are_not_eligible():
    allowed = np.array([True, True, True, True, False])
    found = eligible_items(np.array([0, 1, 2, 3, 4]), np.array([0, EMPTY]), np.array([2]), allowed)
    assert found.tolist() == [1, 3]
