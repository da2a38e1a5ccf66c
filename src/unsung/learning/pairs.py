"""Pairs to learn from: which are drawn, and what counts as right and wrong beside them."""

from typing import Final

import numpy as np
import scipy.sparse as sp

BLOCK: Final = 2048
"""Items that are compared with all others at a time."""


def draw_pairs(
    weights: sp.csr_array, shares: np.ndarray, n: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw items, and for each an item that belongs to it.

    Parameters
    ----------
    weights : csr_array of float32, shape (n_items, n_items)
        None below 0.
    shares : ndarray of float64, shape (n_items,)
        Probability of every item; 0 for items without associations. As in ``anchor_shares``.
    n : int
    rng : Generator

    Returns
    -------
    anchors, partners : ndarray of int64, shape (n,)
    """
    anchors = rng.choice(len(shares), n, p=shares)
    ends = np.cumsum(weights.data, dtype=np.float64)
    starts = np.concatenate([[0.0], ends])[weights.indptr]
    low, high = starts[anchors], starts[anchors + 1]
    place = np.searchsorted(ends, low + rng.random(n) * (high - low), side="right")
    # Rounding at a row's end must not lead into the next row.
    place = np.clip(place, weights.indptr[anchors], weights.indptr[anchors + 1] - 1)
    return anchors, weights.indices[place].astype(np.int64)


def anchor_shares(weights: sp.csr_array, buyers: np.ndarray, popularity: float = 0.0) -> np.ndarray:
    """How often each item is drawn: probabilities, in which the tail has its share.

    Parameters
    ----------
    weights : csr_array of float32, shape (n_items, n_items)
    buyers : ndarray of int, shape (n_items,)
    popularity : float
        Items are drawn in proportion to buyers ** popularity: 0 draws all alike, 1 as they sell.

    Returns
    -------
    shares : ndarray of float64, shape (n_items,)
        Sum 1; all 0 where no item has an association.

    Examples
    --------
    >>> weights = sp.csr_array([[0, 1, 0], [1, 0, 0], [0, 0, 0]])
    >>> anchor_shares(weights, np.array([9, 1, 5]), popularity=0.5).tolist()
    [0.75, 0.25, 0.0]
    """
    known = np.diff(weights.indptr) > 0
    shares = np.where(known, np.maximum(buyers, 1).astype(np.float64) ** popularity, 0.0)
    total = shares.sum()
    return np.asarray(shares / total if total > 0 else shares)


def between(weights: sp.csr_array, texts: np.ndarray, usable: np.ndarray) -> sp.csr_array:
    """The weights between usable items of unlike texts: a text needn't learn to be near itself.

    Parameters
    ----------
    weights : csr_array of float32, shape (n_items, n_items)
    texts : ndarray of int, shape (n_items,)
        Number of each item's text.
    usable : ndarray of bool, shape (n_items,)

    Returns
    -------
    kept : csr_array of float32, shape (n_items, n_items)
    """
    pairs = sp.coo_array(weights)
    row, column = pairs.coords
    kept = usable[row] & usable[column] & (texts[row] != texts[column])
    found = sp.csr_array((pairs.data[kept], (row[kept], column[kept])), shape=weights.shape)
    found.sort_indices()
    return found


def similar_strangers(
    vectors: np.ndarray, weights: sp.csr_array, groups: np.ndarray, keep: int
) -> np.ndarray:
    """The nearest items of the same group that don't belong together: hard negatives.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n_items, dim)
        Rows of length 1 or 0.
    weights : csr_array of float32, shape (n_items, n_items)
        What belongs together.
    groups : ndarray of int, shape (n_items,)
        Such as categories; all 0 where there are none.
    keep : int

    Returns
    -------
    strangers : ndarray of int64, shape (n_items, keep)
        Nearest first. Where a group has too few, the nearest of other groups follow.
    """
    together = sp.csr_array(weights + weights.T)
    n = len(vectors)
    found = [
        _strangers_of(np.arange(start, min(start + BLOCK, n)), vectors, together, groups, keep)
        for start in range(0, n, BLOCK)
    ]
    return np.concatenate(found) if found else np.zeros((0, keep), dtype=np.int64)


def target_shares(
    together: np.ndarray,
    row_texts: np.ndarray,
    column_texts: np.ndarray,
    partner: np.ndarray,
    *,
    soft: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """What each row of a batch is to find among the columns, and which columns count.

    Parameters
    ----------
    together : ndarray of float, shape (n, m)
        How much each column belongs to each row; above 0 for partners.
    row_texts, column_texts : ndarray of int, shapes (n,), (m,)
        Number of the text: a row's own text never counts against it.
    partner : ndarray of int, shape (n,)
        Column of the partner that was drawn.
    soft : bool
        Whether all partners are to be found, in proportion to their weight, or only the one that
        was drawn, with the others left out.

    Returns
    -------
    wanted : ndarray of float32, shape (n, m)
        Rows sum to 1.
    counted : ndarray of bool, shape (n, m)

    Examples
    --------
    >>> together = np.array([[3, 1, 0, 0]])
    >>> texts = np.array([0, 1, 2, 9])
    >>> target_shares(together, np.array([9]), texts, np.array([0]), soft=True)[0].tolist()
    [[0.75, 0.25, 0.0, 0.0]]
    >>> target_shares(together, np.array([9]), texts, np.array([0]), soft=False)[1].tolist()
    [[True, False, True, False]]
    """
    rows = np.arange(len(row_texts))
    own = row_texts[:, None] == column_texts
    if soft:
        copies = np.unique(column_texts, return_inverse=True, return_counts=True)
        shares = np.where(own, 0, together) / copies[2][copies[1]]
        return (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32), ~own
    counted = ~own & (together <= 0) & (column_texts[partner][:, None] != column_texts)
    counted[rows, partner] = True
    wanted = np.zeros(together.shape, dtype=np.float32)
    wanted[rows, partner] = 1
    return wanted, counted


def _strangers_of(
    rows: np.ndarray, vectors: np.ndarray, together: sp.csr_array, groups: np.ndarray, keep: int
) -> np.ndarray:
    nearness = vectors[rows] @ vectors.T
    nearness += 2.0 * (groups[rows][:, None] == groups)
    nearness[together[rows].nonzero()] = -np.inf
    nearness[np.arange(len(rows)), rows] = -np.inf
    return np.argsort(-nearness, axis=1, kind="stable")[:, :keep]
