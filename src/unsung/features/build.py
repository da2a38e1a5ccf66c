"""All that a ranker is told of a candidate, for past windows and live alike."""

from dataclasses import dataclass

import numpy as np

from unsung import schema
from unsung.data.settings import SegmentSettings
from unsung.data.state import ShopState
from unsung.features import first_stage as first_stage_family
from unsung.features import item, pair, trend, user
from unsung.features.history import histories_of
from unsung.popularity.segments import TAIL, segment_items


@dataclass(frozen=True, eq=False)
class Features:
    """One row for each place of the candidate lists, user after user.

    Parameters
    ----------
    names : tuple of str
        ``family.name``; ``feature_definitions`` says what each means.
    values : ndarray of float32, shape (n_users * n_candidates, n_features)
        NaN where a value isn't known, and in all of a padded place.
    valid : ndarray of bool, shape (n_users * n_candidates,)
        False where the list is padded. ``x.reshape(n_users, n_candidates)`` gives lists again.
    """

    names: tuple[str, ...]
    values: np.ndarray
    valid: np.ndarray

    def column(self, name: str) -> np.ndarray:
        """Values of one feature: ndarray of float32, shape (n_users * n_candidates,)."""
        return np.asarray(self.values[:, self.names.index(name)])

    def select(self, names: tuple[str, ...]) -> "Features":
        """Only these features, in this order; KeyError for a name that isn't there."""
        place = {name: column for column, name in enumerate(self.names)}
        return Features(names, self.values[:, [place[name] for name in names]], self.valid)


@dataclass(frozen=True, eq=False)
class ShopFeatures:
    """What features need of the whole shop, computed once a state.

    Parameters
    ----------
    of_item : dict of str to ndarray of float32, shape (n_items,)
        The families ``item`` and ``trend``, by feature name.
    is_tail : ndarray of float64, shape (n_items,)
        1 in the established tail, else 0; NaN where only order is known.
    codes : dict of str to ndarray of int64, shape (n_items,)
        Which items share a ``category`` or ``brand``; -1 where an item has none.
    n_baskets : ndarray of float64, shape (n_users,)
    """

    of_item: dict[str, np.ndarray]
    is_tail: np.ndarray
    codes: dict[str, np.ndarray]
    n_baskets: np.ndarray


def describe_shop(state: ShopState, segments: SegmentSettings | None = None) -> ShopFeatures:
    """Compute what all users' features share.

    A service calls this once for a state and hands the result to ``build_features``.

    Parameters
    ----------
    state : ShopState
    segments : SegmentSettings, optional
        What counts as tail; the defaults where not given.
    """
    of_item = {**item.item_features(state), **trend.trend_features(state)}
    tail = np.full(state.n_items, np.nan)
    if state.has_clock:
        tail = (segment_items(state, segments or SegmentSettings()) == TAIL).astype(np.float64)
    return ShopFeatures(
        of_item={name: values.astype(np.float32) for name, values in of_item.items()},
        is_tail=tail,
        codes={name: item.group_codes(state, name) for name in (schema.CATEGORY, schema.BRAND)},
        n_baskets=user.basket_counts(state),
    )


def feature_definitions(first_stage: tuple[str, ...] = ()) -> dict[str, str]:
    """Name -> one sentence, for all features in their order, with scorers of these names."""
    families = (item, trend, user, pair)
    fixed = {name: text for family in families for name, text in family.DEFINITIONS.items()}
    return {**fixed, **first_stage_family.first_stage_definitions(first_stage)}


def build_features(
    state: ShopState,
    users: np.ndarray,
    candidates: np.ndarray,
    first_stage: dict[str, np.ndarray],
    *,
    shop: ShopFeatures | None = None,
) -> Features:
    """Describe each user's candidates as numbers.

    Parameters
    ----------
    state : ShopState
        All that may be known; without a clock whatever rests on time or on counts over other
        users is NaN.
    users : ndarray of int32, shape (n,)
        -1 for somebody without a history.
    candidates : ndarray of int32, shape (n, m)
        Item indices, padded at will with -1.
    first_stage : dict of str to ndarray of float32, shape (n, m)
        Scores of the candidates by scorer.
    shop : ShopFeatures, optional
        ``describe_shop(state)``, where it is there already; it may miss users who came later.

    Returns
    -------
    features : Features
        Values are no clock time, no id and no index. A user's rows don't depend on who else is in
        the batch.
    """
    shop = describe_shop(state) if shop is None else shop
    lists = candidates.shape
    valid = (candidates >= 0).ravel()
    grid = pair.Grid(
        np.repeat(np.arange(len(users)), lists[1]), np.where(valid, candidates.ravel(), 0)
    )
    history = histories_of(state, users)
    price = shop.of_item["item.price"].astype(np.float64)
    known = {"log_buyers": shop.of_item["item.log_buyers"], "is_tail": shop.is_tail, "price": price}
    of_user = user.user_features(
        history, _baskets_of(shop, users), known, has_clock=state.has_clock
    )
    scored = first_stage_family.first_stage_features(first_stage, valid.reshape(lists))
    found = {
        **{name: values[grid.item] for name, values in shop.of_item.items()},
        **{name: values[grid.row] for name, values in of_user.items()},
        **pair.pair_features(grid, history, shop.codes, price, has_clock=state.has_clock),
        **{name: values.ravel() for name, values in scored.items()},
    }
    values = np.empty((len(valid), len(found)), dtype=np.float32)
    for column, numbers in enumerate(found.values()):
        values[:, column] = numbers
    values[~valid] = np.nan
    return Features(tuple(found), values, valid)


def _baskets_of(shop: ShopFeatures, users: np.ndarray) -> np.ndarray:
    known = (users >= 0) & (users < len(shop.n_baskets))
    return np.append(shop.n_baskets, 0.0)[np.where(known, users, -1)]
