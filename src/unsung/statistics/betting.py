"""P-values of "the mean is no higher than this", by betting against it; valid for every n."""

import numpy as np

from unsung.errors import InputError
from unsung.statistics.intervals import check_level

_MOST = 0.99
"""Share of the wealth that a bet may put at risk: the worst value can't ruin the player."""
_PRIOR = 0.2
"""Standard deviation that the bets start from, as a share of the room below the mean; it counts as
one value, and never for validity."""


def betting_p_values(
    values: np.ndarray,
    *,
    low: np.ndarray | float,
    mean: float = 0.0,
    level: float = 0.95,
    rng: np.random.Generator | None = None,
) -> np.ndarray:
    """P-values of H0: the expected value is at most ``mean``, one a column.

    A player starts with a wealth of 1 and bets on each value in turn that it is above ``mean``.
    Under H0 the wealth is a supermartingale, so P(it ever reaches 1 / d) <= d (Ville): 1 / the
    largest wealth is a p-value for every n and every distribution above ``low``. An upper end of
    the range isn't needed.

    Parameters
    ----------
    values : ndarray of float64, shape (n,) or (n, m)
        Rows are independent of each other; columns may depend on each other in any way.
    low : float or ndarray of float64, shape (m,)
        No value can be lower, by construction; below ``mean``. The bets, and with them the power,
        are limited by 1 / (mean - low).
    mean : float
        The expected value that is tested.
    level : float
        Confidence in (0, 1) that the bets aim at; p-values hold at every other level too.
    rng : Generator, optional
        Draws the order of the rows. Without it they are taken as they stand, which is valid only
        where that order was fixed without looking at the values.

    Returns
    -------
    p_values : ndarray of float64, shape (m,)
        In (0, 1]; 1 where there is no row.

    Raises
    ------
    InputError
        Where a value is below ``low`` or not a number, or an option is out of range.

    Notes
    -----
    The bet at step t is sqrt(2 log(wealth still wanted) / (variance * values still to come)), as in
    STaR-Bets: recalculated from what is still wanted, not fixed at the start. Once the wanted
    wealth is reached, the bet is sized as at the start. Variance: of the values seen so far. Time
    goes with n (10,000 rows of 50 columns: .3 s).

    References
    ----------
    Waudby-Smith & Ramdas (2024), arXiv:2010.09686 (the test);
    Voráček & Orabona (2025), arXiv:2505.22422 (the bets)

    Examples
    --------
    Ten heads in ten throws of a coin said to be fair: one in 1,024, and this player puts at most
    99 % at risk.

    >>> p = betting_p_values(np.ones(10), low=0, mean=0.5)
    >>> bool(1 / 2**10 < p[0] < 0.01)
    True
    """
    check_level(level)
    values = checked_values(values)
    n, m = values.shape
    room = mean - np.broadcast_to(np.asarray(low, dtype=np.float64), m)
    if not (room > 0).all():
        raise InputError(f"the mean {mean} can't be tested from below: give low < mean.")
    centred = values - mean
    if not (centred >= -room * (1 + 1e-9)).all():
        raise InputError("a value lies below low: the test holds for values that can't.")
    if rng is not None:
        centred = centred[rng.permutation(n)]
    return np.asarray(np.exp(-_largest_log_wealth(centred, room, -np.log1p(-level))))


def _largest_log_wealth(centred: np.ndarray, room: np.ndarray, wanted: float) -> np.ndarray:
    n, m = centred.shape
    most = _MOST / room
    log_wealth, largest, total = np.zeros(m), np.zeros(m), np.zeros(m)
    squares = (_PRIOR * room) ** 2
    for t, value in enumerate(centred):
        variance = np.maximum((squares - total**2 / max(t, 1)) / (1 + t), np.finfo(float).tiny)
        gap = np.where(largest < wanted, np.maximum(wanted - log_wealth, 0) / (n - t), wanted / n)
        log_wealth += np.log1p(np.minimum(np.sqrt(2 * gap / variance), most) * value)
        np.maximum(largest, log_wealth, out=largest)
        total += value
        squares += value**2
    return largest


def checked_values(values: np.ndarray) -> np.ndarray:
    """Numbers in a matrix with one column a hypothesis: ndarray of float64, shape (n, m).

    Raises
    ------
    InputError
        Where a value is not finite.
    """
    values = np.asarray(values, dtype=np.float64)
    values = values[:, None] if values.ndim == 1 else values
    if not np.isfinite(values).all():
        raise InputError("a value to test is not finite: leave out NaN and infinity first.")
    return values
