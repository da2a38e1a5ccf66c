"""Slots for a segment where they cost least: at the ends of the lists that can spare them."""

from typing import Literal

import numpy as np
from pydantic import Field

from unsung.rerankers.base import (
    ItemFacts,
    Pool,
    SegmentName,
    checked_strength,
    position_discounts,
)
from unsung.rerankers.queues import first_places
from unsung.schema import EMPTY
from unsung.settings import Settings


class SlotWeightSettings(Settings):
    """Whom the slots are for, and what they are paid with."""

    kind: Literal["slot_weight"] = "slot_weight"
    name: str = "slot_weight"
    segments: tuple[SegmentName, ...] = Field(default=("tail",), min_length=1)
    """Whom it is for: the established tail where not said."""
    scale: Literal["relevance", "share"] = "share"
    """As in ``SegmentWeightSettings``."""


class SlotWeight:
    """Gives each list as many items of the segment as pay for their slots, in order of relevance.

    Where slots are counted and not how much they are seen (the share of tail items in lists, as
    most reports state it), a tail item does as well in the last slot as in the first. The list
    with j items of the segment that keeps most discounted relevance V_j is made of its j best and
    the k - j best others, in order of relevance; j is the one with the largest V_j + strength * j.
    As in ``SegmentWeight``, no other lists have as many slots for the segment, over all users, and
    keep more.

    Notes
    -----
    The gain of one slot more never rises with j, so more strength never takes an item of the
    segment out of a list or moves one down: neither its slots nor its discounted exposure fall.
    Per slot of its own it costs less NDCG than ``SegmentWeight``, per exposure more.
    """

    strengths = (0.0, 1e-4, 2e-4, 3e-4, 5e-4, 7e-4, 0.001, 0.0015, 0.003, 0.005, 0.02, 0.1, 1.0)

    def __init__(self, settings: SlotWeightSettings | None = None) -> None:
        self.settings = settings or SlotWeightSettings()
        self.name = self.settings.name

    def rerank(self, pool: Pool, items: ItemFacts, k: int, strength: np.ndarray) -> np.ndarray:
        """The lists at a strength: the discounted relevance or share that a slot may cost.

        Parameters
        ----------
        pool : Pool
        items : ItemFacts
        k : int
        strength : ndarray of float64, shape (n,)
            Discounted relevance, or share, that a slot may cost.

        Examples
        --------
        Item 4 is of the tail, and takes the last of two slots.

        >>> facts = ItemFacts(np.array([0] * 4 + [1] + [0] * 5, np.int8), np.zeros(10, int))
        >>> relevance = np.array([[0.2, 0.1, 0.09]])
        >>> pool = Pool(np.array([[9, 8, 4]]), relevance, relevance)
        >>> method = SlotWeight(SlotWeightSettings(scale="relevance"))
        >>> [method.rerank(pool, facts, 2, np.array([s])).tolist() for s in (0.006, 0.007)]
        [[[9, 8]], [[9, 4]]]
        """
        s = checked_strength(strength, pool)
        value = pool.relevance if self.settings.scale == "relevance" else pool.shares
        member = pool.of_item(items.in_segment(*self.settings.segments)).astype(int)
        lists = _lists_by_count(pool, member, k)
        beyond = pool.items.shape[1]
        padded = np.concatenate([value, np.zeros((len(pool), 1))], axis=1)
        held = padded[np.arange(len(pool))[:, None, None], lists]
        worth = (held * position_discounts(k)).sum(axis=2)
        # The list of the pool has fewest, whatever equal relevance says.
        member = (member == 1) & pool.inside
        fewest, most = (m.sum(axis=1, keepdims=True) for m in (member[:, :k], member))
        worth[(np.arange(k + 1) < fewest) | (np.arange(k + 1) > most)] = -np.inf
        chosen = (worth + s * np.arange(k + 1)).argmax(axis=1)
        places = lists[np.arange(len(pool)), chosen]
        return pool.lists(np.where(places == beyond, EMPTY, places))


def _lists_by_count(pool: Pool, member: np.ndarray, k: int) -> np.ndarray:
    """Places of the lists with the j first members, ndarray of int32, shape (n, k + 1, k).

    In the order of the pool; one past its last place where there is none.
    """
    first = first_places(pool, member, 2, k)
    first[first == EMPTY] = pool.items.shape[1]
    others, members = first[:, 0], first[:, 1]
    counts = range(k + 1)
    both = [np.concatenate([members[:, :j], others[:, : k - j]], axis=1) for j in counts]
    return np.sort(np.stack(both, axis=1), axis=2)
