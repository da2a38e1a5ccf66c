"""The models of an outlook, fitted on some items and judged on others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import scipy.sparse as sp

from unsung.evaluation.classification import roc_auc, spearman
from unsung.learning.encoder import TorchEncoder
from unsung.learning.layers import load_encoder
from unsung.learning.outlook import (
    FineTunedOutlook,
    Start,
    Targets,
    Validate,
    copy_of,
    fine_tune_outlook,
    untrained,
)
from unsung.learning.settings import FineTuneSettings
from unsung.pipeline.outlook import ModelName
from unsung.progress import Progress, silent
from unsung.statistics.linear_fit import LinearFit
from unsung.text.base import TextEncoder
from unsung.text.documents import Documents
from unsung.text.onnx_encoder import embed
from unsung.text.term_vectors import TermVectors
from unsung.workflows.outlook_examples import OutlookExamples, OutlookSettings
from unsung.workflows.outlook_linear import Parts, Scores, calibration_lines, choose_heads

LONGER_WEIGHT: Final = 0.5
"""What labels of the longer window count for in fine-tuning."""
MIN_STEPS: Final = 150
"""Steps of fine-tuning, also where there are few texts."""
VALIDATE_EVERY: Final = MIN_STEPS // 10
"""Steps between validations at least: an epoch of few texts is over before the learning rate has
risen, and patience would end there."""


@dataclass(frozen=True, eq=False)
class FittedOutlook:
    """One model, fitted.

    Parameters
    ----------
    name : str
    tail, demand : LinearFit
        As in ``unsung.pipeline.outlook.Outlook``.
    scores : Scores
        Of every item.
    validated : Scores
        Of the validation items, by a fit that didn't learn from them.
    chosen : dict
        What validation chose.
    trained : FineTunedOutlook or None
    """

    name: ModelName
    tail: LinearFit
    demand: LinearFit
    scores: Scores
    validated: Scores
    chosen: dict[str, Any] = field(default_factory=dict)
    trained: FineTunedOutlook | None = None


@dataclass(eq=False)
class OutlookModels:
    """Fits models on the same items; what several of them need is made once.

    Parameters
    ----------
    examples : OutlookExamples
    settings : OutlookSettings
    encoder : TextEncoder or None
        The shop's own, for frozen vectors.
    scored : ndarray of bool, shape (n_items,), optional
        Items without a label that the encoders read as well; the vectors of others are zeros.
    progress : Progress
    """

    examples: OutlookExamples
    settings: OutlookSettings
    encoder: TextEncoder | None = None
    scored: np.ndarray | None = None
    progress: Progress = silent
    _begun: dict[tuple[int, bool], Start] = field(default_factory=dict, repr=False)

    @cached_property
    def texts(self) -> list[str]:
        """Texts of the items that encoders read, empty ones of all others."""
        read = self.examples.labels.labelled | self.examples.established.labelled
        if self.scored is not None:
            read = read | self.scored
        texts = self.examples.documents.texts
        return [text if wanted else "" for text, wanted in zip(texts, read, strict=True)]

    @cached_property
    def alike(self) -> np.ndarray:
        """Items of equal documents have one number: ndarray of int64, shape (n_items,)."""
        documents = self.examples.documents
        known: dict[tuple[Any, ...], int] = {}
        described = zip(documents.texts, documents.titles, documents.tokens, strict=True)
        return np.array([known.setdefault(one, len(known)) for one in described], dtype=np.int64)

    @cached_property
    def frozen_vectors(self) -> np.ndarray:
        """Vectors of the texts by the shop's encoder; no columns without one."""
        if self.encoder is None:
            return np.zeros((len(self.texts), 0), dtype=np.float32)
        distinct = sorted(set(self.texts))
        place = {text: row for row, text in enumerate(distinct)}
        return embed(distinct, self.encoder, self.progress)[[place[text] for text in self.texts]]

    def prior(self, parts: Parts) -> FittedOutlook:
        """The share of the tail and the mean demand, for every item."""
        labels = self.examples.labels
        n = len(labels.place)
        share = float(labels.is_rare()[parts.all].mean())
        tail = LinearFit(np.zeros(0), float(np.log((1 - share) / share)) if 0 < share < 1 else 0.0)
        demand = LinearFit(np.zeros(0), float(labels.demand[parts.all].mean()))
        nothing = np.zeros((n, 0))
        scores = Scores(tail.predict(nothing), demand.predict(nothing))
        return FittedOutlook("prior", tail, demand, scores, scores.at(parts.validation))

    def terms(self, parts: Parts) -> tuple[TermVectors, sp.csr_array]:
        """Term vectors as the items that are learned from know them, and those of all items."""
        known = np.union1d(parts.all, np.flatnonzero(self.examples.established.labelled))
        documents = self.examples.documents
        vectors = TermVectors.fit(documents_at(documents, known), self.settings.terms)
        return vectors, vectors.transform(documents)

    def linear(self, name: ModelName, columns: Any, parts: Parts) -> FittedOutlook:
        """Logistic and ridge regression on given columns, their penalties chosen on validation.

        Parameters
        ----------
        name : str
        columns : ndarray or csr_array, shape (n_items, n_columns)
        parts : Parts
        """
        found = choose_heads(
            columns,
            self.examples.labels,
            self.examples.established,
            parts,
            self.settings,
            self.alike,
        )
        return FittedOutlook(
            name,
            found.tail,
            found.demand,
            Scores(found.tail.predict(columns), found.demand.predict(columns)),
            found.validated,
            dict(found.chosen),
        )

    def fine_tuned(
        self,
        parts: Parts,
        *,
        seed: int = 0,
        from_scratch: bool = False,
        folder: Path | None = None,
    ) -> FittedOutlook:
        """The language model, fine-tuned; first on established items where there are enough.

        Parameters
        ----------
        parts : Parts
        seed : int
        from_scratch : bool
            Begin with weights that were never trained.
        folder : Path, optional
            For checkpoints.
        """
        labels, rows = self.examples.labels, parts.validation
        trained = self._tune(parts.train, seed, from_scratch, self._validate(rows), folder)
        raw = _scores_of(trained)
        lines = calibration_lines(raw.at(rows), labels, rows)
        validated, best_step = raw.at(rows).on_lines(lines), trained.record.best_step
        if self.settings.refit and best_step:
            share = best_step / trained.record.n_steps
            trained = self._tune(parts.all, seed, from_scratch, None, folder, share)
        return FittedOutlook(
            "fine_tuned",
            lines.tail.of_fit(trained.tail),
            lines.demand.of_fit(trained.demand),
            _scores_of(trained).on_lines(lines),
            validated,
            {"best_step": best_step},
            trained,
        )

    def together(self, first: FittedOutlook, second: FittedOutlook) -> FittedOutlook:
        """Term vectors and a fine-tuned encoder side by side: the mean of their log-odds.

        Parameters
        ----------
        first : FittedOutlook
            On term vectors.
        second : FittedOutlook
            Fine-tuned.
        """
        tail, demand = (
            LinearFit(
                np.concatenate([a.coefficients, b.coefficients]) / 2,
                (a.intercept + b.intercept) / 2,
            )
            for a, b in ((first.tail, second.tail), (first.demand, second.demand))
        )
        return FittedOutlook(
            "fine_tuned_terms",
            tail,
            demand,
            first.scores.mean_with(second.scores),
            first.validated.mean_with(second.validated),
            {**first.chosen, **second.chosen},
            second.trained,
        )

    def _tune(
        self,
        rows: np.ndarray,
        seed: int,
        from_scratch: bool,
        validate: Validate | None,
        folder: Path | None,
        share: float = 1.0,
    ) -> FineTunedOutlook:
        """Fine-tune on some items, for a share of the usual epochs."""
        settings = self._training(seed, self._n_texts(rows), from_scratch)
        settings = settings.model_copy(update={"epochs": settings.epochs * share})
        labels = self.examples.labels
        used = np.zeros(len(labels.place), dtype=bool)
        used[rows] = True
        targets = [
            Targets(
                np.where(used, found.place, np.nan),
                found.demand,
                weight,
                self.settings.rare_weight,
            )
            for found, weight in ((labels, 1.0), (self.examples.longer, LONGER_WEIGHT))
        ]
        name = "all" if validate is None else "validated"
        return fine_tune_outlook(
            self._begin(seed, from_scratch, folder),
            self.texts,
            targets,
            settings,
            validate=validate,
            folder=None if folder is None else folder / name,
            progress=self.progress,
        )

    def _begin(self, seed: int, from_scratch: bool, folder: Path | None) -> Start:
        """What fine-tuning begins with, an encoder of its own."""
        key = seed, from_scratch
        if key not in self._begun:
            encoder = load_encoder(self._training(seed, 1, from_scratch))
            if from_scratch:
                encoder = untrained(encoder, seed)
            self._begun[key] = self._on_established(encoder, seed, from_scratch, folder)
        start = self._begun[key]
        return Start(copy_of(start.encoder), start.heads)

    def _on_established(
        self, encoder: TorchEncoder, seed: int, from_scratch: bool, folder: Path | None
    ) -> Start:
        old, epochs = self.examples.established, self.settings.established_epochs
        rows = np.flatnonzero(old.labelled)
        if len(rows) < self.settings.min_established or not epochs:
            return Start(encoder)
        found = fine_tune_outlook(
            Start(encoder),
            [self.texts[row] for row in rows],
            [Targets(old.place[rows], old.demand[rows], rare_weight=self.settings.rare_weight)],
            self._training(seed, self._n_texts(rows), from_scratch, epochs),
            folder=None if folder is None else folder / "established",
            progress=self.progress,
        )
        return Start(found.encoder, found.heads)

    def _training(
        self, seed: int, n: int, from_scratch: bool, epochs: float | None = None
    ) -> FineTuneSettings:
        settings = self.settings.fine_tuning
        assert settings is not None
        least = MIN_STEPS * settings.batch_size / n
        wanted = max(epochs or settings.epochs, least)
        changed: dict[str, Any] = {
            "seed": seed,
            "epochs": min(wanted, max(self.settings.most_examples / n, least)),
        }
        if settings.validate_every is None:
            changed["validate_every"] = max(-(-n // settings.batch_size), VALIDATE_EVERY)
        if from_scratch:
            # Layers that have read nothing are no ground to stand on.
            changed["trained"] = "all"
        return settings.model_copy(update=changed)

    def _n_texts(self, rows: np.ndarray) -> int:
        """Distinct texts, since equal ones are read once."""
        return len({self.texts[row] for row in rows})

    def _validate(self, rows: np.ndarray) -> Validate | None:
        rare, demand = self.examples.labels.is_rare()[rows], self.examples.labels.demand[rows]
        if not 0 < rare.sum() < len(rare) or np.ptp(demand) == 0:
            return None

        def value(log_odds: np.ndarray, logarithm: np.ndarray) -> float:
            order = spearman(demand, logarithm)
            return (roc_auc(~rare, log_odds) + (0.0 if np.isnan(order) else order)) / 2

        return Validate(rows, value)


def _scores_of(trained: FineTunedOutlook) -> Scores:
    return Scores(trained.tail.predict(trained.vectors), trained.demand.predict(trained.vectors))


def documents_at(documents: Documents, rows: Sequence[int] | np.ndarray) -> Documents:
    """The documents of some rows."""

    def picked(column: tuple[Any, ...]) -> Iterator[Any]:
        return (column[row] for row in rows)

    return Documents(
        tuple(picked(documents.texts)),
        tuple(picked(documents.titles)),
        tuple(picked(documents.tokens)),
    )
