"""What a model's lists would have earned on the shop's logged exposures, or why nobody knows."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from unsung import schema
from unsung.data.dataset import Dataset
from unsung.data.interactions import Interactions
from unsung.data.targets import pair_keys
from unsung.errors import InputError
from unsung.evaluation.off_policy import (
    ESTIMATORS,
    Estimate,
    LoggedSlots,
    OffPolicyLimits,
    PolicyValue,
    Refusal,
    estimate_policy,
)
from unsung.pipeline.bundle import Model
from unsung.pipeline.recommend import MOST_K, recommend_lists
from unsung.pipeline.rules import Rules
from unsung.popularity.tables import iso_time
from unsung.schema import DAY_US
from unsung.settings import Settings

_NEEDED = (schema.RANK, schema.TIMESTAMP, schema.LOGGING_PROPENSITY)


class OffPolicySettings(Settings):
    """How logged exposures are used."""

    reward_days: float = Field(default=7.0, gt=0)
    """A slot has earned 1 where its user bought its item within so many days."""
    level: float = Field(default=0.95, gt=0.5, lt=1)
    """Confidence of the intervals."""
    limits: OffPolicyLimits = OffPolicyLimits()


@dataclass(frozen=True, eq=False)
class OffPolicyCheck:
    """Estimates for a model's lists.

    Parameters
    ----------
    estimates : dict of str to PolicyValue or Refusal
        By estimator: purchases a slot.
    logged_value : float or None
        Purchases a slot of the lists that were shown; None where no slot could be used.
    left_out : dict of str to int
        Slots that could not be used, by reason: ``before_the_fit``, ``too_late`` (the days for a
        purchase aren't over), ``unknown_user``, ``no_time_or_rank``, ``beyond_the_longest_list``.
    """

    estimates: dict[str, Estimate]
    logged_value: float | None
    left_out: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """The check as JSON: a refused estimator has a ``reason`` in place of a value."""
        return asdict(self)


def check_off_policy(
    dataset: Dataset,
    model: Model,
    settings: OffPolicySettings | None = None,
    *,
    rng: np.random.Generator,
) -> OffPolicyCheck:
    """Estimate what a model's lists earn from exposures that were logged after its fit.

    Parameters
    ----------
    dataset : Dataset
        With exposures: ``request_id, user_index, item_index, rank, timestamp,
        logging_propensity``. Earlier ones are left out, since the model has learned from them.
    model : Model
        Of a bundle. Its lists are those as of its fit, one a user.
    settings : OffPolicySettings, optional
    rng : Generator
        For the bootstrap.

    Returns
    -------
    check : OffPolicyCheck
        Refusals of reason ``no_exposures`` where the shop logs none, or not what is needed.

    Raises
    ------
    InputError
        Where the shop or the model knows no times.
    """
    settings = settings or OffPolicySettings()
    fitted = model.state.as_of
    if not dataset.has_clock or fitted is None:
        raise InputError("exposures can't be checked without times; map the shop's timestamps.")
    shown = dataset.exposures
    lacking = _NEEDED if shown is None else [name for name in _NEEDED if name not in shown]
    if shown is None or lacking:
        return OffPolicyCheck(_refused(f"The exposures lack {', '.join(lacking)}."), None, {})
    slots, left_out = _usable(shown, dataset, fitted, settings)
    reward = bought_within(dataset.interactions, slots, int(settings.reward_days * DAY_US))
    propensity = slots[schema.LOGGING_PROPENSITY].to_numpy(dtype=np.float64, na_value=np.nan)
    logged = LoggedSlots(reward, propensity, _in_list(dataset, model, slots), _requests(slots))
    estimates = estimate_policy(logged, rng=rng, limits=settings.limits, level=settings.level)
    value = float(reward.mean()) if len(reward) else None
    return OffPolicyCheck(_since(estimates, fitted), value, left_out)


def bought_within(rows: Interactions, slots: pd.DataFrame, window: int) -> np.ndarray:
    """Whether a slot's user bought its item in a time from its showing on.

    Parameters
    ----------
    rows : Interactions
    slots : DataFrame
        ``user_index, item_index, timestamp``.
    window : int
        Microseconds; the end doesn't belong to it.

    Returns
    -------
    bought : ndarray of float64, shape (n_slots,)
        1 or 0.
    """
    bought = rows.take(rows.is_target)
    pairs, pair = np.unique(pair_keys(bought.user_index, bought.item_index), return_inverse=True)
    moments = np.unique(bought.timestamp)
    # One number for a pair at a moment: pairs are apart by more than there are moments.
    step = len(moments) + 1
    events = np.sort(pair * step + np.searchsorted(moments, bought.timestamp))
    wanted = pair_keys(*(slots[name].to_numpy() for name in ("user_index", "item_index")))
    place = np.searchsorted(pairs, wanted)
    known = place < len(pairs)
    known[known] = pairs[place[known]] == wanted[known]
    shown = slots[schema.TIMESTAMP].to_numpy(dtype=np.int64)
    first, last = (
        np.searchsorted(events, place * step + np.searchsorted(moments, moment))
        for moment in (shown, shown + window)
    )
    return ((last > first) & known).astype(np.float64)


def _usable(
    shown: pd.DataFrame, dataset: Dataset, fitted: int, settings: OffPolicySettings
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Slots that say something, and how many don't, by their first reason."""
    time, rank = shown[schema.TIMESTAMP], shown[schema.RANK]
    last = dataset.end - int(settings.reward_days * DAY_US)
    reasons = {
        "no_time_or_rank": time.isna() | rank.isna(),
        "before_the_fit": time < fitted,
        "too_late": time > last,
        "unknown_user": shown["user_index"] < 0,
        "beyond_the_longest_list": rank > MOST_K,
    }
    usable = np.ones(len(shown), dtype=bool)
    left_out = {}
    for reason, holds in reasons.items():
        outside = usable & holds.fillna(False).to_numpy(dtype=bool)
        left_out[reason] = int(outside.sum())
        usable &= ~outside
    return shown[usable], left_out


def _in_list(dataset: Dataset, model: Model, slots: pd.DataFrame) -> np.ndarray:
    """1 where the model's list has the slot's item in the slot's place, else 0."""
    users, row = np.unique(slots["user_index"].to_numpy(), return_inverse=True)
    rank = slots[schema.RANK].to_numpy(dtype=np.int64)
    own = model.state.users.index_of(dataset.users.values[users])
    k = int(rank.max(initial=1))
    lists = recommend_lists(model.scorer, model.state, own, k, Rules(repeats=model.repeats))
    item = model.state.items.index_of(dataset.items.values[slots["item_index"].to_numpy()])
    return np.asarray((lists[row, rank - 1] == item) & (item >= 0), dtype=np.float64)


def _requests(slots: pd.DataFrame) -> np.ndarray:
    """A number for each request: its id, or else its user and moment."""
    keys = ["user_index", schema.TIMESTAMP]
    if schema.REQUEST_ID in slots and slots[schema.REQUEST_ID].notna().all():
        keys = [schema.REQUEST_ID]
    numbers: np.ndarray = slots.groupby(keys, sort=False).ngroup().to_numpy()
    return numbers


def _refused(sentence: str) -> dict[str, Estimate]:
    more = f"{sentence} Log request, item, rank, time and the exact probability of every slot."
    return {name: Refusal(name, "no_exposures", more, None) for name in ESTIMATORS[:2]}


def _since(estimates: dict[str, Estimate], fitted: int) -> dict[str, Estimate]:
    """A refusal for want of slots says since when they would count."""
    return {
        name: found
        if isinstance(found, PolicyValue) or found.reason != "no_slots"
        else Refusal(
            name, found.reason, f"{found.sentence} Those after {iso_time(fitted)} count.", None
        )
        for name, found in estimates.items()
    }
