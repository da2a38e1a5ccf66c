"""Which slots of the lists hold something that the user wanted."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from unsung.errors import InputError

# Users looked up at once, so that the 64-bit keys of their slots stay small in memory.
BATCH_USERS = 32_768


@dataclass(frozen=True, eq=False)
class Hits:
    """Lists of k slots beside what each user turned out to want: what rank metrics are made of.

    Made by ``find_hits``, which checks both.

    Parameters
    ----------
    lists : ndarray of int32, shape (n_users, k)
        Item indices, best first; -1 = empty slot, at the end only.
    value : ndarray of float64, shape (n_users, k)
        Value of the relevant item in the slot; 0 where the slot holds none.
    relevant : csr_array of float64, shape (n_users, n_items)
        Values of the relevant items, all above 0.
    """

    lists: np.ndarray
    value: np.ndarray
    relevant: sp.csr_array

    @property
    def k(self) -> int:
        """Number of slots that are judged."""
        return int(self.lists.shape[1])

    @property
    def is_hit(self) -> np.ndarray:
        """Whether the slot holds a relevant item, ndarray of bool, shape (n_users, k)."""
        return np.asarray(self.value > 0)

    @cached_property
    def n_relevant(self) -> np.ndarray:
        """Relevant items of each user, listed or not, ndarray of int64, shape (n_users,)."""
        return np.diff(np.asarray(self.relevant.indptr, dtype=np.int64))

    def within(self, subset: np.ndarray) -> "Hits":
        """The same lists, judged only by the relevant items in a part of the catalogue.

        Parameters
        ----------
        subset : ndarray of bool, shape (n_items,)
            Items that still count as relevant. What lies outside stays in its slot and is no hit.

        Returns
        -------
        hits : Hits
        """
        if not len(subset):
            return self
        kept = subset[self.relevant.indices]
        starts = np.concatenate([[0], np.cumsum(kept)])[self.relevant.indptr]
        parts = (self.relevant.data[kept], self.relevant.indices[kept], starts)
        return Hits(
            lists=self.lists,
            value=np.where(subset[self.lists], self.value, 0),
            relevant=sp.csr_array(parts, shape=self.relevant.shape),
        )


def find_hits(lists: np.ndarray, targets: sp.csr_array, k: int) -> Hits:
    """Look up every listed item among its user's relevant items.

    Parameters
    ----------
    lists : ndarray of int32, shape (n_users, n_slots)
        Item indices, best first; -1 = empty slot, at the end only. Slots after the k-th are
        ignored; where n_slots < k the missing ones count as empty.
    targets : csr_array of bool or float, shape (n_users, n_items)
        What the user turned out to want. An item is relevant where the stored value is above 0;
        rank metrics don't look at the value, captured value does (price, margin). Leave-one-out
        has one item a row.
    k : int
        Slots that are judged, >= 1.

    Returns
    -------
    hits : Hits

    Raises
    ------
    InputError
        Where shapes differ, an index is out of range, a list names an item twice or has a gap, or
        a target is negative or not finite.

    Notes
    -----
    Memory goes with n_users * k and the number of targets; no users x items matrix is made.

    Examples
    --------
    >>> targets = sp.csr_array([[0, 1, 1, 0], [0, 0, 0, 1]])
    >>> find_hits(np.array([[2, 0], [1, -1]]), targets, k=2).is_hit
    array([[ True, False],
           [False, False]])
    """
    if k < 1:
        raise InputError(f"k is {k}: judge at least one slot.")
    relevant = _check_targets(targets)
    top = _check_lists(lists, relevant.shape, k)
    value = np.zeros(top.shape)
    for start in range(0, len(top), BATCH_USERS):
        rows = slice(start, start + BATCH_USERS)
        value[rows] = _values_at(top[rows], relevant[rows])
    return Hits(top, value, relevant)


def _check_targets(targets: sp.csr_array) -> sp.csr_array:
    relevant = sp.csr_array(targets, copy=True)
    relevant.sum_duplicates()
    relevant = relevant.astype(np.float64)
    if not (np.isfinite(relevant.data) & (relevant.data >= 0)).all():
        raise InputError("a target is below zero or not finite: give each its value, or True.")
    relevant.eliminate_zeros()
    return relevant


def _check_lists(lists: np.ndarray, shape: tuple[int, int], k: int) -> np.ndarray:
    n_users, n_items = shape
    if lists.ndim != 2 or len(lists) != n_users or not np.issubdtype(lists.dtype, np.integer):
        raise InputError(
            f"lists are {lists.dtype} of shape {lists.shape}: give integers of shape"
            f" ({n_users}, k), a row for each row of the targets."
        )
    missing = max(0, k - lists.shape[1])
    top = np.pad(lists[:, :k].astype(np.int64), ((0, 0), (0, missing)), constant_values=-1)
    in_order = np.sort(top, axis=1)
    faults = {
        f"an item outside 0 to {n_items - 1}": ((top < -1) | (top >= n_items)).any(axis=1),
        "an empty slot before a filled one": ((top[:, :-1] < 0) & (top[:, 1:] >= 0)).any(axis=1),
        "the same item twice": ((np.diff(in_order) == 0) & (in_order[:, 1:] >= 0)).any(axis=1),
    }
    for fault, rows in faults.items():
        if rows.any():
            raise InputError(f"list {int(np.argmax(rows))} (from 0) has {fault}: mend the lists.")
    return top.astype(np.int32)


def _values_at(lists: np.ndarray, relevant: sp.csr_array) -> np.ndarray:
    n_users, n_items = relevant.shape
    users = np.arange(n_users, dtype=np.int64)
    # One number for each (user, item): those of the targets are sorted as CSR stores them.
    wanted = np.repeat(users, np.diff(relevant.indptr)) * n_items + relevant.indices
    listed = users[:, None] * n_items + lists
    # The last entry is a sentinel, so that every search ends inside the array.
    place = np.searchsorted(wanted, listed)
    found = np.append(wanted, -1)[place] == listed
    return np.where(found & (lists >= 0), np.append(relevant.data, 0)[place], 0)
