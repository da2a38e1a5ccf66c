"""How many calibration users a certificate would take."""

from collections.abc import Callable

import numpy as np
from scipy import stats

from unsung.evaluation.margins import Margins
from unsung.statistics.betting import betting_p_values

_TRIALS = 200
"""Simulated calibrations: the power is known to about 6 points."""
_MOST_SIMULATED = 20_000
"""Users; for more than these the normal distribution is near enough."""
_SURPLUS = 1.1
"""Users that the bets take for one that a normal test takes, where n is large
(``benchmarks/certificate.py``)."""
_STEP = 1.05
"""Numbers that differ by less are the same: the power isn't known better."""


def users_needed(
    margins: Margins,
    position: int,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    power: float = 0.8,
) -> int | None:
    """Independent users that would certify a position with some probability.

    Takes the users at hand for the population: calibrations of n users are drawn from them with
    replacement, for other n until the power is met; so the answer is an estimate, and a rough one
    where these users are few or the loss is near the budget.

    Parameters
    ----------
    margins : Margins
        Of users like those to be asked.
    position : int
    rng : Generator
    level : float
        Confidence of the certificate, in (0, 1).
    power : float
        Probability that it is given, in (0, 1).

    Returns
    -------
    n : int or None
        Above ``_MOST_SIMULATED`` by the normal distribution. None where these users lose more than
        the budget, so that no number helps.

    Notes
    -----
    Up to a few seconds, where about 20,000 users are needed.
    """
    one = margins.at(position)
    values = one.values[:, 0]
    mean, spread = (float(values.mean()), float(values.std())) if len(values) else (0.0, 0.0)
    if mean <= 0:
        return None
    normal = (stats.norm.ppf(level) + stats.norm.ppf(power)) * spread / mean
    # A bet is at most 1 / -low, so the log wealth grows by -mean / low a user at the very most.
    least = max(normal**2, -np.log1p(-level) * -one.low[0] / mean, 1)
    if least > _MOST_SIMULATED:
        return int(np.ceil(least * _SURPLUS))

    def enough(n: int) -> bool:
        drawn = rng.choice(values, size=(n, _TRIALS))
        p_values = betting_p_values(drawn, low=one.low[0], level=level)
        return float((p_values <= 1 - level).mean()) >= power

    return _smallest(enough, int(np.ceil(least)))


def _smallest(enough: Callable[[int], bool], start: int) -> int:
    """By doubling, then by halving the ratio of what is enough and what isn't."""
    below, above = start, start
    while not enough(above):
        below, above = above, 2 * above
    while above > _STEP * below + 1:
        middle = int(np.sqrt(below * above))
        below, above = (below, middle) if enough(middle) else (middle, above)
    return above
