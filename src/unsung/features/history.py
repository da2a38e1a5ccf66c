"""The histories of a batch of users, laid end to end."""

from dataclasses import dataclass

import numpy as np

from unsung.data.state import ShopState


@dataclass(frozen=True, eq=False)
class History:
    """One entry a user and item; all arrays but ``n_users`` of shape (n_entries,).

    Parameters
    ----------
    n_users : int
        Users of the batch, those without a history included.
    row : ndarray of int64
        Which user of the batch.
    item : ndarray of int32
    value : ndarray of float32
        As in ``Pairs``.
    age : ndarray of float32
        Days before the state's moment, or steps where only order is known.
    bought_age : ndarray of float32
        The same of the last purchase; infinite where there was none.
    """

    n_users: int
    row: np.ndarray
    item: np.ndarray
    value: np.ndarray
    age: np.ndarray
    bought_age: np.ndarray

    def count(self) -> np.ndarray:
        """Items in each history: ndarray of int64, shape (n_users,)."""
        return np.bincount(self.row, minlength=self.n_users)

    def count_by(self, group: np.ndarray, n_groups: int) -> np.ndarray:
        """Items of each group in each history.

        Parameters
        ----------
        group : ndarray of int, shape (n_items,)
            From 0 to ``n_groups`` - 1.
        n_groups : int

        Returns
        -------
        counts : ndarray of int64, shape (n_users, n_groups)
        """
        cells = self.row * n_groups + group[self.item]
        counts: np.ndarray = np.bincount(cells, minlength=self.n_users * n_groups)
        return counts.reshape(self.n_users, n_groups)

    def mean(self, of_item: np.ndarray) -> np.ndarray:
        """Mean over each history of a number that its items have.

        Parameters
        ----------
        of_item : ndarray of float, shape (n_items,)
            NaN where not known; such items are left out.

        Returns
        -------
        mean : ndarray of float64, shape (n_users,)
            NaN where nothing is known.
        """
        numbers = of_item[self.item]
        known = ~np.isnan(numbers)
        total = np.bincount(self.row[known], numbers[known], self.n_users)
        return divide(total, np.bincount(self.row[known], minlength=self.n_users))

    def since_purchase(self) -> np.ndarray:
        """Age of each user's latest purchase: float32, shape (n_users,); NaN for none."""
        least = np.full(self.n_users, np.inf, dtype=np.float32)
        np.minimum.at(least, self.row, self.bought_age)
        return np.where(np.isinf(least), np.float32(np.nan), least)


def histories_of(state: ShopState, users: np.ndarray) -> History:
    """Histories of users, in their order; a user may be asked for twice, or not be known.

    Parameters
    ----------
    state : ShopState
    users : ndarray of int, shape (n,)
        -1 for a user without a history.
    """
    pairs = state.pairs
    known = (users >= 0) & (users < len(pairs.indptr) - 1)
    inside = np.where(known, users, 0)
    length = np.where(known, np.diff(pairs.indptr, append=0)[inside], 0)
    row = np.repeat(np.arange(len(users)), length)
    shift = pairs.indptr[inside] - (np.cumsum(length) - length)
    entry = np.arange(len(row)) + shift[row]
    return History(
        len(users),
        row,
        pairs.item_index[entry],
        pairs.value[entry],
        pairs.age[entry],
        pairs.bought_age[entry],
    )


def divide(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """``above / below`` as ndarray of float64; NaN where ``below`` is zero or not known."""
    quotient = np.full(np.shape(above), np.nan)
    np.divide(above, below, out=quotient, where=np.abs(below) > 0)
    return quotient
