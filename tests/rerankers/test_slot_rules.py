"""Pins, reserved slots, limits of owners and what may be listed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.rerankers.conftest import facts_of, pool_of

from unsung.errors import InputError
from unsung.rerankers.slot_rules import SlotRules, apply_rules
from unsung.schema import EMPTY

HEAD, TAIL, FRESH = 0, 1, 2
BRANDS = np.array([0, 0, 0, 1, 1, -1, -1, 2], np.int32)
FACTS = facts_of([HEAD, HEAD, HEAD, HEAD, TAIL, TAIL, FRESH, FRESH], brands=BRANDS)
POOL = pool_of([[0, 1, 2, 3, 4, 5, 6, 7]], [[0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]])
LISTS = np.array([[0, 1, 2, 3]])


def changed(rules=None, lists=LISTS, pool=POOL, **others):
    return apply_rules(lists, pool, FACTS, rules or SlotRules(), **others).tolist()


def test_without_rules_lists_stay():
    assert changed() == [[0, 1, 2, 3]]


def test_reserved_slots_go_to_the_best_of_the_segment_at_the_end():
    assert changed(SlotRules(reserved={"tail": 1})) == [[0, 1, 2, 4]]
    assert changed(SlotRules(reserved={"tail": 2, "fresh": 1})) == [[0, 4, 5, 6]]


def test_what_the_list_holds_of_the_segment_counts():
    assert changed(SlotRules(reserved={"tail": 1}), np.array([[5, 0, 1, 2]])) == [[5, 0, 1, 2]]


def test_slots_that_a_segment_cannot_fill_go_to_others():
    assert changed(SlotRules(reserved={"tail": 4})) == [[0, 1, 4, 5]]
    assert changed(SlotRules(reserved={"cold": 2})) == [[0, 1, 2, 3]]


def test_an_owner_has_at_most_so_many_and_items_without_one_are_free():
    assert changed(SlotRules(at_most={"brand": 1})) == [[0, 3, 5, 6]]
    assert changed(SlotRules(at_most={"brand": 2})) == [[0, 1, 3, 4]]


def test_slots_reserved_for_items_that_a_limit_shuts_out_are_filled():
    facts = facts_of([HEAD, HEAD, TAIL, TAIL], brands=np.array([0, 1, 2, 2], np.int32))
    pool = pool_of([[0, 1, 2, 3]], [[0.4, 0.3, 0.2, 0.1]])
    rules = SlotRules(reserved={"tail": 2}, at_most={"brand": 1})
    assert apply_rules(np.array([[0, 1, 2]]), pool, facts, rules).tolist() == [[0, 2, 1]]


def test_pins_stand_at_their_rank_and_nowhere_else():
    assert changed(pins={1: 7, 3: 1}) == [[7, 0, 1, 2]]
    assert changed(pins={9: 7}) == [[0, 1, 2, 3]]


def test_pins_count_for_reserved_slots_and_limits():
    assert changed(SlotRules(reserved={"tail": 1}), pins={1: 4}) == [[4, 0, 1, 2]]
    assert changed(SlotRules(at_most={"brand": 1}), pins={2: 1}) == [[3, 1, 5, 6]]


def test_a_pin_outside_the_pool_is_shown():
    pool = pool_of([[0, 1]], [[0.5, 0.4]])
    assert changed(lists=np.array([[0, 1]]), pool=pool, pins={2: 6}) == [[0, 6]]


def test_what_is_not_allowed_is_replaced_pins_included():
    stock = np.array([True, False, True, True, True, True, True, True])
    assert changed(allowed=stock) == [[0, 2, 3, 4]]
    assert changed(allowed=stock, pins={1: 1}) == [[0, 2, 3, 4]]


def test_what_is_allowed_may_differ_by_user():
    allowed = np.ones((2, 8), dtype=bool)
    allowed[1, 0] = False
    pool = pool_of(np.tile(POOL.items, (2, 1)), np.tile(POOL.relevance, (2, 1)))
    lists = changed(lists=np.tile(LISTS, (2, 1)), pool=pool, allowed=allowed, pins={4: 0})
    assert lists == [[1, 2, 3, 0], [1, 2, 3, 4]]


def test_in_a_list_that_is_too_short_pins_move_up():
    pool = pool_of([[0]], [[0.5]])
    assert changed(lists=np.array([[0, -1, -1]]), pool=pool, pins={3: 6}) == [[0, 6, EMPTY]]


@given(seed=st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_all_rules_hold_at_once(seed):
    rng = np.random.default_rng(seed)
    facts = facts_of(rng.integers(0, 4, 30), brands=rng.integers(-1, 6, 30).astype(np.int32))
    n, m, k = 3, int(rng.integers(12, 25)), 8
    rows = rng.permuted(np.tile(np.arange(30), (n, 1)), axis=1)[:, :m]
    pool = pool_of(rows, np.tile(np.linspace(0.9, 0.1, m), (n, 1)))
    lists = pool.items[:, rng.permutation(m)[:k]]
    rules = SlotRules(reserved={"tail": 2, "fresh": 1}, at_most={"brand": 2})
    allowed = rng.random((n, 30)) < 0.8
    pins = {2: 0, 5: 29}
    found = apply_rules(lists, pool, facts, rules, pins=pins, allowed=allowed)
    alone = [
        apply_rules(
            lists[[row]],
            pool_of(rows[[row]], pool.relevance[[row]]),
            facts,
            rules,
            pins=pins,
            allowed=allowed[row],
        )
        for row in range(n)
    ]
    np.testing.assert_array_equal(found, np.concatenate(alone))
    for row, listed in enumerate(found):
        items = listed[listed != EMPTY]
        brand = facts.brands[items]
        assert len(set(items)) == len(items)
        assert (listed[len(items) :] == EMPTY).all()
        assert set(items) <= set(rows[row]) | {0, 29}
        assert allowed[row, items].all()
        assert np.bincount(brand[brand >= 0], minlength=1).max() <= 2
        for rank, item in pins.items():
            assert not allowed[row, item] or len(items) < rank or items[rank - 1] == item


def test_rules_that_cannot_be_kept_are_refused():
    with pytest.raises(InputError, match="5 slots are reserved in lists of 4"):
        changed(SlotRules(reserved={"tail": 5}))
    with pytest.raises(InputError, match="one rank"):
        changed(pins={1: 3, 2: 3})
    with pytest.raises(InputError, match="one rank"):
        changed(pins={0: 3})
    with pytest.raises(InputError, match="seller"):
        changed(SlotRules(at_most={"seller": 1}))
    with pytest.raises(ValidationError, match="1 item or more"):
        SlotRules(at_most={"brand": 0})
