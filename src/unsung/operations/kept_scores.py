"""Scores of who asked a moment ago: a page asks for several lists of the same customer."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import numpy as np

from unsung.data.interactions import Interactions
from unsung.data.state import ShopState
from unsung.recommenders.base import Scorer

KEPT_US: Final = 30_000_000
"""So long scores are good where nothing happened: ages of a history, in days, are that much old."""
MOST_BYTES: Final = 64_000_000
"""Scores held in one process; the oldest leave first."""
_FIRST: Final = np.zeros(1, dtype=np.int32)


@dataclass(frozen=True, eq=False)
class _Kept:
    rows: Interactions
    whole: ShopState | None
    as_of: int | None
    scores: np.ndarray


class KeptScores:
    """What scorers said of one user's state, kept until anything happens that could change it.

    Scores are of a history, as its rows, and of the shop, as its state: an event, a choice, an
    erasure makes other rows, and a refresh another state, so neither is met again. Rules, stock,
    the dial and warm-ups come after the scores and are looked at for every list.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int], _Kept] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def scores(self, scorer: Scorer, state: ShopState, *, anew: bool = False) -> np.ndarray:
        """Scores of every item for a state that shows one user.

        Parameters
        ----------
        scorer : Scorer
        state : ShopState
            As ``ShopState.seen_by`` gives it.
        anew : bool
            Whether the scores have to be those of this very moment.

        Returns
        -------
        scores : ndarray of float32, shape (1, n_items)
            Not to be written to.
        """
        # The rows are held as long as their scores are: no other object gets their number.
        key = (scorer.name, id(state.interactions))
        kept = self._kept.get(key)
        if kept is not None and not anew and _still_good(kept, state):
            return kept.scores
        scores = scorer.score(state, _FIRST)
        scores.flags.writeable = False
        self._keep(key, _Kept(state.interactions, state.whole, state.as_of, scores))
        return scores

    def forget(self) -> None:
        """Drop everything, as when a customer is erased."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def _keep(self, key: tuple[str, int], new: _Kept) -> None:
        with self._lock:
            before = self._kept.pop(key, None)
            self._bytes += new.scores.nbytes - (0 if before is None else before.scores.nbytes)
            self._kept[key] = new
            while self._kept and not self._fits(new):
                _, oldest = self._kept.popitem(last=False)
                self._bytes -= oldest.scores.nbytes

    def _fits(self, new: _Kept) -> bool:
        oldest = next(iter(self._kept.values()))
        return self._bytes <= MOST_BYTES and _young(oldest, new)


def _still_good(kept: _Kept, state: ShopState) -> bool:
    if kept.rows is not state.interactions or kept.whole is not state.whole:
        return False
    return kept.as_of is None or state.as_of is None or abs(state.as_of - kept.as_of) <= KEPT_US


def _young(oldest: _Kept, new: _Kept) -> bool:
    if oldest is new or oldest.as_of is None or new.as_of is None:
        return True
    return new.as_of - oldest.as_of <= KEPT_US
