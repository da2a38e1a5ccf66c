"""A user's tastes in words, and how fast similarity loses its worth."""

from collections.abc import Sequence

import numpy as np

from unsung.data.state import ShopState


def profile_texts(
    state: ShopState, titles: Sequence[str], users: np.ndarray, n_recent: int = 10
) -> list[str]:
    """Write each user's history as a text: the titles of the latest items, newest first.

    Items that were taken back (a pair of value 0) say nothing.

    Parameters
    ----------
    state : ShopState
    titles : sequence of str, length n_items
        Titles of the items, such as ``Documents.titles``.
    users : ndarray of int32, shape (n,)
    n_recent : int
        How many items go in.

    Returns
    -------
    texts : list of str, length n
        Empty for a user without a history.
    """
    pairs = state.pairs
    texts = []
    for user in users:
        entries = pairs.of_user(int(user))
        kept = pairs.item_index[entries][pairs.value[entries] > 0]
        texts.append("; ".join(titles[item] for item in kept[::-1][:n_recent] if titles[item]))
    return texts


def kernel(cosine: np.ndarray, temperature: float) -> np.ndarray:
    """Turn cosines into weights that fall off exponentially: exp((cosine - 1) / temperature).

    Parameters
    ----------
    cosine : ndarray of float32
        Dot products of rows of length 1, -1..1.
    temperature : float
        Above 0; the smaller, the more only the nearest count.

    Returns
    -------
    weights : ndarray of float32, same shape
        Above 0, and 1 where the cosine is 1.

    Examples
    --------
    >>> kernel(np.array([1.0, 0.8], dtype=np.float32), 0.2).round(3)
    array([1.   , 0.368], dtype=float32)
    """
    weights: np.ndarray = np.exp((cosine - np.float32(1)) / np.float32(temperature))
    return weights
