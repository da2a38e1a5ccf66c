"""When an item has shown what it is worth: graduate and stop rules that allow peeking."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from unsung.errors import InputError
from unsung.statistics.intervals import check_level
from unsung.statistics.proportion_process import log_evidence_above, log_evidence_below


class Verdict(StrEnum):
    """What becomes of an item in warm-up."""

    GRADUATE = "graduate"
    STOP = "stop"
    GO_ON = "go_on"


@dataclass(frozen=True)
class WarmUpRules:
    """What an item must show.

    Parameters
    ----------
    benchmark : float
        Clicks or purchases per impression of ordinary items in the same slots, in (0, 1). Where it
        rests on few impressions, give the upper end of its interval.
    floor : float
        An item that is surely worth less is stopped; above 0, at most ``benchmark``.
    level : float
        Confidence in (0, 1) of each of the two rules.

    Raises
    ------
    InputError
        Where a rate or the level is out of range.
    """

    benchmark: float
    floor: float
    level: float = 0.95

    def __post_init__(self) -> None:
        check_level(self.level)
        if not 0 < self.floor <= self.benchmark < 1:
            raise InputError("rates must satisfy 0 < floor <= benchmark < 1: check the two.")


def judge_items(outcomes: np.ndarray, impressions: np.ndarray, rules: WarmUpRules) -> list[Verdict]:
    """Verdict on each item from its counts so far, at this look or any other.

    P(an item whose rate is at most the benchmark ever graduates) <= 1 - level, and P(an item whose
    rate is at least the floor is ever stopped) <= 1 - level, however often one looks.

    Parameters
    ----------
    outcomes : ndarray of int64, shape (m,)
        Impressions that were followed by what counts, each at most once.
    impressions : ndarray of int64, shape (m,)
        Only those whose time for an outcome is over.
    rules : WarmUpRules

    Returns
    -------
    verdicts : list of Verdict, length m
        A verdict other than ``GO_ON`` is final: act on the first one.

    Raises
    ------
    InputError
        Where there are more outcomes than impressions.

    Notes
    -----
    The promise is for one item: of a hundred ordinary ones up to five may graduate. It supposes
    that no impression has a higher chance than the benchmark given what came before; showing an
    item again to a user who clicked on it breaks that, so set ``max_per_user``.

    Examples
    --------
    >>> rules = WarmUpRules(benchmark=0.02, floor=0.005)
    >>> judge_items(np.array([40, 0, 5]), np.array([1000, 2000, 250]), rules)
    [<Verdict.GRADUATE: 'graduate'>, <Verdict.STOP: 'stop'>, <Verdict.GO_ON: 'go_on'>]
    """
    needed = -np.log1p(-rules.level)
    graduates = log_evidence_above(outcomes, impressions, rules.benchmark) >= needed
    stops = log_evidence_below(outcomes, impressions, rules.floor) >= needed
    return [
        Verdict.GRADUATE if up else Verdict.STOP if down else Verdict.GO_ON
        for up, down in zip(graduates.tolist(), stops.tolist(), strict=True)
    ]
