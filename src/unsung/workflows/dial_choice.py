"""Which balance method a dial turns, and how far a single list may go: chosen before certifying."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from unsung.evaluation.exposure import aplt
from unsung.evaluation.hits import find_hits
from unsung.evaluation.margins import Margins, margins, strongest_within
from unsung.evaluation.ranking import ndcg_at_k
from unsung.pipeline.components import RerankerSettings, make_reranker
from unsung.pipeline.policy import first_items
from unsung.progress import Progress, silent
from unsung.rerankers.worst_loss import worst_losses
from unsung.statistics.betting import betting_p_values
from unsung.statistics.fixed_sequence import fixed_sequence_test
from unsung.workflows.frontier import Bench

Aim = Literal["tail", "deep_tail"]
"""What a dial is turned for."""
DRAWS = 40
"""Simulated calibrations that a choice is judged by."""
LIKELY = 0.9
"""Share of them that must certify a gain: a bolder start promises more and mostly gives nothing,
the more so as it was the best of many on the same few users."""


@dataclass(frozen=True, eq=False)
class Turned:
    """What a method does to some users' lists at each of its strengths, the weakest first.

    Parameters
    ----------
    settings : settings of a reranker
    strengths : tuple of float, length m
        All above 0.
    ndcg, tail, gain : ndarray of float64, shape (n, m + 1)
        Of each user's list at each strength, and in the last column of the undialled list: NDCG,
        the share of the established tail, and what the dial is turned for.
    losses : ndarray of float64, shape (n, m)
        The most NDCG that each list can lose against the undialled one.
    lists : ndarray of int32, shape (n, m + 1, k)
        The lists themselves.
    """

    settings: RerankerSettings
    strengths: tuple[float, ...]
    ndcg: np.ndarray
    tail: np.ndarray
    gain: np.ndarray
    losses: np.ndarray
    lists: np.ndarray

    def margins(self, budget: float, most_lost: float, start: int = 0) -> Margins:
        """What the budget leaves at each position, where no list may lose more than ``most_lost``.

        Position j has every user at the strongest of the strengths up to j within the limit;
        those before ``start`` are left out.
        """
        policy = np.take_along_axis(self.ndcg, strongest_within(self.losses, most_lost), axis=1)
        return margins(policy[:, start:], self.ndcg[:, -1], budget, most_lost=most_lost)

    def limited(self, most_lost: float) -> np.ndarray:
        """The lists at each position under the limit: ndarray of int32, shape (n, m, k)."""
        places = strongest_within(self.losses, most_lost)
        return np.take_along_axis(self.lists, places[:, :, None], axis=1)

    def gains(self, most_lost: float) -> np.ndarray:
        """Mean of what the dial is turned for: ndarray of float64, (m + 1,), the undialled last."""
        places = strongest_within(self.losses, most_lost)
        turned = np.nanmean(np.take_along_axis(self.gain, places, axis=1), axis=0)
        return np.append(turned, np.nanmean(self.gain[:, -1]))

    def of_users(self, rows: np.ndarray) -> "Turned":
        """The rows of some users."""
        return replace(
            self,
            ndcg=self.ndcg[rows],
            tail=self.tail[rows],
            gain=self.gain[rows],
            losses=self.losses[rows],
            lists=self.lists[rows],
        )


@dataclass(frozen=True)
class Choice:
    """A method with its limit and start, and what may be expected of certifying it.

    Parameters
    ----------
    settings : settings of a reranker
    strengths : tuple of float
    start : int
        Where testing begins: weaker strengths would stop it by saying too little, and serve only
        the lists that may not go further.
    most_lost : float
    expected_gain : float
        Mean over simulated calibrations of what the dial is turned for (the share of the
        established tail, where nothing else is said), at the last certified position.
    chance : float
        Share of these calibrations that certify a gain.
    """

    settings: RerankerSettings
    strengths: tuple[float, ...]
    start: int
    most_lost: float
    expected_gain: float
    chance: float


def turn(
    bench: Bench, settings: RerankerSettings, strengths: tuple[float, ...], aim: Aim = "tail"
) -> Turned:
    """A method's lists at each strength, measured on some users.

    Parameters
    ----------
    bench : Bench
        Users with something to find.
    settings : settings of a reranker
    strengths : tuple of float
        Ascending, all above 0.
    aim : {"tail", "deep_tail"}
        What a place of the established tail counts: 1, or how far down in the tail its item is.
    """
    method = make_reranker(settings)
    undialled = first_items(bench.pool, bench.k)
    lists = [bench.lists(method, strength) for strength in strengths]
    every = [*lists, undialled]
    tail = bench.facts.in_segment("tail")
    held = np.append(tail * (bench.facts.depths if aim == "deep_tail" else 1.0), 0.0)
    ndcg = [ndcg_at_k(find_hits(some, bench.targets, bench.k)) for some in every]
    return Turned(
        settings,
        strengths,
        np.column_stack(ndcg),
        np.column_stack([aplt(some, tail) for some in every]),
        np.column_stack([held[some].mean(axis=1) for some in every]),
        np.column_stack([worst_losses(some, undialled) for some in lists]),
        np.stack(every, axis=1),
    )


def choose_method(
    turned: Sequence[Turned],
    most_lost: Sequence[float],
    budget: float,
    n_calibration: int,
    *,
    level: float,
    rng: np.random.Generator,
    progress: Progress = silent,
) -> Choice:
    """The method and limit that promise the most certified exposure of the established tail.

    Calibrations of the size that is to come are drawn from the selection users with replacement,
    and certified as the real one will be. Each is drawn from users who were drawn themselves, so
    that what looks good on few users by chance promises less (a predictive bootstrap).

    Parameters
    ----------
    turned : sequence of Turned
        On selection users.
    most_lost : sequence of float
        Limits to try.
    budget : float
    n_calibration : int
        Users that will certify.
    level : float
    rng : Generator
    progress : Progress, optional

    Returns
    -------
    choice : Choice
        Among those that are likely to certify a gain; where none is, the likeliest. Of equals the
        first.
    """
    pairs = [(some, limit) for some in turned for limit in most_lost]
    found: list[Choice] = []
    for done, (some, limit) in enumerate(pairs):
        progress("choosing what to certify", done, len(pairs))
        expected, chance = _expected_gain(some, limit, budget, n_calibration, level, rng)
        found.extend(
            Choice(some.settings, some.strengths, start, limit, float(gain), float(likely))
            for start, (gain, likely) in enumerate(zip(expected, chance, strict=True))
        )
    progress("choosing what to certify", len(pairs), len(pairs))
    return max(found, key=lambda choice: (min(choice.chance, LIKELY), choice.expected_gain))


def _expected_gain(
    turned: Turned,
    limit: float,
    budget: float,
    n: int,
    level: float,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Mean of what each start reaches, and how often that is a gain.

    Both ndarray of float64, shape (m,).
    """
    known = turned.margins(budget, limit)
    gains = turned.gains(limit)
    people = rng.integers(0, known.n, (DRAWS, known.n))
    drawn = np.take_along_axis(people, rng.integers(0, known.n, (DRAWS, n)), axis=1)
    # All draws side by side, since the bets go through the users one by one.
    values = known.values[drawn].swapaxes(0, 1).reshape(n, -1)
    p_values = betting_p_values(values, low=np.tile(known.low, DRAWS), level=level)
    m = known.values.shape[1]
    expected, chance = np.zeros(m), np.zeros(m)
    for row in p_values.reshape(DRAWS, m):
        for start in range(m):
            passed = fixed_sequence_test(row[start:], level)
            # Nothing certified is place -1: the undialled lists.
            reached = gains[start + passed - 1 if passed else -1]
            expected[start] += reached
            # A limit that keeps every list as it is certifies, and says nothing.
            chance[start] += reached > gains[-1]
    return expected / DRAWS, chance / DRAWS
