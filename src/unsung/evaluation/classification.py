"""How well scores of items foretell which of them sell, and how much."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from unsung.errors import InputError

N_BINS: Final = 15
Metric = Callable[[np.ndarray, np.ndarray], float]
"""``metric(truth, scores)``; arrays of shape (n,)."""


def average_precision(positive: np.ndarray, scores: np.ndarray) -> float:
    """Area under the precision-recall curve, as the sum of precision times the step in recall.

    Parameters
    ----------
    positive : ndarray of bool, shape (n,)
    scores : ndarray of float64, shape (n,)
        Higher means more likely positive; items of equal score are taken in together.

    Returns
    -------
    precision : float
        In (0, 1]; scores without information give the prevalence. NaN without a positive.

    Examples
    --------
    >>> average_precision(np.array([True, False, True]), np.array([0.9, 0.8, 0.7]))
    0.833...
    """
    if not positive.any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(positive[order], dtype=np.float64)
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    gained = np.diff(hits[last], prepend=0)
    return float(np.dot(gained, hits[last] / (last + 1)) / hits[-1])


def roc_auc(positive: np.ndarray, scores: np.ndarray) -> float:
    """Share of pairs (a positive, a negative) in which the positive scores higher; ties half.

    Parameters and order as in ``average_precision``; NaN unless both classes are there.

    Examples
    --------
    >>> roc_auc(np.array([True, False, True]), np.array([0.9, 0.8, 0.7]))
    0.5
    """
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    if not n_positive or not n_negative:
        return float("nan")
    ranks = stats.rankdata(scores)[positive]
    return float((ranks.sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def brier_score(positive: np.ndarray, probability: np.ndarray) -> float:
    """Mean squared distance of a probability from what happened: 0 is best.

    The prevalence p, said of every item, gives p (1 - p). NaN without items.

    Examples
    --------
    >>> brier_score(np.array([True, False]), np.array([0.5, 0.5]))
    0.25
    """
    return float(np.mean((probability - positive) ** 2)) if len(positive) else float("nan")


def calibration_bins(
    positive: np.ndarray, probability: np.ndarray, n_bins: int = N_BINS
) -> list[dict[str, float]]:
    """Said and observed shares in bins of equally many items.

    Parameters
    ----------
    positive : ndarray of bool, shape (n,)
    probability : ndarray of float64, shape (n,)
    n_bins : int
        Fewer where there are fewer items. Equal probabilities may be cut apart.

    Returns
    -------
    bins : list of dict
        ``items, predicted`` (mean probability) and ``observed`` (share of positives), ascending.
    """
    # Positives first where equal or last would be a bias: equal ones keep the data's order.
    order = np.argsort(probability, kind="stable")
    parts = np.array_split(order, min(n_bins, len(order))) if len(order) else []
    return [
        {
            "items": len(part),
            "predicted": float(probability[part].mean()),
            "observed": float(positive[part].mean()),
        }
        for part in parts
    ]


def calibration_error(positive: np.ndarray, probability: np.ndarray, n_bins: int = N_BINS) -> float:
    """Expected calibration error (ECE) over bins of equally many items.

    Parameters as in ``calibration_bins``; NaN without items.

    References
    ----------
    Naeini, Cooper and Hauskrecht (2015), doi:10.1609/aaai.v29i1.9602; equal-mass bins: Nixon et
    al. (2019), arXiv:1904.01685.

    Examples
    --------
    >>> calibration_error(np.array([True, False]), np.array([0.75, 0.75]), n_bins=1)
    0.25
    """
    bins = calibration_bins(positive, probability, n_bins)
    if not bins:
        return float("nan")
    apart = sum(part["items"] * abs(part["predicted"] - part["observed"]) for part in bins)
    return float(apart / len(positive))


def spearman(values: np.ndarray, scores: np.ndarray) -> float:
    """Rank correlation, ties at their middle rank: -1 to 1; NaN where either is constant.

    Examples
    --------
    >>> round(spearman(np.array([1, 2, 3]), np.array([10.0, 30.0, 20.0])), 6)
    0.5
    """
    if len(values) < 2:
        return float("nan")
    ranks = [stats.rankdata(part) - (len(values) + 1) / 2 for part in (values, scores)]
    spread = np.sqrt((ranks[0] ** 2).sum() * (ranks[1] ** 2).sum())
    return float(np.dot(ranks[0], ranks[1]) / spread) if spread > 0 else float("nan")


def top_decile_lift(values: np.ndarray, scores: np.ndarray) -> float:
    """Mean value of the tenth of the items that scores highest, over the mean of all.

    Parameters
    ----------
    values : ndarray of number, shape (n,)
        Not negative, such as buyers.
    scores : ndarray of float64, shape (n,)
        Items of equal score at the tenth's edge count in equal parts.

    Returns
    -------
    lift : float
        1 for scores without information; NaN where the values sum to 0.

    Examples
    --------
    >>> top_decile_lift(np.arange(10), np.arange(10.0))
    2.0
    """
    total = float(np.sum(values, dtype=np.float64))
    if total <= 0:
        return float("nan")
    wanted = len(values) / 10
    edge = np.partition(-scores, int(np.ceil(wanted)) - 1)[int(np.ceil(wanted)) - 1]
    above, at = -scores < edge, -scores == edge
    part = (wanted - above.sum()) * values[at].mean() + values[above].sum()
    return float(part / wanted / (total / len(values)))


def tail_metrics(rare: np.ndarray, p_tail: np.ndarray) -> dict[str, float]:
    """The figures of a tail classifier.

    Parameters
    ----------
    rare : ndarray of bool, shape (n,)
        Top sellers; all others are the tail.
    p_tail : ndarray of float64, shape (n,)
        Predicted probability of the tail.

    Returns
    -------
    metrics : dict of str to float
        Average precision of both classes with the prevalence of each beside it, ROC-AUC (the same
        for both), Brier score and calibration error.
    """
    return {
        "pr_auc_rare": average_precision(rare, -p_tail),
        "prevalence_rare": float(np.mean(rare)) if len(rare) else float("nan"),
        "pr_auc_tail": average_precision(~rare, p_tail),
        "prevalence_tail": float(np.mean(~rare)) if len(rare) else float("nan"),
        "roc_auc": roc_auc(rare, -p_tail),
        "brier": brier_score(~rare, p_tail),
        "ece": calibration_error(~rare, p_tail),
    }


def demand_metrics(buyers: np.ndarray, demand: np.ndarray) -> dict[str, float]:
    """The figures of predicted demand: ``spearman`` and ``top_decile_lift``."""
    return {
        "spearman": spearman(buyers, demand),
        "top_decile_lift": top_decile_lift(buyers, demand),
    }


@dataclass(frozen=True)
class MetricDifference:
    """A metric of one model minus that of another on the same items.

    Parameters
    ----------
    difference : float
        Over all items.
    low, high : float
        Percentile bootstrap interval over items.
    n : int
        Items.
    """

    difference: float
    low: float
    high: float
    n: int

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of 0."""
        return self.low > 0 or self.high < 0


def bootstrap_differences(
    metrics: Mapping[str, tuple[Metric, np.ndarray, np.ndarray, np.ndarray]],
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_boot: int = 1000,
) -> dict[str, MetricDifference]:
    """Differences of metrics between two models, with intervals from resampled items.

    Parameters
    ----------
    metrics : mapping of str to tuple
        Name -> (metric, truth, scores of the first, scores of the second), all of the same items
        row by row. Scores of shape (n_seeds, n) stand for a model that was fitted several times:
        its metric is the mean over the fits.
    rng : Generator
        Every resample of items serves all metrics and both models.
    level : float
        Confidence in (0, 1).
    n_boot : int
        Resamples. Those in which a metric isn't defined (one class only) are left out.

    Returns
    -------
    differences : dict of str to MetricDifference

    Raises
    ------
    InputError
        Where shapes differ.

    References
    ----------
    Efron and Tibshirani (1993), An Introduction to the Bootstrap, doi:10.1201/9780429246593
    """
    sizes = {part.shape[-1] for _, *parts in metrics.values() for part in parts}
    if len(sizes) != 1:
        raise InputError("truth and scores differ in length: pair the same items row by row.")
    n = sizes.pop()

    def differences(items: np.ndarray) -> list[float]:
        return [
            _mean_metric(metric, truth[items], first[..., items])
            - _mean_metric(metric, truth[items], second[..., items])
            for metric, truth, first, second in metrics.values()
        ]

    whole = differences(np.arange(n))
    drawn = np.array([differences(rng.integers(n, size=n)) for _ in range(n_boot)])
    tails = [(1 - level) / 2, (1 + level) / 2]
    ends = [
        np.quantile(kept, tails) if len(kept := column[~np.isnan(column)]) else (np.nan, np.nan)
        for column in drawn.T
    ]
    return {
        name: MetricDifference(difference, float(low), float(high), n)
        for name, difference, (low, high) in zip(metrics, whole, ends, strict=True)
    }


def _mean_metric(metric: Metric, truth: np.ndarray, scores: np.ndarray) -> float:
    return float(np.mean([metric(truth, row) for row in np.atleast_2d(scores)]))
