"""How well an outlook foretells what became of items that it never saw."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from scipy.special import expit

from unsung.data.dataset import Dataset
from unsung.errors import InputError
from unsung.evaluation.classification import (
    Metric,
    average_precision,
    bootstrap_differences,
    brier_score,
    calibration_error,
    demand_metrics,
    roc_auc,
    spearman,
    tail_metrics,
    top_decile_lift,
)
from unsung.pipeline.outlook import ModelName
from unsung.progress import Progress, silent
from unsung.statistics.summary import summarise
from unsung.text.base import TextEncoder
from unsung.workflows.outlook_examples import (
    OutlookExamples,
    OutlookSettings,
    only_labelled,
    outlook_examples,
)
from unsung.workflows.outlook_linear import split_labelled
from unsung.workflows.outlook_models import (
    FittedOutlook,
    OutlookModels,
)

Protocol = Literal["held_out", "arrivals"]
BASELINES: Final[tuple[ModelName, ...]] = ("terms", "frozen")
PROTOCOLS: Final[dict[Protocol, str]] = {
    "held_out": "Every labelled item is judged by models that never saw it (cross-validation).",
    "arrivals": "Models know what was known at a moment, and are judged on items first sold after.",
}
COMPARED: Final[dict[str, tuple[str, Metric]]] = {
    "pr_auc_rare": ("tail", lambda rare, p: average_precision(rare, -p)),
    "pr_auc_tail": ("tail", lambda rare, p: average_precision(~rare, p)),
    "roc_auc": ("tail", lambda rare, p: roc_auc(rare, -p)),
    "brier": ("tail", lambda rare, p: brier_score(~rare, p)),
    "ece": ("tail", lambda rare, p: calibration_error(~rare, p)),
    "spearman": ("demand", spearman),
    "top_decile_lift": ("demand", top_decile_lift),
}
"""Metric -> which head it judges, and the metric."""


class Fold(NamedTuple):
    """Items to learn from and items to be judged on: rows, ndarray of int64."""

    known: np.ndarray
    judged: np.ndarray


@dataclass(frozen=True, eq=False)
class OutlookTrial:
    """What models said about items that they never saw.

    Parameters
    ----------
    protocol : str
    definition : str
        Of the labels.
    rare : ndarray of bool, shape (n,)
    buyers : ndarray of int64, shape (n,)
    p_tail, demand : dict of str to ndarray of float64, shape (n_seeds, n)
        By model.
    n_known : int
        Labelled items that a model learns from, on average.
    """

    protocol: Protocol
    definition: str
    rare: np.ndarray
    buyers: np.ndarray
    p_tail: dict[str, np.ndarray]
    demand: dict[str, np.ndarray]
    n_known: int

    def record(self, *, rng: np.random.Generator, n_boot: int = 1000) -> dict[str, Any]:
        """Figures of every model and differences from both baselines, ready for JSON."""
        return {
            "kind": "outlook_evaluation",
            "protocol": self.protocol,
            "protocol_sentence": PROTOCOLS[self.protocol],
            "definition": self.definition,
            "n_items": len(self.rare),
            "n_rare": int(self.rare.sum()),
            "n_known": self.n_known,
            "n_seeds": len(next(iter(self.p_tail.values()))),
            "models": {name: self._figures(name) for name in self.p_tail},
            "differences": list(self._differences(rng, n_boot)),
        }

    def _figures(self, name: str) -> dict[str, dict[str, float | None]]:
        runs = [
            {**tail_metrics(self.rare, p_tail), **demand_metrics(self.buyers, demand)}
            for p_tail, demand in zip(self.p_tail[name], self.demand[name], strict=True)
        ]
        figures = {}
        for metric in runs[0]:
            found = summarise(np.array([run[metric] for run in runs]))
            figures[metric] = {"mean": _number(found.mean), "sd": _number(found.sd)}
        return figures

    def _differences(self, rng: np.random.Generator, n_boot: int) -> Iterator[dict[str, Any]]:
        for name in self.p_tail:
            if not name.startswith("fine_tuned"):
                continue
            for baseline in BASELINES:
                if baseline not in self.p_tail:
                    continue
                metrics = {
                    metric: (
                        compute,
                        self.rare if head == "tail" else self.buyers,
                        (self.p_tail if head == "tail" else self.demand)[name],
                        (self.p_tail if head == "tail" else self.demand)[baseline],
                    )
                    for metric, (head, compute) in COMPARED.items()
                }
                found = bootstrap_differences(metrics, rng=rng, n_boot=n_boot)
                for metric, difference in found.items():
                    yield {
                        "model": name,
                        "baseline": baseline,
                        "metric": metric,
                        "difference": _number(difference.difference),
                        "low": _number(difference.low),
                        "high": _number(difference.high),
                        "excludes_zero": difference.excludes_zero,
                    }


def outlook_trials(
    dataset: Dataset,
    settings: OutlookSettings,
    *,
    moment: int | None = None,
    encoder: TextEncoder | None = None,
    n_folds: int = 5,
    seeds: Sequence[int] = (0,),
    progress: Progress = silent,
) -> Iterator[OutlookTrial]:
    """Judge every model of an outlook on items that it never saw.

    Gives what is known after each fold of the first seed and after each other seed, so that a long
    trial that is broken off has said something; the last one is the whole.

    Parameters
    ----------
    dataset : Dataset
    settings : OutlookSettings
    moment : int, optional
        Microseconds since 1970 UTC: judged are items first sold from then on, by models that know
        only windows which ended before (``arrivals``). Where not given, all items in turn, at
        random (``held_out``).
    encoder : TextEncoder, optional
        For frozen vectors; without one, that baseline is left out.
    n_folds : int
        Parts that all items are judged in, where no moment is given.
    seeds : sequence of int
        Each draws its own validation items and fine-tunes anew.
    progress : Progress

    Raises
    ------
    InputError
        Where there is nothing to learn from or to judge on, or there is a moment and no clock.
    """
    final = outlook_examples(dataset, settings)
    known = final if moment is None else outlook_examples(dataset, settings, moment)
    folds = _folds(dataset, final, known, moment, n_folds)
    judged = np.concatenate([fold.judged for fold in folds])
    models = OutlookModels(known, settings, encoder, _mask(judged, known), progress)

    def trial(runs: list[_Said], upto: int) -> OutlookTrial:
        rows = np.concatenate([fold.judged for fold in folds[:upto]])
        tail, demand = (
            {name: np.stack([run.column(name, head) for run in runs]) for name in runs[0].parts}
            for head in (0, 1)
        )
        return OutlookTrial(
            protocol="held_out" if moment is None else "arrivals",
            definition=final.definition,
            rare=final.labels.is_rare()[rows],
            buyers=final.labels.buyers[rows],
            p_tail=tail,
            demand=demand,
            n_known=round(float(np.mean([len(fold.known) for fold in folds[:upto]]))),
        )

    runs: list[_Said] = []
    for seed in seeds:
        runs.append(_Said({}))
        for place, fold in enumerate(folds):
            rng = np.random.default_rng([seed, place])
            for model in fit_all(models, fold.known, rng, seed=seed):
                runs[-1].add(model, fold.judged)
            if len(runs) == 1:
                yield trial(runs, place + 1)
        if len(runs) > 1:
            yield trial(runs, len(folds))


class _Said(NamedTuple):
    """What each model said of the items of every fold: P(tail), ln(1 + buyers)."""

    parts: dict[str, list[tuple[np.ndarray, np.ndarray]]]

    def add(self, model: FittedOutlook, judged: np.ndarray) -> None:
        found = model.scores.at(judged)
        self.parts.setdefault(model.name, []).append((expit(found.log_odds), found.logarithm))

    def column(self, name: str, head: int) -> np.ndarray:
        return np.concatenate([part[head] for part in self.parts[name]])


def fit_all(
    models: OutlookModels, rows: np.ndarray, rng: np.random.Generator, *, seed: int
) -> Iterator[FittedOutlook]:
    """Every model that can be fitted here, on labelled rows."""
    parts = split_labelled(rows, models.settings.validation_share, rng)
    yield models.prior(parts)
    terms = models.linear("terms", models.terms(parts)[1], parts)
    yield terms
    if models.encoder is not None:
        yield models.linear("frozen", models.frozen_vectors, parts)
    if models.settings.fine_tuning is not None:
        tuned = models.fine_tuned(parts, seed=seed)
        yield tuned
        yield models.together(terms, tuned)


def learning_curve(
    dataset: Dataset,
    settings: OutlookSettings,
    *,
    shares: Sequence[float] = (0.01, 0.05, 0.1, 1.0),
    test_share: float = 0.3,
    seeds: Sequence[int] = (0,),
    encoder: TextEncoder | None = None,
    progress: Progress = silent,
) -> Iterator[dict[str, Any]]:
    """Figures by the share of labels that models learn from, on the same held-out items.

    Items whose birth is cut off teach nothing here, or few labels wouldn't be few.

    Parameters
    ----------
    dataset : Dataset
    settings : OutlookSettings
    shares : sequence of float
        Of the labelled items that aren't held out.
    test_share : float
        Of all labelled items.
    seeds : sequence of int
        Each draws its own items, held out ones included.
    encoder : TextEncoder, optional
    progress : Progress

    Yields
    ------
    row : dict
        ``model, share, n_labels, seed`` and metrics; the model ``scratch`` begins with weights
        that were never trained.
    """
    examples = outlook_examples(dataset, settings)
    nothing = only_labelled(examples.established, np.zeros(len(examples.new), dtype=bool))
    examples = replace(examples, established=replace(nothing, status=np.ones_like(nothing.status)))
    models = OutlookModels(examples, settings, encoder, progress=progress)
    rare, buyers = examples.labels.is_rare(), examples.labels.buyers
    for seed in seeds:
        rng = np.random.default_rng([seed, 17])
        drawn = rng.permutation(np.flatnonzero(examples.labels.labelled))
        n_test = round(len(drawn) * test_share)
        test, pool = np.sort(drawn[:n_test]), drawn[n_test:]
        for share in shares:
            known = pool[: max(round(len(pool) * share), 2)]
            for name, model in _with_scratch(models, known, seed):
                figures = {
                    **tail_metrics(rare[test], expit(model.scores.log_odds[test])),
                    **demand_metrics(buyers[test], model.scores.logarithm[test]),
                }
                found = {metric: _number(value) for metric, value in figures.items()}
                row = {"model": name, "share": share, "n_labels": len(known), "seed": seed}
                yield {**row, **found}


def _with_scratch(
    models: OutlookModels, known: np.ndarray, seed: int
) -> Iterator[tuple[str, FittedOutlook]]:
    for model in fit_all(models, known, np.random.default_rng([seed, 18]), seed=seed):
        yield model.name, model
    if models.settings.fine_tuning is not None:
        parts = split_labelled(
            known, models.settings.validation_share, np.random.default_rng([seed, 18])
        )
        yield "scratch", models.fine_tuned(parts, seed=seed, from_scratch=True)


def _folds(
    dataset: Dataset,
    final: OutlookExamples,
    known: OutlookExamples,
    moment: int | None,
    n_folds: int,
) -> list[Fold]:
    if moment is not None and not dataset.has_clock:
        raise InputError("these data have no clock, so no item can be told to come later.")
    labelled = np.flatnonzero(final.labels.labelled)
    if moment is None:
        drawn = np.random.default_rng(0).permutation(labelled)
        parts = [np.sort(part) for part in np.array_split(drawn, n_folds)]
        folds = [Fold(np.setdiff1d(labelled, part), part) for part in parts]
    else:
        born = dataset.as_of().first_seen
        later = labelled[born[labelled] >= moment]
        folds = [Fold(np.flatnonzero(known.labels.labelled), later)]
    if min(min(len(fold.known), len(fold.judged)) for fold in folds) < 2:
        raise InputError("too few items have a label to learn from and to be judged on.")
    return folds


def _mask(rows: np.ndarray, examples: OutlookExamples) -> np.ndarray:
    mask = np.zeros(len(examples.new), dtype=bool)
    mask[rows] = True
    return mask


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 5)
