"""The user-item pairs that a split asks for."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from unsung.data.interactions import Interactions


@dataclass(frozen=True, eq=False)
class Targets:
    """Distinct user-item pairs among target rows, in the order of their indices.

    Parameters
    ----------
    user, item : ndarray of int32, shape (n,)
    money : ndarray of float32, shape (n,)
        What the purchases of the pair came to, where their price is known; else 1. A purchase
        without a quantity is of one piece.
    """

    user: np.ndarray
    item: np.ndarray
    money: np.ndarray

    @classmethod
    def of(cls, rows: Interactions) -> "Targets":
        """The pairs of the target events among ``rows``."""
        rows = rows.take(rows.is_target)
        keys, inverse = np.unique(pair_keys(rows.user_index, rows.item_index), return_inverse=True)
        paid = rows.price.astype(np.float64) * np.where(np.isnan(rows.quantity), 1, rows.quantity)
        known = ~np.isnan(paid)
        money = np.bincount(inverse[known], paid[known], len(keys))
        money[np.bincount(inverse[known], minlength=len(keys)) == 0] = 1
        user, item = (keys >> 32).astype(np.int32), (keys & 0xFFFFFFFF).astype(np.int32)
        return cls(user, item, money.astype(np.float32))

    def take(self, mask: np.ndarray) -> "Targets":
        """The pairs of a mask."""
        return Targets(self.user[mask], self.item[mask], self.money[mask])

    def matrices(self, users: np.ndarray, n_items: int) -> tuple[sp.csr_array, sp.csr_array]:
        """What was bought (1) and what it came to, at the same places.

        Parameters
        ----------
        users : ndarray of int32, shape (n,)
            The rows: all users of the pairs, ascending.
        n_items : int

        Returns
        -------
        targets, values : csr_array of float32, shape (n, n_items)
        """
        indptr = np.searchsorted(self.user, users)
        indptr = np.append(indptr, len(self.user)).astype(np.int64)
        shape = (len(users), n_items)
        ones = np.ones(len(self.item), np.float32)
        return (
            sp.csr_array((ones, self.item, indptr), shape=shape),
            sp.csr_array((self.money, self.item.copy(), indptr.copy()), shape=shape),
        )


def pair_keys(user: np.ndarray, item: np.ndarray) -> np.ndarray:
    """One number for each user-item pair, ndarray of int64; they order by user, then item.

    Examples
    --------
    >>> pair_keys(np.array([0, 1]), np.array([7, 7])).tolist()
    [7, 4294967303]
    """
    keys: np.ndarray = (user.astype(np.int64) << 32) + item
    return keys
