"""Each user's strength from the own taste for a segment, as far as the own history tells it."""

from typing import Literal

import numpy as np
from pydantic import Field

from unsung.errors import InputError
from unsung.popularity.segments import SEGMENT_NAMES
from unsung.rerankers.base import ItemFacts, Pool, SegmentName, checked_tastes
from unsung.rerankers.segment_weight import SegmentWeight, SegmentWeightSettings
from unsung.rerankers.slot_weight import SlotWeight, SlotWeightSettings
from unsung.settings import Settings

N_GROUPS = 3
"""Groups of users by the length of their history."""


class OwnTasteSettings(Settings):
    """Whose taste counts, what it is drawn to, and what it scales."""

    kind: Literal["own_taste"] = "own_taste"
    name: str = "own_taste"
    segments: tuple[SegmentName, ...] = Field(default=("tail",), min_length=1)
    """Whose share in the history is the taste; the established tail where not said."""
    per: Literal["share", "log_odds", "slot"] = "slot"
    """What the strength is in: as the scales of the weight on a segment, or per slot."""
    edges: tuple[float, ...] = ()
    """Lengths of history that part the groups of users, ascending."""
    means: tuple[float, ...] = (0.5,)
    """Mean taste of each group, the shortest histories first."""
    sizes: tuple[float, ...] = (10.0,)
    """How many items of a history the group's mean counts for."""
    average: float = Field(default=0.5, gt=0)
    """Mean taste of everybody: who has it gets the strength as it is set."""


class OwnTaste:
    """The weight on a segment, or on its slots, times posterior taste / average taste.

    The number of a user's items in the segment is taken as binomial, with a taste that is beta
    about the mean of users with as long a history. A user with few items gets the group's mean, so
    that three chance purchases move nobody's list far; who has no history is in the first group.

    Notes
    -----
    Whether a user likes the tail is in P(purchase) already. Where that is right, no strengths give
    more exposure at equal loss than one for everybody (see ``SegmentWeight``). This shifts the
    price to those who like it; it doesn't lower it.

    References
    ----------
    Efron & Morris, Data analysis using Stein's estimator, 1975,
    doi:10.1080/01621459.1975.10479864
    """

    def __init__(self, settings: OwnTasteSettings | None = None) -> None:
        self.settings = settings or OwnTasteSettings()
        self.name = self.settings.name
        self.scaled = _scaled(self.settings)
        self.strengths = self.scaled.strengths

    def rerank(self, pool: Pool, items: ItemFacts, k: int, strength: np.ndarray) -> np.ndarray:
        """The lists at a strength, in the unit of what is scaled.

        Parameters
        ----------
        pool : Pool
            With tastes and lengths of history.
        items : ItemFacts
        k : int
        strength : ndarray of float64, shape (n,)
            Of a user of average taste.

        Raises
        ------
        InputError
            Where the pool says nothing of the users' histories.
        """
        own = self.posterior(pool) / self.settings.average
        return self.scaled.rerank(pool, items, k, np.asarray(strength) * own)

    def posterior(self, pool: Pool) -> np.ndarray:
        """Expected taste of each user: ndarray of float64, shape (n,), in [0, 1].

        Examples
        --------
        Nine of nine items are drawn halfway to a mean of .4 that counts for nine.

        >>> pool = Pool(np.array([[3]]), np.ones((1, 1)), np.ones((1, 1)),
        ...             np.array([[0.0, 1.0, 0.0, 0.0]]), np.array([9]))
        >>> method = OwnTaste(OwnTasteSettings(means=(0.4,), sizes=(9.0,)))
        >>> method.posterior(pool).round(2).tolist()
        [0.7]
        """
        if pool.n_history is None:
            raise InputError("this method weighs each user's taste: give the pool n_history.")
        chosen = self.settings
        group = np.searchsorted(chosen.edges, pool.n_history)
        mean, size = np.array(chosen.means)[group], np.array(chosen.sizes)[group]
        liked = taste_for(checked_tastes(pool), chosen.segments)
        return np.asarray((liked * pool.n_history + size * mean) / (pool.n_history + size))


def taste_for(tastes: np.ndarray, segments: tuple[SegmentName, ...]) -> np.ndarray:
    """Share of some segments in each user's history: ndarray of float64, shape (n,)."""
    return np.asarray(tastes[:, [SEGMENT_NAMES.index(name) for name in segments]].sum(axis=1))


def fit_own_taste(
    tastes: np.ndarray, n_history: np.ndarray, settings: OwnTasteSettings | None = None
) -> OwnTasteSettings:
    """Means and sizes of the groups by the method of moments.

    Parameters
    ----------
    tastes : ndarray of float64, shape (n, n_segments)
        Of users with a history.
    n_history : ndarray of int, shape (n,)
        Items in it, at least 1.
    settings : OwnTasteSettings, optional
        Whose segments are meant; all else of it is kept.

    Returns
    -------
    settings : OwnTasteSettings
        Groups are thirds of the users by the length of their history. Where a group's tastes differ
        no more than chance makes them, its mean counts for a thousand items.

    Raises
    ------
    InputError
        Where nobody has a history.
    """
    settings = settings or OwnTasteSettings()
    if not len(tastes):
        raise InputError("nobody has a history, so there is no taste: bring more interactions.")
    liked, n = taste_for(tastes, settings.segments), n_history.astype(np.float64)
    edges = np.unique(np.quantile(n, np.arange(1, N_GROUPS) / N_GROUPS))
    group = np.searchsorted(edges, n)
    means, sizes = [], []
    for number in range(len(edges) + 1):
        inside = group == number
        some = liked[inside] if inside.any() else liked
        mean = float(np.clip(some.mean(), 1e-3, 1 - 1e-3))
        by_chance = mean * (1 - mean) * float((1 / n[inside]).mean()) if inside.any() else 1.0
        between = max(float(((some - mean) ** 2).mean()) - by_chance, 0.0)
        means.append(mean)
        sizes.append(float(np.clip(mean * (1 - mean) / max(between, 1e-9) - 1, 1, 1000)))
    update = {"edges": tuple(edges.tolist()), "means": tuple(means), "sizes": tuple(sizes)}
    average = float(np.mean(np.array(means)[group]))
    return settings.model_copy(update={**update, "average": average})


def _scaled(settings: OwnTasteSettings) -> SegmentWeight | SlotWeight:
    if settings.per == "slot":
        return SlotWeight(SlotWeightSettings(segments=settings.segments))
    return SegmentWeight(SegmentWeightSettings(segments=settings.segments, scale=settings.per))
