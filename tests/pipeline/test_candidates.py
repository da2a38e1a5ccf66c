"""Who is looked at: every scorer's best, and some of the tail for its own sake."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from unsung.pipeline.candidates import (
    CandidateSettings,
    Exploration,
    best_in_turn,
    choose_candidates,
)

N_ITEMS = 40
HALVES = npst.arrays(np.float32, (3, N_ITEMS), elements=st.integers(-8, 8).map(lambda n: n / 2))
MASKS = npst.arrays(np.bool_, (3, N_ITEMS))


@pytest.fixture
def shop(rng):
    """Scores of two users by two scorers; items 30.. are established tail, 36.. cold."""
    scores = {name: rng.random((2, N_ITEMS)).astype(np.float32) for name in ("linear", "terms")}
    scores["linear"][:, 30:] -= 1
    item = np.arange(N_ITEMS)
    groups = [(item >= 30) & (item < 36), item >= 36]
    return scores, np.ones((2, N_ITEMS), bool), Exploration(groups, ["terms"])


def chosen(shop, total=20, share=0.2, n_fitted=None):
    settings = CandidateSettings(total=total, exploration_share=share)
    return choose_candidates(*shop, settings, n_fitted)


def test_every_scorers_best_are_candidates(shop):
    scores, _, _ = shop
    lists = chosen(shop)
    for values in scores.values():
        for row, best in enumerate(np.argsort(-values, axis=1)[:, :5]):
            assert np.isin(best, lists[row]).all()


def test_the_tail_and_the_cold_have_places(shop):
    scores, allowed, exploration = shop
    scores["terms"][:, 30:] -= 1  # no scorer would bring them
    for group in exploration.groups:
        found = chosen(shop)
        assert (group[found].sum(axis=1) == 2).all()
        assert not group[chosen((scores, allowed, exploration), share=0.0)].any()


def test_explored_are_the_best_by_text(shop):
    scores, _, _ = shop
    scores["terms"][:, 30:] -= 1
    scores["terms"][:, [33, 37]] += 0.9
    lists = chosen(shop)
    assert (lists == 33).any(axis=1).all()
    assert (lists == 37).any(axis=1).all()


def test_a_share_that_no_group_can_use_goes_to_the_best(shop):
    scores, allowed, _ = shop
    empty = Exploration([np.zeros(N_ITEMS, bool)], ["terms"])
    assert chosen((scores, allowed, empty)).shape == (2, 20)


@given(first=HALVES, second=HALVES, allowed=MASKS, group=MASKS, total=st.integers(1, 50))
def test_candidates_are_allowed_distinct_and_no_more_than_asked(
    first, second, allowed, group, total
):
    scores = {"a": first, "b": second}
    settings = CandidateSettings(total=total, exploration_share=0.5)
    lists = choose_candidates(scores, allowed, Exploration([group[0]], ["b"]), settings)
    assert lists.shape[1] <= total
    for row, items in enumerate(lists):
        filled = items[items >= 0]
        assert (items[len(filled) :] == -1).all()
        assert (np.diff(filled) > 0).all()
        assert allowed[row, filled].all()
        # A batch is its users one by one.
        alone = choose_candidates(
            {name: values[[row]] for name, values in scores.items()},
            allowed[[row]],
            Exploration([group[0]], ["b"]),
            settings,
        )[0]
        assert alone[alone >= 0].tolist() == filled.tolist()


def test_items_that_came_later_take_nobodys_place(shop):
    scores, allowed, exploration = shop
    before = chosen(shop)
    better = {name: np.pad(s, ((0, 0), (0, 3)), constant_values=9) for name, s in scores.items()}
    later = Exploration(
        [np.pad(g, (0, 3), constant_values=True) for g in exploration.groups], ["terms"]
    )
    longer = (better, np.pad(allowed, ((0, 0), (0, 3)), constant_values=True), later)
    after = chosen(longer, n_fitted=N_ITEMS)
    for row in range(2):
        assert set(after[row].tolist()) == set(before[row].tolist()) | {40, 41, 42}


def test_in_turn_means_one_each():
    first = np.array([[4, 3, 2, 1, 0, 0]], np.float32)
    second = np.array([[0, 0, 1, 2, 3, 4]], np.float32)
    found = best_in_turn([first, second], np.ones((1, 6), bool), 4)
    assert found.tolist() == [[True, True, False, False, True, True]]
