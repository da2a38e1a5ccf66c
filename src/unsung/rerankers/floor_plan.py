"""Floors for sellers over a batch of users: the lists that meet them at the least relevance."""

from dataclasses import dataclass

import highspy
import numpy as np
import scipy.sparse as sp

from unsung.rerankers.base import ItemFacts, Pool, best_places, position_discounts
from unsung.rerankers.floor_repair import repaired, values_of
from unsung.rerankers.online_prices import OnlinePrices, OnlinePriceSettings
from unsung.rerankers.seller_floors import SellerFloorSettings, price_of_item, worth
from unsung.schema import EMPTY

PRICE_LIMIT = 1.0
"""At this price an item stands before all that have none: no floor can ask for more."""
GAP = 5e-4
"""Share of the relevance that the lists may miss of what is proven to be the most."""
ROUNDS = 100


@dataclass(frozen=True, eq=False)
class FloorPlan:
    """Lists with floors for sellers, what they cost, and whether every floor is met.

    Parameters
    ----------
    lists : ndarray of int32, shape (n, k)
    prices : ndarray of float64, shape (n_sellers,)
        What a unit of each seller's exposure costs at the margin, for ``SellerFloors``.
    floors, exposure : ndarray of float64, shape (n_sellers,)
        Discounted exposure over the batch: what is asked, and what the lists give.
    kept : float
        Discounted relevance of the lists / that of the pool's own.
    most : float
        The same of the best lists in whose favour slots may be split between users: no lists that
        meet the floors keep more.
    """

    lists: np.ndarray
    prices: np.ndarray
    floors: np.ndarray
    exposure: np.ndarray
    kept: float
    most: float

    @property
    def met(self) -> np.ndarray:
        """Whether each seller has the floor: ndarray of bool, shape (n_sellers,)."""
        return np.asarray(self.exposure >= self.floors - 1e-9)


def proportional_floors(
    owners: np.ndarray, share: float, exposure: float, weights: np.ndarray | None = None
) -> np.ndarray:
    """A share of each seller's proportional exposure.

    Parameters
    ----------
    owners : ndarray of int32, shape (n_items,)
        Seller of every item, -1 where it has none.
    share : float
        Of the proportional exposure, in [0, 1].
    exposure : float
        All there is: users * summed discounts of a list.
    weights : ndarray of float, shape (n_items,), optional
        What exposure is in proportion to: listed items, each 1, where not given; buyers, say.

    Returns
    -------
    floors : ndarray of float64, shape (n_sellers,)

    Examples
    --------
    >>> proportional_floors(np.array([0, 0, 0, 1, -1]), 0.5, 10.0).tolist()
    [3.0, 1.0]
    """
    known = owners >= 0
    every = np.ones(len(owners)) if weights is None else weights.astype(np.float64)
    held = np.bincount(owners[known], every[known], minlength=int(owners.max(initial=-1)) + 1)
    return np.asarray(share * exposure * held / max(float(every.sum()), 1e-300))


def exposure_of(lists: np.ndarray, owners: np.ndarray, n_owners: int) -> np.ndarray:
    """Discounted exposure that lists give to every seller: ndarray of float64, (n_owners,)."""
    return np.asarray(_exposures(lists, owners, n_owners).sum(axis=0))


def solve_floors(
    pool: Pool,
    items: ItemFacts,
    k: int,
    floors: np.ndarray,
    settings: SellerFloorSettings | None = None,
) -> FloorPlan:
    """The lists that keep most relevance over all users, with every seller's floor.

    Parameters
    ----------
    pool : Pool
    items : ItemFacts
    k : int
    floors : ndarray of float64, shape (n_sellers,)
        Discounted exposure over the batch. What can't be reached in these pools is missed by as
        little as ``PRICE_LIMIT`` is worth.
    settings : SellerFloorSettings, optional

    Returns
    -------
    plan : FloorPlan

    Raises
    ------
    InputError
        Where the items have no sellers.

    Notes
    -----
    A linear program over mixtures of lists, one row for each user and each floor, solved by column
    generation: at the prices of the floors a user's best list is sorted by relevance + price, so
    lists are only made when they pay. Its solution mixes lists of at most as many users as there
    are floors; these get one list each by an integer program over the lists made for them. What is
    still short of a floor is given by exchanges of single slots (``floor_repair``). The dual bound
    says how much any lists could keep at most (``most``).

    Rows grow with the users: for more than some ten thousand, take ``OnlinePrices``.

    References
    ----------
    Singh & Joachims, Fairness of exposure in rankings, KDD 2018, arXiv:1802.07281
    Lübbecke & Desrosiers, Selected topics in column generation, 2005, doi:10.1287/opre.1050.0234
    """
    settings = settings or SellerFloorSettings()
    owners = items.of_owner(settings.owner)
    problem = _Problem(pool, owners, floors, k, worth(pool, settings.scale))
    columns = [problem.lists_at(np.zeros(len(floors)))]
    master = _Master(floors, len(pool))
    master.add(columns[0], np.arange(len(pool)))
    reference, bound = float(columns[0].worth.sum()), np.inf
    prices = center = _first_prices(pool, items, k, floors, settings)
    for number in range(ROUNDS):
        value, prices, paid = master.solve() if number else (-np.inf, center, np.zeros(len(pool)))
        # Halfway to the prices that prove most: those of a few lists swing far.
        for at in ((prices + center) / 2, prices):
            fresh = problem.lists_at(at)
            proven = float((fresh.worth + fresh.exposure @ at).sum() - at @ floors)
            if proven < bound:
                bound, center = proven, at
            better = np.flatnonzero(fresh.worth + fresh.exposure @ prices - paid > 1e-12)
            if len(better):
                break
        if not len(better) or bound - value <= GAP * reference:
            break
        columns.append(fresh.take(better))
        master.add(columns[-1], better)
    chosen = _one_list_each(master, floors, len(pool))
    rounded = np.concatenate([column.lists for column in columns])[chosen]
    lists = repaired(rounded, pool, problem.value, owners, floors)
    kept = float((values_of(lists, pool, problem.value) @ position_discounts(k)).sum())
    scale = max(reference, 1e-300)
    exposure = exposure_of(lists, owners, len(floors))
    return FloorPlan(lists, center, floors, exposure, kept / scale, bound / scale)


def _first_prices(
    pool: Pool, items: ItemFacts, k: int, floors: np.ndarray, settings: SellerFloorSettings
) -> np.ndarray:
    """Prices near the best, from one round along the batch."""
    online = OnlinePriceSettings(owner=settings.owner, scale=settings.scale, ahead=1)
    traffic = OnlinePrices(floors / max(len(pool), 1), online)
    traffic.serve(pool, items, k)
    return np.asarray(np.minimum(traffic.prices, PRICE_LIMIT))


@dataclass(frozen=True, eq=False)
class _Columns:
    """Lists with what they are worth and give."""

    lists: np.ndarray
    worth: np.ndarray
    exposure: sp.csr_array

    def take(self, rows: np.ndarray) -> "_Columns":
        return _Columns(self.lists[rows], self.worth[rows], self.exposure[rows])


@dataclass(frozen=True, eq=False)
class _Problem:
    pool: Pool
    owners: np.ndarray
    floors: np.ndarray
    k: int
    value: np.ndarray

    def lists_at(self, prices: np.ndarray) -> _Columns:
        """Each user's best list where exposure is paid for."""
        paid = self.pool.of_item(price_of_item(self.owners, prices))
        places = best_places(self.pool, self.value + paid, self.k)
        held = np.take_along_axis(np.pad(self.value, ((0, 0), (0, 1))), places, axis=1)
        lists = self.pool.lists(places)
        exposure = _exposures(lists, self.owners, len(self.floors))
        return _Columns(lists, held @ position_discounts(self.k), exposure)


class _Master:
    """The linear program over the lists made so far; column 0 up are what floors may miss."""

    def __init__(self, floors: np.ndarray, n: int) -> None:
        self.n, self.n_floors = n, len(floors)
        self.model = _Model()
        lower = np.concatenate([np.ones(n), floors])
        upper = np.concatenate([np.ones(n), np.full(len(floors), highspy.kHighsInf)])
        for low, high in zip(lower, upper, strict=True):
            self.model.addRow(low, high, 0, np.array([], np.int32), np.array([]))
        for number in range(len(floors)):
            rows = np.array([n + number], np.int32)
            self.model.addCol(PRICE_LIMIT, 0, highspy.kHighsInf, 1, rows, np.ones(1))
        self.user: list[np.ndarray] = []
        self.parts: list[_Columns] = []

    def add(self, columns: _Columns, users: np.ndarray) -> None:
        """Lists of some users."""
        self.user.append(users)
        self.parts.append(columns)
        own = sp.csr_array(
            (np.ones(len(users)), (np.arange(len(users)), users)), shape=(len(users), self.n)
        )
        matrix = sp.csr_array(sp.hstack([own, columns.exposure], format="csr"))
        n = len(users)
        self.model.addCols(
            n,
            -columns.worth,
            np.zeros(n),
            np.full(n, highspy.kHighsInf),
            matrix.nnz,
            matrix.indptr[:-1].astype(np.int32),
            matrix.indices.astype(np.int32),
            matrix.data,
        )

    def solve(self) -> tuple[float, np.ndarray, np.ndarray]:
        """Value, prices of the floors, and what each user's list must be worth to pay."""
        self.model.run()
        dual = np.array(self.model.getSolution().row_dual)
        return -self.model.getObjectiveValue(), np.maximum(dual[self.n :], 0), -dual[: self.n]

    def weights(self) -> np.ndarray:
        """How much of each list is used."""
        return np.array(self.model.getSolution().col_value)[self.n_floors :]


def _one_list_each(master: _Master, floors: np.ndarray, n: int) -> np.ndarray:
    """Number of the list that each user gets: ndarray of int64, shape (n,)."""
    weights, user = master.weights(), np.concatenate(master.user)
    value = np.concatenate([part.worth for part in master.parts])
    exposure = sp.vstack([part.exposure for part in master.parts], format="csr")
    chosen = np.zeros(n, dtype=np.int64)
    whole = weights > 1 - 1e-6
    chosen[user[whole]] = np.flatnonzero(whole)
    mixed = np.setdiff1d(np.arange(n), user[whole])
    given = np.asarray(exposure[np.flatnonzero(whole)].sum(axis=0))
    if len(mixed):
        rest = _Master(floors - given, len(mixed))
        numbers = np.flatnonzero(np.isin(user, mixed))
        columns = _Columns(numbers[:, None], value[numbers], sp.csr_array(exposure[numbers]))
        rest.add(columns, np.searchsorted(mixed, user[numbers]))
        for column in range(len(floors), len(floors) + len(numbers)):
            rest.model.changeColIntegrality(column, highspy.HighsVarType.kInteger)
        rest.solve()
        taken = numbers[rest.weights() > 0.5]
        chosen[user[taken]] = taken
    return chosen


class _Model(highspy.Highs):
    """A model of HiGHS that is silent: stdout belongs to whoever runs it."""

    def __init__(self) -> None:
        # highspy's own constructor sets up callbacks as well, which prints a banner.
        super(highspy.Highs, self).__init__()
        self.setOptionValue("output_flag", False)
        self.setOptionValue("threads", 1)
        # Primal simplex: a basis stays feasible when lists are added.
        self.setOptionValue("simplex_strategy", 4)
        self.setOptionValue("mip_rel_gap", 1e-3)
        # A bound on nodes and not on time, so that the same input gives the same lists.
        self.setOptionValue("mip_max_nodes", 10)


def _exposures(lists: np.ndarray, owners: np.ndarray, n_owners: int) -> sp.csr_array:
    """Discounted exposure of every seller in every list: csr_array, shape (n, n_owners)."""
    owner = np.where(lists == EMPTY, -1, owners[lists])
    row, slot = np.nonzero(owner >= 0)
    cells = (position_discounts(lists.shape[1])[slot], (row, owner[row, slot]))
    return sp.csr_array(cells, shape=(len(lists), n_owners))
