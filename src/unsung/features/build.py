"""All that a ranker is told of a candidate, for past windows and live alike."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from unsung import schema
from unsung.data.settings import SegmentSettings
from unsung.data.state import ShopState
from unsung.features import first_stage as first_stage_family
from unsung.features import item, pair, trend, user
from unsung.features import shop as shop_family
from unsung.features.history import histories_of
from unsung.popularity.segments import TAIL, assign_segments, item_first_seen
from unsung.recommenders.blend import Scale


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
        if names == self.names:
            return self
        place = {name: column for column, name in enumerate(self.names)}
        return Features(names, self.values[:, [place[name] for name in names]], self.valid)

    def without(self, families: Collection[str]) -> "Features":
        """All but the features of some families (see ``family_of``)."""
        return self.select(tuple(name for name in self.names if family_of(name) not in families))


def family_of(feature: str) -> str:
    """The scorer of a first-stage feature; the word before the dot for others.

    Examples
    --------
    >>> family_of("first_stage.terms_rank"), family_of("item.price")
    ('terms', 'item')
    """
    return first_stage_family.split_name(feature)[0] or feature.partition(".")[0]


@dataclass(frozen=True, eq=False)
class ShopFeatures:
    """What features need of the whole shop, computed once a state.

    Parameters
    ----------
    of_shop : dict of str to float
        The family ``shop``, by feature name.
    of_item : dict of str to ndarray of float32, shape (n_items,)
        The families ``item`` and ``trend``, by feature name.
    segments : ndarray of int8, shape (n_items,)
        As of the state's moment, by the counted items.
    codes : dict of str to ndarray of int64, shape (n_items,)
        Which items share a ``category`` or ``brand``; -1 where an item has none.
    counted : ndarray of bool, shape (n_fitted,)
        Items that ranks, means and shares are over: those that were listed at the fit.
    standing : dict of str to dict of str to ndarray of float32, shape (n_items,)
        The family ``first_stage`` of scorers that say the same to everybody, by scorer and by
        feature name (see ``with_standing``).
    """

    of_shop: dict[str, float]
    of_item: dict[str, np.ndarray]
    segments: np.ndarray
    codes: dict[str, np.ndarray]
    counted: np.ndarray
    standing: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)

    def with_standing(self, scores: Mapping[str, np.ndarray]) -> "ShopFeatures":
        """The same with what some scorers say of every item to everybody.

        Parameters
        ----------
        scores : mapping of str to ndarray of float32, shape (1, n_items)
            By scorer.
        """
        standing = {}
        for name, values in scores.items():
            everything = np.arange(values.shape[1])[None, :]
            found = first_stage_family.first_stage_features(
                {name: values}, everything, self.counted
            )
            standing[name] = {k: v[0].astype(np.float32) for k, v in found.items()}
        return replace(self, standing=standing)

    @property
    def item_names(self) -> tuple[str, ...]:
        """Features that are the same for everybody, and no other."""
        standing = (name for forms in self.standing.values() for name in forms)
        return (*self.of_shop, *self.of_item, *standing)

    def item_values(self, names: Sequence[str]) -> np.ndarray:
        """These of every item; NaN where a feature isn't one of them.

        Parameters
        ----------
        names : sequence of str

        Returns
        -------
        values : ndarray of float32, shape (n_items, len(names))
        """
        known: dict[str, np.ndarray | float] = {**self.of_shop, **self.of_item}
        for forms in self.standing.values():
            known.update(forms)
        values = np.empty((len(names), len(self.segments)), dtype=np.float32).T
        for column, name in enumerate(names):
            values[:, column] = known.get(name, np.nan)
        return values


def describe_shop(
    state: ShopState, segments: SegmentSettings | None = None, n_fitted: int | None = None
) -> ShopFeatures:
    """Compute what all users' features share.

    A service calls this once for a state and hands the result to ``build_features``.

    Parameters
    ----------
    state : ShopState
    segments : SegmentSettings, optional
        What counts as tail; the defaults where not given.
    n_fitted : int, optional
        Items that were there at the fit; later ones move no share, mean or median. All where not
        given.
    """
    counted = state.listed[:n_fitted]
    compared = np.pad(counted, (0, state.n_items - len(counted)))
    of_item = {**item.item_features(state, compared), **trend.trend_features(state)}
    return ShopFeatures(
        of_shop=shop_family.shop_features(state),
        of_item={name: values.astype(np.float32) for name, values in of_item.items()},
        segments=_segments(state, compared, segments or SegmentSettings()),
        codes={name: item.group_codes(state, name) for name in (schema.CATEGORY, schema.BRAND)},
        counted=counted,
    )


def _segments(state: ShopState, compared: np.ndarray, settings: SegmentSettings) -> np.ndarray:
    first = item_first_seen(state)
    return assign_segments(state.buyers, first, compared, state.as_of, settings)


def feature_definitions(first_stage: tuple[str, ...] = ()) -> dict[str, str]:
    """Name -> one sentence, for all features in their order, with scorers of these names."""
    families = (shop_family, item, trend, user, pair)
    fixed = {name: text for family in families for name, text in family.DEFINITIONS.items()}
    return {**fixed, **first_stage_family.first_stage_definitions(first_stage)}


def build_features(
    state: ShopState,
    users: np.ndarray,
    candidates: np.ndarray,
    first_stage: Mapping[str, np.ndarray],
    *,
    shop: ShopFeatures | None = None,
    scales: Mapping[str, Scale] | None = None,
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
    first_stage : mapping of str to ndarray of float32, shape (n, n_items)
        Scores of all items by scorer.
    shop : ShopFeatures, optional
        ``describe_shop(state)``, where it is there already; of ``state.whole`` for a state that
        shows one user.
    scales : mapping of str to pair of ndarray, optional
        Mean and deviation of first-stage scores over the counted items, where they are known.

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
    known = {"log_buyers": shop.of_item["item.log_buyers"], "price": price}
    tail = (shop.segments == TAIL).astype(np.float64)
    known["is_tail"] = tail if state.has_clock else np.full(state.n_items, np.nan)
    of_user = user.user_features(
        history, _baskets_of(state, users), known, has_clock=state.has_clock
    )
    asked = {n: scores for n, scores in first_stage.items() if n not in shop.standing}
    scored = first_stage_family.first_stage_features(asked, candidates, shop.counted, scales)
    standing = {k: v[grid.item] for forms in shop.standing.values() for k, v in forms.items()}
    found: dict[str, np.ndarray | float] = {
        **shop.of_shop,
        **{name: values[grid.item] for name, values in shop.of_item.items()},
        **{name: values[grid.row] for name, values in of_user.items()},
        **pair.pair_features(grid, history, shop.codes, price, has_clock=state.has_clock),
    }
    for name in first_stage_family.first_stage_definitions(tuple(first_stage)):
        found[name] = standing[name] if name in standing else scored[name].ravel()
    # Written and read column by column.
    values = np.empty((len(found), len(valid)), dtype=np.float32).T
    for column, numbers in enumerate(found.values()):
        values[:, column] = numbers
    values[~valid] = np.nan
    return Features(tuple(found), values, valid)


def _baskets_of(state: ShopState, users: np.ndarray) -> np.ndarray:
    known = (users >= 0) & (users < state.n_users)
    return np.append(state.n_baskets, 0.0)[np.where(known, users, -1)]
