"""Each user's distinct items in order, and the shop cut at a place in every sequence."""

from dataclasses import dataclass, fields, replace

import numpy as np

from unsung.data.dataset import Dataset
from unsung.data.interactions import Interactions, pair_up
from unsung.data.targets import pair_keys


@dataclass(frozen=True, eq=False)
class Sequences:
    """Where each row stands in its user's sequence of distinct items, and where to cut.

    Parameters
    ----------
    position : ndarray of int64, shape (n_rows,)
        Place of the row's item in the sequence, from 0; -1 for rows that make no interaction.
    validation, test : ndarray of int64, shape (n_users,)
        Places of the items to leave out: the last bought item (test) and the bought item before
        it (validation). Past every place for users whose sequence is too short.
    n_short_users : int
        Users with a sequence that is too short: nothing would stay before the validation item.
    """

    position: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    n_short_users: int

    @classmethod
    def of(cls, dataset: Dataset) -> "Sequences":
        """The sequences of a shop's users, each item at its latest interaction."""
        rows = dataset.interactions
        pairs = pair_up(rows, dataset.n_users, dataset.n_items, None)
        user, n_pairs = pairs.user_index(), np.diff(pairs.indptr)
        place = np.arange(len(pairs)) - pairs.indptr[user]
        test = np.full(dataset.n_users, -1)
        np.maximum.at(test, user[pairs.bought], place[pairs.bought])
        earlier = pairs.bought & (place < test[user])
        validation = np.full(dataset.n_users, -1)
        np.maximum.at(validation, user[earlier], place[earlier])
        short = validation < 1
        test[short] = validation[short] = np.iinfo(np.int64).max
        keys = pair_keys(user, pairs.item_index)
        order = np.argsort(keys)
        wanted = pair_keys(rows.user_index, rows.item_index)
        at = np.searchsorted(keys[order], wanted)
        known = np.isin(wanted, keys)
        position = np.full(len(rows), -1)
        position[known] = place[order][at[known]]
        return cls(position, validation, test, int((short & (n_pairs > 0)).sum()))

    def cut(self, dataset: Dataset, bound: np.ndarray) -> Dataset:
        """The shop with what stands before a place in each user's sequence.

        Times become places, the users' reviews of items from that place on go, and so do
        exposures, which mean nothing without the clock.
        """
        rows, reviews = dataset.interactions, dataset.reviews
        kept = (self.position >= 0) & (self.position < bound[rows.user_index])
        columns = {f.name: getattr(rows, f.name)[kept] for f in fields(rows)}
        columns["timestamp"] = self.position[kept]
        out = self.position >= bound[rows.user_index]
        of_out = np.isin(
            pair_keys(reviews["user_index"].to_numpy(), reviews["item_index"].to_numpy()),
            pair_keys(rows.user_index[out], rows.item_index[out]),
        )
        return replace(
            dataset,
            interactions=Interactions.from_columns(**columns),
            reviews=reviews[~of_out],
            exposures=None,
            has_clock=False,
        )
