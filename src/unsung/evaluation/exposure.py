"""What the lists show, whatever users wanted: breadth, popularity, shares of slots.

All functions take lists already cut to the k slots that are judged.
"""

import numpy as np

from unsung.popularity.concentration import gini
from unsung.statistics.summary import ratio_or_nan, summarise


def exposure_counts(lists: np.ndarray, n_items: int) -> np.ndarray:
    """Number of lists that each item stands in.

    Parameters
    ----------
    lists : ndarray of int32, shape (n_users, k)
        -1 = empty slot.
    n_items : int
        Size of the catalogue.

    Returns
    -------
    exposure : ndarray of int64, shape (n_items,)
    """
    return np.bincount(lists[lists >= 0], minlength=n_items)


def catalogue_coverage_at_k(exposure: np.ndarray) -> float:
    """Distinct items listed / items of the catalogue; 0 for an empty catalogue.

    One filler slot games it, and it grows with the number of lists: show it beside
    ``effective_items`` (``effective_number`` of the exposure) and that number.

    Parameters
    ----------
    exposure : ndarray of int64, shape (n_items,)

    Returns
    -------
    share : float
        In [0, 1].
    """
    return float(np.count_nonzero(exposure) / max(len(exposure), 1))


def exposure_gini(exposure: np.ndarray) -> float:
    """Gini coefficient of exposure over the whole catalogue, items never shown included.

    Parameters
    ----------
    exposure : ndarray of int64, shape (n_items,)

    Returns
    -------
    gini : float
        0 where all items are shown equally often, (n_items - 1) / n_items where one has all
        slots; NaN where nothing is shown. Higher is more concentrated.

    Examples
    --------
    >>> exposure_gini(np.array([0, 0, 0, 8]))
    0.75
    """
    return gini(exposure) if exposure.any() else float("nan")


def owner_metrics(exposure: np.ndarray, owners: np.ndarray, kind: str) -> dict[str, float]:
    """How many sellers or brands the lists reach, and how unevenly.

    Parameters
    ----------
    exposure : ndarray of int64, shape (n_items,)
    owners : ndarray of int, shape (n_items,)
        Number of each item's owner, -1 where it has none.
    kind : str
        ``sellers`` or ``brands``, which begins the names.

    Returns
    -------
    metrics : dict of str to float
        ``{kind}_shown``, ``{kind}_shown_share`` and ``{kind}_gini``; empty where no item has one.

    Examples
    --------
    >>> owner_metrics(np.array([3, 1, 0, 5]), np.array([0, 0, 1, -1]), "brands")
    {'brands_shown': 1.0, 'brands_shown_share': 0.5, 'brands_gini': 0.5}
    """
    known = owners >= 0
    if not known.any():
        return {}
    held = np.bincount(owners[known], exposure[known])[np.unique(owners[known])]
    shown = float((held > 0).sum())
    return {
        f"{kind}_shown": shown,
        f"{kind}_shown_share": shown / len(held),
        f"{kind}_gini": exposure_gini(held),
    }


def arp(lists: np.ndarray, buyers: np.ndarray) -> np.ndarray:
    """Mean popularity of each user's listed items; its mean over users is ARP.

    Parameters
    ----------
    lists : ndarray of int32, shape (n_users, k)
    buyers : ndarray of int64, shape (n_items,)
        Distinct buyers in training, never in the test window.

    Returns
    -------
    values : ndarray of float64, shape (n_users,)
        NaN for an empty list.

    References
    ----------
    Yin et al. (2012), doi:10.14778/2311906.2311916
    """
    return _mean_in_list(lists, buyers)


def novelty(lists: np.ndarray, buyers: np.ndarray, n_training_users: int) -> np.ndarray:
    """Mean surprise of each user's listed items: -log2 of the share of users who bought them.

    The share is smoothed to (buyers + 1) / (users + 1): a bought-by-all item has novelty 0, an
    item without a buyer log2(users + 1).

    Parameters
    ----------
    lists : ndarray of int32, shape (n_users, k)
    buyers : ndarray of int64, shape (n_items,)
        Distinct buyers in training.
    n_training_users : int
        Users that ``buyers`` was counted over.

    Returns
    -------
    values : ndarray of float64, shape (n_users,)
        Bits, in [0, log2(n_training_users + 1)]; NaN for an empty list.

    References
    ----------
    Vargas & Castells (2011), doi:10.1145/2043932.2043955
    """
    return _mean_in_list(lists, -np.log2((buyers + 1) / (n_training_users + 1)))


def aplt(lists: np.ndarray, subset: np.ndarray) -> np.ndarray:
    """Share of each user's listed items that lie in the subset; its mean over users is APLT.

    Parameters
    ----------
    lists : ndarray of int32, shape (n_users, k)
    subset : ndarray of bool, shape (n_items,)
        Such as the established tail.

    Returns
    -------
    values : ndarray of float64, shape (n_users,)
        In [0, 1], over the filled slots; NaN for an empty list.

    References
    ----------
    Abdollahpouri, Burke & Mobasher (2019), arXiv:1901.07555

    Examples
    --------
    >>> aplt(np.array([[0, 1], [1, -1]]), np.array([False, True]))
    array([0.5, 1. ])
    """
    return _mean_in_list(lists, subset)


def aclt(lists: np.ndarray, subset: np.ndarray) -> np.ndarray:
    """Number of each user's listed items that lie in the subset; its mean over users is ACLT.

    Parameters and reference as in ``aplt``; 0 for an empty list.
    """
    return _sum_in_list(lists, subset)


def slots(lists: np.ndarray) -> np.ndarray:
    """Items of all filled slots, one list after the other, ndarray of int32."""
    return lists[lists >= 0]


def share_in(item_index: np.ndarray, subset: np.ndarray) -> float:
    """Share of slots (or hits, or targets) that lie in a part of the catalogue.

    Parameters
    ----------
    item_index : ndarray of int32, shape (n,)
        An item for each slot; see ``slots``.
    subset : ndarray of bool, shape (n_items,)
        A segment, or a popularity band.

    Returns
    -------
    share : float
        In [0, 1]; NaN where n = 0.

    Examples
    --------
    Two of the three tail slots lie in band 1, just under the head:

    >>> bands = np.array([0, 1, 1, 2])
    >>> in_tail = np.array([False, True, True, True])
    >>> shown = slots(np.array([[0, 1], [2, 3]]))
    >>> round(share_in(shown[in_tail[shown]], bands == 1), 2)
    0.67
    """
    return summarise(subset[item_index]).mean


def _sum_in_list(lists: np.ndarray, values: np.ndarray) -> np.ndarray:
    total = np.zeros(len(lists))
    # Slot by slot: users x k floats at once would be the largest array of an evaluation.
    for slot in lists.T:
        filled = slot >= 0
        total[filled] += values[slot[filled]]
    return total


def _mean_in_list(lists: np.ndarray, values: np.ndarray) -> np.ndarray:
    return ratio_or_nan(_sum_in_list(lists, values), np.count_nonzero(lists >= 0, axis=1))
