"""A user's tastes in words."""

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
