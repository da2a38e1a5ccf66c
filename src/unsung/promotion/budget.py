"""How many impressions a campaign may cost, and which requests they are spent on."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from unsung.errors import InputError
from unsung.promotion.slots import inclusion_probabilities
from unsung.schema import DAY_US

_FEW: Final = 50
"""Offers that are only watched, so that the first threshold isn't a guess."""
_MINIMUM_BY: Final = 0.9
"""Share of the campaign's time by which every item is to have its fewest impressions."""


@dataclass(frozen=True)
class Budget:
    """What a campaign may spend, and when.

    Parameters
    ----------
    impressions : int
        Of the whole campaign, 1 or more.
    starts, ends : int
        Microseconds since 1970 UTC.
    per_request : int
        Slots that a list gives to the campaign, where it gives any.
    min_per_item : int
        Impressions that every item is to have, whatever the interest in it: until 90 % of the time
        is over, items behind an even pace to it are drawn before all others.
    max_per_item, max_per_user : int, optional
        Most impressions of one item, and before one user.

    Raises
    ------
    InputError
        Where numbers are out of range or contradict each other.
    """

    impressions: int
    starts: int
    ends: int
    per_request: int = 1
    min_per_item: int = 0
    max_per_item: int | None = None
    max_per_user: int | None = None

    def __post_init__(self) -> None:
        if self.impressions < 1 or self.per_request < 1 or self.min_per_item < 0:
            raise InputError("a campaign needs 1 impression and 1 slot a request, or more.")
        if self.starts >= self.ends:
            raise InputError("the campaign ends before it starts: swap the two.")
        if self.max_per_item is not None and self.max_per_item < max(self.min_per_item, 1):
            raise InputError("max_per_item is below 1 or below min_per_item.")
        if self.max_per_user is not None and self.max_per_user < 1:
            raise InputError("max_per_user is below 1: leave it out for no limit.")


@dataclass(frozen=True, eq=False)
class Spent:
    """What a campaign has spent so far, as the ledger knows it.

    Parameters
    ----------
    total : int
        Impressions of the campaign.
    by_item : ndarray of int64, shape (m,)
        Impressions of each item that may be drawn.
    by_user : int
        Impressions before the user who asks.
    """

    total: int
    by_item: np.ndarray
    by_user: int = 0


@dataclass(frozen=True, eq=False)
class Offer:
    """What the campaign could do with a request.

    Parameters
    ----------
    slots : int
        Impressions that limits allow; 0 where there is nothing to draw.
    weights : ndarray of float64, shape (m,)
        What ``slots.explore`` draws by: the interest, 0 for items that limits hold back.
    interest : float
        Expected interest of one drawn item; what requests compete by. 0 without slots.
    """

    slots: int
    weights: np.ndarray
    interest: float


def make_offer(budget: Budget, spent: Spent, interest: np.ndarray, now: int) -> Offer:
    """What the limits of a campaign leave for a request.

    Parameters
    ----------
    budget : Budget
    spent : Spent
    interest : ndarray of float64, shape (m,)
        Predicted interest of the user in each item that may be drawn, such as P(purchase); 0 or
        more.
    now : int
        Microseconds since 1970 UTC.

    Returns
    -------
    offer : Offer
        Whether it is taken, ``Pace`` decides.

    Examples
    --------
    The second item has had its two impressions.

    >>> budget = Budget(10, 0, 100, max_per_item=2)
    >>> offer = make_offer(budget, Spent(3, np.array([1, 2])), np.array([0.1, 0.4]), now=50)
    >>> offer.slots, offer.weights.tolist(), offer.interest
    (1, [0.1, 0.0], 0.1)
    """
    weights = np.where(_open(budget, spent.by_item, now), interest, 0.0)
    slots = min(budget.per_request, budget.impressions - spent.total)
    if budget.max_per_user is not None:
        slots = min(slots, budget.max_per_user - spent.by_user)
    slots = min(slots, int(np.count_nonzero(weights)))
    if slots < 1 or not budget.starts <= now < budget.ends:
        return Offer(0, np.zeros(len(interest)), 0.0)
    probabilities = inclusion_probabilities(weights, slots)
    return Offer(slots, weights, float(probabilities @ weights / probabilities.sum()))


def _open(budget: Budget, by_item: np.ndarray, now: int) -> np.ndarray:
    """Items below their maximum; of these only those behind their minimum, where there are any."""
    may = np.ones(len(by_item), dtype=bool)
    if budget.max_per_item is not None:
        may = by_item < budget.max_per_item
    elapsed = (now - budget.starts) / (budget.ends - budget.starts)
    behind = may & (by_item < budget.min_per_item * min(elapsed / _MINIMUM_BY, 1.0))
    return behind if behind.any() else may


@dataclass(frozen=True, eq=False)
class Traffic:
    """Offers that a campaign has had, at least those of the last 24 hours.

    Parameters
    ----------
    times : ndarray of int64, shape (n,)
        Ascending; microseconds since 1970 UTC.
    interest : ndarray of float64, shape (n,)
        ``Offer.interest`` of every offer with slots, taken or not.
    """

    times: np.ndarray
    interest: np.ndarray


@dataclass(frozen=True)
class Pace:
    """Which offers are taken until the pace is set anew.

    Parameters
    ----------
    threshold : float
        Offers of more interest are taken.
    tie_share : float
        Share of the offers of exactly that interest that is taken, in [0, 1].
    """

    threshold: float
    tie_share: float = 0.0

    def takes(self, interest: float, coin: float) -> bool:
        """Whether an offer is taken; ``coin`` is uniform in [0, 1), from ``hash_uniforms``."""
        return interest > self.threshold or (interest == self.threshold and coin < self.tie_share)


def set_pace(budget: Budget, spent_total: int, traffic: Traffic, now: int) -> Pace:
    """The threshold that spends what is left evenly over the offers to come.

    Offers to come are foretold from the last 24 hours: the same number for every day that is left,
    and for the rest of a day as many as came in that part of the last 24 hours, so that a daily
    rhythm is followed. Before a day has passed, an even flow is assumed, which spends evenly over
    time. The threshold is the quantile of the interests of the last 24 hours above which as many
    lie as may be spent.

    Parameters
    ----------
    budget : Budget
    spent_total : int
        Impressions so far.
    traffic : Traffic
    now : int
        Microseconds since 1970 UTC. Call every few minutes, more often in a short campaign: each
        call corrects what the last one foretold wrongly.

    Returns
    -------
    pace : Pace
        Takes nothing before 50 offers were seen, or where nothing is left.

    Examples
    --------
    Half a day is over and saw 100 offers, so 100 are to come; 20 impressions are left. Four in five
    offers have an interest of .1.

    >>> traffic = Traffic(np.arange(100) * DAY_US // 200, np.tile([0.1, 0.1, 0.2, 0.1, 0.1], 20))
    >>> set_pace(Budget(40, 0, DAY_US), 30, traffic, now=DAY_US // 2)
    Pace(threshold=0.2, tie_share=0.5)
    """
    recent = slice(
        np.searchsorted(traffic.times, now - DAY_US), np.searchsorted(traffic.times, now)
    )
    times, interest = traffic.times[recent], traffic.interest[recent]
    left = budget.impressions - spent_total
    if left < 1 or len(times) < _FEW:
        return Pace(np.inf)
    to_come = _foretold_offers(budget, times, now) * budget.per_request
    # As many of the recent offers as would have been taken; none is left over at the end.
    wanted = len(interest) * min(left / max(to_come, 1.0), 1.0)
    threshold = np.partition(interest, -max(int(np.ceil(wanted)), 1))[-max(int(np.ceil(wanted)), 1)]
    above = np.count_nonzero(interest > threshold)
    return Pace(float(threshold), float((wanted - above) / np.count_nonzero(interest == threshold)))


def _foretold_offers(budget: Budget, times: np.ndarray, now: int) -> float:
    """Offers between now and the end."""
    remaining = budget.ends - now
    passed = now - budget.starts
    if passed < DAY_US:
        return len(times) * remaining / max(passed, 1)
    days, rest = divmod(remaining, DAY_US)
    return days * len(times) + float(np.searchsorted(times, now - DAY_US + rest))
