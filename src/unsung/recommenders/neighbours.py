"""Scores that add up over a user's history: profile times item-item weights."""

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
from scipy.sparse import _sparsetools

from unsung.data.state import ShopState
from unsung.recommenders.base import Arrays, Part

BLOCK = 2048
"""Items whose weights are held densely at a time, in a small catalogue."""
CELLS = 2**25
"""Weights that are held densely at a time (128 MB), in a large one."""


def keep_largest(weights: np.ndarray, keep: int) -> sp.csr_array:
    """The ``keep`` entries of largest size in every column, diagonal left out.

    Columns are the items that are scored: cutting by column leaves every item its own best
    evidence, where cutting by row would take it from the items that nobody buys.

    Parameters
    ----------
    weights : ndarray of float32, shape (n_rows, n_columns)
        Overwritten nowhere.
    keep : int
        Entries kept a column.

    Returns
    -------
    kept : csr_array of float32, shape (n_rows, n_columns)

    Examples
    --------
    >>> keep_largest(np.array([[9, 1, 2], [5, 9, -4], [3, 2, 9]], np.float32), 1).toarray()
    array([[ 0.,  0.,  0.],
           [ 5.,  0., -4.],
           [ 0.,  2.,  0.]], dtype=float32)
    """
    blocks = [
        _largest_of_block(weights[:, start : start + BLOCK], keep, start)
        for start in range(0, weights.shape[1], BLOCK)
    ]
    return sp.csr_array(sp.hstack(blocks, format="csr"))


def keep_largest_of(
    column_block: Callable[[int, int], np.ndarray],
    n_items: int,
    keep: int,
    columns: range | None = None,
) -> sp.csr_array:
    """``keep_largest`` of a square matrix that is made block by block.

    Parameters
    ----------
    column_block : callable
        ``column_block(start, stop)`` gives the columns as ndarray of float32, shape
        (n_items, stop - start); quickest in Fortran order.
    n_items : int
    keep : int
    columns : range, optional
        Those wanted, all where not given.

    Returns
    -------
    largest : csr_array of float32, shape (n_items, len(columns))
    """
    columns = columns or range(n_items)
    width = max(1, min(BLOCK, CELLS // max(n_items, 1)))
    blocks = [
        _largest_of_block(column_block(start, min(start + width, columns.stop)), keep, start)
        for start in range(columns.start, columns.stop, width)
    ]
    if not blocks:
        return sp.csr_array((n_items, 0), dtype=np.float32)
    return sp.csr_array(sp.hstack(blocks, format="csr"))


def _largest_of_block(block: np.ndarray, keep: int, start: int) -> sp.csc_array:
    # A column a row: partitioning is several times as fast along memory.
    columns = np.ascontiguousarray(block.T)
    size = np.abs(columns)
    width, n_rows = columns.shape
    own = np.arange(start, min(start + width, n_rows))
    size[own - start, own] = 0
    mask = size > 0
    if keep < n_rows:
        chosen = np.zeros_like(mask)
        largest = np.argpartition(-size, keep - 1, axis=1)[:, :keep]
        np.put_along_axis(chosen, largest, values=True, axis=1)
        mask &= chosen
    column, row = np.nonzero(mask)
    indptr = np.zeros(width + 1, dtype=np.int64)
    np.cumsum(np.bincount(column, minlength=width), out=indptr[1:])
    data = columns[column, row].astype(np.float32)
    return sp.csc_array((data, row.astype(np.int32), indptr), shape=block.shape)


def profile_scores(
    state: ShopState, users: np.ndarray, weights: sp.csr_array, half_life: float
) -> np.ndarray:
    """Sum of the item-item weights of each user's history, older items counting less.

    Parameters
    ----------
    state : ShopState
    users : ndarray of int32, shape (n,)
    weights : csr_array of float32, shape (m, m)
        ``weights[j, i]``: what item j in the history says for item i; m may be below
        ``state.n_items``, where items were appended after the fit.
    half_life : float
        Days (steps, where only order is known) in which an item's say halves.

    Returns
    -------
    scores : ndarray of float32, shape (n, state.n_items)
    """
    n_fitted = weights.shape[0]
    scores = np.zeros((len(users), state.n_items), dtype=np.float32)
    if len(users) == 1:
        _add_profile(scores[0], state, int(users[0]), weights, half_life)
        return scores
    profiles = state.pairs.matrix(state.n_items, users, half_life)
    if n_fitted < state.n_items:
        profiles = profiles[:, :n_fitted]
    scores[:, :n_fitted] = (profiles @ weights).toarray()
    return scores


def _add_profile(
    scores: np.ndarray, state: ShopState, user: int, weights: sp.csr_array, half_life: float
) -> None:
    """The same for one user: of the large matrix no more is read than the history's rows."""
    entries = state.pairs.of_user(user)
    item, value = state.pairs.item_index[entries], state.pairs.value[entries]
    say = value * np.exp2(-state.pairs.age[entries] / np.float32(half_life))
    known = item < weights.shape[0]
    if not known.all():
        item, say = item[known], say[known]
    if not len(item):
        return
    kind = weights.indices.dtype
    start = weights.indptr[item]
    indptr = np.zeros(len(item) + 1, dtype=kind)
    np.cumsum(weights.indptr[item + 1] - start, out=indptr[1:])
    indices, data = np.empty(indptr[-1], kind), np.empty(indptr[-1], weights.data.dtype)
    # What scipy's own slices and products call, after checks that take longer than the work.
    _sparsetools.csr_row_index(
        len(item), item.astype(kind), weights.indptr, weights.indices, weights.data, indices, data
    )
    said = scores[: weights.shape[1]]
    data = data.astype(np.float32, copy=False)
    _sparsetools.csc_matvec(len(said), len(item), indptr, indices, data, say, said)


def history_parts(
    state: ShopState, user: int, item: int, weights: sp.csr_array, half_life: float
) -> tuple[Part, ...]:
    """The score of ``profile_scores`` split into the history items that it adds up over.

    Parameters
    ----------
    state : ShopState
    user, item : int
    weights : csr_array of float32, shape (n, n)
        From history item (row) to scored item (column); n may be less than ``state.n_items``.
    half_life : float
        Days (or steps) in which a history item loses half its weight.
    """
    entries = state.pairs.of_user(user)
    history = state.pairs.item_index[entries]
    say = state.pairs.value[entries] * np.exp2(-state.pairs.age[entries] / np.float32(half_life))
    known = (history < weights.shape[0]) & (item < weights.shape[1])
    if not known.any():
        return ()
    amounts = say[known] * _column_of_rows(weights, history[known], item)
    parts = [
        Part("history", str(state.items.values[j]), float(amount))
        for j, amount in zip(history[known], amounts, strict=True)
        if amount != 0
    ]
    return tuple(sorted(parts, key=lambda part: -abs(part.amount)))


def _column_of_rows(weights: sp.csr_array, rows: np.ndarray, column: int) -> np.ndarray:
    """One column in some rows; rows are short, and scipy's own way takes 20 times as long."""
    start = weights.indptr[rows].astype(np.int64)
    length = weights.indptr[rows + 1] - start
    row = np.repeat(np.arange(len(rows)), length)
    place = np.arange(len(row)) + (start - (np.cumsum(length) - length))[row]
    found = weights.indices[place] == column
    values = np.zeros(len(rows), dtype=weights.dtype)
    values[row[found]] = weights.data[place[found]]
    return values


def weights_to_arrays(weights: sp.csr_array) -> Arrays:
    """The parts of a square csr matrix, by name."""
    return {
        "weights.data": weights.data,
        "weights.indices": weights.indices.astype(np.int32),
        "weights.indptr": weights.indptr.astype(np.int64),
    }


def weights_from_arrays(arrays: Arrays) -> sp.csr_array:
    """The matrix of ``weights_to_arrays``."""
    indptr = arrays["weights.indptr"]
    if indptr[-1] < 2**31:  # else scipy widens every index to the width of these
        indptr = indptr.astype(np.int32)
    n_items = len(indptr) - 1
    return sp.csr_array(
        (arrays["weights.data"], arrays["weights.indices"], indptr), shape=(n_items, n_items)
    )
