"""Scores of customers who taught, as if they hadn't: for choices, never to certify."""

import numpy as np

from unsung.data.state import ShopState
from unsung.pipeline.two_stage import TwoStage


class HeldOut(TwoStage):
    """The two stages as they serve, but for customers who taught: the member that never saw them.

    Every member of the second stage is trained without one part of the customers. So what they
    bought in the window may serve a choice, such as which balance method is turned: the lists that
    it is judged by have learnt nothing from them. They are lists of one member and not of the
    mean, so nothing is certified on them. Everybody else gets the lists that are served.

    Parameters
    ----------
    served : TwoStage
        Its ranker comes from a fit, not from a file.
    teaching : ndarray of int32
        Users who taught in the window that is looked at.
    """

    def __init__(self, served: TwoStage, teaching: np.ndarray) -> None:
        super().__init__(served.first, served.ranker, served.tail_boost)
        self.teaching = teaching
        self._members = [
            TwoStage(served.first, served.ranker.member(number), served.tail_boost)
            for number in range(served.ranker.settings.n_seeds)
        ]

    def score(self, state: ShopState, users: np.ndarray) -> np.ndarray:
        """As the two stages' own, each customer by who has learnt nothing from what is asked."""
        number = self.ranker.unseen_by(users)
        number[~np.isin(users, self.teaching)] = -1
        scores = np.zeros((len(users), state.n_items), dtype=np.float32)
        for some in np.unique(number):
            rows = number == some
            scorer = self._members[some].score if some >= 0 else super().score
            scores[rows] = scorer(state, users[rows])
        return scores
