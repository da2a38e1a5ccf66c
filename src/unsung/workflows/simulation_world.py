"""What shoppers of a world buy when they are shown lists."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from unsung.data.state import ItemContent, ShopState
from unsung.pipeline.rules import Rules, seen_items
from unsung.rerankers.base import position_discounts
from unsung.schema import EMPTY
from unsung.workflows.simulation_demand import Demand, item_features

BATCH = 512


@dataclass(frozen=True)
class World:
    """How shoppers choose.

    Parameters
    ----------
    title : str
    text_tells : bool
        Whether an item's text has to do with who likes it.
    adds_sales : bool
        Whether a list can make somebody buy who would have bought nothing; else it only moves
        purchases from one item to another.
    popularity_is_quality : bool
        Whether everybody wants what most people have bought, and nothing else.
    """

    title: str
    text_tells: bool = True
    adds_sales: bool = True
    popularity_is_quality: bool = False

    def content(self, content: ItemContent, rng: np.random.Generator) -> ItemContent:
        """The texts that recommenders read: dealt anew among the items where they tell nothing."""
        if self.text_tells:
            return content
        order = rng.permutation(content.terms.shape[0])
        return ItemContent(content.terms[order], content.embeddings[order])


WORLDS: Final[Mapping[str, World]] = MappingProxyType(
    {
        "fitted": World("as the shop's past says"),
        "text_tells_nothing": World("taste has nothing to do with text", text_tells=False),
        "no_added_sales": World("lists add no sales, they only move them", adds_sales=False),
        "popularity_is_quality": World(
            "everybody wants what is popular", popularity_is_quality=True
        ),
    }
)


@dataclass(frozen=True)
class Attention:
    """What it is worth to be shown.

    Parameters
    ----------
    first_slot : float
        How many times likelier an item is chosen in the first slot than without a list, at least
        1. Lower slots have of the gain what they are seen: 1 / log2(rank + 1).
    buys_alone : float
        Probability that a visit without any list ends in a purchase, in (0, 1]; the rest is the
        outside option, from which lists can win. 1 where lists add no sales.
    """

    first_slot: float
    buys_alone: float


@dataclass(frozen=True, eq=False)
class Market:
    """A world with its shoppers.

    Parameters
    ----------
    world : World
    demand : Demand
    attention : Attention
    rules : Rules
        Whether items that a shopper has are bought again.
    first : ShopState
        At the start of the simulation.
    classes : ndarray of int64, shape (n,)
        Class of each shopper.
    """

    world: World
    demand: Demand
    attention: Attention
    rules: Rules
    first: ShopState
    classes: np.ndarray

    def buy(
        self, lists: np.ndarray, state: ShopState, days: float, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """The purchases of a month.

        Parameters
        ----------
        lists : ndarray of int32, shape (n, k)
            What each shopper is shown all month.
        state : ShopState
            At the month's start.
        days : float
            Length of the month.
        rng : Generator
            Draws visits first, then one number a visit: the same for every policy.

        Returns
        -------
        row, item : ndarray of int64, shape (n_purchases,)
        """
        alone = self.attention.buys_alone if self.world.adds_sales else 1.0
        visits = rng.poisson(self.demand.rates * days / alone)
        features = item_features(state, self.demand.groups)
        rows, items = [], []
        for start in range(0, len(visits), BATCH):
            part = slice(start, start + BATCH)
            appeal = self._appeals(state, features, part)
            outside = appeal.sum(axis=1) * (1 - alone) / alone
            shown_to(appeal, lists[part], self.attention.first_slot)
            row, item = _drawn(appeal, outside, visits[part], rng)
            rows.append(row + start)
            items.append(item)
        return np.concatenate(rows), np.concatenate(items)

    def _appeals(self, state: ShopState, features: np.ndarray, rows: slice) -> np.ndarray:
        """How much every item that can be bought draws some shoppers: float64, (n, n_items)."""
        demand = self.demand
        users = demand.users[rows]
        free = self.first.listed & ~seen_items(state, users, self.rules)
        if self.world.popularity_is_quality:
            return np.asarray(free * (self.first.buyers + 0.5))
        tastes, classes = demand.tastes[rows], self.classes[rows]
        return np.asarray(free * demand.model.appeals(features, demand.groups, tastes, classes))


def shown_to(appeal: np.ndarray, lists: np.ndarray, first_slot: float) -> None:
    """Raise the appeal of what is shown, in place.

    Examples
    --------
    >>> appeal = np.ones((1, 3))
    >>> shown_to(appeal, np.array([[2, -1]]), 5.0)
    >>> appeal.tolist()
    [[1.0, 1.0, 5.0]]
    """
    row, slot = np.nonzero(lists != EMPTY)
    gain = 1 + (first_slot - 1) * position_discounts(lists.shape[1])[slot]
    appeal[row, lists[row, slot]] *= gain


def _drawn(
    appeal: np.ndarray, outside: np.ndarray, visits: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Row and item of every visit that ends in a purchase."""
    ends = np.cumsum(appeal, axis=1)
    total = np.maximum(ends[:, -1], 1e-300)
    row = np.repeat(np.arange(len(visits)), visits)
    place = rng.random(len(row)) * (1 + outside / total)[row]
    row, place = row[place < 1], place[place < 1]
    # All rows in one ascending line: row r lies between r and r + 1.
    line = (ends / total[:, None] + np.arange(len(ends))[:, None]).ravel()
    item = np.searchsorted(line, row + place, side="right") - row * appeal.shape[1]
    return row, np.minimum(item, appeal.shape[1] - 1)
