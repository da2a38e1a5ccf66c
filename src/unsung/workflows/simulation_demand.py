"""Who shops how often and by what taste, as the shop's past says."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import svds

from unsung import schema
from unsung.data.dataset import Dataset
from unsung.data.splits import split_by_time
from unsung.data.state import ShopState
from unsung.errors import NotEnoughDataError
from unsung.evaluation.choice import ChoiceModel, Choices, fit_choice_model
from unsung.evaluation.significance import paired_difference
from unsung.features.history import histories_of
from unsung.features.item import group_codes
from unsung.schema import DAY_US

TREND_DAYS = 14.0
POPULARITY = slice(0, 2)
"""Columns of the features that say how often an item is bought."""
DIMENSIONS = 24
TASTE_PRIOR = 5.0
"""Items that a user's taste counts as already bought, spread like everybody's."""


@dataclass(frozen=True, eq=False)
class Demand:
    """Shoppers and their taste, from the latest window before a moment.

    Parameters
    ----------
    model : ChoiceModel
    groups : ndarray of int, shape (n_items,)
        Kind of each item.
    users : ndarray of int32, shape (n,)
        Who bought something new in the window.
    rates : ndarray of float64, shape (n,)
        New items a day.
    tastes : ndarray of float64, shape (n, n_groups)
    membership : ndarray of float64, shape (n, n_classes)
    """

    model: ChoiceModel
    groups: np.ndarray
    users: np.ndarray
    rates: np.ndarray
    tastes: np.ndarray
    membership: np.ndarray


def item_kinds(state: ShopState, most: int, rng: np.random.Generator) -> np.ndarray:
    """Kind of each item: the larger categories of the catalogue, or groups of like texts.

    Parameters
    ----------
    state : ShopState
        With content vectors.
    most : int
        Most kinds, at least 2.
    rng : Generator

    Returns
    -------
    kinds : ndarray of int64, shape (n_items,)
        Below ``most``; one kind where there are neither categories nor texts.
    """
    codes = group_codes(state, schema.CATEGORY)
    if (codes >= 0).any():
        sizes = np.bincount(codes[codes >= 0])
        large = np.argsort(-sizes, kind="stable")[: most - 1]
        place = np.full(len(sizes) + 1, len(large))
        place[large] = np.arange(len(large))
        return np.asarray(place[codes])
    terms = state.content.terms
    if min(terms.shape) <= DIMENSIONS or not terms.nnz:
        return np.zeros(state.n_items, dtype=np.int64)
    start = rng.normal(size=min(terms.shape))
    left, size, _ = svds(terms.astype(np.float64), k=DIMENSIONS, v0=start)
    return _like_points(left * size, most, rng)


def _like_points(points: np.ndarray, n_groups: int, rng: np.random.Generator) -> np.ndarray:
    """Groups of points in like directions: Lloyd's algorithm on the sphere."""
    length = np.linalg.norm(points, axis=1, keepdims=True)
    points = np.divide(points, length, out=np.zeros_like(points), where=length > 0)
    centres = points[rng.choice(len(points), n_groups, replace=False)]
    for _ in range(25):
        groups = np.asarray((points @ centres.T).argmax(axis=1))
        sums = np.zeros_like(centres)
        np.add.at(sums, groups, points)
        size = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(size > 0, sums / np.maximum(size, 1e-12), centres)
    return groups


def item_features(state: ShopState, kinds: np.ndarray) -> np.ndarray:
    """What an item is to everybody: popularity ever and of late, price and its square, kind.

    Parameters
    ----------
    state : ShopState
    kinds : ndarray of int, shape (n_items,)

    Returns
    -------
    features : ndarray of float64, shape (n_items, 4 + n_kinds)
        Prices as logarithms, with mean 0 and deviation 1; 0 where not known.
    """
    price = np.full(state.n_items, np.nan)
    if schema.PRICE in state.catalogue:
        price = state.catalogue[schema.PRICE].to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.log(np.where(price > 0, price, np.nan))
    centred = np.zeros(state.n_items)
    if np.isfinite(known).any():
        deviation = max(float(np.nanstd(known)), 1e-9)
        centred = np.nan_to_num((known - np.nanmean(known)) / deviation)
    trend = state.decayed_buyers(TREND_DAYS).astype(np.float64)
    columns = [np.log1p(state.buyers), np.log1p(trend), centred, centred**2]
    return np.column_stack([*columns, np.eye(int(kinds.max(initial=0)) + 1)[kinds]])


def tastes_for(state: ShopState, users: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """How much more each user likes each kind than everybody does, on the log scale.

    Parameters
    ----------
    state : ShopState
    users : ndarray of int32, shape (n,)
    kinds : ndarray of int, shape (n_items,)

    Returns
    -------
    tastes : ndarray of float64, shape (n, n_kinds)
        log of the share of the user's items over everybody's share; few items say little.
    """
    n = int(kinds.max(initial=0)) + 1
    everybody = np.bincount(kinds, state.buyers, minlength=n) + 1.0
    everybody /= everybody.sum()
    counts = histories_of(state, users).count_by(kinds, n)
    shares = (counts + TASTE_PRIOR * everybody) / (counts.sum(axis=1, keepdims=True) + TASTE_PRIOR)
    return np.asarray(np.log(shares / everybody))


@dataclass(frozen=True, eq=False)
class Window:
    """New items that users with a history chose between two moments."""

    users: np.ndarray
    choices: Choices


def choices_between(
    dataset: Dataset, start: int, end: int, kinds: np.ndarray, *, repeats: bool
) -> Window:
    """What was chosen in a window, and what was known of it before.

    Parameters
    ----------
    dataset : Dataset
    start, end : int
        Microseconds since 1970 UTC.
    kinds : ndarray of int, shape (n_items,)
    repeats : bool
        Whether items count that the user had before.
    """
    split = split_by_time(dataset, start, end, repeats="show" if repeats else "hide")
    state, counts = split.state, sp.csr_array(split.targets, copy=True)
    counts.data = np.ones(len(counts.data))
    # What came later than the window's start could not be offered by anything fitted before.
    counts = sp.csr_array(counts * state.listed[None, :])
    counts.eliminate_zeros()
    features = item_features(state, kinds)
    tastes = tastes_for(state, split.users, kinds)
    return Window(split.users, Choices(counts, features, kinds, tastes, state.listed))


def fit_demand(
    dataset: Dataset,
    kinds: np.ndarray,
    *,
    end: int,
    length: int,
    n_classes: int,
    repeats: bool,
    rng: np.random.Generator,
) -> Demand:
    """The choice model of the latest window, and how often its shoppers come.

    Parameters
    ----------
    dataset : Dataset
    kinds : ndarray of int, shape (n_items,)
        Group of each item that a shopper may have a taste for.
    end, length : int
        Where the latest window ends, and how long it is; microseconds.
    n_classes : int
        Latent classes of shoppers.
    repeats : bool
        Whether what was bought before may be chosen again.
    rng : Generator

    Raises
    ------
    NotEnoughDataError
        Where nobody with a history bought anything new in it.
    """
    window = choices_between(dataset, end - length, end, kinds, repeats=repeats)
    if not window.choices.counts.nnz:
        raise NotEnoughDataError(
            "nobody with a history bought anything new in the last window, so there is nobody to "
            "simulate; bring more interactions or longer months."
        )
    model = fit_choice_model(window.choices, n_classes, rng=rng)
    rates = window.choices.n_of_user / (length / DAY_US)
    state = dataset.as_of(end)
    tastes = tastes_for(state, window.users, kinds)
    belongs = model.membership(window.choices)
    return Demand(model, kinds, window.users, rates, tastes, belongs)


def check_choices(
    dataset: Dataset,
    kinds: np.ndarray,
    *,
    end: int,
    length: int,
    n_classes: int,
    repeats: bool,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Fit the model a window earlier, and see how it foretells the latest.

    Parameters
    ----------
    dataset, kinds, end, length, n_classes, repeats, rng
        As ``fit_demand`` takes them.

    Returns
    -------
    found : dict
        ``n_choices, n_users``, log-likelihood a choice of the model (``model``), of popularity
        alone (``popularity``) and of chance (``chance``), and ``gain``: the first less the second,
        mean over users, with its 95 % interval ``low`` and ``high``. Empty where the history
        doesn't reach or nobody is left.
    """
    start = end - 2 * length
    if start <= int(dataset.interactions.timestamp[0]) + length:
        return {}
    before = choices_between(dataset, start, end - length, kinds, repeats=repeats)
    after = choices_between(dataset, end - length, end, kinds, repeats=repeats)
    if not before.choices.counts.nnz or len(after.users) < 2:
        return {}
    model = fit_choice_model(before.choices, n_classes, rng=rng)
    # Users of the earlier window are known by what they chose there, others by the shares.
    belongs = np.tile(model.shares, (len(after.users), 1))
    place = np.searchsorted(before.users, after.users)
    known = np.append(before.users, -1)[place] == after.users
    belongs[known] = model.membership(before.choices)[place[known]]
    plain = fit_choice_model(_popularity_alone(before.choices), 1, rng=rng)
    each = after.choices.n_of_user
    counted = each > 0
    ours = model.log_likelihoods(after.choices, belongs)[counted] / each[counted]
    theirs = plain.log_likelihoods(_popularity_alone(after.choices))[counted] / each[counted]
    apart = paired_difference(ours, theirs, rng=rng)
    total = each.sum()
    return {
        "n_choices": int(total),
        "n_users": int(counted.sum()),
        "model": float((ours * each[counted]).sum() / total),
        "popularity": float((theirs * each[counted]).sum() / total),
        "chance": float(-np.log(after.choices.offered.sum())),
        "gain": apart.mean_difference,
        "low": apart.low,
        "high": apart.high,
    }


def _popularity_alone(choices: Choices) -> Choices:
    features = choices.features[:, POPULARITY]
    return replace(choices, features=features, tastes=np.zeros_like(choices.tastes))
