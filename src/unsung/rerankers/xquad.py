"""xQuAD for popularity: cover tail and head in a list as far as the user likes each."""

from typing import Literal

import numpy as np
from pydantic import Field

from unsung.popularity.segments import SEGMENT_NAMES
from unsung.rerankers.base import ItemFacts, Pool, SegmentName, checked_strength, checked_tastes
from unsung.rerankers.queues import Slot, fill_slots
from unsung.settings import Settings


class XQuADSettings(Settings):
    """What is to be covered, and when it counts as covered."""

    kind: Literal["xquad"] = "xquad"
    name: str = "xquad"
    segments: tuple[SegmentName, ...] = Field(default=("tail",), min_length=1)
    """One category; all other items are the second one."""
    smooth: bool = True
    """A category is covered by its share of the slots above; else by its first item (binary)."""


class XQuAD:
    """Slot by slot the item with the best (1 - s) P(v|u) + s sum_d P(d|u) P(v|d) (1 - C(d)).

    The strength s is in [0, 1]. d runs over the segment and all other items; P(v|u) is the
    relevance, P(d|u) the share of d in the user's own history, P(v|d) 1 for the items of d and 0
    for others, and C(d) how far d is covered by the slots above. Who has no history gets the list
    of the pool.

    Notes
    -----
    The paper writes 1 - C(d) as a product over the items above. Binary: 0 as soon as one of them
    is in d. Smooth: what it puts in is the share of d among them, one number for the whole list,
    which is taken once.

    More strength may lower the tail's share: both categories are covered, by a user's own taste.

    References
    ----------
    Abdollahpouri, Burke & Mobasher, Managing popularity bias in recommender systems with
    personalized re-ranking, FLAIRS 2019, arXiv:1901.07555
    """

    strengths = (0.0, 0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.07, 0.1, 0.2, 0.5, 1.0)

    def __init__(self, settings: XQuADSettings | None = None) -> None:
        self.settings = settings or XQuADSettings()
        self.name = self.settings.name

    def rerank(self, pool: Pool, items: ItemFacts, k: int, strength: np.ndarray) -> np.ndarray:
        """The lists at a strength in [0, 1].

        Parameters
        ----------
        pool : Pool
        items : ItemFacts
        k : int
        strength : ndarray of float64, shape (n,)
            In [0, 1].

        Raises
        ------
        InputError
            Where the pool has no tastes.
        """
        s = checked_strength(strength, pool, 1.0)
        tastes = checked_tastes(pool)
        mine = [SEGMENT_NAMES.index(name) for name in self.settings.segments]
        liked = tastes[:, mine].sum(axis=1)
        preference = np.stack([tastes.sum(axis=1) - liked, liked], axis=1)

        def value(slot: Slot) -> np.ndarray:
            share = slot.counts / max(slot.rank - 1, 1)
            covered = share if self.settings.smooth else slot.counts > 0
            return np.asarray((1 - s) * slot.relevance + s * preference * (1 - covered))

        return fill_slots(pool, items.in_segment(*self.settings.segments).astype(int), 2, k, value)
