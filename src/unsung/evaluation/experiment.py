"""What an experiment's arms did, from one value a user and metric."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy import stats
from scipy.special import gammaln

from unsung.errors import InputError
from unsung.statistics.control_variates import adjust_for_covariates
from unsung.statistics.intervals import Interval
from unsung.statistics.multiplicity import holm_adjust
from unsung.statistics.sequential import PLANNED_USER_DAYS, always_valid_p_value, boundary
from unsung.statistics.two_samples import Sample, difference_interval, lift_interval

CONTROL: Final = 0
"""Number of the control among the arms."""
FEWEST_ACTIVE: Final = 50
"""Users with a value other than 0, in two arms together, from which an effect can be settled: below
it the mean of so skewed a metric is no normal variable."""
FEWEST_ADJUSTED: Final = 100
"""Users below which nothing is adjusted for what was known before."""
ALWAYS_USED: Final = ("purchases", "revenue", "known")
"""What every metric is adjusted for, beside its own values before and the days of exposure."""


@dataclass(frozen=True, eq=False)
class Trial:
    """The users of an experiment; all arrays of shape (n_users,).

    Parameters
    ----------
    arms : tuple of str
        The control first.
    arm : ndarray of int
        Number of each user's arm.
    days : ndarray of float64
        From the user's first exposure to the moment of the readout, above 0.
    values : mapping of str to ndarray of float64
        Metric -> what the user did since the first exposure.
    before : mapping of str to ndarray of float64
        The same metrics over a window before the experiment, and whatever else was known by then.
    planned_user_days : float
        Users times days that were planned, all arms together; fixed before the data are looked at.
    """

    arms: tuple[str, ...]
    arm: np.ndarray
    days: np.ndarray
    values: Mapping[str, np.ndarray]
    before: Mapping[str, np.ndarray]
    planned_user_days: float = PLANNED_USER_DAYS

    def take(self, mask: np.ndarray) -> "Trial":
        """The users of a mask."""
        return replace(
            self,
            arm=self.arm[mask],
            days=self.days[mask],
            values={name: each[mask] for name, each in self.values.items()},
            before={name: each[mask] for name, each in self.before.items()},
        )


@dataclass(frozen=True)
class Effect:
    """The difference of a metric between an arm and the control.

    Parameters
    ----------
    metric, arm : str
    group : str
        The users looked at; ``all`` for all.
    n_control, n_arm : int
        Users.
    n_active : int
        Those whose value is not 0, in both arms.
    control_mean, arm_mean : float
        Means a user, adjusted for what was known before.
    difference : float
        Arm minus control.
    plain_difference : float
        The same without the adjustment.
    variance_share : float
        Variance that the adjustment left, 0 to 1.
    always, fixed : Interval
        Of the difference: valid at every look, and at one look that was fixed beforehand.
    lift : float
        Difference over the control's mean; NaN where that is 0.
    lift_always, lift_fixed : Interval
        Of the lift; NaN where the control's mean can't be told from 0.
    p_value, fixed_p_value : float
        Two-sided, valid at every look and at one look.
    adjusted_p_value : float
        The former, corrected for the effects that were looked at together (Holm).
    settled : bool
        Whether the effect is proven: the adjusted p-value is at most 1 - level, and enough users
        have a value.
    """

    metric: str
    arm: str
    group: str
    n_control: int
    n_arm: int
    n_active: int
    control_mean: float
    arm_mean: float
    difference: float
    plain_difference: float
    variance_share: float
    always: Interval
    fixed: Interval
    lift: float
    lift_always: Interval
    lift_fixed: Interval
    p_value: float
    fixed_p_value: float
    adjusted_p_value: float
    settled: bool


def compare_arms(
    trial: Trial, metrics: Sequence[str], *, level: float = 0.95, adjusted: bool = True
) -> tuple[Effect, ...]:
    """Compare every arm with the control, p-values corrected for all of these together.

    Parameters
    ----------
    trial : Trial
    metrics : sequence of str
        Keys of ``trial.values``.
    level : float
        Confidence in (0, 1).
    adjusted : bool
        Whether what was known before is used (CUPED).

    Returns
    -------
    effects : tuple of Effect
        By arm, then metric. Intervals and p-values are NaN, and nothing is settled, where an arm
        has fewer than two users or all values are equal.

    Raises
    ------
    InputError
        Where ``level`` is out of range or the clock stands still.

    Notes
    -----
    Clock of the sequential interval: users times days so far over those planned. Standard errors
    are Welch's, intervals normal: for many users.
    """
    return _together(_effects(trial, metrics, _Look("all", level, adjusted)), level)


def compare_groups(
    trial: Trial,
    metrics: Sequence[str],
    groups: Mapping[str, np.ndarray],
    *,
    level: float = 0.95,
) -> tuple[Effect, ...]:
    """The same within groups of users, p-values corrected over all groups, arms and metrics.

    Parameters
    ----------
    trial : Trial
    metrics : sequence of str
    groups : mapping of str to ndarray of bool, shape (n_users,)
        Known before the first exposure. Groups without users in some arm are left out.
    level : float

    Returns
    -------
    effects : tuple of Effect
    """
    found: list[Effect] = []
    for name, members in groups.items():
        if len(np.unique(trial.arm[members])) == len(trial.arms):
            found += _effects(trial.take(members), metrics, _Look(name, level, adjusted=True))
    return _together(found, level)


@dataclass(frozen=True)
class _Look:
    """What one call compares: whose values, at which clock, by how much confidence."""

    group: str
    level: float
    adjusted: bool


def _effects(trial: Trial, metrics: Sequence[str], look: _Look) -> Iterator[Effect]:
    for metric in metrics:
        plain = trial.values[metric]
        values, variance_share = _adjusted(trial, metric) if look.adjusted else (plain, 1.0)
        control = trial.arm == CONTROL
        for number, name in enumerate(trial.arms[1:], start=1):
            arm = trial.arm == number
            both = arm | control
            treated, other = Sample.of(values[arm]), Sample.of(values[control])
            effect = _difference(treated, other, trial.days[both].sum() / trial.planned_user_days,
                                 look.level)  # fmt: skip
            yield replace(
                effect,
                metric=metric,
                arm=name,
                group=look.group,
                n_active=int(np.count_nonzero(plain[both])),
                plain_difference=Sample.of(plain[arm]).mean - Sample.of(plain[control]).mean,
                variance_share=variance_share,
            )


def _difference(treated: Sample, control: Sample, clock: float, level: float) -> Effect:
    """The effect as far as two samples tell it."""
    difference = treated.mean - control.mean
    error = float(np.hypot(treated.error, control.error))
    z = difference / error if error > 0 else float("nan")
    at_any, at_one = boundary(clock, level), float(stats.norm.ppf((1 + level) / 2))
    some = control.mean != 0
    return Effect(
        metric="",
        arm="",
        group="",
        n_control=control.n,
        n_arm=treated.n,
        n_active=0,
        control_mean=control.mean,
        arm_mean=treated.mean,
        difference=difference,
        plain_difference=difference,
        variance_share=1.0,
        always=difference_interval(treated, control, at_any),
        fixed=difference_interval(treated, control, at_one),
        lift=difference / control.mean if some else float("nan"),
        lift_always=lift_interval(treated, control, at_any),
        lift_fixed=lift_interval(treated, control, at_one),
        p_value=always_valid_p_value(z, clock, level),
        fixed_p_value=float(2 * stats.norm.sf(abs(z))),
        adjusted_p_value=float("nan"),
        settled=False,
    )


def _adjusted(trial: Trial, metric: str) -> tuple[np.ndarray, float]:
    """The metric less what was foretold by the same metric before, by the rest and by the days."""
    values = trial.values[metric]
    if len(values) < FEWEST_ADJUSTED:
        return values, 1.0
    known = [*_known_before(metric, trial.before), trial.days]
    adjusted = adjust_for_covariates(values, np.column_stack(known), trial.arm)
    return adjusted.values, adjusted.variance_share


def foretold_share(metric: str, values: np.ndarray, before: Mapping[str, np.ndarray]) -> float:
    """Share of a metric's variance that is left when what was known before is used.

    Parameters
    ----------
    metric : str
    values : ndarray of float64, shape (n_users,)
    before : mapping of str to ndarray of float64, shape (n_users,)
        As in ``Trial``.

    Returns
    -------
    variance_share : float
        0 to 1.
    """
    known = np.column_stack([*_known_before(metric, before), np.zeros(len(values))])
    return adjust_for_covariates(values, known, np.zeros(len(values), int)).variance_share


def _known_before(metric: str, before: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    return [each for name, each in before.items() if name in (metric, *ALWAYS_USED)]


def _together(effects: Iterable[Effect], level: float) -> tuple[Effect, ...]:
    found = list(effects)
    corrected = holm_adjust(np.array([effect.p_value for effect in found]))
    return tuple(
        replace(
            effect,
            adjusted_p_value=float(p),
            settled=bool(p <= 1 - level) and effect.n_active >= FEWEST_ACTIVE,
        )
        for effect, p in zip(found, corrected, strict=True)
    )


def expected_items_reached(buyers: np.ndarray, n_users: int, n_drawn: int) -> float:
    """Distinct items that so many users, drawn at random from an arm, are expected to have bought.

    More users reach more items: only arms cut to the same number of users can be compared.

    Parameters
    ----------
    buyers : ndarray of int, shape (n_items,)
        Distinct buyers of each item in the arm.
    n_users : int
        Users of the arm.
    n_drawn : int
        0 to ``n_users``.

    Returns
    -------
    expected : float

    Raises
    ------
    InputError
        Where more are to be drawn than there are.

    References
    ----------
    Hurlbert (1971), doi:10.2307/1934145 (rarefaction)

    Examples
    --------
    >>> expected_items_reached(np.array([2, 1, 0]), n_users=2, n_drawn=1)
    1.5
    """
    if not 0 <= n_drawn <= n_users:
        raise InputError(f"{n_drawn} users can't be drawn from {n_users}.")
    others = n_users - np.asarray(buyers, dtype=np.float64)
    # C(others, drawn) / C(users, drawn), 0 where too few others are left.
    enough = others >= n_drawn
    log = (
        gammaln(others[enough] + 1)
        - gammaln(others[enough] - n_drawn + 1)
        - gammaln(n_users + 1)
        + gammaln(n_users - n_drawn + 1)
    )
    return float(len(others) - np.exp(log).sum())
