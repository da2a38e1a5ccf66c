"""Means of many small groups, drawn towards a common mean as far as the data themselves say."""

from typing import NamedTuple

import numpy as np
from scipy import stats

from unsung.errors import InputError
from unsung.statistics.intervals import check_level

LEAST_STRENGTH = 1.0
"""However much groups differ, one value alone never counts for more than half."""


class ShrunkMeans(NamedTuple):
    """Posterior of each group's mean.

    Parameters
    ----------
    mean : ndarray of float64, shape (n_groups,)
        Between the group's own mean and ``prior_mean``; ``prior_mean`` where it has no value.
    low : ndarray of float64, shape (n_groups,)
        One-sided lower bound of the mean: what to rank by.
    n : ndarray of int64, shape (n_groups,)
        Values of the group.
    prior_mean : ndarray of float64, shape (n_groups,)
        What the group's mean is drawn to.
    strength : float
        How many values the prior counts for, at least ``LEAST_STRENGTH``.
    """

    mean: np.ndarray
    low: np.ndarray
    n: np.ndarray
    prior_mean: np.ndarray
    strength: float


class VarianceParts(NamedTuple):
    """Variance of values within their group, and of the groups' true means about the prior."""

    within: float
    between: float


def variance_parts(
    values: np.ndarray, group: np.ndarray, prior_mean: np.ndarray | float
) -> VarianceParts:
    """Part the variance of values by the method of moments.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
    group : ndarray of int, shape (n,)
        Group of each value, 0 to n_groups - 1.
    prior_mean : ndarray of float64, shape (n_groups,), or float
        Mean of the groups that are like this one.

    Returns
    -------
    parts : VarianceParts
        ``within`` is the pooled variance (n - 1 a group), 0 where no group has two values.
        ``between`` solves E sum n_g (mean_g - prior_g)^2 = n_groups within + n between, and is
        not below 0.

    References
    ----------
    Efron and Morris (1975), doi:10.1080/01621459.1975.10479864; the moment equation is that of
    one-way analysis of variance, Searle, Casella and McCulloch (1992), doi:10.1002/9780470316856.

    Examples
    --------
    >>> parts = variance_parts(np.array([1.0, 3, 7, 9]), np.array([0, 0, 1, 1]), 5.0)
    >>> parts.within, parts.between
    (2.0, 8.0)
    """
    n = np.bincount(group)
    present = n > 0
    mean = np.divide(np.bincount(group, values), n, where=present, out=np.zeros(len(n)))
    freedom = len(values) - int(present.sum())
    if freedom <= 0:
        return VarianceParts(0.0, 0.0)
    within = float(((values - mean[group]) ** 2).sum()) / freedom
    prior = np.broadcast_to(prior_mean, max(len(n), np.size(prior_mean)))[: len(n)]
    spread = float((n * (mean - prior) ** 2)[present].sum())
    between = (spread - int(present.sum()) * within) / len(values)
    return VarianceParts(within, max(between, 0.0))


def shrink_means(
    values: np.ndarray,
    group: np.ndarray,
    n_groups: int,
    prior_group: np.ndarray | None = None,
    level: float = 0.95,
) -> ShrunkMeans:
    """Estimate the mean of each group by empirical Bayes.

    The normal-normal model: values scatter about their group's mean with variance s2, groups'
    means about their prior's mean with variance t2. Both are estimated from the data; the prior
    then counts for k = s2 / t2 values.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Such as stars.
    group : ndarray of int, shape (n,)
        Group of each value (its item), 0 to n_groups - 1.
    n_groups : int
    prior_group : ndarray of int, shape (n_groups,), optional
        The larger group of each group (its category), 0 or more. Means of larger groups are
        themselves drawn to the mean of all values, by the same estimator.
    level : float
        One-sided confidence of ``low``, in (0, 1).

    Returns
    -------
    shrunk : ShrunkMeans
        NaN means and bounds where there is no value at all. ``low`` allows for the group's own
        uncertainty, not for that of the prior.

    Raises
    ------
    InputError
        Where a level, a value or a group can't be used.

    References
    ----------
    Efron and Morris (1975), doi:10.1080/01621459.1975.10479864.

    Examples
    --------
    One value of 5 among groups of about 4 says less than fifty of 4.8.

    >>> values = np.array([5.0] + [5, 5, 5, 5, 4] * 10 + [4, 3, 4, 5] * 5 + [3, 4] * 10)
    >>> group = np.repeat([0, 1, 2, 3], [1, 50, 20, 20])
    >>> shrunk = shrink_means(values, group, 4)
    >>> bool(shrunk.low[1] > shrunk.low[0])
    True
    """
    check_level(level)
    values = np.asarray(values, dtype=np.float64)
    _check(values, group, n_groups)
    n = np.bincount(group, minlength=n_groups)
    if len(values) == 0:
        unknown = np.full(n_groups, np.nan)
        return ShrunkMeans(unknown, unknown, n, unknown, LEAST_STRENGTH)
    if prior_group is None:
        prior = np.full(n_groups, values.mean())
    else:
        larger = shrink_means(values, prior_group[group], int(prior_group.max()) + 1, level=level)
        prior = larger.mean[prior_group]
    within, between = variance_parts(values, group, prior)
    ceiling = max(float(len(values)), LEAST_STRENGTH)
    strength = min(max(within / between, LEAST_STRENGTH), ceiling) if between > 0 else ceiling
    mean = (np.bincount(group, values, n_groups) + strength * prior) / (n + strength)
    half = float(stats.norm.ppf(level)) * np.sqrt(within / (n + strength))
    return ShrunkMeans(mean, mean - half, n, prior, strength)


def _check(values: np.ndarray, group: np.ndarray, n_groups: int) -> None:
    if not np.isfinite(values).all():
        raise InputError("a value is not a finite number: leave out those that are absent.")
    if len(values) != len(group):
        raise InputError(f"{len(values)} values of {len(group)} groups: give each value its group.")
    if len(group) and not 0 <= group.min() <= group.max() < n_groups:
        raise InputError(f"a group is not between 0 and {n_groups - 1}: number groups from 0.")
