"""From scores to lists."""

from collections.abc import Iterator

import numpy as np

from unsung.schema import EMPTY

CELLS = 2**24
"""Scores held in memory at a time, over users, items and scorers (64 MB)."""


def user_batches(n_users: int, n_scores: int) -> Iterator[slice]:
    """Parts of so many users whose scores fit into memory.

    Parameters
    ----------
    n_users : int
    n_scores : int
        That are held for each user: items, times scorers.

    Examples
    --------
    >>> list(user_batches(3, 2**23))
    [slice(0, 2, None), slice(2, 3, None)]
    """
    size = max(1, CELLS // max(n_scores, 1))
    for start in range(0, n_users, size):
        yield slice(start, min(start + size, n_users))


def top_k(scores: np.ndarray, k: int, allowed: np.ndarray | None = None) -> np.ndarray:
    """The k best items of every row, best first.

    Parameters
    ----------
    scores : ndarray of float32, shape (n, n_items)
    k : int
        At least 0; more than there are items is fine.
    allowed : ndarray of bool, shape (n, n_items) or (n_items,), optional
        Items that may be listed; all where not given.

    Returns
    -------
    lists : ndarray of int32, shape (n, k)
        Item indices; ``EMPTY`` where fewer than k items are allowed. Equal scores come in the
        order of the index, which follows a hash of the id and so favours nobody.

    Examples
    --------
    >>> top_k(np.array([[1, 3, 3, 2]], np.float32), 3).tolist()
    [[1, 2, 3]]
    >>> top_k(np.array([[1, 3]], np.float32), 3, np.array([True, False])).tolist()
    [[0, -1, -1]]
    """
    n, n_items = scores.shape
    lists = np.full((n, k), EMPTY, dtype=np.int32)
    width = min(k, n_items)
    if width == 0:
        return lists
    free = None if allowed is None else np.broadcast_to(allowed, scores.shape)
    for row in range(n):
        best = _best_of(scores[row], width, None if free is None else free[row])
        lists[row, : len(best)] = best
    return lists


def one_of_group(scores: np.ndarray, allowed: np.ndarray, group: np.ndarray | None) -> np.ndarray:
    """Leave of each group of items only the one that scores best.

    Parameters
    ----------
    scores : ndarray of float32, shape (n, n_items)
    allowed : ndarray of bool, shape (n, n_items) or (n_items,)
    group : ndarray of int32, shape (n_items,) or (n, n_items), or None
        Items of one product share a number; -1 for an item alone. None: all are alone.

    Returns
    -------
    allowed : ndarray of bool, shape (n, n_items)
        No two items of one group in a row; of equal scores the first index stays.

    Examples
    --------
    >>> scores = np.array([[1, 3, 2]], np.float32)
    >>> one_of_group(scores, np.ones(3, bool), np.array([0, 0, -1])).tolist()
    [[False, True, True]]
    """
    left = np.array(np.broadcast_to(allowed, scores.shape))
    if group is None or not (group >= 0).any():
        return left
    columns = np.flatnonzero((group >= 0) if group.ndim == 1 else (group >= 0).any(axis=0))
    labels = np.broadcast_to(group, scores.shape)[:, columns]
    row, place = np.nonzero(left[:, columns] & (labels >= 0))
    column, width = columns[place], int(group.max()) + 1
    product, score = row * width + labels[row, place], scores[row, column]
    best = np.full(len(scores) * width, -np.inf, dtype=np.float32)
    np.maximum.at(best, product, score)
    leads = np.flatnonzero(score == best[product])
    # The columns ascend within a row, so that written backwards the first one stays.
    first = np.full(len(best), -1)
    first[product[leads[::-1]]] = leads[::-1]
    others = first[product] != np.arange(len(product))
    left[row[others], column[others]] = False
    return left


def _best_of(scores: np.ndarray, width: int, allowed: np.ndarray | None) -> np.ndarray:
    """The best ``width`` allowed indices of one row, best first; of equal ones the lowest."""
    behind = np.negative(scores, dtype=np.float32)
    if allowed is not None:
        np.putmask(behind, ~allowed, np.inf)
    cut = np.float32(np.inf) if width == len(behind) else np.partition(behind, width - 1)[width - 1]
    inside = np.flatnonzero(behind < np.inf if np.isposinf(cut) else behind <= cut)
    # A stable sort leaves items that tie in the order of the index.
    return inside[np.argsort(behind[inside], kind="stable")[:width]]
