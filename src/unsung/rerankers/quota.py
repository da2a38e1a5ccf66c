"""A quota: at least a share of the exposure for some segments, in every prefix of a list."""

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
from unsung.rerankers.queues import Slot, fill_slots
from unsung.settings import Settings


class QuotaSettings(Settings):
    """Whom the quota is for, and whether it may be missed."""

    kind: Literal["quota"] = "quota"
    name: str = "quota"
    segments: tuple[SegmentName, ...] = Field(default=("tail",), min_length=1)
    """Whom it is for: the established tail where not said."""
    by: Literal["exposure", "slots"] = "exposure"
    """What the share is of: exposure discounted by position, or slots that all count the same."""
    price: float | None = Field(default=None, ge=0)
    """The most relevance that a slot may lose for the quota (soft); none: whatever it costs
    (hard)."""


class Quota:
    """Keeps the order of relevance but where the first r slots hold too few of the segment.

    The strength is the share, in [0, 1]. Lists have as much of the segment as the pool has, if
    that is less.

    Notes
    -----
    Due in the first r slots are as many items as have room, at their lower end, in the share of
    their exposure (``by="slots"``: the share of r, rounded down). A list therefore holds less than
    one slot too little of the discounted exposure, and mostly more than its share.

    The hard quota is optimal under this bound **per prefix**: no list that meets it in every
    prefix has more discounted relevance, whatever the discount, as long as it falls. What is due
    rises by at most one a slot. So in any other such list, at the first slot where it differs, the
    item that is chosen here can be moved up to that slot: those that it passes are worth no more,
    and go down by one, and at every slot on the way the quota is still met.

    More strength, or a higher price, never lowers the segment's exposure: two lists that hold
    equally many of it at a slot have the same choice there, and the stronger takes it from the
    segment wherever the weaker does.

    References
    ----------
    Zehlike et al., FA*IR: A fair top-k ranking algorithm, CIKM 2017, arXiv:1706.06368 (quotas of
    slots per prefix).
    """

    strengths = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.8, 1.0)

    def __init__(self, settings: QuotaSettings | None = None) -> None:
        self.settings = settings or QuotaSettings()
        self.name = self.settings.name

    def rerank(self, pool: Pool, items: ItemFacts, k: int, strength: np.ndarray) -> np.ndarray:
        """The lists at a share of the exposure.

        Parameters
        ----------
        pool : Pool
        items : ItemFacts
        k : int
        strength : ndarray of float64, shape (n,)
            The share, in [0, 1].

        Examples
        --------
        Items 4 and 5 are of the tail. Half of the slots: one in the first two, two in four.

        >>> facts = ItemFacts(np.array([0, 0, 0, 0, 1, 1], np.int8), np.zeros(6, int))
        >>> scores = np.array([[6.0, 5, 4, 3, 2, 1]])
        >>> pool = Pool(np.array([[0, 1, 2, 3, 4, 5]]), scores, scores / 10)
        >>> Quota(QuotaSettings(by="slots")).rerank(pool, facts, 4, np.array([0.5])).tolist()
        [[0, 4, 1, 5]]
        """
        share = checked_strength(strength, pool, 1.0)[:, 0]
        due = due_items(share, k, self.settings.by)
        price = np.inf if self.settings.price is None else self.settings.price

        def value(slot: Slot) -> np.ndarray:
            owed = slot.counts[:, 1] < due[:, slot.rank - 1]
            worth = slot.relevance.copy()
            worth[owed, 1] += price
            return worth

        return fill_slots(pool, items.in_segment(*self.settings.segments).astype(int), 2, k, value)


def due_items(share: np.ndarray, k: int, by: Literal["exposure", "slots"]) -> np.ndarray:
    """How many items of the segment the first r slots must hold at least.

    Parameters
    ----------
    share : ndarray of float64, shape (n,)
        In [0, 1].
    k : int
    by : {"exposure", "slots"}

    Returns
    -------
    due : ndarray of int64, shape (n, k)
        Rises by 0 or 1 from slot to slot, and never falls with the share.

    Examples
    --------
    >>> due_items(np.array([0.2]), 10, "slots").tolist()
    [[0, 0, 0, 0, 1, 1, 1, 1, 1, 2]]
    >>> due_items(np.array([0.2]), 10, "exposure").tolist()
    [[0, 0, 0, 1, 1, 1, 2, 2, 2, 3]]
    """
    discount = position_discounts(k) if by == "exposure" else np.ones(k)
    due = np.zeros((len(share), k), dtype=np.int64)
    for r in range(1, k + 1):
        room = np.cumsum(discount[:r][::-1])
        # A share such as .3 of 10 slots is three of them, not 2.9999.
        due[:, r - 1] = np.searchsorted(room, share * room[-1] + 1e-9, side="right")
    return due
