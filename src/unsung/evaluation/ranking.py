"""Rank metrics: a number a user from the slots that hit.

Each is NaN for a user without relevant items; means leave these users out.
"""

import numpy as np

from unsung.evaluation.hits import Hits
from unsung.statistics.summary import ratio_or_nan


def hr_at_k(hits: Hits) -> np.ndarray:
    """Hit rate: 1 where at least one of the k slots holds a relevant item, else 0.

    Parameters
    ----------
    hits : Hits

    Returns
    -------
    values : ndarray of float64, shape (n_users,)
        In [0, 1]; NaN for users without relevant items.
    """
    return ratio_or_nan(np.asarray(hits.is_hit.any(axis=1)), hits.n_relevant > 0)


def recall_at_k(hits: Hits) -> np.ndarray:
    """Relevant items in the k slots / all relevant items of the user (not min(k, relevant)).

    Values as in ``hr_at_k``.
    """
    return ratio_or_nan(hits.is_hit.sum(axis=1), hits.n_relevant)


def precision_at_k(hits: Hits) -> np.ndarray:
    """Relevant items in the k slots / k, also where the list is shorter than k.

    Values as in ``hr_at_k``.
    """
    return ratio_or_nan(hits.is_hit.sum(axis=1), hits.k * (hits.n_relevant > 0))


def mrr_at_k(hits: Hits) -> np.ndarray:
    """1 / rank of the first relevant item, 0 where none is in the k slots.

    Values as in ``hr_at_k``.
    """
    reciprocal = (hits.is_hit / np.arange(1, hits.k + 1)).max(axis=1)
    return ratio_or_nan(reciprocal, hits.n_relevant > 0)


def map_at_k(hits: Hits) -> np.ndarray:
    """Sum of the precisions at the ranks that hit / min(k, relevant items of the user).

    Values as in ``hr_at_k``.
    """
    precision = np.cumsum(hits.is_hit, axis=1) / np.arange(1, hits.k + 1)
    found = np.where(hits.is_hit, precision, 0).sum(axis=1)
    return ratio_or_nan(found, np.minimum(hits.k, hits.n_relevant))


def ndcg_at_k(hits: Hits) -> np.ndarray:
    """Sum of 1 / log2(rank + 1) over the hits / the most that min(k, relevant) hits can reach.

    Gains are 1 whatever a target's value. Values as in ``hr_at_k``.

    References
    ----------
    Järvelin & Kekäläinen (2002), doi:10.1145/582415.582418

    Examples
    --------
    One relevant item, at rank 3: 1 / log2(4).

    >>> import scipy.sparse as sp
    >>> from unsung.evaluation.hits import find_hits
    >>> ndcg_at_k(find_hits(np.array([[7, 8, 0]]), sp.csr_array([[1] + 8 * [0]]), k=3))
    array([0.5])
    """
    discount = 1 / np.log2(np.arange(2, hits.k + 2))
    ideal = np.concatenate([[0], np.cumsum(discount)])
    return ratio_or_nan(hits.is_hit @ discount, ideal[np.minimum(hits.k, hits.n_relevant)])


def tail_ndcg_at_k(hits: Hits, subset: np.ndarray) -> np.ndarray:
    """NDCG judged by the relevant items in a part of the catalogue, such as the tail.

    The ideal is over the part's relevant items only; the list is unchanged, so a hit outside the
    part counts nothing and still takes its slot. Users who want nothing of the part are NaN; in
    leave-one-out the mean is therefore over the cases whose target is in the part.

    Parameters
    ----------
    hits : Hits
    subset : ndarray of bool, shape (n_items,)

    Returns
    -------
    values : ndarray of float64, shape (n_users,)
    """
    return ndcg_at_k(hits.within(subset))


def value_at_k(hits: Hits) -> np.ndarray:
    """Summed value of the relevant items in the k slots, in the unit of the targets' values.

    Values as in ``hr_at_k``, but from 0 up without a limit.
    """
    return ratio_or_nan(hits.value.sum(axis=1), hits.n_relevant > 0)


def captured_value_at_k(hits: Hits) -> float:
    """Value of the hits of all users / value of all their relevant items.

    A ratio of sums, so users who spend more weigh more. For a paired test use ``value_at_k``.

    Returns
    -------
    share : float
        In [0, 1]; NaN where nothing is relevant.
    """
    total = float(hits.relevant.data.sum())
    return float(hits.value.sum()) / total if total else float("nan")


RANK_METRICS = {
    "hr_at_k": hr_at_k,
    "recall_at_k": recall_at_k,
    "precision_at_k": precision_at_k,
    "ndcg_at_k": ndcg_at_k,
    "mrr_at_k": mrr_at_k,
    "map_at_k": map_at_k,
}
"""Name -> function of the metrics in [0, 1] that every cut is given in."""
