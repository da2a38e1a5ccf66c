"""Calibrated popularity: lists whose mix of segments is that of the user's own history."""

from typing import Literal

import numpy as np
from pydantic import Field

from unsung.popularity.segments import SEGMENT_NAMES
from unsung.rerankers.base import (
    ItemFacts,
    Pool,
    checked_strength,
    checked_tastes,
    position_discounts,
)
from unsung.rerankers.queues import Slot, fill_slots
from unsung.settings import Settings

Divergence = Literal["kl", "js"]


class CalibratedSettings(Settings):
    """How far a list is from the user's own mix."""

    kind: Literal["calibrated"] = "calibrated"
    name: str = "calibrated"
    divergence: Divergence = "js"
    """Jensen-Shannon, which has a limit, or Kullback-Leibler."""
    smoothing: float = Field(default=0.01, gt=0, lt=1)
    """Share of the user's own mix that is mixed into that of the list, so that a segment without
    a slot has a finite divergence (Kullback-Leibler alone)."""


class Calibrated:
    """Slot by slot the item with the best (1 - s) * summed relevance - s * divergence(taste, list).

    The strength s is in [0, 1]. The list's mix is its exposure by segment, discounted by position;
    the taste is the mix of the user's history. Who has none gets the list of the pool. The greedy
    choice is the papers'; a user whose taste is hits gets hits, so more strength is not more tail.

    References
    ----------
    Steck, Calibrated recommendations, RecSys 2018, doi:10.1145/3240323.3240372
    Abdollahpouri et al., User-centered evaluation of popularity bias in recommender systems,
    UMAP 2021, doi:10.1145/3450613.3456821 (segments of popularity; Jensen-Shannon)
    """

    strengths = (0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8, 1.0)

    def __init__(self, settings: CalibratedSettings | None = None) -> None:
        self.settings = settings or CalibratedSettings()
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
        n_groups = len(SEGMENT_NAMES)
        discount = np.concatenate([[0.0], position_discounts(k)])
        exposure = np.zeros((len(pool), n_groups))
        before = np.zeros((len(pool), n_groups), dtype=np.int32)
        known = tastes.sum(axis=1, keepdims=True) > 0

        def value(slot: Slot) -> np.ndarray:
            nonlocal before
            exposure[:] += discount[slot.rank - 1] * (slot.counts - before)
            before = slot.counts.copy()
            # One mix for each segment that the slot could go to: (n, candidate, segment).
            mixes = exposure[:, None, :] + discount[slot.rank] * np.eye(n_groups)
            mixes /= discount[: slot.rank + 1].sum()
            apart = self._divergence(tastes[:, None, :], mixes)
            return np.asarray((1 - s) * slot.relevance - s * np.where(known, apart, 0.0))

        return fill_slots(pool, items.segments, n_groups, k, value)

    def _divergence(self, taste: np.ndarray, mix: np.ndarray) -> np.ndarray:
        if self.settings.divergence == "js":
            return js_divergence(taste, mix)
        smoothing = self.settings.smoothing
        return kl_divergence(taste, (1 - smoothing) * mix + smoothing * taste)


def kl_divergence(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Sum of p ln(p / q) over the last axis, in nats: ndarray of float64, one axis less.

    q must be above 0 wherever p is.

    Examples
    --------
    >>> round(float(kl_divergence(np.array([0.5, 0.5]), np.array([0.25, 0.75]))), 4)
    0.1438
    """
    p, q = np.broadcast_arrays(p, q)
    ratio = np.divide(p, q, out=np.ones(p.shape), where=p > 0)
    return np.asarray((p * np.log(ratio)).sum(axis=-1))


def js_divergence(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Mean of the Kullback-Leibler divergences to the mean of both, in nats, at most ln 2.

    Returns an ndarray of float64 with one axis less.

    Examples
    --------
    >>> round(float(js_divergence(np.array([1.0, 0.0]), np.array([0.0, 1.0]))), 4)
    0.6931
    """
    mean = (p + q) / 2
    return np.asarray((kl_divergence(p, mean) + kl_divergence(q, mean)) / 2)
