"""The interest encoder: the language model, fine-tuned on what belongs together in a shop."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from unsung.learning.contrastive import ContrastiveSettings, ContrastiveTask
from unsung.learning.encoder import TorchEncoder
from unsung.learning.interpolation import interpolate
from unsung.learning.layers import load_encoder
from unsung.learning.loop import train
from unsung.learning.pairs import similar_strangers
from unsung.learning.records import TrainingRecord
from unsung.learning.settings import FineTuneSettings
from unsung.learning.tower import TextTower
from unsung.progress import Progress, silent

N_STRANGERS = 20
"""Hard negatives of an item, of which each batch draws one."""


@dataclass(frozen=True, eq=False)
class Positives:
    """What there is to learn from.

    Parameters
    ----------
    texts : sequence of str, length n_items
        Empty for items that aren't to be read.
    weights : csr_array of float32, shape (n_items, n_items)
        What belongs together.
    buyers : ndarray of int64, shape (n_items,)
    groups : ndarray of int64, shape (n_items,)
        Categories, within which hard negatives are looked for.
    """

    texts: Sequence[str]
    weights: sp.csr_array
    buyers: np.ndarray
    groups: np.ndarray


@dataclass(frozen=True, eq=False)
class FineTunedInterest:
    """The fine-tuned encoder, and those between it and the pretrained one.

    Parameters
    ----------
    record : TrainingRecord
    frozen, tuned : TorchEncoder
    """

    record: TrainingRecord
    frozen: TorchEncoder
    tuned: TorchEncoder
    _tower: TextTower = field(repr=False)

    def encoder(self, share: float) -> TorchEncoder:
        """The encoder at a share of the way from the pretrained (0) to the fine-tuned one (1)."""
        return interpolate(self.frozen, self.tuned, share)

    def vectors(self, share: float, progress: Progress = silent) -> np.ndarray:
        """Its vectors of the texts: ndarray of float32, shape (n_items, dim)."""
        # Into the module whose frozen layers' outputs are kept: several times as fast.
        self._tower.module.load_state_dict(self.encoder(share).transformer.state_dict())
        return self._tower.encode(progress=progress)


def fine_tune_interest(
    positives: Positives,
    settings: FineTuneSettings,
    objective: ContrastiveSettings,
    *,
    begin: TorchEncoder | None = None,
    validate: Callable[[np.ndarray], float] | None = None,
    folder: Path | None = None,
    progress: Progress = silent,
) -> FineTunedInterest:
    """Fine-tune the language model that the settings name.

    Parameters
    ----------
    positives : Positives
    settings : FineTuneSettings
    objective : ContrastiveSettings
    begin : TorchEncoder, optional
        What fine-tuning begins with, such as the model after continued pretraining; changed in
        place. The model itself where not given. Shares of the way are counted from the model.
    validate : callable, optional
        Value of the vectors of all texts, higher being better.
    folder : Path, optional
        For checkpoints, as for ``unsung.learning.loop.train``.
    progress : Progress

    Raises
    ------
    InputError, MissingExtraError, UnsungError
        As for ``load_encoder`` and ``train``.
    """
    tower = TextTower(begin or load_encoder(settings), positives.texts, settings, progress)
    strangers = None
    if objective.hard_negatives:
        vectors = tower.encode(progress=progress)
        strangers = similar_strangers(vectors, positives.weights, positives.groups, N_STRANGERS)
    task = ContrastiveTask(
        tower,
        positives.texts,
        positives.weights,
        positives.buyers,
        objective,
        batch_size=settings.batch_size,
        strangers=strangers,
    )
    value = None if validate is None else (lambda: validate(tower.encode()))
    record = train(task, settings, validate=value, folder=folder, progress=progress)
    frozen = load_encoder(settings)
    # A copy: the tower's own weights change with every share that is looked at.
    tuned = interpolate(frozen, tower.encoder, 1.0)
    return FineTunedInterest(record, frozen, tuned, tower)
