"""Randomisation test of paired differences."""

import numpy as np

from unsung.errors import InputError

# Signs held in memory at once: 4 MB, and 32 MB while they are multiplied.
_CELLS = 2**22


def sign_flip_test(
    differences: np.ndarray, *, rng: np.random.Generator, n_flips: int = 2000
) -> float:
    """Two-sided p-value of "which of the two systems is which does not matter".

    Under that hypothesis every difference may as well have the other sign; the p-value is the
    share of random sign assignments whose mean is at least as far from 0 as the observed one.

    Parameters
    ----------
    differences : ndarray of float64, shape (n,)
        Finite paired differences.
    rng : Generator
    n_flips : int
        Random assignments, >= 1.

    Returns
    -------
    p_value : float
        (1 + as extreme) / (1 + n_flips), so never 0; 1 where all differences are 0, NaN where
        there is none.

    Raises
    ------
    InputError
        Where ``n_flips`` < 1 or a difference is not finite.

    References
    ----------
    Smucker, Allan & Carterette (2007), doi:10.1145/1321440.1321528 (the test);
    Phipson & Smyth (2010), arXiv:1603.05766 (why the 1 is added)

    Examples
    --------
    >>> sign_flip_test(np.zeros(5), rng=np.random.default_rng(1))
    1.0
    """
    differences = np.asarray(differences, dtype=np.float64)
    if n_flips < 1:
        raise InputError(f"{n_flips} sign assignments: ask for at least 1.")
    if not np.isfinite(differences).all():
        raise InputError("a difference is not finite: leave out NaN and infinity first.")
    if not len(differences):
        return float("nan")
    # A zero has no sign to flip.
    changed = differences[differences != 0]
    total = changed.sum()
    # Sums that are equal on paper may differ in the last bits.
    threshold = abs(total) - 1e-12 * np.abs(changed).sum()
    step = max(1, _CELLS // max(1, len(changed)))
    as_extreme = 0
    for start in range(0, n_flips, step):
        size = (min(step, n_flips - start), len(changed))
        kept = rng.integers(2, size=size, dtype=np.int8)
        as_extreme += int((np.abs(2 * (kept @ changed) - total) >= threshold).sum())
    return (1 + as_extreme) / (1 + n_flips)
