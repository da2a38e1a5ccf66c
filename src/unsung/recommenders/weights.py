"""Learning a blend's weights on a validation window."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from unsung.progress import Progress, silent

STEPS = (-1.0, -0.5, -0.25, -0.1, 0.1, 0.25, 0.5, 1.0)
"""Changes of one weight that are tried, in standard deviations of a component's scores."""
MOST_ROUNDS = 12
ONE_SIDED_95 = 1.645
"""Quantile of the normal distribution."""


@dataclass(frozen=True)
class LearntWeights:
    """Weights, and what they reach on the validation window.

    Parameters
    ----------
    weights : dict of str to float
        Component name -> weight.
    relevance, tail : float
        The two measures at these weights.
    best_relevance : float
        Relevance where the tail is not looked at: what the budget is counted from.
    """

    weights: dict[str, float]
    relevance: float
    tail: float
    best_relevance: float


Measure = Callable[[np.ndarray], np.ndarray]
"""``measure(blended scores)``: one value a user that it is defined for, higher is better."""


def learn_weights(
    scores: Mapping[str, np.ndarray],
    relevance: Measure,
    tail: Measure,
    *,
    free: frozenset[str] = frozenset(),
    budget: float = 0.0,
    progress: Progress = silent,
) -> LearntWeights:
    """Choose weights: most relevance first, then most tail within a relevance budget.

    Parameters
    ----------
    scores : mapping of str to ndarray of float32, shape (n_users, n_candidates)
        Standardised scores of every component.
    relevance, tail : callable
        Blended scores -> ndarray of float64, one value a user; the mean counts.
    free : frozenset of str
        Components whose weight may go below 0 (popularity: a negative weight favours the tail).
        The others say what a user likes, and are never turned round.
    budget : float
        Share of the best relevance that may be given up for the tail. The loss must stay within
        it at the upper end of its one-sided 95 % interval over the users, so that few users
        allow little; with many looks at the same users this is a guard, not a guarantee.
    progress : Progress, optional

    Returns
    -------
    learnt : LearntWeights

    Notes
    -----
    Coordinate ascent with large and small steps; deterministic. The measures are step functions of
    the weights, so there is no gradient, and a climb ends on some hill: it starts from the best
    single component and from all of them alike, and the higher hill counts.
    """

    def climb(start: _Point, goal: Measure, allowed: Allowed, stage: str) -> _Point:
        at, best = start, float(goal(start.blended).mean())
        for number in range(1, MOST_ROUNDS + 1):
            before = best
            for done, name in enumerate(scores):
                progress(f"{stage}, round {number}", done, len(scores))
                for tried in at.neighbours(name, scores[name], below_zero=name in free):
                    value = float(goal(tried.blended).mean())
                    if value > best and allowed(tried):
                        at, best = tried, value
            progress(f"{stage}, round {number}", len(scores), len(scores))
            if best == before:
                break
        return at

    relevant = max(
        (
            climb(start, relevance, lambda _: True, "weighing for relevance")
            for start in _starts(scores, relevance, free)
        ),
        key=lambda found: float(relevance(found.blended).mean()),
    )
    reference = relevance(relevant.blended)

    def affordable(tried: _Point) -> bool:
        return within_budget(reference, relevance(tried.blended), budget)

    at = climb(relevant, tail, affordable, "weighing for the tail") if budget > 0 else relevant
    return LearntWeights(
        weights=at.weights,
        relevance=float(relevance(at.blended).mean()),
        tail=float(tail(at.blended).mean()),
        best_relevance=float(reference.mean()),
    )


def _starts(
    scores: Mapping[str, np.ndarray], relevance: Measure, free: frozenset[str]
) -> tuple["_Point", "_Point"]:
    """The best single component, and all that say what a user likes, alike."""
    alone = {name: float(relevance(values).mean()) for name, values in scores.items()}
    first = max(alone, key=lambda name: alone[name])
    single = dict.fromkeys(scores, 0.0) | {first: 1.0}
    alike = {name: 0.0 if name in free else 1.0 for name in scores}
    return _point(single, scores), _point(alike, scores)


def _point(weights: dict[str, float], scores: Mapping[str, np.ndarray]) -> "_Point":
    blended = np.zeros_like(next(iter(scores.values())), dtype=np.float32)
    for name, values in scores.items():
        blended += np.float32(weights[name]) * values
    return _Point(weights, blended)


def within_budget(reference: np.ndarray, values: np.ndarray, budget: float) -> bool:
    """Whether the loss is within a share of the reference, at its one-sided 95 % upper end.

    Parameters
    ----------
    reference, values : ndarray of float64, shape (n_users,)
        The same users, row by row.
    budget : float
        Share of the reference's mean that may be lost.

    Examples
    --------
    >>> within_budget(np.ones(100), np.full(100, 0.95), 0.1)
    True
    >>> within_budget(np.ones(100), np.repeat([0.0, 1.0], [9, 91]), 0.1)
    False
    """
    loss = reference - values
    error = loss.std() / np.sqrt(max(len(loss), 1))
    return bool(loss.mean() + ONE_SIDED_95 * error <= budget * reference.mean())


@dataclass(frozen=True, eq=False)
class _Point:
    """Weights and the scores that they blend to."""

    weights: dict[str, float]
    blended: np.ndarray

    def neighbours(self, name: str, scores: np.ndarray, *, below_zero: bool) -> Iterator["_Point"]:
        """The points that differ in one weight, by each of the steps."""
        for step in STEPS:
            wanted = round(self.weights[name] + step, 3)
            if wanted >= 0 or below_zero:
                moved = self.blended + np.float32(wanted - self.weights[name]) * scores
                yield _Point(self.weights | {name: wanted}, moved)


Allowed = Callable[[_Point], bool]
