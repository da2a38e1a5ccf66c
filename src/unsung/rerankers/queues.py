"""Greedy lists out of groups of items: at every slot only the best left of a group can be next."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from unsung.rerankers.base import Pool
from unsung.schema import EMPTY


@dataclass(frozen=True, eq=False)
class Slot:
    """A slot that is to be filled, for all users at once.

    Parameters
    ----------
    rank : int
        From 1.
    counts : ndarray of int32, shape (n, n_groups)
        Items that each group has in the slots above.
    relevance : ndarray of float64, shape (n, n_groups)
        Of each group's best item left; 0 where none is left.
    """

    rank: int
    counts: np.ndarray
    relevance: np.ndarray


def fill_slots(
    pool: Pool, groups: np.ndarray, n_groups: int, k: int, value: Callable[[Slot], np.ndarray]
) -> np.ndarray:
    """Fill slot by slot with the best item left of the group that is worth most there.

    A method whose value of an item depends on nothing but its relevance and its group need not
    look at all items of a pool at every slot: of a group, the first one left is the best.

    Parameters
    ----------
    pool : Pool
    groups : ndarray of int, shape (n_items,)
        Number of each item's group, below ``n_groups``.
    n_groups : int
    k : int
    value : callable of a Slot
        What the best item left of each group is worth there: ndarray of float64, shape
        (n, n_groups); whatever where none is left.

    Returns
    -------
    lists : ndarray of int32, shape (n, k)
        Equal values are settled by the order of the pool.
    """
    queues = first_places(pool, pool.of_item(groups), n_groups, k + 1)
    n, rows = len(pool), np.arange(len(pool))
    counts = np.zeros((n, n_groups), dtype=np.int32)
    places = np.full((n, k), EMPTY, dtype=np.int32)
    every = np.arange(n_groups)[None, :]
    for slot in range(min(k, pool.items.shape[1])):
        heads = queues[rows[:, None], every, counts]
        left = heads != EMPTY
        relevance = np.where(left, pool.relevance[rows[:, None], np.maximum(heads, 0)], 0.0)
        worth = np.where(left, value(Slot(slot + 1, counts, relevance)), -np.inf)
        tied = left & (worth == worth.max(axis=1, keepdims=True))
        group = np.where(tied, heads, np.iinfo(np.int32).max).argmin(axis=1)
        places[:, slot] = heads[rows, group]
        counts[rows, group] += left[rows, group]
    return pool.lists(places)


def first_places(pool: Pool, group: np.ndarray, n_groups: int, depth: int) -> np.ndarray:
    """The first places of every group.

    Parameters
    ----------
    pool : Pool
    group : ndarray of int, shape (n, m)
        Of the item at every place.
    n_groups, depth : int

    Returns
    -------
    places : ndarray of int32, shape (n, n_groups, depth)
        ``EMPTY`` where the group has too few items.
    """
    places = np.full((len(pool), n_groups, depth), EMPTY, dtype=np.int32)
    for number in range(n_groups):
        member = (group == number) & pool.inside
        order = np.cumsum(member, axis=1)
        row, place = np.nonzero(member & (order <= depth))
        places[row, number, order[row, place] - 1] = place
    return places
