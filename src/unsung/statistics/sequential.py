"""Intervals and p-values that hold at every look, however often one looks."""

from typing import Final

import numpy as np

from unsung.errors import InputError
from unsung.statistics.intervals import check_level


def boundary(clock: float, level: float = 0.95) -> float:
    """Standard errors that an estimate may stray from the truth, at any look at all.

    The boundary of a normal mixture, sqrt((1 + 1/x) ln((1 + x) / alpha^2)), with x = tuned * clock.
    The interval estimate +- boundary * standard error covers the truth at all looks together with
    probability ``level``, as the number of users grows.

    Parameters
    ----------
    clock : float
        Information so far over the information that was planned, above 0; 1 = the planned end,
        where the interval is narrowest beside what was gathered. The plan must be made before the
        data are looked at. In an experiment on users, information is users times days.
    level : float
        Confidence in (0, 1).

    Returns
    -------
    boundary : float

    Raises
    ------
    InputError
        Where ``clock`` is not above 0 or ``level`` not in (0, 1).

    Notes
    -----
    The clock may run longer than planned: at ten times the plan the boundary is 7 % wider. Values
    of the same users at later days are not independent of earlier ones; where they go together (who
    bought much goes on to buy much) estimates at different looks are nearer to one another than
    those of a random walk, and by Slepian's inequality cross less often.

    References
    ----------
    Robbins (1970), doi:10.1214/aoms/1177696786 (the mixture); Waudby-Smith et al. (2024),
    arXiv:2103.06476, theorem 2.2 and its choice of the parameter; Slepian (1962),
    doi:10.1002/j.1538-7305.1962.tb02419.x

    Examples
    --------
    >>> round(boundary(1.0), 2), round(boundary(0.1), 2), round(boundary(10), 2)
    (3.04, 3.86, 3.24)
    """
    x = _mixture(clock, level)
    alpha = 1 - level
    return float(np.sqrt((1 + 1 / x) * (np.log1p(x) - 2 * np.log(alpha))))


def always_valid_p_value(z: float, clock: float, level: float = 0.95) -> float:
    """p-value that may be looked at as often as one likes.

    It is at most 1 - ``level`` exactly where ``boundary`` is crossed, and P(it is ever at most a)
    <= a for every a.

    Parameters
    ----------
    z : float
        Estimate over its standard error; NaN gives NaN.
    clock : float
        As in ``boundary``.
    level : float
        What the mixture is tuned for, in (0, 1).

    Returns
    -------
    p_value : float
        In (0, 1].

    Raises
    ------
    InputError
        As in ``boundary``.

    References
    ----------
    Johari et al. (2022), "Always Valid Inference", arXiv:1512.04922

    Examples
    --------
    >>> round(always_valid_p_value(boundary(1.0), 1.0), 6)
    0.05
    >>> always_valid_p_value(1.0, 1.0)
    1.0
    """
    x = _mixture(clock, level)
    return float(np.minimum(np.sqrt(1 + x) * np.exp(-0.5 * z * z * x / (1 + x)), 1.0))


def _mixture(clock: float, level: float) -> float:
    """The mixture's variance times the clock; tuned for the narrowest interval at clock 1."""
    check_level(level)
    if not clock > 0 or not np.isfinite(clock):
        raise InputError(f"the clock stands at {clock}: it must be above 0.")
    doubled = -2 * np.log(1 - level)
    return float((doubled + np.log1p(doubled)) * clock)


PLANNED_USER_DAYS: Final = 100_000.0
"""The plan where nobody made one: with 10,000 to 10 million user-days the boundary lies within 28 %
of the one that is tuned for the experiment."""
