"""Read out an experiment: who was in which arm, what they did since, and what that proves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from pydantic import Field

from unsung.data.assignments import Assignments
from unsung.data.dataset import Dataset
from unsung.data.settings import ShopSettings
from unsung.errors import InputError, Location, NotEnoughDataError
from unsung.evaluation.experiment import (
    Effect,
    Trial,
    compare_arms,
    compare_groups,
    expected_items_reached,
)
from unsung.popularity.segments import segment_items
from unsung.popularity.tables import iso_time
from unsung.progress import Progress, silent
from unsung.schema import ARM, DAY_US, TIMESTAMP
from unsung.settings import Settings
from unsung.statistics.ratio_check import RatioCheck, check_sample_ratio
from unsung.statistics.sequential import PLANNED_USER_DAYS
from unsung.workflows.experiment_metrics import (
    METRICS,
    Span,
    buyers_per_item,
    metrics_before,
    moment_of,
    user_metrics,
)

MOST_ARMS: Final = 20
FEWEST_BEFORE_DAYS: Final = 28.0
PRIMARY: Final = ("tail_purchases", "revenue")
"""What the verdict rests on; purchases in place of revenue where the shop has no prices."""
BY_GROUP: Final = ("tail_purchases", "revenue", "purchases", "head_purchases")


class ReadoutSettings(Settings):
    """How an experiment is read out."""

    control: str = "control"
    """Name of the arm that the others are compared with."""
    shares: dict[str, float] = Field(default_factory=dict)
    """Arm -> its planned share of the users; equal where not given."""
    level: float = Field(default=0.95, gt=0.5, lt=1)
    """Confidence of the intervals."""
    start: datetime | None = None
    """When the experiment began (UTC where no zone is named); the first exposure if not given."""
    end: datetime | None = None
    """Until when to read (exclusive); everything where not given."""
    before_days: float | None = Field(default=None, gt=0)
    """Days before the start that tell users apart; as long as the experiment has run, and at least
    28, where not given."""
    planned_user_days: float = Field(default=PLANNED_USER_DAYS, gt=0)
    """Users times days that were planned; it must be the same at every look."""


@dataclass(frozen=True, eq=False)
class Readout:
    """What an experiment shows.

    Parameters
    ----------
    shop : str
    settings : ReadoutSettings
    assignments : Assignments
    start, end : int
        Microseconds since 1970 UTC.
    before_days : float
    trial : Trial
    ratio : RatioCheck
        Of the users exposed before ``end``.
    n_later : int
        Users whose first exposure is at or after ``end``: left out.
    n_unknown : int
        Users without any event in the shop, who count as having bought nothing.
    primary, secondary, by_group : tuple of Effect
        Three families, each with p-values of its own correction; empty where the ratio fails.
    items_reached : dict of str to float
        Arm -> distinct items that as many users as the smallest arm has are expected to buy.
    """

    shop: str
    settings: ReadoutSettings
    assignments: Assignments
    start: int
    end: int
    before_days: float
    trial: Trial
    ratio: RatioCheck
    n_later: int
    n_unknown: int
    primary: tuple[Effect, ...]
    secondary: tuple[Effect, ...]
    by_group: tuple[Effect, ...]
    items_reached: Mapping[str, float]


def read_experiment(
    dataset: Dataset,
    shop: ShopSettings,
    assignments: Assignments,
    settings: ReadoutSettings | None = None,
    *,
    progress: Progress = silent,
) -> Readout:
    """Compare the arms of an experiment on everything their users did since their first exposure.

    Parameters
    ----------
    dataset : Dataset
        With times; purchases before the start make the comparison sharper.
    shop : ShopSettings
        Its name and its definition of the long tail are used.
    assignments : Assignments
    settings : ReadoutSettings, optional
    progress : Progress, optional

    Returns
    -------
    readout : Readout

    Raises
    ------
    InputError
        Where the shop has no times, an arm is missing or unknown, or nothing happened since.
    """
    settings = settings or ReadoutSettings()
    arms = _arms(assignments, settings)
    start, end = _times(dataset, assignments, settings)
    progress("counting what users did", 0, 3)
    since = np.full(len(assignments), start)
    if assignments.first_exposure is not None:
        since = np.maximum(assignments.first_exposure, start)
    exposed = since < end
    if not exposed.any():
        raise NotEnoughDataError(
            f"nobody was exposed before {iso_time(end)}, up to where the shop's interactions are "
            "read: there is nothing to read out yet.",
            at=Location(assignments.file, TIMESTAMP),
        )
    users = dataset.users.index_of(assignments.user_id[exposed])
    arm = np.array([arms.index(name) for name in assignments.arm[exposed]], dtype=np.int64)
    before_days = settings.before_days or max((end - start) / DAY_US, FEWEST_BEFORE_DAYS)
    segments = segment_items(dataset.as_of(start), shop.segments)
    span = Span(users, since[exposed], end)
    trial = Trial(
        arms=arms,
        arm=arm,
        days=(end - since[exposed]) / DAY_US,
        values=user_metrics(dataset, span, segments),
        before=metrics_before(dataset, users, start, before_days, segments),
        planned_user_days=settings.planned_user_days,
    )
    ratio = _ratio(trial, settings)
    progress("comparing arms", 1, 3)
    primary, secondary, by_group = _effects(trial, settings.level, refused=ratio.fails)
    progress("comparing arms", 2, 3)
    reached = {} if ratio.fails else _items_reached(dataset, span, trial)
    progress("comparing arms", 3, 3)
    return Readout(
        shop=shop.name,
        settings=settings,
        assignments=assignments,
        start=start,
        end=end,
        before_days=before_days,
        trial=trial,
        ratio=ratio,
        n_later=int((~exposed).sum()),
        n_unknown=int((users < 0).sum()),
        primary=primary,
        secondary=secondary,
        by_group=by_group,
        items_reached=reached,
    )


def user_groups(trial: Trial) -> dict[str, np.ndarray]:
    """Users by what was known before the start: name -> ndarray of bool, shape (n_users,)."""
    known, active = trial.before["known"] > 0, trial.before["purchases"] > 0
    return {"new": ~known, "known": known, "active": active, "inactive": known & ~active}


def _arms(assignments: Assignments, settings: ReadoutSettings) -> tuple[str, ...]:
    """The names of the arms, the control first."""
    at = Location(assignments.file, ARM)
    found = sorted(set(assignments.arm))
    shown = ", ".join(found[:MOST_ARMS])
    if settings.control not in found:
        raise InputError(
            f"no arm is called '{settings.control}' (arms: {shown}); name the control with "
            "--control.",
            at=at,
        )
    if not 2 <= len(found) <= MOST_ARMS:
        raise InputError(
            f"{len(found)} arms: an experiment has 2 to {MOST_ARMS}; check that this is the right "
            "column.",
            at=at,
        )
    if settings.shares and set(settings.shares) != set(found):
        raise InputError(
            f"the planned shares are of {', '.join(sorted(settings.shares))}, the arms are "
            f"{shown}: give every arm its share.",
            at=at,
        )
    return (settings.control, *(name for name in found if name != settings.control))


def _times(
    dataset: Dataset, assignments: Assignments, settings: ReadoutSettings
) -> tuple[int, int]:
    if not dataset.has_clock:
        raise InputError(
            "the shop's interactions have no times, so what came after the exposure can't be told; "
            "map their timestamp."
        )
    at = Location(assignments.file, TIMESTAMP)
    if settings.start is not None:
        start = moment_of(settings.start)
    elif assignments.first_exposure is not None:
        start = int(assignments.first_exposure.min())
    else:
        raise InputError(
            "there is no time of first exposure; give the start of the experiment with --start.",
            at=at,
        )
    end = dataset.end if settings.end is None else min(moment_of(settings.end), dataset.end)
    if end <= start:
        raise NotEnoughDataError(
            f"the experiment starts at {iso_time(start)}, and the shop's interactions are read up "
            f"to {iso_time(end)}: there is nothing to read out yet.",
            at=at,
        )
    return start, end


def _ratio(trial: Trial, settings: ReadoutSettings) -> RatioCheck:
    counts = np.bincount(trial.arm, minlength=len(trial.arms))
    return check_sample_ratio(
        counts, np.array([settings.shares.get(name, 1.0) for name in trial.arms])
    )


def _effects(
    trial: Trial, level: float, *, refused: bool
) -> tuple[tuple[Effect, ...], tuple[Effect, ...], tuple[Effect, ...]]:
    """The three families; nothing where the groups can't be compared."""
    if refused:
        return (), (), ()
    primary = primary_metrics(trial)
    others = [name for name in METRICS if name in trial.values and name not in primary]
    cut = [name for name in BY_GROUP if name in trial.values]
    return (
        compare_arms(trial, primary, level=level),
        compare_arms(trial, others, level=level),
        compare_groups(trial, cut, user_groups(trial), level=level),
    )


def primary_metrics(trial: Trial) -> tuple[str, ...]:
    """The metrics that the verdict rests on."""
    return PRIMARY if "revenue" in trial.values else (PRIMARY[0], "purchases")


def _items_reached(dataset: Dataset, span: Span, trial: Trial) -> dict[str, float]:
    counts = np.bincount(trial.arm, minlength=len(trial.arms))
    reached = {}
    for number, name in enumerate(trial.arms):
        inside = trial.arm == number
        buyers = buyers_per_item(dataset, Span(span.users[inside], span.since[inside], span.end))
        reached[name] = expected_items_reached(buyers, int(counts[number]), int(counts.min()))
    return reached
