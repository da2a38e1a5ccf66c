"""Regression on given columns, its penalty chosen on validation items."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from unsung.popularity.cohorts import TailLabels
from unsung.statistics.linear_fit import LinearFit, fit_logistic, fit_ridge
from unsung.workflows.outlook_examples import OutlookSettings

CALIBRATION_L2: Final = 0.1


class Parts(NamedTuple):
    """Labelled items to learn from and to choose on: rows, ndarray of int64."""

    train: np.ndarray
    validation: np.ndarray

    @property
    def all(self) -> np.ndarray:
        """Both."""
        return np.concatenate([self.train, self.validation])


class Scores(NamedTuple):
    """What a model says of items.

    Parameters
    ----------
    log_odds, logarithm : ndarray of float64, shape (n,)
        Of the tail, and ln(1 + buyers).
    """

    log_odds: np.ndarray
    logarithm: np.ndarray

    def at(self, rows: np.ndarray) -> "Scores":
        """Of some of the items."""
        return Scores(self.log_odds[rows], self.logarithm[rows])

    def on_lines(self, lines: "Lines") -> "Scores":
        """Each multiplied and shifted."""
        return Scores(lines.tail.of(self.log_odds), lines.demand.of(self.logarithm))

    def mean_with(self, other: "Scores") -> "Scores":
        """Half of each of two models."""
        return Scores((self.log_odds + other.log_odds) / 2, (self.logarithm + other.logarithm) / 2)


class Line(NamedTuple):
    """A slope and a shift."""

    slope: float = 1.0
    shift: float = 0.0

    def of(self, values: np.ndarray) -> np.ndarray:
        """Values on the line."""
        return values * self.slope + self.shift

    def of_fit(self, fit: LinearFit) -> LinearFit:
        """The linear model whose values are on the line."""
        return LinearFit(fit.coefficients * self.slope, fit.intercept * self.slope + self.shift)


class Lines(NamedTuple):
    """What calibrates both heads."""

    tail: Line
    demand: Line


class ChosenHeads(NamedTuple):
    """Two heads and how they were chosen.

    Parameters
    ----------
    tail, demand : LinearFit
        Log-odds, and ln(1 + buyers).
    validated : Scores
        Of the validation items, by the same regression fitted on ``Parts.train`` alone.
    chosen : dict of str to float
        Penalties, and weights of established items.
    """

    tail: LinearFit
    demand: LinearFit
    validated: Scores
    chosen: dict[str, float]


def split_labelled(rows: np.ndarray, share: float, rng: np.random.Generator) -> Parts:
    """Draw validation items from labelled ones.

    Parameters
    ----------
    rows : ndarray of int64
    share : float
        In (0, 1).
    rng : Generator
    """
    drawn = rng.permutation(rows)
    n = max(round(len(rows) * share), 1)
    return Parts(np.sort(drawn[n:]), np.sort(drawn[:n]))


def choose_heads(
    columns: Any,
    labels: TailLabels,
    established: TailLabels,
    parts: Parts,
    settings: OutlookSettings,
    alike: np.ndarray,
) -> ChosenHeads:
    """Logistic regression for the tail and ridge for demand.

    Parameters
    ----------
    columns : ndarray or csr_array, shape (n_items, n_columns)
    labels, established : TailLabels
    parts : Parts
    settings : OutlookSettings
    alike : ndarray of int, shape (n_items,)
        Items of one number have equal rows in ``columns``: they are fitted as one, which changes
        nothing but the time it takes.

    Returns
    -------
    heads : ChosenHeads
        Fitted on all of ``parts`` with the penalty, and the weight of established items, of the
        least loss on validation.
    """
    old = np.flatnonzero(established.labelled)
    weights = settings.established_weights
    if len(old) < settings.min_established:
        weights, old = (0.0,), old[:0]
    samples = {
        "tail": _Sample(columns, alike, ~labels.is_rare(), ~established.is_rare(), old),
        "demand": _Sample(
            columns, alike, labels.demand, _on_scale(established, labels, parts), old
        ),
    }
    heads: dict[str, LinearFit] = {}
    chosen: dict[str, float] = {}
    validated: dict[str, np.ndarray] = {}
    for head, (fit, loss) in _HEADS.items():
        sample = samples[head]
        tried: dict[tuple[float, float], tuple[float, np.ndarray]] = {}
        for weight in weights:
            found = None
            # The fit of a larger penalty is a good beginning for that of a smaller one.
            for l2 in sorted(settings.l2, reverse=True):
                found = sample.fit(fit, parts.train, l2, weight, found)
                values = found.predict(columns[parts.validation])
                tried[l2, weight] = loss(sample.truth[parts.validation], values), values
        l2, weight = min(tried, key=lambda key: tried[key][0])
        validated[head] = tried[l2, weight][1]
        heads[head] = sample.fit(fit, parts.all, l2, weight)
        chosen |= {f"{head}_l2": l2, f"{head}_established_weight": weight}
    return ChosenHeads(
        heads["tail"], heads["demand"], Scores(validated["tail"], validated["demand"]), chosen
    )


@dataclass(frozen=True, eq=False)
class _Sample:
    columns: Any
    alike: np.ndarray
    truth: np.ndarray
    established_truth: np.ndarray
    established: np.ndarray

    def fit(
        self,
        fit: Callable[..., LinearFit],
        rows: np.ndarray,
        l2: float,
        weight: float,
        start: LinearFit | None = None,
    ) -> LinearFit:
        old = self.established if weight else self.established[:0]
        both = np.concatenate([rows, old])
        truth = np.concatenate([self.truth[rows], self.established_truth[old]])
        weights = np.concatenate([np.ones(len(rows)), np.full(len(old), weight)])
        _, one, place = np.unique(self.alike[both], return_index=True, return_inverse=True)
        total = np.bincount(place, weights)
        mean = np.bincount(place, weights * truth) / total
        return fit(self.columns[both[one]], mean, l2, weights=total, start=start)


def _log_loss(truth: np.ndarray, log_odds: np.ndarray) -> float:
    return float(np.mean(np.logaddexp(0, log_odds) - truth * log_odds)) if len(truth) else 0.0


def _squared_error(truth: np.ndarray, values: np.ndarray) -> float:
    return float(np.mean((values - truth) ** 2)) if len(truth) else 0.0


_HEADS: Final[dict[str, tuple[Callable[..., LinearFit], Callable[..., float]]]] = {
    "tail": (fit_logistic, _log_loss),
    "demand": (fit_ridge, _squared_error),
}


def _on_scale(established: TailLabels, labels: TailLabels, parts: Parts) -> np.ndarray:
    """Demand of established items, with the mean and spread of that of first weeks."""
    old = established.demand[established.labelled]
    new = labels.demand[parts.all]
    spread = float(old.std()) if len(old) else 0.0
    if spread == 0:
        return np.full(len(labels.place), new.mean())
    return np.asarray((established.demand - old.mean()) / spread * new.std() + new.mean())


def calibration_lines(scores: Scores, labels: TailLabels, rows: np.ndarray) -> Lines:
    """Slope and shift of both heads, as labelled items have them.

    Parameters
    ----------
    scores : Scores
        Of the items ``rows``.
    labels : TailLabels
    rows : ndarray of int64
        Items that the model didn't learn from.

    Returns
    -------
    lines : Lines
        That change nothing where the items can't tell, or would turn the order round.
    """
    tail, demand = ~labels.is_rare()[rows], labels.demand[rows]
    both = 0 < tail.sum() < len(tail)
    return Lines(
        _line(fit_logistic, scores.log_odds, tail) if both else Line(),
        _line(fit_ridge, scores.logarithm, demand) if len(rows) > 1 else Line(),
    )


def _line(fit: Callable[..., LinearFit], values: np.ndarray, truth: np.ndarray) -> Line:
    found = fit(values[:, None], truth, CALIBRATION_L2)
    slope = float(found.coefficients[0])
    return Line(slope, found.intercept) if slope > 0 else Line()
