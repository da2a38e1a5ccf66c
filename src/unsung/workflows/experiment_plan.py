"""Before an experiment: how many users it needs, from the shop's own past."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from pydantic import Field

from unsung.data.dataset import Dataset
from unsung.data.settings import ShopSettings
from unsung.errors import InputError, NotEnoughDataError
from unsung.evaluation.experiment import foretold_share
from unsung.popularity.segments import segment_items
from unsung.popularity.tables import iso_time
from unsung.schema import DAY_US
from unsung.settings import Settings
from unsung.statistics.power import detectable_lift, users_needed
from unsung.statistics.summary import summarise
from unsung.workflows.experiment_metrics import (
    METRICS,
    Span,
    metrics_before,
    moment_of,
    user_metrics,
)

PLANNED: Final = ("tail_purchases", "tail_revenue", "revenue", "orders", "purchases")
FEWEST_USERS: Final = 100
_PASSIVE: Final = {"return"}


class PlanSettings(Settings):
    """What an experiment is to show."""

    effect: float = Field(default=0.05, gt=-1, lt=10)
    """Smallest relative change that matters: .05 is 5 % more."""
    days: float = Field(default=28.0, gt=0)
    """How long it is to run."""
    before_days: float = Field(default=56.0, gt=0)
    """Days before it that tell users apart."""
    level: float = Field(default=0.95, gt=0.5, lt=1)
    """Confidence of the intervals."""
    power: float = Field(default=0.8, gt=0, lt=1)
    """Wanted probability of seeing the effect where it is there."""
    share: float = Field(default=0.5, gt=0, lt=1)
    """The new arm's part of the users."""
    as_of: datetime | None = None
    """Nothing at or after this moment is read (UTC where no zone is named)."""


@dataclass(frozen=True)
class Need:
    """What one metric needs.

    Parameters
    ----------
    metric : str
    mean, standard_deviation : float
        Over users, in a past window of the same length.
    active_share : float
        Users with a value other than 0.
    variance_share : float
        Variance left when what was known before is used (CUPED).
    users : dict of str to int
        ``fixed`` (one look at the end) and ``always`` (any number of looks), each plain and with
        ``_adjusted``: users in both arms together.
    detectable : float
        Smallest rise that the users of the past window would have shown, at any number of looks
        and adjusted; infinite where none.
    """

    metric: str
    mean: float
    standard_deviation: float
    active_share: float
    variance_share: float
    users: dict[str, int]
    detectable: float


@dataclass(frozen=True)
class Plan:
    """Sample sizes of an experiment.

    Parameters
    ----------
    shop : str
    settings : PlanSettings
    start, end : int
        The past window that was looked at, microseconds since 1970 UTC.
    n_users : int
        Users in it.
    population : str
        Who they are, in words.
    needs : tuple of Need
    """

    shop: str
    settings: PlanSettings
    start: int
    end: int
    n_users: int
    population: str
    needs: tuple[Need, ...]


def plan_experiment(
    dataset: Dataset,
    shop: ShopSettings,
    settings: PlanSettings | None = None,
) -> Plan:
    """Say how many users show a wanted effect, from the last window of the same length.

    Parameters
    ----------
    dataset : Dataset
        With times.
    shop : ShopSettings
    settings : PlanSettings, optional

    Returns
    -------
    plan : Plan
        Metrics that nobody has a value for are left out.

    Raises
    ------
    InputError
        Where the shop has no times, the effect is 0, or the past is too short or too thin.
    """
    settings = settings or PlanSettings()
    if not dataset.has_clock:
        raise InputError("the shop's interactions have no times; map their timestamp.")
    if settings.effect == 0:
        raise InputError("an effect of 0 can't be seen: give the smallest change that matters.")
    end = dataset.end if settings.as_of is None else min(moment_of(settings.as_of), dataset.end)
    start = end - int(settings.days * DAY_US)
    users, population = _population(dataset, start, end)
    if len(users) < FEWEST_USERS or len(dataset.interactions.before(start)) == 0:
        raise NotEnoughDataError(
            f"only {len(users):,} users from {iso_time(start)[:10]} to {iso_time(end)[:10]}, or "
            f"nothing before: a plan needs {FEWEST_USERS} users and a past; plan fewer days."
        )
    segments = segment_items(dataset.as_of(start), shop.segments)
    values = user_metrics(dataset, Span(users, np.full(len(users), start), end), segments)
    before = metrics_before(dataset, users, start, settings.before_days, segments)
    needs = tuple(
        _need(metric, values[metric], foretold_share(metric, values[metric], before), settings)
        for metric in PLANNED
        if metric in values and values[metric].mean() > 0
    )
    return Plan(shop.name, settings, start, end, len(users), population, needs)


def _population(dataset: Dataset, start: int, end: int) -> tuple[np.ndarray, str]:
    """The users that an experiment would have met."""
    inside = dataset.interactions.between(start, end)
    targets = {dataset.event_kinds[code] for code in np.unique(inside.event[inside.is_target])}
    if set(dataset.event_kinds) - targets - _PASSIVE:
        return np.unique(inside.user_index), "users with any event in the window, buyers or not"
    seen = dataset.interactions.before(end)
    return np.unique(seen.user_index), (
        "users with any purchase up to the end of the window: the shop logs no visits, so visitors "
        "who never bought are missing, and customers who no longer come are in"
    )


def _need(metric: str, values: np.ndarray, variance_share: float, settings: PlanSettings) -> Need:
    mean, spread, n = summarise(values)
    variation, left = spread / mean, spread / mean * variance_share**0.5
    options: dict[str, Any] = {
        "share": settings.share, "level": settings.level, "power": settings.power
    }  # fmt: skip
    users = {
        f"{kind}{name}": users_needed(
            settings.effect, wide, always_valid=kind == "always", **options
        )
        for kind in ("fixed", "always")
        for name, wide in (("", variation), ("_adjusted", left))
    }
    return Need(
        metric=metric,
        mean=mean,
        standard_deviation=spread,
        active_share=float(np.mean(values != 0)),
        variance_share=variance_share,
        users=users,
        detectable=detectable_lift(n, left, always_valid=True, **options),
    )


def plan_record(plan: Plan) -> dict[str, Any]:
    """The plan as JSON: the settings, the window, and a row for each metric."""
    settings = plan.settings
    return {
        "shop": plan.shop,
        "settings": settings.model_dump(mode="json"),
        "window": {"start": iso_time(plan.start), "end": iso_time(plan.end)},
        "n_users": plan.n_users,
        "population": plan.population,
        "metrics": [
            {
                "metric": need.metric,
                "label": METRICS[need.metric].label,
                "mean": need.mean,
                "standard_deviation": need.standard_deviation,
                "active_share": need.active_share,
                "variance_share": need.variance_share,
                "users_fixed": need.users["fixed"],
                "users_fixed_adjusted": need.users["fixed_adjusted"],
                "users_always": need.users["always"],
                "users_always_adjusted": need.users["always_adjusted"],
                "detectable_lift": need.detectable if math.isfinite(need.detectable) else None,
                "planned_user_days": round(need.users["always_adjusted"] * settings.days),
            }
            for need in plan.needs
        ],
    }
