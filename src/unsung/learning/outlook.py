"""Fine-tuning the language model to foretell which items will sell, and how much."""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from unsung.errors import InputError
from unsung.learning.batches import fingerprint_of, shuffled_batches
from unsung.learning.encoder import TorchEncoder
from unsung.learning.loop import train
from unsung.learning.randomness import torch_draws
from unsung.learning.records import TrainingRecord
from unsung.learning.settings import FineTuneSettings
from unsung.learning.tower import TextTower
from unsung.progress import Progress, silent
from unsung.statistics.linear_fit import LinearFit

if TYPE_CHECKING:
    import torch

SHARES: Final = (0.2, 0.1, 0.4, 0.6)
"""Cuts through a cohort that are learned together; the first is the one that is foretold."""
N_HEADS: Final = len(SHARES) + 1
SCRATCH_DRAWS: Final = 2
"""Second part of the seed of an untrained model's weights."""
HEAD_WEIGHTS: Final = (1.0, 0.5, 0.5, 0.5, 1.0)
"""What the cuts, in their order, and demand count for."""


class Validate(NamedTuple):
    """What a training is judged by while it goes on.

    Parameters
    ----------
    rows : ndarray of int64
        Texts that are read for it.
    value : callable
        ``value(log_odds, demand)`` of these texts, higher is better: log-odds of the tail,
        ln(1 + buyers).
    """

    rows: np.ndarray
    value: Callable[[np.ndarray, np.ndarray], float]


@dataclass(frozen=True, eq=False)
class Targets:
    """Labels of one kind, such as those of the first 28 days; arrays of shape (n_texts,).

    Parameters
    ----------
    place : ndarray of float64
        Place in the cohort by buyers, 0 (most) to 1; NaN where a text has no such label.
    demand : ndarray of float64
        ln(1 + buyers).
    weight : float
        What these labels count for beside the others.
    rare_weight : float
        What a top seller counts for in the cross-entropy, beside an item of the tail.
    """

    place: np.ndarray
    demand: np.ndarray
    weight: float = 1.0
    rare_weight: float = 1.0


class Heads(NamedTuple):
    """The heads of the first kind of labels, as a training left them.

    Parameters
    ----------
    weight : ndarray of float32, shape (N_HEADS, dim)
    bias : ndarray of float32, shape (N_HEADS,)
    """

    weight: np.ndarray
    bias: np.ndarray


class Start(NamedTuple):
    """What a training begins with.

    Parameters
    ----------
    encoder : TorchEncoder
        Changed in place.
    heads : Heads, optional
        What an earlier training of the encoder left: its vectors were made for them. The means of
        the labels where not given.
    """

    encoder: TorchEncoder
    heads: Heads | None = None


@dataclass(frozen=True, eq=False)
class FineTunedOutlook:
    """An encoder that was fine-tuned, and what to read off its vectors.

    Parameters
    ----------
    encoder : TorchEncoder
    tail, demand : LinearFit
        Over vectors of length 1: log-odds of the tail, ln(1 + buyers).
    heads : Heads
        To go on from with other labels.
    vectors : ndarray of float32, shape (n_texts, dim)
        Of the texts it was trained with.
    record : TrainingRecord
    """

    encoder: TorchEncoder
    tail: LinearFit
    demand: LinearFit
    heads: Heads
    vectors: np.ndarray
    record: TrainingRecord


class OutlookTask:
    """Heads on one encoder: cuts through the cohort (cross-entropy), and demand (squared error).

    Follows ``unsung.learning.loop.Task``.

    Parameters
    ----------
    start : Start
    texts : sequence of str
        One an item; equal texts are read once, with the mean of their labels.
    targets : sequence of Targets
        Several kinds of labels, learned together; the first is the one that is foretold.
    settings : FineTuneSettings
    progress : Progress
    """

    name = "outlook"
    metric = "mean of ROC-AUC and Spearman"

    def __init__(
        self,
        start: Start,
        texts: Sequence[str],
        targets: Sequence[Targets],
        settings: FineTuneSettings,
        progress: Progress = silent,
    ) -> None:
        import torch

        encoder = start.encoder
        distinct, self.place_of = np.unique(np.array(texts, dtype=object), return_inverse=True)
        self.tower = TextTower(encoder, distinct.tolist(), settings, progress)
        self.settings = settings
        self.scale = float(encoder.dim) ** 0.5
        first = ~np.isnan(targets[0].place)
        rare_weights = np.repeat([part.rare_weight for part in targets], N_HEADS)
        self.rare_weights = rare_weights.astype(np.float32)
        self.centre = [_centre(part) for part in targets]
        if not first.any():
            raise InputError("No item has a label to learn from.")
        columns = [_columns(part, *at) for part, at in zip(targets, self.centre, strict=True)]
        values, counted = _mean_by(self.place_of, np.concatenate(columns, axis=1), len(distinct))
        weights = np.outer([part.weight for part in targets], HEAD_WEIGHTS).ravel()
        weights = weights.astype(np.float32)
        self.rows = np.flatnonzero(counted.any(axis=1))
        self.values, self.weights = values, counted * weights
        self.mean_weight = float(self.weights[self.rows].sum() / len(self.rows))
        self.is_binary = np.tile(np.arange(N_HEADS) < len(SHARES), len(targets))
        device = next(self.tower.module.parameters()).device
        self.heads = torch.nn.Linear(encoder.dim, len(self.is_binary)).to(device)
        self._start_heads(start.heads)
        self.module: torch.nn.Module = torch.nn.ModuleDict(
            {"language": self.tower.module, "heads": self.heads}
        )
        self.fingerprint = self.tower.fingerprint + fingerprint_of(self.values, self.weights)

    def n_steps(self) -> int:
        """Batches of one epoch."""
        return -(-len(self.rows) // self.settings.batch_size)

    def batches(
        self,
        epoch: int,  # noqa: ARG002 - rng hangs on it
        rng: np.random.Generator,
    ) -> Iterator[np.ndarray]:
        """Distinct texts that have a label, those of like length together."""
        lengths = self.tower.texts.lengths[self.rows]
        size = self.settings.batch_size
        for batch in shuffled_batches(len(self.rows), size, rng, lengths=lengths):
            yield self.rows[batch]

    def loss(self, batch: np.ndarray) -> "torch.Tensor":
        """Weighted mean of the heads' losses."""
        import torch
        from torch.nn import functional

        vectors = self.tower.vectors(batch) * self.scale
        found = self.heads(functional.dropout(vectors, self.settings.dropout, self.module.training))
        truth, weight = (
            torch.from_numpy(part[batch]).to(found) for part in (self.values, self.weights)
        )
        binary = torch.from_numpy(self.is_binary).to(found.device)
        crossed = functional.binary_cross_entropy_with_logits(
            found,
            torch.where(binary, truth, 0.5),
            pos_weight=torch.from_numpy(self.rare_weights).to(found),
            reduction="none",
        )
        losses = torch.where(binary, crossed, (found - truth) ** 2 / 2)
        return (losses * weight).sum() / (len(batch) * self.mean_weight)

    def linear(self) -> tuple[LinearFit, LinearFit]:
        """Log-odds of the tail and ln(1 + buyers), over vectors of length 1."""
        weight = self.heads.weight.detach().double().cpu().numpy() * self.scale
        bias = self.heads.bias.detach().double().cpu().numpy()
        mean, spread = self.centre[0]
        last = N_HEADS - 1
        # Counted w times, a top seller looks w times as likely as it is.
        rare = bias[0] - np.log(self.rare_weights[0])
        return (
            LinearFit(-weight[0], float(-rare)),
            LinearFit(weight[last] * spread, float(bias[last] * spread + mean)),
        )

    def first_heads(self) -> Heads:
        """The heads of the first kind of labels."""
        parts = (self.heads.weight, self.heads.bias)
        return Heads(*(part.detach()[:N_HEADS].cpu().numpy().copy() for part in parts))

    def vectors(self, progress: Progress = silent) -> np.ndarray:
        """Vectors of all texts as the encoder is now: ndarray of float32, shape (n_texts, dim)."""
        return self.tower.encode(progress=progress)[self.place_of]

    def vectors_of(self, rows: np.ndarray) -> np.ndarray:
        """Vectors of some texts: ndarray of float32, shape (len(rows), dim)."""
        distinct, place = np.unique(self.place_of[rows], return_inverse=True)
        return self.tower.encode(distinct)[place]

    def _start_heads(self, heads: Heads | None) -> None:
        """Begin with the means, or with heads that an earlier training left."""
        import torch

        n_kinds = len(self.is_binary) // N_HEADS
        with torch.no_grad():
            if heads is not None:
                self.heads.weight.copy_(torch.from_numpy(np.tile(heads.weight, (n_kinds, 1))))
                self.heads.bias.copy_(torch.from_numpy(np.tile(heads.bias, n_kinds)))
                return
            counted = self.weights[self.rows]
            mean = (self.values[self.rows] * counted).sum(axis=0) / np.maximum(
                counted.sum(axis=0), 1e-9
            )
            share = np.clip(mean, 0.01, 0.99)
            bias = np.where(self.is_binary, np.log(share / (1 - share)), mean)
            self.heads.weight.zero_()
            self.heads.bias.copy_(torch.from_numpy(bias))


def fine_tune_outlook(
    start: Start,
    texts: Sequence[str],
    targets: Sequence[Targets],
    settings: FineTuneSettings,
    *,
    validate: Validate | None = None,
    folder: Path | None = None,
    progress: Progress = silent,
) -> FineTunedOutlook:
    """Fine-tune an encoder on labels of items.

    Parameters
    ----------
    start : Start
        Its encoder is changed in place.
    texts : sequence of str
        One an item, also of items without labels, such as those to validate on.
    targets : sequence of Targets
        The first kind is the one that is foretold.
    settings : FineTuneSettings
    validate : Validate, optional
        The weights of its best value are kept.
    folder : Path, optional
        For checkpoints, from which a killed training goes on.
    progress : Progress

    Returns
    -------
    outlook : FineTunedOutlook
    """
    task = OutlookTask(start, texts, targets, settings, progress)

    def value() -> float:
        assert validate is not None
        vectors, (tail, demand) = task.vectors_of(validate.rows), task.linear()
        return validate.value(tail.predict(vectors), demand.predict(vectors))

    record = train(
        task,
        settings,
        validate=None if validate is None else value,
        folder=folder,
        progress=progress,
    )
    tail, demand = task.linear()
    return FineTunedOutlook(
        start.encoder, tail, demand, task.first_heads(), task.vectors(progress), record
    )


def copy_of(encoder: TorchEncoder) -> TorchEncoder:
    """An encoder with weights of its own, equal to those of the first."""
    return _like(encoder, encoder.name, copy.deepcopy(encoder.transformer))


def untrained(encoder: TorchEncoder, seed: int) -> TorchEncoder:
    """An encoder of the same architecture and tokeniser that has read nothing yet.

    What fine-tuning owes to pretraining is the distance between the two.
    """
    with torch_draws(seed, SCRATCH_DRAWS):
        transformer = type(encoder.transformer)(copy.deepcopy(encoder.transformer.config))
    return _like(encoder, f"{encoder.name} from scratch", transformer.eval())


def _like(encoder: TorchEncoder, name: str, transformer: "torch.nn.Module") -> TorchEncoder:
    return TorchEncoder(
        name,
        transformer,
        encoder.tokeniser,
        pooling=encoder.pooling,
        max_tokens=encoder.max_tokens,
    )


def _centre(targets: Targets) -> tuple[float, float]:
    """Mean and spread of the demand of labelled items."""
    known = targets.demand[~np.isnan(targets.place)]
    if not len(known):
        return 0.0, 1.0
    return float(known.mean()), float(known.std()) or 1.0


def _columns(targets: Targets, mean: float, spread: float) -> np.ndarray:
    """A column a head: float32, shape (n_texts, N_HEADS); NaN without a label."""
    absent = np.isnan(targets.place)
    cuts = np.stack([targets.place < share for share in SHARES], axis=1).astype(np.float32)
    demand = (targets.demand - mean) / spread
    columns = np.column_stack([cuts, demand]).astype(np.float32)
    columns[absent] = np.nan
    return columns


def _mean_by(group: np.ndarray, columns: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean of each column over the rows of a group that aren't NaN, and how many these are."""
    known = ~np.isnan(columns)
    total = np.zeros((n, columns.shape[1]), dtype=np.float32)
    counted = np.zeros_like(total)
    np.add.at(total, group, np.where(known, columns, 0))
    np.add.at(counted, group, known)
    return total / np.maximum(counted, 1), counted
