"""A weight on the items of some segments: tail weight, and the boost of fresh items."""

from typing import Literal

import numpy as np
from pydantic import Field

from unsung.rerankers.base import ItemFacts, Pool, SegmentName, best_places, checked_strength
from unsung.settings import Settings

Scale = Literal["log_odds", "relevance", "share"]


class SegmentWeightSettings(Settings):
    """Which items are lifted, and on which scale."""

    kind: Literal["segment_weight"] = "segment_weight"
    name: str = "tail_weight"
    segments: tuple[SegmentName, ...] = Field(default=("tail",), min_length=1)
    """The established tail; ``fresh`` for a boost of new items."""
    scale: Scale = "share"
    """``log_odds`` multiplies the odds of these items, and so finds most hits among them.
    ``relevance`` pays for exposure where it costs the fewest purchases, ``share`` where it costs
    the least NDCG."""
    by: Literal["membership", "depth"] = "membership"
    """``membership`` lifts all of the segment alike, and so mostly its most popular items, which
    need least. ``depth`` lifts an item the more, the fewer buyers it has among its segment: from
    nothing where the segment begins to all of the strength at its end."""


DEEP_TAIL = SegmentWeightSettings(name="deep_tail_weight", by="depth")
"""The same method for the tail below its top."""
FRESHNESS = SegmentWeightSettings(name="freshness_boost", segments=("fresh",))
"""The same method for new items."""


class SegmentWeight:
    """Sorts by score + strength for the items of a segment.

    Notes
    -----
    On the scales of ``relevance`` and ``share`` it is optimal: with v the value of an item and t
    its membership, its lists L maximise V + strength * T over all lists of all users, where V is
    the summed 1/log2(rank+1) * v and T that of t. So a list L' with T(L') >= T(L) has
    V(L') <= V(L) + strength * (T(L) - T(L')) <= V(L): no other way to give the segment as much
    exposure keeps more. Budgets are shared over users without their knowing of each other; the
    bound T is met on average, not in every list.

    ``share`` values an item by its part of what the user is expected to buy (``Pool.shares``), so
    V stands for NDCG, in which every user who buys counts the same.

    By ``depth`` the membership t of an item is how far down in the segment it is
    (``ItemFacts.depths``) in place of 1.

    More strength never lowers the segment's discounted exposure, weighted by t, in any list.

    References
    ----------
    Everett, Generalized Lagrange multiplier method, 1963, doi:10.1287/opre.11.3.399
    """

    def __init__(self, settings: SegmentWeightSettings | None = None) -> None:
        self.settings = settings or SegmentWeightSettings()
        self.name = self.settings.name
        # Few items that lists can reach are at the segment's end, so a depth takes more strength.
        factor = 4 if self.settings.by == "depth" else 1
        self.strengths = tuple(factor * s for s in _STRENGTHS[self.settings.scale])

    def rerank(self, pool: Pool, items: ItemFacts, k: int, strength: np.ndarray) -> np.ndarray:
        """The lists at a strength, in the unit of the scale.

        Parameters
        ----------
        pool : Pool
        items : ItemFacts
        k : int
        strength : ndarray of float64, shape (n,)
            In the unit of the scale.

        Examples
        --------
        Item 4 is worth .02 less than item 9, and of the tail.

        >>> facts = ItemFacts(np.array([0] * 4 + [1] + [0] * 5, np.int8), np.zeros(10, int))
        >>> pool = Pool(np.array([[9, 4]]), np.array([[2.0, 1.0]]), np.array([[0.1, 0.08]]))
        >>> method = SegmentWeight(SegmentWeightSettings(scale="relevance"))
        >>> [method.rerank(pool, facts, 2, np.array([s])).tolist() for s in (0.01, 0.03)]
        [[[9, 4]], [[4, 9]]]
        """
        members = items.in_segment(*self.settings.segments)
        if self.settings.by == "depth":
            members = members * items.depths
        lifted = pool.of_item(members)
        value = {
            "log_odds": pool.scores,
            "relevance": pool.relevance,
            "share": pool.shares,
        }[self.settings.scale]
        places = best_places(pool, value + checked_strength(strength, pool) * lifted, k)
        return pool.lists(places)


_STRENGTHS: dict[str, tuple[float, ...]] = {
    "log_odds": (0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.5, 2, 4),
    "relevance": (0, 0.0005, 0.001, 0.002, 0.003, 0.004, 0.006, 0.008, 0.012, 0.02, 0.04, 0.1, 1),
    "share": (0, 0.0002, 0.0004, 0.0006, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.01, 0.03, 0.1, 1),
}
