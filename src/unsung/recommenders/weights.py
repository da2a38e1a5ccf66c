"""Learning a blend's weights on a validation window."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from unsung.progress import Progress, silent

STEPS = (-1.0, -0.5, -0.25, -0.1, 0.1, 0.25, 0.5, 1.0)
"""Changes of one weight that are tried, in standard deviations of a component's scores."""


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


def learn_weights(
    scores: Mapping[str, np.ndarray],
    relevance: Callable[[np.ndarray], float],
    tail: Callable[[np.ndarray], float],
    *,
    free: frozenset[str] = frozenset(),
    budget: float = 0.0,
    progress: Progress = silent,
) -> LearntWeights:
    """Choose weights: most relevance first, then most tail within a relevance budget.

    Parameters
    ----------
    scores : mapping of str to ndarray of float32, shape (n_users, n_candidates)
        Standardised scores of every component; the first one starts at weight 1.
    relevance, tail : callable
        ``measure(blended scores) -> float``, higher is better.
    free : frozenset of str
        Components whose weight may go below 0 (popularity: a negative weight favours the tail).
        The others say what a user likes, and are never turned round.
    budget : float
        Share of the best relevance that may be given up for the tail.
    progress : Progress, optional

    Returns
    -------
    learnt : LearntWeights

    Notes
    -----
    Coordinate ascent on about ten measurements a component and round, from small and large steps;
    deterministic. The measures are step functions of the weights, so there is no gradient.
    """
    names = list(scores)
    weights = dict.fromkeys(names, 0.0) | {names[0]: 1.0}
    blended = scores[names[0]].astype(np.float32)

    def climb(
        weights: dict[str, float],
        blended: np.ndarray,
        goal: Callable[[np.ndarray], float],
        allowed: Callable[[np.ndarray], bool],
        stage: str,
    ) -> tuple[dict[str, float], np.ndarray]:
        best, improved, rounds = goal(blended), True, 0
        while improved and rounds < 12:
            improved, rounds = False, rounds + 1
            for done, name in enumerate(names):
                progress(f"{stage}, round {rounds}", done, len(names))
                for step in STEPS:
                    wanted = round(weights[name] + step, 3)
                    if wanted < 0 and name not in free:
                        continue
                    tried = blended + np.float32(wanted - weights[name]) * scores[name]
                    value = goal(tried)
                    if value > best and allowed(tried):
                        best, improved = value, True
                        weights, blended = weights | {name: wanted}, tried
        progress(stage, len(names), len(names))
        return weights, blended

    weights, blended = climb(weights, blended, relevance, lambda _: True, "weighing for relevance")
    best_relevance = relevance(blended)
    floor = (1 - budget) * best_relevance
    if budget > 0:
        weights, blended = climb(
            weights, blended, tail, lambda tried: relevance(tried) >= floor, "weighing for the tail"
        )
    return LearntWeights(weights, relevance(blended), tail(blended), best_relevance)
