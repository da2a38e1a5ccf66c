"""Learning from what belongs together: texts of associated items move towards each other."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import scipy.sparse as sp
from pydantic import Field

from unsung.learning.batches import fingerprint_of
from unsung.learning.pairs import anchor_shares, between, draw_pairs, target_shares
from unsung.learning.processes import gather
from unsung.learning.tower import TextTower
from unsung.settings import Settings

if TYPE_CHECKING:
    import torch

MIN_STEPS: Final = 25
"""Steps of an epoch, also in a small shop: an item has more partners than one epoch draws."""
MASKED: Final = -1e4
"""Logit of a column that counts for nothing."""


class ContrastiveSettings(Settings):
    """What moves towards what."""

    temperature: float = Field(default=0.1, gt=0)
    """Cosines are divided by it: the smaller, the more the nearest wrong items count."""
    targets: Literal["drawn", "soft"] = "drawn"
    """``drawn``: each item is to find the partner drawn for it, and its other partners in the
    batch don't count as wrong; ``soft``: it is to find all its partners in the batch, each in
    proportion to its weight, which favours popular items."""
    hard_negatives: bool = False
    """Whether a batch also holds, for every item, a near item that doesn't belong to it."""
    popularity: float = Field(default=0.0, ge=0)
    """Items are drawn in proportion to buyers ** popularity: 0 draws all alike."""


class ContrastiveTask:
    """The texts of associated items find each other in a batch; a task for ``train``.

    Both ways: the first text is to find the second one, and the second the first.

    Parameters
    ----------
    tower : TextTower
        Over the items' texts, one an item.
    texts : sequence of str, length n_items
        Items with one text are one thing: they are never negatives of each other.
    weights : csr_array of float32, shape (n_items, n_items)
        What belongs together; what has no text is left out.
    buyers : ndarray of int64, shape (n_items,)
        Decides how often an item is drawn, as ``settings.popularity`` says.
    settings : ContrastiveSettings
    batch_size : int
    strangers : ndarray of int64, shape (n_items, n), optional
        Hard negatives of every item.

    References
    ----------
    van den Oord, Li and Vinyals, Representation learning with contrastive predictive coding,
    arXiv:1807.03748. Henderson et al., Efficient natural language response suggestion for smart
    reply, arXiv:1705.00652.
    """

    name = "interest"
    metric = "NDCG@10"

    def __init__(
        self,
        tower: TextTower,
        texts: Sequence[str],
        weights: sp.csr_array,
        buyers: np.ndarray,
        settings: ContrastiveSettings,
        *,
        batch_size: int,
        strangers: np.ndarray | None = None,
    ) -> None:
        self.tower, self.settings = tower, settings
        self.module: torch.nn.Module = tower.module
        self.batch_size = batch_size
        _, self.text_of = np.unique(np.asarray(texts, dtype=np.str_), return_inverse=True)
        self.weights = between(weights, self.text_of, ~tower.texts.empty)
        self.shares = anchor_shares(self.weights, buyers, settings.popularity)
        self._transposed = sp.csr_array(self.weights.T)
        self._together = sp.csr_array(self.weights + self._transposed)
        self.strangers = strangers
        self.fingerprint = fingerprint_of(
            np.frombuffer(tower.fingerprint.encode(), np.uint8),
            self.weights.indptr,
            self.weights.indices,
            self.weights.data,
            self.shares,
            np.frombuffer(settings.model_dump_json().encode(), np.uint8),
        )

    def n_steps(self) -> int:
        """Steps in which every item that can be drawn comes about once."""
        return max(-(-int((self.shares > 0).sum()) // self.batch_size), MIN_STEPS)

    def batches(self, epoch: int, rng: np.random.Generator) -> Iterator[dict[str, np.ndarray]]:  # noqa: ARG002
        """Pairs of items, drawn anew in every epoch."""
        for _ in range(self.n_steps()):
            anchors, partners = draw_pairs(self.weights, self.shares, self.batch_size, rng)
            batch = {"anchors": anchors, "partners": partners}
            if self.strangers is not None:
                which = rng.integers(self.strangers.shape[1], size=len(anchors))
                batch["strangers"] = self.strangers[anchors, which]
            yield batch

    def loss(self, batch: dict[str, np.ndarray]) -> "torch.Tensor":
        """Mean cross-entropy of finding the partner, both ways."""
        parts = [batch["anchors"], batch["partners"]]
        if "strangers" in batch:
            parts.append(batch["strangers"])
        n = len(parts[0])
        vectors = self.tower.vectors(np.concatenate(parts))
        items = np.concatenate(parts)
        there = self._one_way(vectors[:n], items[:n], vectors[n:], items[n:], self.weights)
        back = self._one_way(
            vectors[n : 2 * n], items[n : 2 * n], vectors[:n], items[:n], self._transposed
        )
        return (there + back) / 2

    def _one_way(
        self,
        vectors: "torch.Tensor",
        items: np.ndarray,
        others: "torch.Tensor",
        other_items: np.ndarray,
        weights: sp.csr_array,
    ) -> "torch.Tensor":
        import torch

        device = vectors.device
        columns, start = gather(others)
        numbers = torch.from_numpy(other_items.astype(np.float64)).to(device)
        column_items = gather(numbers[:, None])[0][:, 0].cpu().numpy().astype(np.int64)
        logits = vectors @ columns.T / self.settings.temperature
        soft = self.settings.targets == "soft"
        wanted, counted = target_shares(
            (weights if soft else self._together)[items][:, column_items].toarray(),
            self.text_of[items],
            self.text_of[column_items],
            start + np.arange(len(items)),
            soft=soft,
        )
        logits = logits.masked_fill(torch.from_numpy(~counted).to(device), MASKED)
        found = torch.log_softmax(logits, dim=1) * torch.from_numpy(wanted).to(device)
        return -found.sum(dim=1).mean()
