"""Floors for sellers along the traffic: prices that follow what each seller is still owed."""

import numpy as np
from pydantic import Field

from unsung.rerankers.base import ItemFacts, Pool, best_places, position_discounts
from unsung.rerankers.seller_floors import SellerFloorSettings, price_of_item, worth
from unsung.schema import EMPTY


class OnlinePriceSettings(SellerFloorSettings):
    """How fast prices follow."""

    step: float = Field(default=0.001, gt=0)
    """What a seller's price rises by for a whole first place that is owed, in the unit of the
    scale. A seller is owed about price / step at any time; a larger step owes less, and costs
    more."""
    ahead: float = Field(default=1.02, ge=1)
    """What is aimed at / the floor, so that the floor itself is met early."""


class OnlinePrices:
    """Serves one user after the other, and holds the sellers' floors over all of them.

    Each list is the best for the user at the prices of the moment. Then every seller is owed the
    floor of one list more and what the list gave less, never below 0, and the price is ``step``
    times what is owed: a subgradient step on the dual of ``solve_floors``. It keeps nothing of
    the users.

    Parameters
    ----------
    rates : ndarray of float64, shape (n_sellers,)
        Discounted exposure that each seller must have of a list, on average.
    settings : OnlinePriceSettings, optional
    prices : ndarray of float64, shape (n_sellers,), optional
        To begin with, such as those of a batch; 0 where not given.

    Attributes
    ----------
    served : int
        Lists so far.
    given : ndarray of float64, shape (n_sellers,)
        Discounted exposure so far.

    Notes
    -----
    What is owed stays below the largest price / step, however long the traffic, so exposure a
    list tends to at least the floor. A floor that no list can meet lets its price rise without
    end: see ``met``.

    References
    ----------
    Xu et al., P-MMF: Provider max-min fairness re-ranking in recommender system, WWW 2023,
    arXiv:2303.06660
    Neely, Stochastic network optimization, 2010, doi:10.2200/S00271ED1V01Y201006CNT007 (virtual
    queues)
    """

    def __init__(
        self,
        rates: np.ndarray,
        settings: OnlinePriceSettings | None = None,
        prices: np.ndarray | None = None,
    ) -> None:
        self.rates, self.settings = rates, settings or OnlinePriceSettings()
        self.served, self.given = 0, np.zeros(len(rates))
        self._owed = np.zeros(len(rates)) if prices is None else prices / self.settings.step

    @property
    def prices(self) -> np.ndarray:
        """Of the moment, for ``SellerFloors``: ndarray of float64, shape (n_sellers,)."""
        return np.asarray(self._owed * self.settings.step)

    @property
    def met(self) -> np.ndarray:
        """Whether each seller has had the floor so far: ndarray of bool, shape (n_sellers,)."""
        return np.asarray(self.given >= self.rates * self.served - 1e-9)

    def serve(self, pool: Pool, items: ItemFacts, k: int) -> np.ndarray:
        """The lists of some users, in this order: ndarray of int32, shape (n, k).

        Raises
        ------
        InputError
            Where the items have no sellers.
        """
        owners, value = items.of_owner(self.settings.owner), worth(pool, self.settings.scale)
        discount, aim = position_discounts(k), self.rates * self.settings.ahead
        lists = np.full((len(pool), k), EMPTY, dtype=np.int32)
        for row in range(len(pool)):
            one = Pool(pool.items[[row]], pool.scores[[row]], pool.relevance[[row]])
            paid = one.of_item(price_of_item(owners, self.prices))
            lists[row] = one.lists(best_places(one, value[[row]] + paid, k))[0]
            owner = np.where(lists[row] == EMPTY, -1, owners[lists[row]])
            given = np.bincount(owner[owner >= 0], discount[owner >= 0], minlength=len(aim))
            self.given += given
            self._owed = np.maximum(self._owed + aim - given, 0)
        self.served += len(pool)
        return lists
