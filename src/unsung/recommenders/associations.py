"""Which items belong together, from what a shop has: baskets, the order of purchases, histories."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import scipy.sparse as sp
from pydantic import Field

from unsung.data.state import ShopState
from unsung.progress import Progress, silent
from unsung.recommenders.linear import Linear, LinearSettings
from unsung.schema import DAY_US
from unsung.settings import Settings

Source = Literal["baskets", "order", "linear"]
BLOCK: Final = 2048
"""Items whose common baskets are counted at a time."""


class AssociationSettings(Settings):
    """What counts as belonging together."""

    sources: tuple[Source, ...] | None = None
    """``baskets``, ``order``, ``linear``; those that the shop's data can carry where not given
    (see ``usable_sources``)."""
    kept: int = Field(default=20, ge=1)
    """Associations kept for every item and source."""
    min_together: int = Field(default=3, ge=1)
    """Baskets that two items must have shared."""
    shrinkage: float = Field(default=20.0, ge=0)
    """Common baskets at which half of an association is believed."""
    distance: int = Field(default=2, ge=1)
    """How many places apart two items of a history may stand."""
    shuffles: int = Field(default=4, ge=1)
    """How often what was bought on one day is put into another order."""
    ridge: float = Field(default=10.0, gt=0)
    """Penalty of the linear model, as a multiple of the buyers that an item has on average."""
    max_items: int = Field(default=8_000, ge=2)
    """Where more items sell, baskets are read beside the linear model."""
    min_basket_share: float = Field(default=0.5, ge=0, le=1)
    """Share of rows with a basket from which on baskets are used."""
    min_order_share: float = Field(default=0.2, ge=0, le=1)
    """Share of neighbours in histories bought on different days from which on order is used."""


@dataclass(frozen=True, eq=False)
class Associations:
    """What belongs together.

    Parameters
    ----------
    weights : csr_array of float32, shape (n_items, n_items)
        ``weights[i, j]``: how much j belongs to i; none below 0, no diagonal. Rows sum to the
        number of sources that know the item.
    counts : dict of str to int
        Pairs that each source knows.
    """

    weights: sp.csr_array
    counts: dict[str, int]


def find_associations(
    state: ShopState,
    settings: AssociationSettings | None = None,
    *,
    rng: np.random.Generator,
    progress: Progress = silent,
) -> Associations:
    """Associations of all usable sources, each with the same say about every item.

    Parameters
    ----------
    state : ShopState
    settings : AssociationSettings, optional
    rng : Generator
        Orders what was bought on one day.
    progress : Progress
    """
    settings = settings or AssociationSettings()
    sources = usable_sources(state, settings) if settings.sources is None else settings.sources
    found: dict[str, sp.csr_array] = {}
    for done, source in enumerate(sources):
        progress("finding what belongs together", done, len(sources))
        if source == "baskets":
            found[source] = basket_associations(state, settings)
        elif source == "order":
            found[source] = order_associations(state, settings, rng=rng)
        else:
            found[source] = linear_associations(state, settings)
    progress("finding what belongs together", len(sources), len(sources))
    return Associations(mixed(found, state.n_items), {name: w.nnz for name, w in found.items()})


def usable_sources(
    state: ShopState, settings: AssociationSettings | None = None
) -> tuple[Source, ...]:
    """Which sources a shop's data can carry.

    The linear model reads whole histories, and tells what goes together from what everybody buys.
    Order says more where it is one: unless most of what stands side by side was bought on one day.
    Baskets come in where the linear model can't hold all items that sell; where it can, they took
    from the tail what they gave to the head.

    Parameters
    ----------
    state : ShopState
    settings : AssociationSettings, optional

    Returns
    -------
    sources : tuple of str
        Empty where no user has two items.
    """
    settings = settings or AssociationSettings()
    if not (np.diff(state.pairs.indptr) > 1).any():
        return ()
    in_baskets = state.interactions.basket >= 0
    if in_baskets.mean() >= settings.min_basket_share and _baskets(state).shape[0]:
        n_sold = int((state.buyers > 0).sum())
        return ("linear",) if n_sold <= settings.max_items else ("baskets", "linear")
    return ("order", "linear") if order_share(state) >= settings.min_order_share else ("linear",)


def order_share(state: ShopState) -> float:
    """Share of neighbours in users' histories that were bought on different days.

    1 where only order is known: every place counts as a moment of its own.
    """
    user, moment = state.pairs.user_index(), _moments(state)
    same_user = user[1:] == user[:-1]
    return float((moment[1:] != moment[:-1])[same_user].mean()) if same_user.any() else 0.0


def basket_associations(
    state: ShopState, settings: AssociationSettings | None = None
) -> sp.csr_array:
    """Items that share more baskets than chance would have it.

    The weight is the pointwise mutual information log(n_ij n / (n_i n_j)), where above 0, times
    n_ij / (n_ij + shrinkage): a chance meeting of two rare items has much of the former.

    Parameters
    ----------
    state : ShopState
    settings : AssociationSettings, optional

    Returns
    -------
    weights : csr_array of float32, shape (n_items, n_items)
        The largest ``kept`` of every row.

    References
    ----------
    Church and Hanks, Word association norms, mutual information, and lexicography, Computational
    Linguistics 16(1), 1990. Levy, Goldberg and Dagan, Improving distributional similarity with
    lessons learned from word embeddings, TACL 2015, doi:10.1162/tacl_a_00134.
    """
    settings = settings or AssociationSettings()
    baskets = _baskets(state)
    n_baskets, held = baskets.shape[0], np.asarray(baskets.sum(axis=0)).ravel()
    blocks = []
    for start in range(0, state.n_items, BLOCK):
        together = sp.coo_array(baskets[:, start : start + BLOCK].T @ baskets)
        row, column = together.coords
        n_both = together.data.astype(np.float64)
        expected = held[start + row] * held[column] / max(n_baskets, 1)
        weight = np.log(n_both / expected) * n_both / (n_both + settings.shrinkage)
        weight[(n_both < settings.min_together) | (row + start == column)] = 0
        blocks.append(_largest_of_rows(weight, row, column, together.shape, settings.kept))
    if not blocks:
        return sp.csr_array((0, 0), dtype=np.float32)
    return sp.csr_array(sp.vstack(blocks, format="csr"))


def order_associations(
    state: ShopState,
    settings: AssociationSettings | None = None,
    *,
    rng: np.random.Generator,
) -> sp.csr_array:
    """Items that stood side by side in users' histories; the order within a day is drawn anew.

    Many shops write what came on one day in the order of their catalogue, which says something
    about item numbers and nothing about customers.

    Parameters
    ----------
    state : ShopState
    settings : AssociationSettings, optional
    rng : Generator

    Returns
    -------
    weights : csr_array of float32, shape (n_items, n_items)
        How often, on average over the shuffles; symmetric.
    """
    settings = settings or AssociationSettings()
    pairs, moment, n = state.pairs, _moments(state), state.n_items
    user = pairs.user_index()
    liked = np.flatnonzero(pairs.value > 0)
    total = sp.csr_array((n, n), dtype=np.float32)
    for _ in range(settings.shuffles):
        order = liked[np.lexsort((rng.random(len(liked)), moment[liked], user[liked]))]
        for apart in range(1, settings.distance + 1):
            before, after = order[:-apart], order[apart:]
            same = user[before] == user[after]
            at = pairs.item_index[before[same]], pairs.item_index[after[same]]
            share = np.full(len(at[0]), 1 / settings.shuffles, dtype=np.float32)
            total = total + sp.csr_array((share, at), shape=(n, n))
    both = sp.csr_array(total + total.T)
    both.setdiag(0)
    both.eliminate_zeros()
    return both


def linear_associations(
    state: ShopState, settings: AssociationSettings | None = None
) -> sp.csr_array:
    """For every item, the items that the linear model without text predicts it from.

    Its weights are co-occurrences with the say of third items taken out, so that neither a hit
    nor a customer who buys everything ties all items together.

    Parameters
    ----------
    state : ShopState
    settings : AssociationSettings, optional

    Returns
    -------
    weights : csr_array of float32, shape (n_items, n_items)
        Row i: the largest positive weights with which i is predicted.
    """
    settings = settings or AssociationSettings()
    sold = state.buyers > 0
    buyers = float(state.buyers[sold].mean()) if sold.any() else 1.0
    linear = LinearSettings(
        l2=settings.ridge * buyers,
        term_weight=0.0,
        neighbours=settings.kept,
    )
    # It draws nothing.
    fitted = Linear(linear).fit(state, rng=np.random.default_rng(0)).weights
    weights = sp.csr_array(fitted.T)
    weights.data = np.maximum(weights.data, 0)
    weights.eliminate_zeros()
    return weights


def mixed(found: Mapping[str, sp.csr_array], n_items: int) -> sp.csr_array:
    """Sum of several sources' weights, each source's rows scaled to the sum 1 (or 0).

    Parameters
    ----------
    found : mapping of str to csr_array, shape (n_items, n_items)
    n_items : int

    Returns
    -------
    weights : csr_array of float32, shape (n_items, n_items)

    Examples
    --------
    >>> first, second = sp.csr_array([[0, 3], [0, 0]]), sp.csr_array([[0, 9], [5, 0]])
    >>> mixed({"baskets": first, "linear": second}, 2).toarray()
    array([[0., 2.],
           [1., 0.]], dtype=float32)
    """
    total = sp.csr_array((n_items, n_items), dtype=np.float32)
    for weights in found.values():
        sums = np.asarray(weights.sum(axis=1), dtype=np.float64).ravel()
        scale = np.divide(1, sums, out=np.zeros_like(sums), where=sums > 0)
        total = total + sp.diags_array(scale.astype(np.float32)) @ weights.astype(np.float32)
    total = sp.csr_array(total)
    total.sort_indices()
    return total


def _moments(state: ShopState) -> np.ndarray:
    """Day of every pair's last event, or its place where there is no clock."""
    last = state.pairs.last
    return last // DAY_US if state.has_clock else last


def _baskets(state: ShopState) -> sp.csr_array:
    """Baskets of two items or more, as ones: csr_array of float32, shape (n, n_items)."""
    rows = state.interactions
    counted = (rows.basket >= 0) & (rows.weight > 0)
    basket, item = rows.basket[counted], rows.item_index[counted]
    shape = (int(basket.max(initial=-1)) + 1, state.n_items)
    held = sp.csr_array((np.ones(len(basket), np.float32), (basket, item)), shape=shape)
    held.sum_duplicates()
    held.data[:] = 1
    return sp.csr_array(held[np.diff(held.indptr) > 1])


def _largest_of_rows(
    weight: np.ndarray, row: np.ndarray, column: np.ndarray, shape: tuple[int, ...], keep: int
) -> sp.csr_array:
    """The largest ``keep`` weights above 0 of every row."""
    above = np.flatnonzero(weight > 0)
    order = above[np.lexsort((-weight[above], row[above]))]
    first = np.searchsorted(row[order], row[order], side="left")
    kept = order[np.arange(len(order)) - first < keep]
    values = weight[kept].astype(np.float32)
    return sp.csr_array((values, (row[kept], column[kept])), shape=shape)
