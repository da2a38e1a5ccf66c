"""Whether the groups of an experiment have the sizes that were planned."""

from typing import Final, NamedTuple

import numpy as np
from scipy import stats

from unsung.errors import InputError

FAILS_BELOW: Final = 0.001
"""p-value below which the sizes don't fit the plan."""


class RatioCheck(NamedTuple):
    """Sizes of groups against their planned shares.

    Parameters
    ----------
    chi_square, p_value : float
        Pearson's test; NaN where nobody was assigned.
    expected : ndarray of float64, shape (n_groups,)
    """

    chi_square: float
    p_value: float
    expected: np.ndarray

    @property
    def fails(self) -> bool:
        """Whether sizes this far from the plan hardly come by chance."""
        return self.p_value < FAILS_BELOW


def check_sample_ratio(counts: np.ndarray, shares: np.ndarray) -> RatioCheck:
    """Test the sizes of an experiment's groups against the planned shares.

    A mismatch means that users were lost or added by something that depends on the group, and then
    no comparison of the groups says what the treatment did.

    Parameters
    ----------
    counts : ndarray of int, shape (n_groups,)
        Users assigned.
    shares : ndarray of float, shape (n_groups,)
        Planned, each above 0; any scale.

    Returns
    -------
    check : RatioCheck

    Raises
    ------
    InputError
        Where a share is not above 0.

    References
    ----------
    Fabijan et al. (2019), "Diagnosing Sample Ratio Mismatch in Online Controlled Experiments",
    doi:10.1145/3292500.3330722

    Examples
    --------
    >>> check_sample_ratio(np.array([500, 500]), np.array([0.5, 0.5])).p_value
    1.0
    >>> check_sample_ratio(np.array([4600, 5000]), np.array([1, 1])).fails
    True
    """
    planned = np.asarray(shares, dtype=np.float64)
    if not (planned > 0).all() or not np.isfinite(planned).all():
        raise InputError("a planned share is not above 0: give each group its part of the users.")
    seen = np.asarray(counts, dtype=np.float64)
    expected = planned / planned.sum() * seen.sum()
    if not seen.sum():
        return RatioCheck(float("nan"), float("nan"), expected)
    chi_square = float(((seen - expected) ** 2 / expected).sum())
    return RatioCheck(chi_square, float(stats.chi2.sf(chi_square, len(seen) - 1)), expected)
