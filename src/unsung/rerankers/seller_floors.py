"""Floors for sellers: every seller's items are lifted by the price of the seller's exposure."""

from typing import Literal

import numpy as np

from unsung.errors import InputError
from unsung.rerankers.base import ItemFacts, OwnerKind, Pool, best_places, checked_strength
from unsung.settings import Settings


class SellerFloorSettings(Settings):
    """Who has a floor, and what exposure is paid with."""

    kind: Literal["seller_floors"] = "seller_floors"
    name: str = "seller_floors"
    owner: OwnerKind = "seller"
    """Sellers, or the brands of a shop that sells by itself."""
    scale: Literal["relevance", "share"] = "share"
    """As in ``SegmentWeightSettings``: ``share`` costs the least NDCG."""


class SellerFloors:
    """Sorts by relevance + strength * the price of the item's seller.

    Prices are found for a batch by ``solve_floors`` or along the traffic by ``OnlinePrices``. At
    strength 1 they are what was found; 0 ignores them.

    Parameters
    ----------
    settings : SellerFloorSettings, optional
    prices : ndarray of float64, shape (n_sellers,), optional
        In the unit of the scale, at least 0; none where not given.

    Notes
    -----
    As in ``SegmentWeight``, no other lists keep more relevance and give as much priced exposure;
    more strength never lowers a list's priced exposure. Prices of one window meet the floors of
    the next as far as its traffic is like it: ``OnlinePrices`` goes on learning.
    """

    strengths = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0)

    def __init__(
        self, settings: SellerFloorSettings | None = None, prices: np.ndarray | None = None
    ) -> None:
        self.settings = settings or SellerFloorSettings()
        self.name = self.settings.name
        self.prices = np.zeros(0) if prices is None else prices

    def rerank(self, pool: Pool, items: ItemFacts, k: int, strength: np.ndarray) -> np.ndarray:
        """The lists at a multiple of the prices.

        Parameters
        ----------
        pool : Pool
        items : ItemFacts
        k : int
        strength : ndarray of float64, shape (n,)
            Factor of the prices; 1 as they were found.

        Raises
        ------
        InputError
            Where the items have no sellers, or a seller has no price.
        """
        owners = items.of_owner(self.settings.owner)
        if len(self.prices) and owners.max(initial=-1) >= len(self.prices):
            raise InputError(
                f"{self.settings.owner} {owners.max()} has no price, there are "
                f"{len(self.prices)}: find prices for this catalogue."
            )
        paid = checked_strength(strength, pool) * pool.of_item(price_of_item(owners, self.prices))
        return pool.lists(best_places(pool, worth(pool, self.settings.scale) + paid, k))


def worth(pool: Pool, scale: Literal["relevance", "share"]) -> np.ndarray:
    """What a slot of every place is worth: ndarray of float64, shape (n, m)."""
    return pool.relevance if scale == "relevance" else pool.shares


def price_of_item(owners: np.ndarray, prices: np.ndarray) -> np.ndarray:
    """The price of every item's owner, 0 without one: ndarray of float64, shape (n_items,)."""
    return np.append(prices, 0.0)[owners] if len(prices) else np.zeros(len(owners))
