"""The item-item linear model item by item: one small ridge regression over its nearest items."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import scipy.sparse as sp

from unsung.errors import UnsungError
from unsung.progress import Progress, silent
from unsung.recommenders.item_gram import ItemGram
from unsung.recommenders.neighbours import keep_largest_of

CHUNK = 256
"""Items that a thread solves before it says so."""


def nearest_items(
    gram: ItemGram, l2: float, nearest: int, *, progress: Progress = silent
) -> sp.csc_array:
    """The items that each item is predicted from: those with most in common, for their size.

    Parameters
    ----------
    gram : ItemGram
    l2 : float
        Ridge penalty, above 0: how much an item that few bought is held back.
    nearest : int
        Items kept of each.

    Returns
    -------
    near : csc_array of float32, shape (n_items, n_items)
        Column i: the items that i is predicted from.
    """
    n = gram.together.shape[0]
    size = np.sqrt(gram.diagonal() + np.float32(l2))[:, None]

    def column_block(start: int, stop: int) -> np.ndarray:
        progress("finding the nearest items", start, n)
        block: np.ndarray = gram.columns(start, stop) / size
        return block

    near = keep_largest_of(column_block, n, nearest)
    progress("finding the nearest items", n, n)
    return sp.csc_array(near)


def solve_columns(gram: ItemGram, near: sp.csc_array, columns: range, l2: float) -> sp.csc_array:
    """Weights with which some items are predicted from their nearest.

    Parameters
    ----------
    gram : ItemGram
    near : csc_array of float32, shape (n_items, n_items)
        As from ``nearest_items``.
    columns : range
        Items wanted.
    l2 : float
        Ridge penalty, above 0.

    Returns
    -------
    weights : csc_array of float32, shape (n_items, len(columns))

    Raises
    ------
    UnsungError
        Where the penalty is too small for a problem to be solved.
    """
    solved = [np.zeros(0, dtype=np.float32)]
    for column in columns:
        others = near.indices[near.indptr[column] : near.indptr[column + 1]]
        if len(others):
            solved.append(_ridge(gram.among(np.append(others, column)), l2))
    first, last = near.indptr[columns.start], near.indptr[columns.stop]
    return sp.csc_array(
        (
            np.concatenate(solved),
            near.indices[first:last],
            near.indptr[columns.start : columns.stop + 1] - first,
        ),
        shape=(near.shape[0], len(columns)),
    )


def _ridge(gram: np.ndarray, l2: float) -> np.ndarray:
    """The last item from those before it."""
    among = gram[:-1, :-1].astype(np.float64)
    among[np.diag_indices(len(among))] += l2
    try:
        return np.linalg.solve(among, gram[:-1, -1]).astype(np.float32)
    except np.linalg.LinAlgError:
        raise UnsungError("the linear model can't be solved: raise 'l2'.") from None


def solve_locally(
    gram: ItemGram, l2: float, nearest: int, *, progress: Progress = silent
) -> sp.csr_array:
    """All items' weights, each from its nearest items; as many threads as processors.

    Parameters
    ----------
    gram : ItemGram
    l2 : float
        Ridge penalty, above 0.
    nearest : int
        Items that each is predicted from: memory goes with it, time with its square to cube.

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
    parts = [range(start, min(start + CHUNK, n)) for start in range(0, n, CHUNK)]

    def told(solved: Iterator[sp.csc_array]) -> Iterator[sp.csc_array]:
        for part, weights in zip(parts, solved, strict=True):
            progress("solving item by item", part.start, n)
            yield weights

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        solved = list(told(threads.map(lambda part: solve_columns(gram, near, part, l2), parts)))
    progress("solving item by item", n, n)
    return sp.csr_array(sp.hstack(solved, format="csr")) if solved else sp.csr_array((0, 0))
