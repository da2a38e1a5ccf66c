"""The multilingual Universal Sentence Encoder in torch: n-grams, their mean, and a dense head."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from unsung.learning.sentencepiece_model import read_sentencepiece

if TYPE_CHECKING:
    import torch

WEIGHTS_FILE: Final = "weights.npz"
VOCABULARY_FILE: Final = "sp.model"
N_CHUNKS: Final = 17
"""Token ``t`` has its quantised vector in row ``t // 17`` of chunk ``t % 17``."""
VOCABULARY: Final = 7530 * N_CHUNKS
TOKEN_WIDTH: Final = 512
BRANCH_WIDTH: Final = 256
ORDERS: Final = {2: 0, 3: 1, 5: 2}
"""Tokens of an n-gram -> how many of them stand before the token that it is told for."""
HIDDEN_WIDTH: Final = 320
EPSILON: Final = 1e-12


def read_use_m3(folder: Path) -> tuple["torch.nn.Module", Any]:
    """Read the encoder from the files of the package that carries it.

    Parameters
    ----------
    folder : Path
        Holds ``weights.npz`` (arrays, no code) and ``sp.model``.

    Returns
    -------
    model : torch.nn.Module
        In the manner of transformers: ``embeddings``, and ``layers`` for the n-grams with their
        mean, the projection, and the dense head. Its ``last_hidden_state`` is one vector a text.
    tokeniser : tokenizers.Tokenizer

    Notes
    -----
    Word vectors stay quantised, 65 MB in place of 260, and never train; ``layers`` do. Without
    them the model has 5 million weights.

    References
    ----------
    Yang et al., Multilingual Universal Sentence Encoder for Semantic Retrieval, ACL 2020,
    arXiv:1907.04307.
    """
    import torch

    with np.load(folder / WEIGHTS_FILE, allow_pickle=False) as arrays:
        model = model_class()(_config())
        table = model.embeddings.table.numpy()
        for chunk in range(N_CHUNKS):
            table[chunk::N_CHUNKS] = arrays[f"q{chunk + 1}"]
        state = {name: torch.from_numpy(arrays[source]) for name, source in _SINGLE.items()}
        for name, source in _LINEAR.items():
            state[f"{name}.weight"] = torch.from_numpy(arrays[source].T.copy())
        for name, source in _JOINED.items():
            joined = np.concatenate([arrays[f"{source}{order}"] for order in ORDERS], axis=-1)
            state[name] = torch.from_numpy(joined.T.copy())
    model.load_state_dict({**state, "embeddings.table": model.embeddings.table})
    return model, read_sentencepiece(folder / VOCABULARY_FILE)


_SINGLE: Final = {
    "embeddings.scale": "scale",
    "embeddings.low": "lo",
    "layers.0.normalised.weight": "ln_g",
    "layers.0.normalised.bias": "ln_b",
    "layers.1.linear.bias": "cnn_b",
    **{
        f"layers.0.branches.{place}.{name}": f"{source}{order}"
        for place, order in enumerate(ORDERS)
        for name, source in {
            "first.bias": "b1_",
            "second.bias": "b2_",
        }.items()
    },
}
"""Weights of the model -> arrays of the file that they are read from."""
_LINEAR: Final = {
    "layers.1.linear": "cnn_W",
    **{f"layers.2.{name}": name for name in ("d0", "d1", "d2", "d3", "p1", "p3")},
    **{
        f"layers.0.branches.{place}.{name}": f"{source}{order}"
        for place, order in enumerate(ORDERS)
        for name, source in {"first": "w1_", "second": "w2_"}.items()
    },
}
"""The same for matrices, which torch has the other way round."""
_JOINED: Final = {
    "layers.0.into.0.weight": "proj",
    "layers.0.into.0.bias": "proj_b",
    "layers.0.into.1.weight": "ln_g",
    "layers.0.into.1.bias": "ln_b",
}
"""The same for what is one matrix here, and one for each order in the file."""


def _config() -> Any:
    from transformers import PretrainedConfig

    return PretrainedConfig.from_dict(
        {"hidden_size": TOKEN_WIDTH, "num_hidden_layers": 3, "vocab_size": VOCABULARY}
    )


@cache
def model_class() -> Any:
    """The model's class, which transformers and so the training loop take for one of theirs."""
    import torch
    from transformers import PretrainedConfig, PreTrainedModel
    from transformers.modeling_outputs import BaseModelOutput

    class UseM3(PreTrainedModel):  # type: ignore[no-untyped-call]
        config_class = PretrainedConfig

        def __init__(self, config: Any) -> None:
            super().__init__(config)
            self.embeddings = _word_vectors()
            self.layers = torch.nn.ModuleList([_ngrams(), _projection(), _head()])

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> BaseModelOutput:
            states = self.embeddings(input_ids)
            for layer in self.layers:
                states = layer(states, attention_mask)
            return BaseModelOutput(last_hidden_state=states)

    return UseM3


def _word_vectors() -> "torch.nn.Module":
    import torch

    class WordVectors(torch.nn.Module):
        table: torch.Tensor
        scale: torch.Tensor
        low: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            shape = (VOCABULARY, TOKEN_WIDTH)
            self.register_buffer("table", torch.randint(64, shape, dtype=torch.uint8))
            self.register_buffer("scale", torch.full((N_CHUNKS,), 1 / 16))
            self.register_buffer("low", torch.full((N_CHUNKS,), -2.0))

        def forward(self, token_ids: torch.Tensor) -> torch.Tensor:
            # Gathered before they are dequantised: the graph keeps a byte a number.
            stored = self.table.index_select(0, token_ids.flatten())
            stored = stored.view(*token_ids.shape, TOKEN_WIDTH).to(self.scale.dtype)
            chunk = token_ids.remainder(N_CHUNKS)
            return stored * self.scale[chunk].unsqueeze(-1) + self.low[chunk].unsqueeze(-1)

    return WordVectors()


def _ngrams() -> "torch.nn.Module":
    import torch

    class NGrams(torch.nn.Module):
        """Word vectors and n-grams of every token, normalised, and their mean over a text."""

        def __init__(self) -> None:
            super().__init__()
            width = len(ORDERS) * BRANCH_WIDTH
            self.into = torch.nn.Sequential(
                torch.nn.Linear(TOKEN_WIDTH, width), torch.nn.LayerNorm(width, eps=EPSILON)
            )
            self.branches = torch.nn.ModuleList([_branch(*order) for order in ORDERS.items()])
            self.normalised = torch.nn.LayerNorm(TOKEN_WIDTH + width, eps=EPSILON)

        def forward(self, words: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            inside = mask.unsqueeze(-1).to(words.dtype)
            parts = self.into(words).split(BRANCH_WIDTH, dim=-1)
            found = [
                branch(part, inside) for branch, part in zip(self.branches, parts, strict=True)
            ]
            tokens: torch.Tensor = self.normalised(torch.cat([words, *found], dim=-1))
            return (tokens * inside).sum(1) / inside.sum(1)

    return NGrams()


def _branch(order: int, before: int) -> "torch.nn.Module":
    import torch

    class Branch(torch.nn.Module):
        """Two convolutions over n-grams of one order, each added to what it reads."""

        def __init__(self) -> None:
            super().__init__()
            self.first = torch.nn.Linear(order * BRANCH_WIDTH, BRANCH_WIDTH)
            self.second = torch.nn.Linear(order * BRANCH_WIDTH, BRANCH_WIDTH)

        def forward(self, tokens: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
            for convolution in (self.first, self.second):
                tokens = tokens + convolution(self.windows(tokens * inside)).relu()
            return tokens

        def windows(self, tokens: torch.Tensor) -> torch.Tensor:
            """The tokens around each one side by side; zeros beyond a text's ends."""
            padded = torch.nn.functional.pad(tokens, (0, 0, before, order - 1 - before))
            n = tokens.shape[1]
            return torch.cat([padded[:, place : place + n] for place in range(order)], dim=-1)

    return Branch()


def _projection() -> "torch.nn.Module":
    import torch

    class Projection(torch.nn.Module):
        """From the mean over a text to its sum over the root of its length, in fewer numbers."""

        def __init__(self) -> None:
            super().__init__()
            width = TOKEN_WIDTH + len(ORDERS) * BRANCH_WIDTH
            self.linear = torch.nn.Linear(width, TOKEN_WIDTH)

        def forward(self, means: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = self.linear(means)
            return found * mask.sum(1, keepdim=True).to(means.dtype).sqrt()

    return Projection()


def _head() -> "torch.nn.Module":
    import torch

    class Head(torch.nn.Module):
        """Two blocks of two dense layers, each block with a way round it."""

        def __init__(self) -> None:
            super().__init__()
            self.d0 = torch.nn.Linear(TOKEN_WIDTH, HIDDEN_WIDTH, bias=False)
            self.d1 = torch.nn.Linear(HIDDEN_WIDTH, HIDDEN_WIDTH, bias=False)
            self.p1 = torch.nn.Linear(TOKEN_WIDTH, HIDDEN_WIDTH, bias=False)
            self.d2 = torch.nn.Linear(HIDDEN_WIDTH, TOKEN_WIDTH, bias=False)
            self.d3 = torch.nn.Linear(TOKEN_WIDTH, TOKEN_WIDTH, bias=False)
            self.p3 = torch.nn.Linear(HIDDEN_WIDTH, TOKEN_WIDTH, bias=False)
            self.dropout = torch.nn.Dropout(0.0)

        def forward(self, text: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:  # noqa: ARG002
            text = (self.p1(text) + self.d1(self.dropout(self.d0(text).relu()))).relu()
            found: torch.Tensor = self.p3(text) + self.d3(self.dropout(self.d2(text).relu()))
            return found.tanh()

    return Head()
