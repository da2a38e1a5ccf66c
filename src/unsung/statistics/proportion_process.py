"""Evidence about a proportion that is valid at every look, from two counts alone."""

import numpy as np
from scipy import special

from unsung.errors import InputError


def log_evidence_above(
    successes: np.ndarray | int, trials: np.ndarray | int, rate: float
) -> np.ndarray:
    """Logarithm of the e-value against H0: the chance of success is at most ``rate``.

    The likelihood of the trials under a mixture of higher rates, over that under ``rate`` itself.
    While no trial has a chance above ``rate``, given those before it, this is a nonnegative
    supermartingale that starts at 1: P(it ever reaches 1 / d) <= d (Ville). So H0 may be rejected
    with confidence 1 - d at any look where the e-value is 1 / d or more, however often one looks
    and whatever one does between looks.

    Parameters
    ----------
    successes, trials : int or ndarray of int64, shape (m,)
        0 <= successes <= trials.
    rate : float
        In (0, 1).

    Returns
    -------
    log_evidence : ndarray of float64, shape (m,)
        0 without trials; -inf where it is too small for a number.

    Raises
    ------
    InputError
        Where counts or the rate are out of range.

    Notes
    -----
    The mixture: Beta(1, 1 / rate), cut off below ``rate``. For small rates its mean is twice the
    rate, so a doubling is seen soonest. Other tests of this room look at bounded values of any
    kind and plan for a number of them (``betting``), or need numbers at which a mean is about
    normal (``sequential``): clicks and purchases are too rare for that.

    References
    ----------
    Robbins (1970), doi:10.1214/aoms/1177696786; Ramdas et al. (2023), arXiv:2210.01948

    Examples
    --------
    Five successes in five trials speak against a chance of at most 1 %.

    >>> bool(log_evidence_above(5, 5, 0.01) > np.log(100))
    True
    >>> float(log_evidence_above(0, 0, 0.01))
    0.0
    """
    successes, trials = _checked(successes, trials, rate)
    failures = trials - successes
    a, b = 1.0, 1.0 / rate
    tails = _log_ratio(
        special.betaincc(a + successes, b + failures, rate), special.betaincc(a, b, rate)
    )
    marginal = _log_marginal(successes, failures, a, b)
    return np.asarray(marginal + tails - _log_null(successes, failures, rate))


def log_evidence_below(
    successes: np.ndarray | int, trials: np.ndarray | int, rate: float
) -> np.ndarray:
    """Logarithm of the e-value against H0: the chance of success is at least ``rate``.

    Valid as ``log_evidence_above``, with its parameters and errors; the mixture is even over all
    lower rates.

    Returns
    -------
    log_evidence : ndarray of float64, shape (m,)

    Examples
    --------
    Nothing in 500 trials speaks against a chance of 1 % or more (.99^500 = .007).

    >>> bool(log_evidence_below(0, 500, 0.01) > np.log(20))
    True
    """
    successes, trials = _checked(successes, trials, rate)
    failures = trials - successes
    tails = _log_ratio(special.betainc(1.0 + successes, 1.0 + failures, rate), rate)
    marginal = _log_marginal(successes, failures, 1.0, 1.0)
    return np.asarray(marginal + tails - _log_null(successes, failures, rate))


def _checked(
    successes: np.ndarray | int, trials: np.ndarray | int, rate: float
) -> tuple[np.ndarray, np.ndarray]:
    successes, trials = np.asarray(successes), np.asarray(trials)
    if not 0 < rate < 1:
        raise InputError(f"a rate of {rate} can't be tested: give one between 0 and 1.")
    if not ((successes >= 0) & (successes <= trials)).all():
        raise InputError("more successes than trials, or fewer than none: check the counts.")
    return successes, trials


def _log_ratio(part: np.ndarray, whole: np.ndarray | float) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(part) - np.log(whole))


def _log_marginal(successes: np.ndarray, failures: np.ndarray, a: float, b: float) -> np.ndarray:
    """Likelihood under the whole Beta(a, b)."""
    return np.asarray(special.betaln(a + successes, b + failures) - special.betaln(a, b))


def _log_null(successes: np.ndarray, failures: np.ndarray, rate: float) -> np.ndarray:
    return np.asarray(successes * np.log(rate) + failures * np.log1p(-rate))
