"""Each item's nearest items by text, and what these say of it."""

from dataclasses import dataclass

import numpy as np

from unsung.data.state import ItemContent
from unsung.features.history import divide

N_NEIGHBOURS = 20
_BLOCK = 1024
SHARPNESS = 4
"""Neighbours count by their cosine to this power: near ones decide."""


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest items of every item.

    Parameters
    ----------
    item : ndarray of int32, shape (n_items, m)
    weight : ndarray of float32, shape (n_items, m)
        0 where an item has no further neighbour.
    """

    item: np.ndarray
    weight: np.ndarray

    def mean(self, of_item: np.ndarray) -> np.ndarray:
        """Weighted mean of a number over each item's neighbours.

        Parameters
        ----------
        of_item : ndarray of float, shape (n_items,)
            NaN where not known: such neighbours are left out.

        Returns
        -------
        mean : ndarray of float64, shape (n_items,)
            NaN for an item without neighbours.
        """
        values = of_item[self.item].astype(np.float64)
        weight = np.where(np.isnan(values), 0, self.weight)
        total = weight.sum(axis=1)
        summed = (weight * np.nan_to_num(values)).sum(axis=1)
        return divide(summed, total)


def text_neighbours(
    content: ItemContent, usable: np.ndarray, n_neighbours: int = N_NEIGHBOURS
) -> Neighbours:
    """The items with the most similar text, by the encoder where there is one, else by terms.

    Parameters
    ----------
    content : ItemContent
    usable : ndarray of bool, shape (n_items,)
        Items that may be neighbours.
    n_neighbours : int

    Notes
    -----
    Time goes with the square of the number of items: 50,000 take about a minute.
    """
    vectors = content.embeddings if content.embeddings.any() else content.terms
    n = vectors.shape[0]
    pool = np.flatnonzero(usable)
    m = min(n_neighbours, max(len(pool) - 1, 0))
    item, weight = np.zeros((n, m), dtype=np.int32), np.zeros((n, m), dtype=np.float32)
    if not m:
        return Neighbours(item, weight)
    others = vectors[pool].T
    for start in range(0, n, _BLOCK):
        found = vectors[start : start + _BLOCK] @ others
        cosine = found if isinstance(found, np.ndarray) else found.toarray()
        own = pool[None, :] == np.arange(start, start + len(cosine))[:, None]
        cosine[own] = -1
        best = np.argpartition(-cosine, m - 1, axis=1)[:, :m]
        item[start : start + len(cosine)] = pool[best]
        near = np.maximum(np.take_along_axis(cosine, best, axis=1), 0)
        weight[start : start + len(cosine)] = near**SHARPNESS
    return Neighbours(item, weight)
