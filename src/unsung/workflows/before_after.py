"""Two sets of the same recommenders' evaluations, metric by metric: what a change did."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from unsung.evaluation.evaluate import Evaluation
from unsung.evaluation.significance import compare_evaluations

PER_USER: Final = (
    "ndcg_at_k",
    "hr_at_k",
    "head_ndcg_at_k",
    "tail_ndcg_at_k",
    "fresh_ndcg_at_k",
    "cold_ndcg_at_k",
    "aplt_tail",
)
OF_CATALOGUE: Final = ("catalogue_coverage_at_k", "effective_items", "exposure_gini")
"""Figures of all lists together, which have no value a user and so no interval."""


def before_after_rows(
    before: Sequence[Evaluation], after: Sequence[Evaluation], *, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Compare recommenders with themselves after a change.

    Parameters
    ----------
    before, after : sequence of Evaluation
        The same recommenders in the same order, judged on the same users.
    rng : Generator
        For the bootstrap.

    Returns
    -------
    rows : list of dict
        ``scorer, metric, before, after, difference`` (after minus before), ``low, high`` (95 %
        interval over users; None where a figure has no value a user) and ``n`` (users). Metrics
        that nobody has a value for are left out.
    """
    rows: list[dict[str, Any]] = []
    for old, new in zip(before, after, strict=True):
        found = per_user_rows(old, new, PER_USER, rng=rng)
        rows.extend({"scorer": new.name, **row} for row in found)
        rows.extend(_of_catalogue(old, new))
    return rows


def per_user_rows(
    old: Evaluation, new: Evaluation, metrics: Sequence[str], *, rng: np.random.Generator
) -> Iterator[dict[str, Any]]:
    """Two evaluations of the same users, metric by metric.

    Parameters
    ----------
    old, new : Evaluation
    metrics : sequence of str
        Those that one of the two lacks are left out, as is what fewer than two users have.
    rng : Generator
        For the bootstrap.

    Yields
    ------
    row : dict
        ``metric, before, after, difference`` (new minus old), ``low, high`` (its 95 % interval),
        ``n``.
    """
    named = [metric for metric in metrics if metric in new.per_user and metric in old.per_user]
    for metric, found in compare_evaluations(new, old, named, rng=rng).items():
        if found.n > 1:
            both = ~np.isnan(old.per_user[metric]) & ~np.isnan(new.per_user[metric])
            yield {
                "metric": metric,
                "before": float(old.per_user[metric][both].mean()),
                "after": float(new.per_user[metric][both].mean()),
                "difference": found.mean_difference,
                "low": found.low,
                "high": found.high,
                "n": found.n,
            }


def _of_catalogue(old: Evaluation, new: Evaluation) -> Iterator[dict[str, Any]]:
    for metric in OF_CATALOGUE:
        first, second = old.summary.get(metric), new.summary.get(metric)
        if first is None or second is None or np.isnan(first) or np.isnan(second):
            continue
        yield {
            "scorer": new.name,
            "metric": metric,
            "before": float(first),
            "after": float(second),
            "difference": float(second - first),
            "low": None,
            "high": None,
            "n": new.n_users,
        }
