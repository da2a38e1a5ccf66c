"""Scores are kept as long as nothing that they were made from changes."""

from dataclasses import replace

import numpy as np
import pytest

from unsung.operations import kept_scores
from unsung.operations.histories import Said
from unsung.operations.kept_scores import KEPT_US, KeptScores
from unsung.store.events import Event


class Counting:
    """Scores by how often it was asked."""

    name = "counting"

    def __init__(self) -> None:
        self.asked = 0

    def score(self, state, users):
        self.asked += 1
        return np.full((len(users), state.n_items), self.asked, dtype=np.float32)


@pytest.fixture
def scorer() -> Counting:
    return Counting()


@pytest.fixture
def kept() -> KeptScores:
    return KeptScores()


def test_they_are_those_of_the_moment_before(kept, scorer, live, moment, crowd):
    user = crowd.users.values[0]
    first = kept.scores(scorer, live.state_of(user, moment))
    assert kept.scores(scorer, live.state_of(user, moment + KEPT_US)) is first
    assert not first.flags.writeable
    assert kept.scores(scorer, live.state_of(crowd.users.values[1], moment)) is not first
    assert scorer.asked == 2


def test_they_end_with_an_event_a_refresh_and_time(kept, scorer, live, moment, crowd, told):
    user = crowd.users.values[0]
    kept.scores(scorer, live.state_of(user, moment))
    live.apply(told([Event("1", user, "kettle", "purchase", moment + 1)]))
    kept.scores(scorer, live.state_of(user, moment + 2))
    assert scorer.asked == 2
    live.use(live.refresh(moment + 3))
    kept.scores(scorer, live.state_of(user, moment + 4))
    assert scorer.asked == 3
    kept.scores(scorer, live.state_of(user, moment + 5 + KEPT_US))
    assert scorer.asked == 4
    kept.scores(scorer, live.state_of(user, moment + 5 + KEPT_US), anew=True)
    assert scorer.asked == 5
    kept.forget()
    kept.scores(scorer, live.state_of(user, moment + 5 + KEPT_US))
    assert scorer.asked == 6


def test_everybody_without_a_history_shares_them(kept, scorer, live, moment):
    for name in ("", "somebody new", "somebody else"):
        kept.scores(scorer, live.state_of(name, moment))
    assert scorer.asked == 1


def test_a_basket_that_came_with_the_request_counts(kept, scorer, live, moment, crowd):
    user, said = crowd.users.values[0], Said("kettle", moment, 1.0, is_target=False, basket=None)
    kept.scores(scorer, live.state_of(user, moment))
    kept.scores(scorer, live.state_of(user, moment, [said]))
    assert scorer.asked == 2


def test_they_are_bounded_and_old_ones_leave(kept, scorer, live, moment, crowd, monkeypatch):
    size = 4 * live.whole.n_items
    monkeypatch.setattr(kept_scores, "MOST_BYTES", 3 * size)
    users = [str(user) for user in crowd.users.values[:5]]
    for user in users:
        kept.scores(scorer, live.state_of(user, moment))
    assert (len(kept._kept), kept._bytes) == (3, 3 * size)
    kept.scores(scorer, live.state_of(users[0], moment + 2 * KEPT_US))
    assert (len(kept._kept), kept._bytes) == (1, size)


def test_lists_are_the_same_with_and_without(live, model, moment, crowd):
    kept, users = KeptScores(), crowd.users.values[:10]
    for user in users:
        anew = model.scorer.score(live.state_of(user, moment), np.zeros(1, np.int32))
        kept.scores(model.scorer, replace(live.state_of(user, moment), as_of=moment))
        later = kept.scores(model.scorer, live.state_of(user, moment + KEPT_US))
        np.testing.assert_allclose(later, anew, rtol=1e-5)


def test_scores_larger_than_what_may_be_held_are_given_all_the_same(
    kept, scorer, live, moment, crowd, monkeypatch
):
    monkeypatch.setattr(kept_scores, "MOST_BYTES", 1)
    state = live.state_of(crowd.users.values[0], moment)
    assert (kept.scores(scorer, state) == 1).all()
    assert (kept.scores(scorer, state) == 2).all()
