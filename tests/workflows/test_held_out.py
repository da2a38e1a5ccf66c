"""Who taught is scored by the member that never saw them, everybody else by all members."""

from types import SimpleNamespace

import numpy as np

from unsung.pipeline.two_stage import TwoStage
from unsung.workflows.dial import DialSettings
from unsung.workflows.held_out import HeldOut
from unsung.workflows.latest_window import Latest

ALL = 9.0


class Members:
    """Its score is its number; user u's rows were kept from member u % 2."""

    settings = SimpleNamespace(n_seeds=2)

    def __init__(self, mark=ALL):
        self.mark = mark

    def unseen_by(self, users):
        return users % 2

    def member(self, number):
        return Members(float(number))


def test_each_customer_by_who_has_learnt_nothing_from_them(monkeypatch):
    def marked(self, state, users):
        return np.full((len(users), state.n_items), self.ranker.mark, dtype=np.float32)

    monkeypatch.setattr(TwoStage, "score", marked)
    scorer = HeldOut(TwoStage(None, Members()), teaching=np.array([2, 3, 4], dtype=np.int32))
    scores = scorer.score(SimpleNamespace(n_items=2), np.array([4, 1, 3, 2, 0, -1]))
    assert scores[:, 0].tolist() == [0.0, ALL, 1.0, 0.0, ALL, ALL]
    assert (scores[:, 0] == scores[:, 1]).all()


def test_where_the_blend_serves_a_third_chooses(busy_shop):
    found = SimpleNamespace(
        second=SimpleNamespace(serves=False), tested=SimpleNamespace(state=busy_shop.as_of())
    )
    parts = Latest.of(found, DialSettings(), rng=np.random.default_rng(0)).parts
    assert len(parts.teaching) == 0
    assert len(parts.calibration) == 2 * len(parts.selection) + 1
    assert parts.choosing.tolist() == parts.selection.tolist()
