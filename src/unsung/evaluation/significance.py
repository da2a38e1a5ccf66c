"""Whether one system is better than another on the same users, and by how much."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from unsung.errors import InputError
from unsung.evaluation.evaluate import Evaluation
from unsung.statistics.bootstrap import bootstrap_mean_interval
from unsung.statistics.multiplicity import holm_adjust
from unsung.statistics.permutation import sign_flip_test
from unsung.statistics.summary import Summary, summarise

ONE_SIDED_95 = 1.645
"""Quantile of the normal distribution."""


@dataclass(frozen=True)
class Comparison:
    """The paired difference of a metric between two systems.

    Parameters
    ----------
    mean_difference : float
        Mean of first minus second over the users where both are defined.
    low, high : float
        BCa bootstrap interval of that mean, over users.
    p_value : float
        Two-sided, by random sign flips: P(a difference this large | the systems are exchangeable).
    n : int
        Users that have both values.
    adjusted_p_value : float
        Corrected for the comparisons made together (Holm); equal to ``p_value`` for one alone.
    """

    mean_difference: float
    low: float
    high: float
    p_value: float
    n: int
    adjusted_p_value: float


def paired_difference(
    a: np.ndarray,
    b: np.ndarray,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_boot: int = 2000,
) -> Comparison:
    """Mean of a - b with its interval and p-value.

    Parameters
    ----------
    a, b : ndarray of float64, shape (n_users,)
        A metric of two systems for the same users, row by row. A pair with a NaN is left out.
    rng : Generator
    level : float
        Confidence of the interval, in (0, 1).
    n_boot : int
        Resamples of the bootstrap, and sign flips of the test; the smallest p-value is
        1 / (n_boot + 1).

    Returns
    -------
    comparison : Comparison
        Interval of NaN where n < 2; all NaN where n = 0.

    Raises
    ------
    InputError
        Where shapes differ or an option is out of range.

    Examples
    --------
    >>> a, b = np.array([0.5, 0.25, np.nan]), np.array([0.25, 0.0, 1.0])
    >>> found = paired_difference(a, b, rng=np.random.default_rng(1))
    >>> found.mean_difference, found.low, found.high, found.n
    (0.25, 0.25, 0.25, 2)
    """
    if a.shape != b.shape:
        raise InputError(f"shapes are {a.shape} and {b.shape}: pair the same users row by row.")
    difference = a - b
    difference = difference[~np.isnan(difference)]
    low, high = bootstrap_mean_interval(difference, rng=rng, level=level, n_boot=n_boot)
    p_value = sign_flip_test(difference, rng=rng, n_flips=n_boot)
    mean, _, n = summarise(difference)
    return Comparison(mean, low, high, p_value, n, adjusted_p_value=p_value)


def adjust_together(comparisons: Mapping[str, Comparison]) -> dict[str, Comparison]:
    """The same comparisons with p-values corrected for their number (Holm).

    Parameters
    ----------
    comparisons : mapping of str to Comparison
        All that one conclusion rests on: metrics, systems or both.

    Returns
    -------
    adjusted : dict of str to Comparison
    """
    adjusted = holm_adjust(np.array([found.p_value for found in comparisons.values()]))
    return {
        key: replace(found, adjusted_p_value=float(p_value))
        for (key, found), p_value in zip(comparisons.items(), adjusted, strict=True)
    }


def compare_evaluations(
    first: Evaluation,
    second: Evaluation,
    metrics: Sequence[str],
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_boot: int = 2000,
) -> dict[str, Comparison]:
    """First minus second for several per-user metrics, p-values corrected together.

    Parameters
    ----------
    first, second : Evaluation
        Of the same users in the same rows, with the same k and protocol.
    metrics : sequence of str
        Keys of ``Evaluation.per_user``.
    rng, level, n_boot
        As in ``paired_difference``.

    Returns
    -------
    comparisons : dict of str to Comparison

    Raises
    ------
    InputError
        Where the two can't be compared or lack a metric.
    """
    for aspect in ("k", "n_users", "n_items", "protocol"):
        if getattr(first, aspect) != getattr(second, aspect):
            raise InputError(
                f"'{first.name}' and '{second.name}' differ in {aspect}: compare evaluations of"
                " the same users, catalogue, k and protocol."
            )
    for metric in metrics:
        if metric not in first.per_user or metric not in second.per_user:
            known = ", ".join(sorted(first.per_user.keys() & second.per_user.keys()))
            raise InputError(f"no value a user for '{metric}' in both (known: {known}).")
    return adjust_together(
        {
            metric: paired_difference(
                first.per_user[metric],
                second.per_user[metric],
                rng=rng,
                level=level,
                n_boot=n_boot,
            )
            for metric in metrics
        }
    )


def summarise_seeds(evaluations: Sequence[Evaluation]) -> dict[str, Summary]:
    """Mean and standard deviation of every summary figure over the seeds of one system.

    Parameters
    ----------
    evaluations : sequence of Evaluation
        One for each seed.

    Returns
    -------
    summaries : dict of str to Summary
        Metric -> mean, sample standard deviation (NaN for one seed) and number of seeds in which
        the metric is defined.

    Raises
    ------
    InputError
        Where the evaluations don't have the same metrics.
    """
    names = {frozenset(evaluation.summary) for evaluation in evaluations}
    if len(names) > 1:
        raise InputError("the seeds have different metrics: evaluate them all in the same way.")
    return {
        metric: summarise(np.array([evaluation.summary[metric] for evaluation in evaluations]))
        for name in names
        for metric in sorted(name)
    }


def within_budget(reference: np.ndarray, values: np.ndarray, budget: float) -> bool:
    """Whether the loss is within a share of the reference, at its one-sided 95 % upper end.

    Parameters
    ----------
    reference, values : ndarray of float64, shape (n_users,)
        The same users, row by row.
    budget : float
        Share of the reference's mean that may be lost.

    Examples
    --------
    >>> within_budget(np.ones(100), np.full(100, 0.95), 0.1)
    True
    >>> within_budget(np.ones(100), np.repeat([0.0, 1.0], [9, 91]), 0.1)
    False
    """
    loss = reference - values
    error = loss.std() / np.sqrt(max(len(loss), 1))
    return bool(loss.mean() + ONE_SIDED_95 * error <= budget * reference.mean())
