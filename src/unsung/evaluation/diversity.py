"""How unlike each other the items of one list are."""

import numpy as np
import scipy.sparse as sp

from unsung.statistics.summary import ratio_or_nan

# Slots whose vectors are held in memory at once (100 MB at 384 dimensions).
_BATCH_SLOTS = 2**15


def intra_list_diversity(lists: np.ndarray, vectors: np.ndarray | sp.csr_array) -> np.ndarray:
    """1 - mean cosine over all pairs of items in a list.

    Parameters
    ----------
    lists : ndarray of int32, shape (n_users, k)
        Cut to the k slots that are judged; -1 = empty slot.
    vectors : ndarray or csr_array of float, shape (n_items, dim)
        Of any length. An item without a vector (zeros) is like no other: cosine 0.

    Returns
    -------
    values : ndarray of float64, shape (n_users,)
        In [0, 1] for vectors without negative entries, below 2 else; NaN for a list with fewer
        than two items.

    Notes
    -----
    The sum of all cosines is the squared length of the summed unit vectors, so the cost goes with
    k, not with k squared.

    References
    ----------
    Ziegler et al. (2005), doi:10.1145/1060745.1060754

    Examples
    --------
    >>> intra_list_diversity(np.array([[0, 1], [0, 2]]), np.array([[1, 0], [2, 0], [0, 1]]))
    array([0., 1.])
    """
    step = max(1, _BATCH_SLOTS // max(1, lists.shape[1]))
    parts = [_diversity(lists[at : at + step], vectors) for at in range(0, len(lists), step)]
    return np.concatenate([np.zeros(0), *parts])


def _diversity(lists: np.ndarray, vectors: np.ndarray | sp.csr_array) -> np.ndarray:
    filled = lists >= 0
    length = filled.sum(axis=1)
    shown, column = np.unique(lists[filled], return_inverse=True)
    rows = vectors[shown].astype(np.float64)
    norms = np.sqrt(_squared_lengths(rows))
    inverse = 1 / np.where(norms > 0, norms, np.inf)
    starts = np.concatenate([[0], np.cumsum(length)])
    # Row u adds up the unit vectors of u's list.
    add_up = sp.csr_array((inverse[column], column, starts), shape=(len(lists), len(shown)))
    present = np.bincount(np.repeat(np.arange(len(lists)), length), norms[column] > 0, len(lists))
    cosines = _squared_lengths(add_up @ rows) - present
    pairs = length * (length - 1)
    return 1 - ratio_or_nan(cosines, pairs)


def _squared_lengths(rows: np.ndarray | sp.csr_array) -> np.ndarray:
    # For csr_array, too, * is elementwise.
    return np.asarray((rows * rows).sum(axis=1), dtype=np.float64)
