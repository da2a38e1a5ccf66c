"""The language model in torch: what is exported, and the measure of the export."""

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from unsung.errors import InputError, MissingExtraError
from unsung.learning.use_m3 import read_use_m3
from unsung.learning.weights import Layout, Weights
from unsung.text.onnx_encoder import Pooling
from unsung.text.tokens import cut_at, encode_with

if TYPE_CHECKING:
    import torch

MAX_TOKENS = 128
"""Titles have 10 to 40 tokens; what stands later in a document counts little."""


class TorchEncoder:
    """A transformer whose token vectors are pooled and scaled to length 1.

    Follows ``unsung.text.base.TextEncoder``.

    Parameters
    ----------
    name : str
        Stable name that goes into bundles.
    transformer : torch.nn.Module
        A model in the manner of transformers that gives ``last_hidden_state``.
    tokeniser : tokenizers.Tokenizer
        As from ``unsung.text.tokens.read_tokeniser``.
    pooling : str
        ``mean`` over the tokens; ``cls``: the first one; ``own``: the model gives one vector a
        text.
    max_tokens : int
        Longer texts are cut.
    """

    def __init__(
        self,
        name: str,
        transformer: "torch.nn.Module",
        tokeniser: Any,
        *,
        pooling: Pooling = "mean",
        max_tokens: int = MAX_TOKENS,
    ) -> None:
        self.name = name
        self.transformer = transformer
        self.tokeniser = tokeniser
        self.pooling: Pooling = pooling
        self.max_tokens = max_tokens
        self.dim = int(transformer.config.hidden_size)  # type: ignore[union-attr, arg-type]

    @classmethod
    def load(cls, weights: Weights, *, max_tokens: int = MAX_TOKENS) -> "TorchEncoder":
        """Load checked weights from their folder; nothing is asked for on the net.

        Raises
        ------
        MissingExtraError
            Where torch or transformers isn't installed.
        InputError
            Where transformers doesn't know the model.
        """
        try:
            import transformers  # noqa: F401
        except ImportError:
            raise MissingExtraError("Working on a language model", "train") from None
        with quiet():
            transformer, tokeniser = READERS[weights.layout](weights.folder)
        return cls(
            weights.name,
            transformer.eval(),
            cut_at(tokeniser, max_tokens),
            pooling=weights.pooling,
            max_tokens=max_tokens,
        )

    def vectors(self, token_ids: "torch.Tensor", mask: "torch.Tensor") -> "torch.Tensor":
        """Vectors of a batch, through which gradients flow.

        Parameters
        ----------
        token_ids, mask : Tensor of int64, shape (n, n_tokens)

        Returns
        -------
        vectors : Tensor of float32, shape (n, dim)
            Rows of length 1.
        """
        return self.pool(
            self.transformer(input_ids=token_ids, attention_mask=mask).last_hidden_state, mask
        )

    def pool(self, tokens: "torch.Tensor", mask: "torch.Tensor") -> "torch.Tensor":
        """One vector of length 1 a text from the vectors of its tokens.

        Parameters
        ----------
        tokens : Tensor of float32, shape (n, n_tokens, dim)
            Or (n, dim), where the model has its own way.
        mask : Tensor of int64, shape (n, n_tokens)

        Returns
        -------
        vectors : Tensor of float32, shape (n, dim)
        """
        if self.pooling == "own":
            pooled = tokens
        elif self.pooling == "cls":
            pooled = tokens[:, 0]
        else:
            counted = mask.unsqueeze(-1).to(tokens.dtype)
            pooled = (tokens * counted).sum(1) / counted.sum(1)
        length = pooled.norm(dim=1, keepdim=True).clamp(min=1e-12)
        unit: torch.Tensor = pooled / length
        return unit

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Encode texts: ndarray of float32, shape (len(texts), dim), rows of length 1 or 0."""
        import torch

        device = next(self.transformer.parameters()).device

        def vectors_of(token_ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
            batch = (torch.from_numpy(part).to(device) for part in (token_ids, mask))
            found: np.ndarray = self.vectors(*batch).float().cpu().numpy()
            return found

        was_training = self.transformer.training
        self.transformer.eval()
        try:
            with torch.inference_mode():
                return encode_with(vectors_of, self.tokeniser, texts, self.dim)
        finally:
            self.transformer.train(was_training)


def _read_transformer(folder: Path) -> tuple["torch.nn.Module", Any]:
    """A model of transformers and its tokeniser, from their folder alone."""
    from tokenizers import Tokenizer
    from transformers import AutoModel

    try:
        transformer = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{folder} can't be loaded: {reason}") from None
    return transformer, Tokenizer.from_file(str(folder / "tokenizer.json"))


READERS: Final[dict[Layout, Callable[[Path], tuple["torch.nn.Module", Any]]]] = {
    "transformers": _read_transformer,
    "use-m3": read_use_m3,
}
"""Layout -> what reads a model and its tokeniser from a folder."""


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what torch and transformers say about themselves off the terminal."""
    from transformers.utils import logging as transformers_logging

    exporter = logging.getLogger("torch.onnx")
    level, verbosity = exporter.level, transformers_logging.get_verbosity()
    bars = transformers_logging.is_progress_bar_enabled()
    exporter.setLevel(logging.ERROR)
    transformers_logging.set_verbosity(logging.ERROR)
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        exporter.setLevel(level)
        transformers_logging.set_verbosity(verbosity)
        if bars:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]
