"""What rounding to one list each left short of a floor, given by the cheapest exchanges."""

import numpy as np

from unsung.rerankers.base import Pool, position_discounts
from unsung.schema import EMPTY

_TINY = 1e-9


def repaired(
    lists: np.ndarray, pool: Pool, value: np.ndarray, owners: np.ndarray, floors: np.ndarray
) -> np.ndarray:
    """Exchange items, one slot of one user at a time, until every floor is met or none more can be.

    Parameters
    ----------
    lists : ndarray of int32, shape (n, k)
        Of the pool's items.
    pool : Pool
    value : ndarray of float64, shape (n, m)
        What a slot of every place is worth.
    owners : ndarray of int32, shape (n_items,)
        Seller of every item, -1 where it has none.
    floors : ndarray of float64, shape (n_sellers,)
        Discounted exposure over the batch.

    Returns
    -------
    lists : ndarray of int32, shape (n, k)
        No seller that had its floor has lost it.

    Notes
    -----
    A seller who is short gets the slot where its best item for that user costs the least discounted
    value for each unit of exposure that is still short, among slots whose own seller can spare
    them. Each exchange lessens one shortfall and makes no other, so it ends. Time goes with
    exchanges * n * k: it is for the last thousandths, not for the floors as a whole.
    """
    state = _Exposed(lists.copy(), pool, value, owners, floors)
    for seller in np.argsort(state.exposure - floors, kind="stable"):
        while state.short(int(seller)) > _TINY and state.exchange(int(seller)):
            pass
    return state.lists


def values_of(lists: np.ndarray, pool: Pool, value: np.ndarray) -> np.ndarray:
    """What every slot's item is worth to its user: ndarray of float64, shape (n, k); 0 if empty."""
    found = np.zeros(lists.shape)
    for slot in range(lists.shape[1]):
        at = pool.items == lists[:, [slot]]
        place = at.argmax(axis=1)
        there = np.take_along_axis(value, place[:, None], axis=1)[:, 0]
        found[:, slot] = np.where(lists[:, slot] == EMPTY, 0, there)
    return found


class _Exposed:
    """Lists with what each seller has of them."""

    def __init__(
        self,
        lists: np.ndarray,
        pool: Pool,
        value: np.ndarray,
        owners: np.ndarray,
        floors: np.ndarray,
    ) -> None:
        self.lists, self.pool, self.value, self.floors = lists, pool, value, floors
        self.owner_at = np.where(pool.inside, pool.of_item(owners), -1)
        self.discount = position_discounts(lists.shape[1])
        self.held = np.where(lists == EMPTY, -1, owners[lists])
        self.worth = values_of(lists, pool, value)
        known = self.held >= 0
        weights = np.broadcast_to(self.discount, lists.shape)[known]
        self.exposure = np.bincount(self.held[known], weights, minlength=len(floors))

    def short(self, seller: int) -> float:
        """What the seller lacks."""
        return float(self.floors[seller] - self.exposure[seller])

    def exchange(self, seller: int) -> bool:
        """The cheapest exchange for a seller; False where there is none."""
        place = self._best_unlisted(seller)
        spare = np.append(self.exposure - self.floors, np.inf)[self.held]
        possible = (place >= 0)[:, None] & (self.held != seller)
        possible &= (spare >= self.discount - _TINY) & (self.lists != EMPTY)
        if not possible.any():
            return False
        offered = np.take_along_axis(self.value, np.maximum(place, 0)[:, None], axis=1)
        gained = np.minimum(self.discount, self.short(seller))
        cost = np.where(possible, (self.worth - offered) * self.discount / gained, np.inf)
        row, slot = np.unravel_index(int(cost.argmin()), cost.shape)
        if self.held[row, slot] >= 0:
            self.exposure[self.held[row, slot]] -= self.discount[slot]
        self.exposure[seller] += self.discount[slot]
        self.lists[row, slot] = self.pool.items[row, place[row]]
        self.held[row, slot], self.worth[row, slot] = seller, offered[row, 0]
        return True

    def _best_unlisted(self, seller: int) -> np.ndarray:
        """First place of each user with an item of the seller that isn't listed; -1 for none."""
        found = np.full(len(self.lists), -1)
        row, place = np.nonzero(self.owner_at == seller)
        free = (self.lists[row] != self.pool.items[row, place][:, None]).all(axis=1)
        # The last that is written is the first place of its row.
        found[row[free][::-1]] = place[free][::-1]
        return found
