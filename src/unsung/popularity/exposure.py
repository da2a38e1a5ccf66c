"""How often each item was shown."""

import numpy as np


def impressions_per_item(item_index: np.ndarray, n_items: int) -> np.ndarray:
    """How often every item stood in a shown list: ndarray of int64, shape (n_items,).

    Parameters
    ----------
    item_index : ndarray of int, shape (n_slots,)
        Item of every shown slot; below 0 = not in the catalogue, not counted.
    n_items : int
    """
    return np.bincount(item_index[item_index >= 0], minlength=n_items).astype(np.int64)


def attention_per_item(item_index: np.ndarray, rank: np.ndarray, n_items: int) -> np.ndarray:
    """Impressions of every item, each discounted by where in the list it stood.

    Parameters
    ----------
    item_index : ndarray of int, shape (n_slots,)
        Item of every shown slot; below 0 = not in the catalogue, not counted.
    rank : ndarray of float, shape (n_slots,)
        1 = the first place; a slot whose rank is not known (NaN) counts as a first place.
    n_items : int

    Returns
    -------
    attention : ndarray of float64, shape (n_items,)
        Sum of 1 / log2(1 + rank).

    References
    ----------
    .. [1] A. Singh, T. Joachims (2018), "Fairness of Exposure in Rankings", arXiv:1802.07281.

    Examples
    --------
    >>> attention_per_item(np.array([0, 1, 1]), np.array([1.0, 3.0, 3.0]), 3).tolist()
    [1.0, 1.0, 0.0]
    """
    known = item_index >= 0
    place = np.maximum(np.nan_to_num(rank[known], nan=1.0), 1.0)
    return np.bincount(item_index[known], 1 / np.log2(1 + place), minlength=n_items)


def equal_share(impressions: np.ndarray, listed: np.ndarray) -> float:
    """Impressions that each listed item would have if all were shown equally often."""
    return float(impressions[listed].sum() / max(int(listed.sum()), 1))


def little_shown(impressions: np.ndarray, listed: np.ndarray, ratio: float) -> np.ndarray:
    """Listed items with at least one impression, but fewer than ``ratio`` of an equal share.

    Returns
    -------
    little : ndarray of bool, shape (n_items,)

    Examples
    --------
    >>> shown = np.array([0, 1, 40, 59])
    >>> little_shown(shown, np.ones(4, dtype=bool), 0.1).tolist()
    [False, True, False, False]
    """
    below = impressions < ratio * equal_share(impressions, listed)
    return np.asarray(listed & (impressions > 0) & below)
