"""How well the vectors of items find what users went on to take, alone and cut by cut."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from unsung.data.settings import SegmentSettings
from unsung.evaluation.hits import find_hits
from unsung.evaluation.ranking import ndcg_at_k, tail_ndcg_at_k
from unsung.pipeline.rules import Rules
from unsung.popularity.segments import SEGMENT_NAMES, segment_items
from unsung.statistics.summary import summarise
from unsung.workflows.validation import Judge, ValidationWindow

BLOCK = 2048
"""Items that are scored at a time."""
HALF_LIFE_STEPS = 2.0
"""Half-life of a history in steps, where only order is known."""


@dataclass(frozen=True, eq=False)
class Measured:
    """NDCG of the profile that vectors make, at the temperature that suits them best.

    Parameters
    ----------
    temperature : float
    values : dict of str to ndarray of float64, shape (n_users,)
        ``all`` and each segment -> NDCG by user, counting the targets of that segment alone; NaN
        for users without one.
    """

    temperature: float
    values: dict[str, np.ndarray]

    @cached_property
    def means(self) -> dict[str, float]:
        """Mean of every cut; NaN where nobody has a target there."""
        return {cut: summarise(values).mean for cut, values in self.values.items()}

    @cached_property
    def counts(self) -> dict[str, int]:
        """Users with a target, of every cut."""
        return {cut: summarise(values).n for cut, values in self.values.items()}

    @property
    def value(self) -> float:
        """Mean over all targets."""
        return self.means["all"]


@dataclass(frozen=True, eq=False)
class ContentJudge:
    """Measures item vectors on a window, by the encoder profile that they make.

    Parameters
    ----------
    judge : Judge
    segments : ndarray of int8, shape (n_items,)
        At the window's start.
    half_life : float
        Two windows, as the encoder profile has it where nothing else is chosen.
    """

    judge: Judge
    segments: np.ndarray
    half_life: float

    @classmethod
    def of(
        cls, window: ValidationWindow, segments: SegmentSettings, rules: Rules, k: int
    ) -> "ContentJudge":
        """A judge for a window.

        Parameters
        ----------
        window : ValidationWindow
        segments : SegmentSettings
            What the cuts are.
        rules : Rules
            What the lists may hold.
        k : int
            Their length.
        """
        half_life = 2 * window.days if window.state.has_clock else HALF_LIFE_STEPS
        return cls(Judge(window, k, rules), segment_items(window.fit_state, segments), half_life)

    @property
    def window(self) -> ValidationWindow:
        """The window."""
        return self.judge.window

    @cached_property
    def _histories(self) -> tuple[np.ndarray, sp.csr_array]:
        """Items in anybody's history, and the users' profiles over them."""
        state = self.window.state
        profiles = state.pairs.matrix(state.n_items, self.window.users, self.half_life)
        items = np.unique(profiles.indices)
        return items, sp.csr_array(profiles[:, items])

    def measure(self, vectors: np.ndarray, temperatures: tuple[float, ...]) -> Measured:
        """Measure vectors at their best temperature.

        Parameters
        ----------
        vectors : ndarray of float32, shape (n_items, dim)
            Rows of length 1 or 0.
        temperatures : tuple of float
        """
        shape = (len(temperatures), len(self.window.users), len(vectors))
        scores = np.zeros(shape, dtype=np.float32)
        items, profiles = self._histories
        textless = np.logical_not(vectors.any(axis=1))
        for start in range(0, len(vectors), BLOCK):
            columns = np.arange(start, min(start + BLOCK, len(vectors)))
            cosines = vectors[items] @ vectors[columns].T
            cosines[textless[items]] = -np.inf
            cosines[:, textless[columns]] = -np.inf
            # An item doesn't speak for itself.
            cosines[items[:, None] == columns] = -np.inf
            for place, temperature in enumerate(temperatures):
                nearness = np.exp((cosines - 1) / np.float32(temperature))
                scores[place][:, columns] = profiles @ nearness
        measured = [
            Measured(temperature, self._cuts(part))
            for temperature, part in zip(temperatures, scores, strict=True)
        ]
        return max(measured, key=lambda one: one.value)

    def _cuts(self, scores: np.ndarray) -> dict[str, np.ndarray]:
        k = self.judge.k
        hits = find_hits(self.judge.lists(scores), self.window.targets, k)
        cuts = {"all": ndcg_at_k(hits)}
        for code, name in enumerate(SEGMENT_NAMES):
            cuts[name] = tail_ndcg_at_k(hits, self.segments == code)
        return cuts
