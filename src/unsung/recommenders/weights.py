"""Learning a blend's weights on a validation window."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from unsung.progress import Progress, silent
from unsung.recommenders.choice_weights import Choices, choice_weights

LIFTS = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 6.0)
"""How many times as much a choice of established tail or cold counts, where weights are learnt."""


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
    choices: Choices,
    usual: Mapping[str, float],
    lifted: np.ndarray,
    measures: tuple[Measure, Measure],
    *,
    free: frozenset[str] = frozenset(),
    budget: float = 0.0,
    progress: Progress = silent,
) -> LearntWeights:
    """Choose weights: those of users' choices, the tail's counting as much as relevance allows.

    Parameters
    ----------
    choices : Choices
    usual : mapping of str to float
        Weights to stay near to where few users have chosen (see ``choice_weights``).
    lifted : ndarray of bool, shape (n_users, n_candidates)
        Candidates whose choice may count more: those of established tail and cold.
    measures : pair of callable
        Relevance and tail: blended scores -> ndarray of float64, one value a user; the mean counts.
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
    Weights are learnt once for each of ``LIFTS``, from a smooth likelihood; relevance and tail
    are only asked which of these few is best, so that little is left to chance. The best single
    component stands beside them, so that no blend is chosen that finds less than it.
    """
    relevance, tail = measures

    def measured(weights: dict[str, float]) -> LearntWeights:
        blended = blend_of(choices, weights)
        found = float(relevance(blended).mean()), float(tail(blended).mean())
        return LearntWeights(weights, *found, best_relevance=0.0)

    alone = [dict.fromkeys(choices.scores, 0.0) | {name: 1.0} for name in choices.scores]
    tried = [max(map(measured, alone), key=lambda found: found.relevance)]
    for number, lift in enumerate(LIFTS):
        progress("weighing the scorers", number, len(LIFTS))
        worth = np.where(lifted, np.float32(lift), np.float32(1)) * choices.worth
        tried.append(measured(choice_weights(replace(choices, worth=worth), usual, free=free)))
    progress("weighing the scorers", len(LIFTS), len(LIFTS))
    best = max(tried, key=lambda found: found.relevance)
    chosen = best
    if budget > 0:
        least = (1 - budget) * best.relevance
        enough = (found for found in tried if found.relevance >= least)
        chosen = max(enough, key=lambda found: (found.tail, found.relevance))
    return replace(chosen, best_relevance=best.relevance)


def blend_of(choices: Choices, weights: dict[str, float]) -> np.ndarray:
    """The weighted sum of the components' scores: ndarray of float32."""
    blended = np.zeros_like(choices.worth, dtype=np.float32)
    for name, values in choices.scores.items():
        blended += np.float32(weights[name]) * values
    return blended
