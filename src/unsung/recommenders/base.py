"""The protocol that every first-stage scorer follows."""

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np

from unsung.data.state import ShopState
from unsung.progress import Progress, silent

Arrays = dict[str, np.ndarray]
"""What a fitted recommender is, by name: written to a bundle as safetensors."""


@dataclass(frozen=True)
class Part:
    """One part of a score, in the score's own units: the parts of a score add up to it.

    Parameters
    ----------
    kind : str
        ``history`` (an item of the user's history), ``term`` (a word), ``item`` (a property of the
        item alone, such as its trend), ``pair`` (how the item fits the user, such as its price) or
        ``rest`` (all smaller parts together).
    name : str
        The history item's id, the word, or the property.
    amount : float
        Share of the score; may be below zero.
    scorer : str
        The component that the part comes from, where a blend has several.
    """

    kind: str
    name: str
    amount: float
    scorer: str = ""


class Scorer(Protocol):
    """Scores every item for some users; higher is better.

    A scorer holds its settings from the start and what it learnt after ``fit``. It never
    reads an id or an index as a signal, and knows the shop only through the states it is given.
    """

    name: str

    def fit(
        self, state: ShopState, *, rng: np.random.Generator, progress: Progress = silent
    ) -> Self:
        """Learn from everything before the state's moment; returns itself."""
        ...

    def score(self, state: ShopState, users: np.ndarray) -> np.ndarray:
        """Scores of all items of ``state``, which may hold items appended after the fit.

        Parameters
        ----------
        state : ShopState
            Histories and content as of now; its first items are the fitted ones.
        users : ndarray of int32, shape (n,)
            Users without a history are fine: they get what is good for anybody, or zeros.

        Returns
        -------
        scores : ndarray of float32, shape (n, state.n_items)
            Finite everywhere. An appended item leaves the scores of the others unchanged.
        """
        ...

    def explain(self, state: ShopState, user: int, item: int) -> tuple[Part, ...]:
        """Parts of one score, largest first; their amounts sum to ``score`` (1e-5 relative)."""
        ...


class Recommender(Scorer, Protocol):
    """A scorer that can be put into a bundle.

    Its class also has ``from_arrays(settings, arrays)``, which makes the fitted recommender again
    from what ``to_arrays`` gave, with equal scores.
    """

    def to_arrays(self) -> Arrays:
        """What ``fit`` learnt; empty for a recommender that only reads the state."""
        ...
