"""The window that settings are chosen on, and what measures scores there."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from unsung.data.state import ShopState
from unsung.evaluation.hits import find_hits
from unsung.evaluation.ranking import ndcg_at_k
from unsung.pipeline.components import USUAL_WINDOW_DAYS
from unsung.pipeline.ranking import one_of_group, top_k
from unsung.pipeline.recommend import recommend_lists
from unsung.pipeline.rules import Rules, allowed_items, seen_items
from unsung.recommenders.base import Scorer


@dataclass(frozen=True, eq=False)
class ValidationWindow:
    """What the settings are chosen on.

    Parameters
    ----------
    fit_state, state : ShopState
        What scorers are fitted on and score from (equal but in leave-one-out).
    users : ndarray of int32, shape (n,)
    targets : csr_array of float32, shape (n, n_items)
    days : float
        Length of the window: the scale of the half-lives that are tried.
    """

    fit_state: ShopState
    state: ShopState
    users: np.ndarray
    targets: sp.csr_array
    days: float = USUAL_WINDOW_DAYS

    def sampled(self, most: int, rng: np.random.Generator) -> "ValidationWindow":
        """The same window with at most so many users."""
        if len(self.users) <= most:
            return self
        rows = np.sort(rng.choice(len(self.users), most, replace=False))
        return replace(self, users=self.users[rows], targets=self.targets[rows])


@dataclass(frozen=True, eq=False)
class Judge:
    """Measures scores on the validation window; the NDCG is that of ``evaluation``."""

    window: ValidationWindow
    k: int
    rules: Rules

    def scores(self, scorer: Scorer) -> np.ndarray:
        """Scores of the window's users: ndarray of float32, shape (n, n_items)."""
        return scorer.score(self.window.state, self.window.users)

    @cached_property
    def allowed(self) -> np.ndarray:
        """What each user may be shown: ndarray of bool, shape (n, n_items)."""
        state, users = self.window.state, self.window.users
        seen = seen_items(state, users, self.rules)
        return np.asarray(allowed_items(state, self.rules) & ~seen)

    def lists(self, scores: np.ndarray) -> np.ndarray:
        """The lists that the scores make: ndarray of int32, shape (n, k)."""
        variants = self.window.state.content.variants
        return top_k(scores, self.k, one_of_group(scores, self.allowed, variants))

    def ndcg(self, scorer: Scorer) -> float:
        """Mean NDCG of a scorer's lists."""
        window = self.window
        lists = recommend_lists(scorer, window.state, window.users, self.k, self.rules)
        return float(np.nanmean(ndcg_at_k(find_hits(lists, window.targets, self.k))))
