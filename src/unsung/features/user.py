"""What kind of customer a user is: activity, recency, taste for the popular and for the dear."""

from typing import Final

import numpy as np

from unsung.features.history import History

DEFINITIONS: Final = {
    "user.n_items": "Distinct items in the user's history.",
    "user.n_baskets": "Distinct baskets the user bought; distinct times where baskets have no id.",
    "user.days_since_purchase": "Days since the user's last purchase.",
    "user.mean_log_buyers": "Mean of item.log_buyers over the user's history.",
    "user.tail_share": "Share of the user's history in the established tail.",
    "user.mean_price": "Mean price of the items in the user's history.",
}


def user_features(
    history: History,
    n_baskets: np.ndarray,
    of_item: dict[str, np.ndarray],
    *,
    has_clock: bool,
) -> dict[str, np.ndarray]:
    """The family ``user``: arrays of float, shape (n_users,), by name.

    Parameters
    ----------
    history : History
    n_baskets : ndarray of float, shape (n_users,)
    of_item : dict of str to ndarray of float, shape (n_items,)
        ``log_buyers``, ``is_tail`` and ``price``; NaN where not known.
    has_clock : bool
    """
    days = history.since_purchase()
    return {
        "user.n_items": history.count(),
        "user.n_baskets": n_baskets,
        "user.days_since_purchase": days if has_clock else np.full(history.n_users, np.nan),
        "user.mean_log_buyers": history.mean(of_item["log_buyers"]),
        "user.tail_share": history.mean(of_item["is_tail"]),
        "user.mean_price": history.mean(of_item["price"]),
    }
