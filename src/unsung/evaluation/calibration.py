"""Whether a list has the head/tail mix that its user has shown to like."""

import numpy as np
import scipy.sparse as sp
from scipy.special import rel_entr

from unsung.statistics.summary import ratio_or_nan


def list_mix(lists: np.ndarray, codes: np.ndarray, n_codes: int) -> np.ndarray:
    """Share of each segment in each user's list.

    Parameters
    ----------
    lists : ndarray of int32, shape (n_users, k)
        -1 = empty slot.
    codes : ndarray of int8, shape (n_items,)
        Segment of each item, 0 to n_codes - 1.
    n_codes : int

    Returns
    -------
    mix : ndarray of float64, shape (n_users, n_codes)
        Rows sum to 1; a row of NaN for an empty list.
    """
    filled = lists >= 0
    user = np.nonzero(filled)[0]
    cells = user * n_codes + codes[lists[filled]]
    counts = np.bincount(cells, minlength=len(lists) * n_codes)
    return _rows_to_shares(counts.reshape(len(lists), n_codes))


def history_mix(history: sp.csr_array, codes: np.ndarray, n_codes: int) -> np.ndarray:
    """Share of each segment in each user's history.

    Parameters
    ----------
    history : csr_array of float or bool, shape (n_users, n_items)
        Weights >= 0 of what the user took before the cut-off.
    codes, n_codes
        As in ``list_mix``.

    Returns
    -------
    mix : ndarray of float64, shape (n_users, n_codes)
        Rows sum to 1; a row of NaN for a user without history.
    """
    ones = np.ones(len(codes))
    membership = sp.csr_array((ones, (np.arange(len(codes)), codes)), shape=(len(codes), n_codes))
    return _rows_to_shares((history.astype(np.float64) @ membership).toarray())


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Jensen-Shannon divergence of two mixes: 0 = the same, 1 = nothing in common.

    Its mean over users, with the mix of the history and of the list, is the deviation from the
    user's own popularity taste (UPD).

    Parameters
    ----------
    p, q : ndarray of float64, shape (n_users, n_codes)
        Rows sum to 1, or are NaN.

    Returns
    -------
    divergence : ndarray of float64, shape (n_users,)
        Bits, in [0, 1]; NaN where either row is.

    References
    ----------
    Abdollahpouri et al. (2021), arXiv:2103.06364

    Examples
    --------
    >>> jensen_shannon(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]))
    array([1.])
    """
    middle = (p + q) / 2
    return _in_bits(rel_entr(p, middle) + rel_entr(q, middle)) / 2


def calibration_kl(p: np.ndarray, q: np.ndarray, alpha: float = 0.01) -> np.ndarray:
    """Kullback-Leibler divergence of the list's mix q from the history's mix p.

    q is smoothed to (1 - alpha) q + alpha p, so that a segment that the list lacks costs much and
    not infinitely much.

    Parameters
    ----------
    p, q : ndarray of float64, shape (n_users, n_codes)
        Rows sum to 1, or are NaN.
    alpha : float
        In (0, 1); .01 as in the paper.

    Returns
    -------
    divergence : ndarray of float64, shape (n_users,)
        Bits, in [0, log2(1 / alpha)]; NaN where either row is.

    References
    ----------
    Steck (2018), doi:10.1145/3240323.3240372
    """
    smoothed = (1 - alpha) * q + alpha * p
    return _in_bits(rel_entr(p, smoothed))


def _in_bits(nats: np.ndarray) -> np.ndarray:
    # A divergence of equal mixes may come out a rounding error below zero.
    return np.asarray(np.maximum(nats.sum(axis=1) / np.log(2), 0))


def _rows_to_shares(counts: np.ndarray) -> np.ndarray:
    return ratio_or_nan(counts, counts.sum(axis=1, keepdims=True))
