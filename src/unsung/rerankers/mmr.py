"""Maximal marginal relevance: near-duplicates don't crowd a list."""

from typing import Literal

import numpy as np
import scipy.sparse as sp

from unsung.errors import InputError
from unsung.rerankers.base import ItemFacts, Pool, checked_strength
from unsung.schema import EMPTY
from unsung.settings import Settings

_TINY = 1e-9
BATCH_PLACES = 2**12
"""Places whose vectors are held at a time: 6 MB at 384 dimensions, which a cache holds."""


class MMRSettings(Settings):
    """The vectors come with the items, so there is nothing to set but a name."""

    kind: Literal["mmr"] = "mmr"
    name: str = "mmr"


class MMR:
    """Slot by slot the item with the best (1 - s) * relevance - s * likeness to the slots above.

    The strength s is in [0, 1]. Likeness is the largest cosine to any item above; below 0, and for
    an item without a vector, it is 0.

    Notes
    -----
    Time goes with k * places * dim, of those places that can be reached: likeness takes at most s
    from an item, so of the first k one is left for every slot that is worth at least the k-th's
    relevance less s. What has less relevance than that is never looked at. It promises nothing to
    the tail.

    References
    ----------
    Carbonell & Goldstein, The use of MMR, diversity-based reranking, SIGIR 1998,
    doi:10.1145/290941.291025
    """

    strengths = (0.0, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0)

    def __init__(self, settings: MMRSettings | None = None) -> None:
        self.settings = settings or MMRSettings()
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
            Where the items have no vectors.
        """
        if items.vectors is None:
            raise InputError("MMR needs vectors: the items have none, of terms or of an encoder.")
        s = checked_strength(strength, pool, 1.0)
        places = np.full((len(pool), k), EMPTY, dtype=np.int32)
        worth = np.where(pool.inside, (1 - s) * pool.relevance, -np.inf)
        width = _reachable(worth, s, k)
        for wide in np.unique(width):
            users = np.flatnonzero(width == wide)
            size = max(1, BATCH_PLACES // max(wide, 1))
            for start in range(0, len(users), size):
                rows = users[start : start + size]
                near = _likeness(items.vectors, pool.items[rows, :wide])
                places[rows] = _greedy(worth[rows, :wide], s[rows], near, k)
        return pool.lists(places)


def _reachable(worth: np.ndarray, s: np.ndarray, k: int) -> np.ndarray:
    """So many of each row's first places can be chosen: ndarray of int64, shape (n,).

    From a ladder of widths, so that a row is always multiplied in the same shape, whoever stands
    beside it: another shape may round otherwise.
    """
    m = worth.shape[1]
    if m <= k:
        return np.full(len(worth), m)
    # An empty k-th place bounds nothing: -inf.
    n_reached = (worth >= worth[:, [k - 1]] - s - _TINY).sum(axis=1)
    ladder = np.append(2 ** np.arange(4, max(m - 1, 1).bit_length()), m)
    ladder = ladder[ladder <= m]
    return np.asarray(ladder[np.searchsorted(ladder, np.maximum(n_reached, k))])


class _Dense:
    """Cosines of every place of a row to one of them."""

    def __init__(self, vectors: np.ndarray, items: np.ndarray) -> None:
        self.vectors = vectors[items]

    def to(self, place: np.ndarray) -> np.ndarray:
        chosen = self.vectors[np.arange(len(place)), place]
        return np.asarray((self.vectors @ chosen[:, :, None])[:, :, 0])


class _Sparse:
    """The same for rows of terms."""

    def __init__(self, vectors: sp.csr_array, items: np.ndarray) -> None:
        n, self.m = items.shape
        self.vectors = sp.csr_array(vectors[items.ravel()])
        self.place = np.repeat(np.arange(items.size), np.diff(self.vectors.indptr))
        self.cell = self.place // max(self.m, 1) * vectors.shape[1] + self.vectors.indices
        # Terms of the item chosen, for every row; cleared after use, since it is mostly zeros.
        self.chosen = np.zeros(n * vectors.shape[1])

    def to(self, place: np.ndarray) -> np.ndarray:
        starts = self.vectors.indptr
        wanted = np.arange(len(place)) * self.m + place
        own = np.concatenate([np.arange(starts[row], starts[row + 1]) for row in wanted])
        self.chosen[self.cell[own]] = self.vectors.data[own]
        products = self.vectors.data * self.chosen[self.cell]
        self.chosen[self.cell[own]] = 0
        return np.bincount(self.place, products, minlength=len(place) * self.m).reshape(-1, self.m)


def _likeness(vectors: np.ndarray | sp.csr_array, items: np.ndarray) -> _Dense | _Sparse:
    return _Sparse(vectors, items) if sp.issparse(vectors) else _Dense(vectors, items)


def _greedy(worth: np.ndarray, s: np.ndarray, likeness: _Dense | _Sparse, k: int) -> np.ndarray:
    """Places chosen: ndarray of int32, shape (n, k); ``worth`` is -inf where nothing stands."""
    n, m = worth.shape
    places = np.full((n, k), EMPTY, dtype=np.int32)
    nearest = np.zeros((n, m))
    left = worth.copy()
    rows = np.arange(n)
    for slot in range(min(k, m)):
        value = left - s * nearest
        chosen = value.argmax(axis=1)
        places[:, slot] = np.where(np.isneginf(value[rows, chosen]), EMPTY, chosen)
        left[rows, chosen] = -np.inf
        if slot + 1 < k:
            np.maximum(nearest, likeness.to(chosen), out=nearest)
    return places
