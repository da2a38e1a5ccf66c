"""How many users an experiment needs to see a relative change of a mean, and what it can see."""

import math

from scipy import stats

from unsung.errors import InputError
from unsung.statistics.intervals import check_level
from unsung.statistics.sequential import boundary


def users_needed(
    lift: float,
    variation: float,
    *,
    share: float = 0.5,
    level: float = 0.95,
    power: float = 0.8,
    always_valid: bool = False,
) -> int:
    """Users in two groups together, so that a lift of the mean is seen with the wanted power.

    (reach v / lift)^2 ((1 + lift)^2 / share + 1 / (1 - share)): who buys more also varies more, so
    the treated group's standard deviation is taken to grow with its mean.

    Parameters
    ----------
    lift : float
        Smallest relative change that matters, above -1 and not 0; .05 is 5 % more.
    variation : float
        The metric's standard deviation over users, within a group, over its mean; at least 0.
    share : float
        The treated group's part of the users, in (0, 1).
    level : float
        Confidence of the two-sided interval, in (0, 1).
    power : float
        Wanted probability that the interval excludes 0 where the lift is there, in (0, 1).
    always_valid : bool
        For the interval that holds at every look, judged at the planned end alone; that one may
        look earlier makes up for a part of its price.

    Returns
    -------
    n : int
        At least 2.

    Raises
    ------
    InputError
        Where an argument is out of range.

    References
    ----------
    Kohavi, Tang & Xu (2020), "Trustworthy Online Controlled Experiments", chapter 17,
    doi:10.1017/9781108653985

    Examples
    --------
    >>> users_needed(0.1, 1.0), users_needed(0.1, 1.0, always_valid=True)
    (3470, 6644)
    """
    if not -1 < lift < math.inf or lift == 0:
        raise InputError(f"a lift of {lift} can't be planned for: give a change such as .05.")
    reach = _reach(level, power, always_valid=always_valid)
    _check(share, variation)
    spread = (1 + lift) ** 2 / share + 1 / (1 - share)
    return max(2, math.ceil((reach * variation / lift) ** 2 * spread))


def detectable_lift(
    n: int,
    variation: float,
    *,
    share: float = 0.5,
    level: float = 0.95,
    power: float = 0.8,
    always_valid: bool = False,
) -> float:
    """Smallest rise of the mean that so many users show with the wanted power.

    Parameters
    ----------
    n : int
        Users in the two groups together, >= 1.
    variation, share, level, power, always_valid
        As in ``users_needed``.

    Returns
    -------
    lift : float
        Infinite where no rise shows, however large: too few users.

    Raises
    ------
    InputError
        Where an argument is out of range.

    Examples
    --------
    >>> round(detectable_lift(3470, 1.0), 4), detectable_lift(10, 9.0)
    (0.1, inf)
    """
    reach = _reach(level, power, always_valid=always_valid)
    _check(share, variation)
    if n < 1:
        raise InputError(f"{n} users: give at least 1.")
    noise = (reach * variation) ** 2 / n
    # noise ((1 + lift)^2 / share + 1 / (1 - share)) = lift^2, solved for the lift above 0.
    square, linear = 1 - noise / share, noise / share
    constant = noise * (1 / share + 1 / (1 - share))
    if square <= 0:
        return math.inf
    return (linear + math.sqrt(linear**2 + square * constant)) / square


def _reach(level: float, power: float, *, always_valid: bool) -> float:
    """Standard errors that the true difference must be away from 0."""
    check_level(level)
    if not 0 < power < 1:
        raise InputError(f"power {power} is not between 0 and 1: give .8 for 80 %.")
    critical = boundary(1.0, level) if always_valid else float(stats.norm.ppf((1 + level) / 2))
    return critical + float(stats.norm.ppf(power))


def _check(share: float, variation: float) -> None:
    if not 0 < share < 1:
        raise InputError(f"share {share} is not between 0 and 1: give .5 for half of the users.")
    if not 0 <= variation < math.inf:
        raise InputError(f"variation {variation} must be a number from 0 up.")
