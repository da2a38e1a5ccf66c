"""Groups of customers that a dial must not make pay for the others."""

import numpy as np

from unsung.data.state import ShopState
from unsung.schema import DAY_US
from unsung.workflows.windows import users_with_history

NEW_DAYS = 60
"""Days since the first interaction up to which a customer is new."""


def user_groups(state: ShopState, users: np.ndarray) -> dict[str, np.ndarray]:
    """Who is in which group, as of the state's moment.

    Parameters
    ----------
    state : ShopState
    users : ndarray of int32, shape (n,)

    Returns
    -------
    groups : dict of str to ndarray of bool, shape (n,)
        The third of all customers with the shortest histories, by a name that says how short; and
        new customers, where there is a clock.
    """
    everybody = np.diff(state.pairs.indptr)
    # Users who came after the state was made have no history.
    counts = np.where(users < len(everybody), everybody[np.minimum(users, len(everybody) - 1)], 0)
    known = everybody[users_with_history(state)]
    few = int(np.quantile(known, 1 / 3)) if len(known) else 0
    groups = {f"customers with at most {few} item{'s' * (few != 1)}": counts <= few}
    if state.as_of is not None:
        first = np.full(state.n_users, state.as_of, dtype=np.int64)
        np.minimum.at(first, state.interactions.user_index, state.interactions.timestamp)
        age = state.as_of - first[np.minimum(users, state.n_users - 1)]
        groups[f"customers who came in the last {NEW_DAYS} days"] = age < NEW_DAYS * DAY_US
    return groups
