"""Frozen lower layers, computed once a text and kept."""

import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from unsung.learning.batches import TokenisedTexts, places_of
from unsung.learning.encoder import TorchEncoder
from unsung.learning.layers import layers_of
from unsung.progress import Progress, silent
from unsung.text.tokens import TOKENS_PER_BATCH

if TYPE_CHECKING:
    import torch

MAX_DIFFERENCE = 2e-3
"""Where kept and whole differ by more, the architecture has parts that this way leaves out."""
PROBES = 8


class FrozenLayers:
    """What the lower layers make of each text, and the upper part that goes on from there.

    Parameters
    ----------
    encoder : TorchEncoder
    texts : TokenisedTexts
    n_layers : int
        Lower layers, embeddings not counted, that don't train.
    memory : int
        Bytes that may be kept; the shortest texts are kept first, others computed on each call.
    precision : str
        ``float16`` or ``float32``.
    progress : Progress

    Notes
    -----
    Texts are computed in groups that depend on the texts alone, never on the order of calls: the
    same text has the same bits in a training that was interrupted and in one that wasn't.

    A text has one state a token, or a single one where the layers above start from its mean.
    """

    def __init__(
        self,
        encoder: TorchEncoder,
        texts: TokenisedTexts,
        n_layers: int,
        *,
        memory: int,
        precision: str,
        progress: Progress = silent,
    ) -> None:
        self.encoder = encoder
        self.texts = texts
        self._boundary = layers_of(encoder.transformer)[1][n_layers]
        self._upper, self._entry = _upper_part(encoder.transformer, n_layers)
        shortest_first = np.argsort(texts.lengths, kind="stable")
        probe = self._lower(*self._on_device(*texts.batch(shortest_first[:1])))
        self._by_token = probe.ndim == 3
        self._n_states = texts.lengths if self._by_token else np.ones_like(texts.lengths)
        ends = np.cumsum(self._n_states[shortest_first])
        bytes_per_state = probe.shape[-1] * np.dtype(precision).itemsize
        kept = shortest_first[ends * bytes_per_state <= memory]
        self._starts = np.full(len(texts), -1, dtype=np.int64)
        self._starts[kept] = np.concatenate([[0], np.cumsum(self._n_states[kept])])[:-1]
        n_states = int(self._n_states[kept].sum())
        self._states = np.empty((n_states, probe.shape[-1]), dtype=precision)
        self._fill(kept, progress)

    @property
    def n_kept(self) -> int:
        """Texts whose lower part is kept."""
        return int((self._starts >= 0).sum())

    def vectors(self, rows: np.ndarray) -> "torch.Tensor":
        """Vectors of some texts, through whose upper part gradients flow.

        Parameters
        ----------
        rows : ndarray of int64, shape (n,)

        Returns
        -------
        vectors : Tensor of float32, shape (n, dim)
        """
        import torch

        token_ids, mask = self._on_device(*self.texts.batch(rows))
        kept = self._starts[rows] >= 0
        known = torch.from_numpy(kept).to(mask.device)
        inside = mask.bool() & known[:, None] if self._by_token else known
        states = torch.zeros((*inside.shape, self._states.shape[1]), device=token_ids.device)
        places = places_of(self._starts[rows[kept]], self._n_states[rows[kept]])
        states[inside] = torch.from_numpy(self._states[places]).to(states)
        if not kept.all():
            states[~known] = self._lower(token_ids[~known], mask[~known])
        self._entry.states = states
        tokens = self._upper(input_ids=token_ids, attention_mask=mask).last_hidden_state
        return self.encoder.pool(tokens, mask)

    def agrees(self) -> bool:
        """Whether this way gives the whole model's vectors, tried on a few texts."""
        import torch

        by_length = np.argsort(self.texts.lengths, kind="stable")
        rows = by_length[np.linspace(0, len(by_length) - 1, PROBES).astype(int)]
        with torch.no_grad():
            try:
                found = self.vectors(rows)
            except (RuntimeError, TypeError, AttributeError):
                return False
            whole = self.encoder.vectors(*self._on_device(*self.texts.batch(rows)))
        return bool((found - whole).abs().max() <= MAX_DIFFERENCE)

    def _fill(self, kept: np.ndarray, progress: Progress) -> None:
        stage, done = "computing the frozen layers", 0
        while done < len(kept):
            progress(stage, done, len(kept))
            # Ascending lengths: a group that begins with a short text may end with a longer one.
            widths = self.texts.lengths[kept[done : done + TOKENS_PER_BATCH]]
            fits = widths * np.arange(1, len(widths) + 1) <= TOKENS_PER_BATCH
            group = kept[done : done + max(int(fits.sum()), 1)]
            token_ids, mask = self._on_device(*self.texts.batch(group))
            states = self._lower(token_ids, mask)
            found = (states[mask.bool()] if self._by_token else states).cpu().numpy()
            places = places_of(self._starts[group], self._n_states[group])
            self._states[places] = found.astype(self._states.dtype)
            done += len(group)
        progress(stage, len(kept), len(kept))

    def _lower(self, token_ids: "torch.Tensor", mask: "torch.Tensor") -> "torch.Tensor":
        import torch

        reached: list[torch.Tensor] = []

        def stop(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            reached.append(args[0] if args else kwargs["hidden_states"])
            raise _BoundaryReached

        hook = self._boundary.register_forward_pre_hook(stop, with_kwargs=True)
        try:
            with torch.no_grad():
                self.encoder.transformer(input_ids=token_ids, attention_mask=mask)
        except _BoundaryReached:
            pass
        finally:
            hook.remove()
        return reached[0]

    def _on_device(self, *arrays: np.ndarray) -> "tuple[torch.Tensor, ...]":
        import torch

        device = next(self.encoder.transformer.parameters()).device
        return tuple(torch.from_numpy(array).to(device) for array in arrays)


class _BoundaryReached(Exception):  # noqa: N818 - it is no error
    """The first layer that trains is about to run."""


def _upper_part(
    transformer: "torch.nn.Module", n_layers: int
) -> "tuple[torch.nn.Module, torch.nn.Module]":
    """A second view of a transformer: its weights are shared, its lower layers left out.

    Returns the view, and the module in place of its embeddings, whose ``states`` it starts from.
    """
    import torch

    class Entry(torch.nn.Module):
        states: torch.Tensor

        def forward(self, *_: Any, **__: Any) -> torch.Tensor:
            return self.states

    def shared(module: torch.nn.Module) -> torch.nn.Module:
        view = copy.copy(module)
        view._modules = dict(module._modules)
        return view

    path, layers = layers_of(transformer)
    upper, entry = shared(transformer), Entry()
    upper._modules["embeddings"] = entry
    parent = upper
    *parents, last = path.split(".")
    for name in parents:
        child = shared(parent.get_submodule(name))
        parent._modules[name] = child
        parent = child
    parent._modules[last] = torch.nn.ModuleList(list(layers)[n_layers:])
    return upper, entry
