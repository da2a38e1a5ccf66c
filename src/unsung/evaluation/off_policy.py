"""What another policy would have earned, from a log whose propensities are known; or why not."""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from unsung.errors import InputError
from unsung.settings import Settings
from unsung.statistics.intervals import check_level
from unsung.statistics.ratio_bootstrap import bootstrap_ratio_interval

ESTIMATORS: Final = ("ips", "snips", "dr")
_CERTAIN: Final = 1 - 1e-9
_FAR: Final = 4.0
"""Standard errors by which the mean weight may be away from 1."""


class OffPolicyLimits(Settings):
    """What an estimate must not fall short of; beyond it, there is a refusal."""

    fewest_effective: float = 200.0
    """Effective sample size, in slots."""
    largest_weight_share: float = 0.05
    """Share of the whole weight that one slot may have."""


@dataclass(frozen=True, eq=False)
class LoggedSlots:
    """Slots of lists that were shown; all arrays of shape (n_slots,).

    Parameters
    ----------
    reward : ndarray of float64
        What the slot earned: a click, a purchase, money.
    logging_propensity : ndarray of float64
        Probability with which the policy of the time put this item into this slot; NaN where it
        was not logged.
    target_propensity : ndarray of float64
        Probability with which the other policy puts this item into this slot, 0 to 1.
    request : ndarray of int
        Number of the request: slots of one request are not independent.

    Raises
    ------
    InputError
        Where the lengths differ, a reward is not finite or a target propensity not in [0, 1].
    """

    reward: np.ndarray
    logging_propensity: np.ndarray
    target_propensity: np.ndarray
    request: np.ndarray

    def __post_init__(self) -> None:
        given = (self.reward, self.logging_propensity, self.target_propensity, self.request)
        if len({len(each) for each in given}) != 1:
            raise InputError("rewards, propensities and requests differ in number: pair them.")
        if not np.isfinite(self.reward).all():
            raise InputError("a reward is not finite: leave out such slots first.")
        if not ((self.target_propensity >= 0) & (self.target_propensity <= 1)).all():
            raise InputError("a target propensity lies outside 0 to 1: give probabilities.")


@dataclass(frozen=True, eq=False)
class RewardModel:
    """What a model expects of slots; it must not have learned from the rewards that are used.

    Parameters
    ----------
    logged : ndarray of float64, shape (n_slots,)
        Of the item that was shown.
    target : ndarray of float64, shape (n_slots,)
        Of the other policy's item, or the mean over its items by their probability.
    """

    logged: np.ndarray
    target: np.ndarray


@dataclass(frozen=True)
class Overlap:
    """How much of the other policy the log has seen.

    Parameters
    ----------
    n_slots, n_requests : int
    effective_slots : float
        (sum of weights)^2 / sum of squared weights: as much is known as from so many slots of the
        other policy itself.
    largest_weight : float
        Largest target propensity over logging propensity.
    largest_weight_share : float
        Its part of all weight, 0 to 1.
    mean_weight : float
        1 on average where the propensities are right and the log may show all that the other
        policy shows.
    """

    n_slots: int
    n_requests: int
    effective_slots: float
    largest_weight: float
    largest_weight_share: float
    mean_weight: float


@dataclass(frozen=True)
class PolicyValue:
    """An estimate of the mean reward of a slot.

    Parameters
    ----------
    estimator : str
        ``ips``, ``snips`` or ``dr``.
    value, low, high : float
        With the BCa bootstrap interval over requests.
    overlap : Overlap
        Never to be left out when the value is told.
    """

    estimator: str
    value: float
    low: float
    high: float
    overlap: Overlap


@dataclass(frozen=True)
class Refusal:
    """Why there is no estimate.

    Parameters
    ----------
    estimator : str
    reason : str
        ``no_slots``, ``propensity_missing``, ``propensity_impossible``, ``deterministic_slots``,
        ``too_few_effective_slots``, ``weight_too_large`` or ``weights_off``.
    sentence : str
        What is wrong and what would help.
    overlap : Overlap or None
        None where there are no weights.
    """

    estimator: str
    reason: str
    sentence: str
    overlap: Overlap | None


Estimate: TypeAlias = PolicyValue | Refusal


def estimate_policy(
    slots: LoggedSlots,
    *,
    rng: np.random.Generator,
    reward_model: RewardModel | None = None,
    limits: OffPolicyLimits | None = None,
    level: float = 0.95,
    n_boot: int = 2000,
) -> dict[str, Estimate]:
    """Estimate the other policy's mean reward a slot, or refuse to.

    ips: mean of w r, w = target over logging propensity. snips: sum of w r over sum of w. dr: mean
    of the expected reward of the other policy's item + w (r - expected reward of the shown item).
    All take a slot's reward to depend on its item and place, not on the other slots of the list.

    Parameters
    ----------
    slots : LoggedSlots
    rng : Generator
    reward_model : RewardModel, optional
        Without one there is no ``dr``.
    limits : OffPolicyLimits, optional
    level : float
        Confidence of the intervals, in (0, 1).
    n_boot : int
        Resamples of requests.

    Returns
    -------
    estimates : dict of str to PolicyValue or Refusal
        By estimator. A refusal concerns all: where the log has not seen the other policy, no
        arithmetic makes up for it.

    Raises
    ------
    InputError
        Where the reward model's arrays don't fit or an option is out of range.

    References
    ----------
    Horvitz & Thompson (1952), doi:10.1080/01621459.1952.10483446 (IPS); Swaminathan & Joachims
    (2015), "The Self-Normalized Estimator for Counterfactual Learning", NeurIPS (SNIPS); Dudik et
    al. (2014), arXiv:1503.02834 (DR); Li et al. (2018), arXiv:1804.10488 (slots by item and
    position)

    Examples
    --------
    Two items, shown half and half; the other policy always shows the first, which earns .5.

    >>> first = np.arange(1000) % 2 == 0
    >>> earned = (first & (np.arange(1000) % 4 == 0)).astype(float)
    >>> slots = LoggedSlots(earned, np.full(1000, 0.5), first.astype(float), np.arange(1000))
    >>> found = estimate_policy(slots, rng=np.random.default_rng(1))
    >>> found["ips"].value, found["snips"].value, found["ips"].overlap.effective_slots
    (0.5, 0.5, 500.0)
    """
    check_level(level)
    names = ESTIMATORS if reward_model is not None else ESTIMATORS[:2]
    problem = _problem_of_log(slots)
    if problem is not None:
        return {name: Refusal(name, *problem, overlap=None) for name in names}
    weight = slots.target_propensity / slots.logging_propensity
    _, request = np.unique(slots.request, return_inverse=True)
    overlap = _overlap(weight, request)
    problem = _problem_of_overlap(weight, request, overlap, limits or OffPolicyLimits())
    if problem is not None:
        return {name: Refusal(name, *problem, overlap=overlap) for name in names}
    found: dict[str, Estimate] = {}
    for name, (over, under) in _sums(slots, weight, reward_model).items():
        by_request = (np.bincount(request, each) for each in (over, under))
        low, high = bootstrap_ratio_interval(*by_request, rng=rng, level=level, n_boot=n_boot)
        found[name] = PolicyValue(name, float(over.sum() / under.sum()), low, high, overlap)
    return found


def _sums(
    slots: LoggedSlots, weight: np.ndarray, model: RewardModel | None
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What each estimator is a ratio of, slot by slot."""
    ones = np.ones(len(weight))
    earned = weight * slots.reward
    sums = {"ips": (earned, ones), "snips": (earned, weight)}
    if model is not None:
        if not len(model.logged) == len(model.target) == len(weight):
            raise InputError("the reward model has other slots than the log: give one number each.")
        sums["dr"] = (model.target + weight * (slots.reward - model.logged), ones)
    return sums


def _overlap(weight: np.ndarray, request: np.ndarray) -> Overlap:
    total, squares, largest = weight.sum(), float(weight @ weight), float(weight.max())
    return Overlap(
        n_slots=len(weight),
        n_requests=int(request.max()) + 1,
        effective_slots=float(total**2 / squares) if squares else 0.0,
        largest_weight=largest,
        largest_weight_share=float(largest / total) if total else 0.0,
        mean_weight=float(weight.mean()),
    )


def _problem_of_log(slots: LoggedSlots) -> tuple[str, str] | None:
    logged = slots.logging_propensity
    if not len(logged):
        return "no_slots", "There is no slot to learn from: log exposures with their propensity."
    missing = int(np.isnan(logged).sum())
    if missing:
        return (
            "propensity_missing",
            f"{missing:,} of {len(logged):,} slots have no logging propensity: the policy must log "
            "the probability of what it shows when it shows it.",
        )
    impossible = int((~((logged > 0) & (logged <= 1))).sum())
    if impossible:
        return (
            "propensity_impossible",
            f"{impossible:,} slots were shown with a propensity of 0 or outside 0 to 1, which "
            "can't be: correct what is logged.",
        )
    fixed = int(((logged >= _CERTAIN) & (slots.target_propensity < _CERTAIN)).sum())
    if fixed:
        return (
            "deterministic_slots",
            f"{fixed:,} of {len(logged):,} slots could show one item only, so nothing is known of "
            "what the other policy puts there: randomise some slots, and check on those.",
        )
    return None


def _problem_of_overlap(
    weight: np.ndarray, request: np.ndarray, overlap: Overlap, limits: OffPolicyLimits
) -> tuple[str, str] | None:
    if overlap.effective_slots < limits.fewest_effective:
        return (
            "too_few_effective_slots",
            f"The {overlap.n_slots:,} slots are worth {overlap.effective_slots:,.1f} of the other "
            f"policy's own, fewer than {limits.fewest_effective:,.0f} (largest weight "
            f"{overlap.largest_weight:,.0f}): the two policies show too different things.",
        )
    if overlap.largest_weight_share > limits.largest_weight_share:
        return (
            "weight_too_large",
            f"One slot has {overlap.largest_weight_share:.0%} of all weight (weight "
            f"{overlap.largest_weight:,.0f}), more than {limits.largest_weight_share:.0%}: its "
            "reward would decide the estimate.",
        )
    sums = np.bincount(request, weight - 1)
    error = np.sqrt(len(sums) * sums.var()) / overlap.n_slots
    if abs(overlap.mean_weight - 1) > _FAR * error + 1e-9:
        return (
            "weights_off",
            f"The mean weight is {overlap.mean_weight:.3f}, too far from 1 to be chance: the log "
            "never shows some of what the other policy shows, or its propensities are wrong.",
        )
    return None
