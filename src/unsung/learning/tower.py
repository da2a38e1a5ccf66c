"""The language model over a shop's texts, as a part of what trains."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from unsung.learning.batches import TokenisedTexts
from unsung.learning.encoder import TorchEncoder
from unsung.learning.frozen import FrozenLayers
from unsung.learning.layers import choose_trained, n_frozen
from unsung.learning.processes import find_device
from unsung.learning.settings import FineTuneSettings
from unsung.progress import Progress, silent
from unsung.text.tokens import TOKENS_PER_BATCH

if TYPE_CHECKING:
    import torch


class TextTower:
    """Vectors of a fixed list of texts, through which gradients flow to what trains.

    Parameters
    ----------
    encoder : TorchEncoder
        Changed in place: moved to the device, frozen where the settings say, and fine-tuned by
        ``unsung.learning.loop.train``.
    texts : sequence of str
        Tokenised once; each is known by its place from then on.
    settings : FineTuneSettings
    progress : Progress

    Attributes
    ----------
    module : torch.nn.Module
        The transformer: the part of a task's module that belongs to the language model.
    texts : TokenisedTexts
        ``texts.lengths`` serves batches of like length.
    fingerprint : str
        Of the texts, for the fingerprint of a task.
    n_kept : int
        Texts whose frozen layers were computed once and are kept.

    Notes
    -----
    With ``top`` the lower layers are computed once a text; with ``heads`` the vectors are. Where
    an architecture doesn't let its layers be entered half-way, nothing is kept and every step
    computes the whole model.
    """

    def __init__(
        self,
        encoder: TorchEncoder,
        texts: Sequence[str],
        settings: FineTuneSettings,
        progress: Progress = silent,
    ) -> None:
        self.encoder = encoder
        self.module = encoder.transformer.to(find_device(settings.device)).eval()
        choose_trained(encoder, settings)
        max_tokens = min(settings.max_tokens, encoder.max_tokens)
        self.texts = TokenisedTexts(encoder.tokeniser, texts, max_tokens)
        self.fingerprint = self.texts.fingerprint
        self._frozen: FrozenLayers | None = None
        self._fixed: torch.Tensor | None = None
        if settings.trained == "top" and settings.kept_mb and len(texts):
            frozen = FrozenLayers(
                encoder,
                self.texts,
                n_frozen(self.module, settings),
                memory=settings.kept_mb << 20,
                precision=settings.kept_precision,
                progress=progress,
            )
            self._frozen = frozen if frozen.agrees() else None
        elif settings.trained == "heads":
            self._fixed = self._all_vectors(progress)

    @property
    def n_kept(self) -> int:
        """Texts whose frozen layers were computed once."""
        if self._fixed is not None:
            return len(self.texts)
        return self._frozen.n_kept if self._frozen is not None else 0

    def vectors(self, rows: np.ndarray) -> "torch.Tensor":
        """Vectors of some texts; a text that is asked for twice is computed once.

        Parameters
        ----------
        rows : ndarray of int64, shape (n,)
            Places in ``texts``.

        Returns
        -------
        vectors : Tensor of float32, shape (n, dim)
            Rows of length 1; zeros for an empty text.
        """
        import torch

        rows = np.asarray(rows, dtype=np.int64)
        distinct, place = np.unique(rows, return_inverse=True)
        found = self._distinct(distinct)
        return found[torch.from_numpy(place).to(found.device)]

    def encode(self, rows: np.ndarray | None = None, progress: Progress = silent) -> np.ndarray:
        """Vectors as they are now, without dropout or gradients.

        Parameters
        ----------
        rows : ndarray of int64, shape (n,), optional
            All texts where not given.
        progress : Progress

        Returns
        -------
        vectors : ndarray of float32, shape (n, dim)
        """
        vectors = self._all_vectors(progress, rows).cpu().numpy()
        return vectors.astype(np.float32, copy=False)

    def _all_vectors(self, progress: Progress, rows: np.ndarray | None = None) -> "torch.Tensor":
        import torch

        rows = np.arange(len(self.texts)) if rows is None else np.asarray(rows, dtype=np.int64)
        by_length = np.argsort(-self.texts.lengths[rows], kind="stable")
        device = next(self.module.parameters()).device
        vectors = torch.zeros((len(rows), self.encoder.dim), device=device)
        was_training = self.module.training
        self.module.eval()
        start = 0
        try:
            with torch.no_grad():
                while start < len(rows):
                    progress("embedding texts", start, len(rows))
                    width = int(self.texts.lengths[rows[by_length[start]]])
                    batch = by_length[start : start + max(TOKENS_PER_BATCH // width, 1)]
                    vectors[torch.from_numpy(batch).to(device)] = self._distinct(rows[batch])
                    start += len(batch)
        finally:
            self.module.train(was_training)
        progress("embedding texts", len(rows), len(rows))
        return vectors

    def _distinct(self, rows: np.ndarray) -> "torch.Tensor":
        import torch

        device = next(self.module.parameters()).device
        if self._fixed is not None:
            return self._fixed[torch.from_numpy(rows).to(device)]
        if self._frozen is not None:
            found = self._frozen.vectors(rows)
        else:
            batch = (torch.from_numpy(part).to(device) for part in self.texts.batch(rows))
            found = self.encoder.vectors(*batch)
        worded = torch.from_numpy(~self.texts.empty[rows]).to(found)
        return found * worded[:, None]
