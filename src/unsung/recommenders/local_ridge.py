"""The item-item linear model item by item: one small ridge regression over its nearest items."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import scipy.sparse as sp

from unsung.errors import UnsungError
from unsung.progress import Progress, silent
from unsung.recommenders.item_gram import ItemGram
from unsung.recommenders.neighbours import keep_largest_of

CHUNK = 256
"""Items that a thread solves at a time."""


def nearest_items(
    gram: ItemGram,
    l2: float,
    nearest: int,
    columns: range | None = None,
    *,
    progress: Progress = silent,
) -> sp.csc_array:
    """The items that each item is predicted from: those with most in common, for their size.

    Parameters
    ----------
    gram : ItemGram
    l2 : float
        Ridge penalty, above 0: how much an item that few bought is held back.
    nearest : int
        Items kept of each.
    columns : range, optional
        Items wanted, all where not given.

    Returns
    -------
    near : csc_array of float32, shape (n_items, len(columns))
        Each column holds the items that its own is predicted from.
    """
    n = gram.together.shape[0]
    size = np.sqrt(gram.diagonal() + np.float32(l2))[:, None]

    def column_block(start: int, stop: int) -> np.ndarray:
        progress("finding the nearest items", start, n)
        block: np.ndarray = gram.columns(start, stop) / size
        return block

    near = keep_largest_of(column_block, n, nearest, columns)
    progress("finding the nearest items", n, n)
    return sp.csc_array(near)


def solve_columns(
    gram: ItemGram, near: sp.csc_array, columns: np.ndarray, l2: float
) -> sp.csc_array:
    """Weights with which some items are predicted from their nearest.

    Parameters
    ----------
    gram : ItemGram
    near : csc_array of float32, shape (n_items, n)
        As from ``nearest_items``, of these items.
    columns : ndarray of int, shape (n,)
        Items wanted.
    l2 : float
        Ridge penalty, above 0.

    Returns
    -------
    weights : csc_array of float32, shape (n_items, n)

    Raises
    ------
    UnsungError
        Where the penalty is too small for a problem to be solved.
    """
    weights = np.zeros(near.nnz, dtype=np.float32)
    for place, column in enumerate(columns):
        part = slice(near.indptr[place], near.indptr[place + 1])
        if part.start < part.stop:
            weights[part] = _ridge(gram.among(np.append(near.indices[part], column)), l2)
    return sp.csc_array((weights, near.indices, near.indptr), shape=near.shape)


def _ridge(gram: np.ndarray, l2: float) -> np.ndarray:
    """The last item from those before it."""
    among = gram[:-1, :-1].astype(np.float64)
    among[np.diag_indices(len(among))] += l2
    try:
        return np.linalg.solve(among, gram[:-1, -1]).astype(np.float32)
    except np.linalg.LinAlgError:
        raise UnsungError("the linear model can't be solved: raise 'l2'.") from None


def solve_locally(
    gram: ItemGram,
    l2: float,
    nearest: int,
    *,
    known: tuple[ItemGram, sp.csr_array] | None = None,
    progress: Progress = silent,
) -> sp.csr_array:
    """All items' weights, each from its nearest items; as many threads as processors.

    Parameters
    ----------
    gram : ItemGram
    l2 : float
        Ridge penalty, above 0.
    nearest : int
        Items that each is predicted from: memory goes with it, time with its square to cube.
    known : pair of ItemGram and csr_array, optional
        An earlier Gram, and the weights that it led to: items whose problem is still the same
        keep them. Texts must be the same; further items may have come at the end.
    progress : Progress, optional

    Returns
    -------
    weights : csr_array of float32, shape (n_items, n_items)
        From history item (row) to scored item (column).

    References
    ----------
    Ning and Karypis, SLIM: Sparse Linear Methods for Top-N Recommender Systems, ICDM 2011,
    doi:10.1109/ICDM.2011.134, section IV-C (feature selection by neighbours).
    """
    near = nearest_items(gram, l2, nearest, progress=progress)
    n = near.shape[1]
    solved = sp.csc_array((n, n), dtype=np.float32)
    todo = np.arange(n)
    if known is not None:
        before, weights = known
        solved = sp.csc_array(weights)
        solved.resize((n, n))
        todo = np.flatnonzero(_moved(before.together, gram.together, solved, near))
    fresh = _solve_in_parallel(gram, near, todo, l2, progress)
    return _replace_columns(solved, todo, fresh)


def _moved(
    before: sp.csr_array, after: sp.csr_array, weights: sp.csc_array, near: sp.csc_array
) -> np.ndarray:
    """Items with other nearest items than before, or other counts among them: bool, (n_items,)."""
    n = near.shape[1]
    old = before.copy()
    old.resize((n, n))
    changed = sp.csr_array(abs(after - old))
    changed.eliminate_zeros()
    inside, was_inside = _ones(near), _ones(weights)
    other = np.asarray(abs(inside - was_inside).sum(axis=0)) > 0
    inside = sp.csc_array(inside + sp.eye_array(n, dtype=np.float32))
    counted = inside.multiply(changed @ inside).sum(axis=0)
    return np.asarray(other | (np.asarray(counted) > 0))


def _ones(matrix: sp.csc_array) -> sp.csc_array:
    data = np.ones(matrix.nnz, dtype=np.float32)
    return sp.csc_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def _solve_in_parallel(
    gram: ItemGram, near: sp.csc_array, columns: np.ndarray, l2: float, progress: Progress
) -> sp.csc_array:
    n = len(columns)
    parts = [columns[start : start + CHUNK] for start in range(0, n, CHUNK)]
    blocks = [sp.csc_array((near.shape[0], 0), dtype=np.float32)]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        solving = threads.map(lambda part: solve_columns(gram, near[:, part], part, l2), parts)
        for place, block in enumerate(solving):
            progress("solving item by item", place * CHUNK, n)
            blocks.append(block)
    progress("solving item by item", n, n)
    return sp.csc_array(sp.hstack(blocks, format="csc"))


def _replace_columns(
    matrix: sp.csc_array, columns: np.ndarray, fresh: sp.csc_array
) -> sp.csr_array:
    """Other values in some columns."""
    n = matrix.shape[1]
    kept = np.ones(n, dtype=bool)
    kept[columns] = False
    order = np.argsort(np.append(np.flatnonzero(kept), columns), kind="stable")
    both = sp.hstack([matrix[:, kept], fresh], format="csc")
    return sp.csr_array(both[:, order])
