"""Blends of candidates' scores on a validation window, and the search for their weights."""

from collections.abc import Mapping, Sequence

import numpy as np
import scipy.sparse as sp

from unsung.data.settings import SegmentSettings
from unsung.evaluation.hits import Hits, find_hits
from unsung.evaluation.ranking import ndcg_at_k
from unsung.pipeline.ranking import one_of_group, top_k, user_batches
from unsung.popularity.segments import COLD, HEAD, TAIL, segment_items
from unsung.progress import Progress
from unsung.recommenders.base import Scorer
from unsung.recommenders.blend import standardise
from unsung.recommenders.choice_weights import Choices
from unsung.recommenders.weights import LearntWeights, learn_weights
from unsung.schema import EMPTY
from unsung.workflows.validation import Judge

FEWEST_TAIL_USERS = 50
"""Users with a target of established tail or cold below which all outside the head counts."""


class Weighing:
    """Standardised scores of the candidates, and how blends of them are measured."""

    def __init__(
        self,
        fitted: Sequence[Scorer],
        judge: Judge,
        segments: SegmentSettings,
        n_candidates: int,
    ) -> None:
        window = judge.window
        self.k, self.targets = judge.k, window.targets
        n_scores = window.state.n_items * len(fitted)
        parts = [
            _candidate_scores(fitted, judge, part, n_candidates)
            for part in user_batches(len(window.users), n_scores)
        ]
        self.candidates = np.concatenate([candidates for candidates, _ in parts])
        self.scores = {
            scorer.name: np.concatenate([scores[scorer.name] for _, scores in parts])
            for scorer in fitted
        }
        self.rows = np.arange(len(self.candidates))[:, None]
        self.inside = self.candidates != EMPTY
        self.variants = _variants_of(window.state.content.variants, self.candidates)
        segment_of = segment_items(window.fit_state, segments)
        self.may_count_more = np.isin(segment_of, (TAIL, COLD))
        self.tail_members = _tail_members(window.targets, segment_of)

    def learn(self, usual: Mapping[str, float], budget: float, progress: Progress) -> LearntWeights:
        """The best weights within a relevance budget (see ``learn_weights``)."""
        return learn_weights(
            self._choices(),
            usual,
            self.inside & self.may_count_more[self.candidates],
            (self.relevance, self.tail),
            # A trend turned round would hold back what is rising; standing popularity may be.
            free=frozenset({"popular_log"}),
            budget=budget,
            progress=progress,
        )

    def _choices(self) -> Choices:
        """What was taken counts 1 for each user, shared among all that the user took."""
        taken = find_hits(self.candidates, self.targets, self.candidates.shape[1])
        each = np.maximum(taken.n_relevant, 1)[:, None]
        return Choices(self.scores, self.inside, (taken.is_hit / each).astype(np.float32))

    def relevance(self, blended: np.ndarray) -> np.ndarray:
        """NDCG of every user."""
        return self._ndcg(self._hits(blended))

    def tail(self, blended: np.ndarray) -> np.ndarray:
        """NDCG on the tail of every user who wants something of it."""
        return self._ndcg(self._hits(blended).within(self.tail_members))

    def _hits(self, blended: np.ndarray) -> Hits:
        inside = one_of_group(blended, self.inside, self.variants)
        places = top_k(blended, self.k, inside)
        lists = np.where(places == EMPTY, EMPTY, self.candidates[self.rows, places])
        return find_hits(lists, self.targets, self.k)

    def _ndcg(self, hits: Hits) -> np.ndarray:
        values = ndcg_at_k(hits)
        defined = values[~np.isnan(values)]
        return defined if len(defined) else np.zeros(1)


def _candidate_scores(
    fitted: Sequence[Scorer], judge: Judge, part: slice, each: int
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Candidates of some users, and every scorer's standardised scores of them (0 where empty)."""
    state, users = judge.window.state, judge.window.users[part]
    scores = {s.name: standardise(s.score(state, users), state.listed) for s in fitted}
    candidates = _candidates(list(scores.values()), judge.allowed[part], each)
    rows, inside = np.arange(len(users))[:, None], candidates != EMPTY
    return candidates, {
        name: np.where(inside, values[rows, candidates], np.float32(0))
        for name, values in scores.items()
    }


def _candidates(scores: Sequence[np.ndarray], allowed: np.ndarray, each: int) -> np.ndarray:
    """Union of every scorer's best items: ndarray of int32, shape (n, m), EMPTY at the end."""
    best = np.concatenate([top_k(s, each, allowed) for s in scores], axis=1)
    best.sort(axis=1)
    repeated = np.zeros(best.shape, dtype=bool)
    repeated[:, 1:] = best[:, 1:] == best[:, :-1]
    best[repeated] = EMPTY
    # Ascending order after the empty slots were moved to the end: ties stay in index order.
    order = np.argsort(best == EMPTY, axis=1, kind="stable")
    return np.take_along_axis(best, order, axis=1)


def _variants_of(variants: np.ndarray | None, candidates: np.ndarray) -> np.ndarray | None:
    """Group of every candidate, -1 where none of its group is beside it; shape (n, m) or None."""
    if variants is None:
        return None
    groups = np.where(candidates == EMPTY, -1, variants[candidates]).astype(np.int32)
    for row in groups:
        found, at, counts = np.unique(row, return_inverse=True, return_counts=True)
        row[(counts[at] == 1) | (found[at] < 0)] = -1
    return groups


def _tail_members(targets: sp.csr_array, segment_of: np.ndarray) -> np.ndarray:
    tail = np.isin(segment_of, (TAIL, COLD))
    with_tail = targets.astype(bool) @ tail.astype(np.int64)
    if (with_tail > 0).sum() >= FEWEST_TAIL_USERS:
        return tail
    return np.asarray(segment_of != HEAD)
