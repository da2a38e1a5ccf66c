"""A split that makes items cold: their interactions are taken away, and are to be predicted."""

from dataclasses import replace
from typing import Final, Literal

import numpy as np

from unsung.data.dataset import Dataset
from unsung.data.splits import LeaveOneOutSplit, SplitCounts
from unsung.data.targets import Targets
from unsung.errors import InputError, NotEnoughDataError

SHARE: Final = 0.1
"""Share of the items with buyers that each part makes cold."""


def split_cold_items(
    dataset: Dataset,
    *,
    holdout: Literal["validation", "test"] = "test",
    share: float = SHARE,
    seed: int = 0,
) -> LeaveOneOutSplit:
    """Take every interaction with some items away, and ask who took them.

    Parameters
    ----------
    dataset : Dataset
        Whose items are described apart from their sales.
    holdout : {"validation", "test"}
        Choose settings on ``validation``, whose items are others, and look at ``test`` once. While
        settings are chosen the items of both parts are cold.
    share : float
        Of the items with buyers, above 0 and at most .5.
    seed : int
        Draws the items.

    Returns
    -------
    split : LeaveOneOutSplit
        Each user's targets are the cold items of the part that they took, one or more. Users
        without any other item are left out and counted.

    Raises
    ------
    InputError
        Where the catalogue is derived from orders, so that an item without orders has no text.
    NotEnoughDataError
        Where there are too few items to draw from.

    Notes
    -----
    Users' histories are whole but for the cold items, later ones included: the question is whether
    text finds the right users for an item, not what a day knows.
    """
    if dataset.catalogue_is_derived:
        raise InputError(
            "the items are known from orders alone, so an item without orders has no text: the "
            "protocol cold-items needs a catalogue file."
        )
    in_part, cold = _drawn(dataset, holdout, share, seed)
    rows, reviews = dataset.interactions, dataset.reviews
    train = replace(
        dataset,
        interactions=rows.take(~cold[rows.item_index]),
        reviews=reviews[~cold[reviews["item_index"].to_numpy(dtype=np.int64)]],
        exposures=None,
    )
    state = train.as_of()
    found = Targets.of(rows.take(in_part[rows.item_index]))
    known = np.bincount(train.interactions.user_index, minlength=dataset.n_users) > 0
    kept = found.take(known[found.user])
    users = np.unique(kept.user)
    counts = SplitCounts(
        n_train_rows=len(train.interactions),
        n_test_rows=int(in_part[rows.item_index].sum()),
        n_unused_rows=int((cold & ~in_part)[rows.item_index].sum()),
        n_users_without_history=len(np.unique(found.user)) - len(users),
        n_targets_without_history=len(found.user) - len(kept.user),
        n_users_with_repeats_only=0,
        n_repeat_targets=0,
        n_cold_targets=len(kept.user),
        n_unlisted_targets=int((~state.listed[kept.item]).sum()),
    )
    return LeaveOneOutSplit(train, state, users, *kept.matrices(users, dataset.n_items), counts)


def _drawn(
    dataset: Dataset, holdout: str, share: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Items of the part, and all that are cold: two ndarray of bool, shape (n_items,)."""
    rows = dataset.interactions
    sold = np.unique(rows.item_index[rows.is_target])
    each = int(len(sold) * share)
    if not each:
        raise NotEnoughDataError(
            f"{len(sold)} items with buyers are too few to make a share of {share:g} of them cold."
        )
    drawn = np.random.default_rng(seed).permutation(sold)
    parts = {"test": drawn[:each], "validation": drawn[each : 2 * each]}
    in_part = np.zeros(dataset.n_items, dtype=bool)
    in_part[parts[holdout]] = True
    cold = in_part.copy()
    cold[parts["test"]] = True
    return in_part, cold
