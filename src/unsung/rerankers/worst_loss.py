"""How much a list can lose against another, whatever its user turns out to want."""

import numpy as np

from unsung.errors import InputError


def worst_losses(lists: np.ndarray, reference_lists: np.ndarray) -> np.ndarray:
    """The most NDCG that each user's list can lose against another, whatever the user wants.

    Known before any label is. A policy that keeps the undialled list, or takes a smaller strength,
    wherever this is above a limit can lose no more than the limit for anybody.

    Parameters
    ----------
    lists, reference_lists : ndarray of int32, shape (n_users, k)
        Item indices, best first; -1 = empty slot.

    Returns
    -------
    losses : ndarray of float64, shape (n_users,)
        In [0, 1]; 0 exactly where the list is as good for every set of wanted items.

    Raises
    ------
    InputError
        Where the shapes differ.

    Notes
    -----
    A user who wants r items loses most when these are the r items whose discount fell most; r from
    1 to k are tried, since the ideal grows with r.

    Examples
    --------
    Swapping the first two: who wants the former first alone loses 1 - 1 / log2(3).

    >>> worst_losses(np.array([[8, 7, 9]]), np.array([[7, 8, 9]])).round(3)
    array([0.369])
    """
    if lists.shape != reference_lists.shape:
        raise InputError(f"lists have shapes {lists.shape} and {reference_lists.shape}: pair them.")
    k = lists.shape[1]
    discount = 1 / np.log2(np.arange(2, k + 2))
    present = reference_lists >= 0
    same = (reference_lists[:, :, None] == lists[:, None, :]) & present[:, :, None]
    fallen = np.maximum(discount * present - same @ discount, 0)
    largest_first = -np.sort(-fallen, axis=1)
    losses = np.cumsum(largest_first, axis=1) / np.cumsum(discount)
    return np.asarray(losses.max(axis=1, initial=0.0))
