"""Continued pretraining: the language model reads the shop's own text before it learns a task."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from unsung.errors import InputError
from unsung.learning.batches import TokenisedTexts, shuffled_batches
from unsung.learning.encoder import TorchEncoder
from unsung.learning.layers import choose_trained
from unsung.learning.loop import train
from unsung.learning.processes import find_device
from unsung.learning.records import TrainingRecord
from unsung.learning.settings import FineTuneSettings
from unsung.progress import Progress, silent

if TYPE_CHECKING:
    import torch

MASKED_SHARE: Final = 0.15
"""Share of a text's tokens that are to be guessed; one at least."""
HIDDEN_SHARE: Final = 0.8
RANDOM_SHARE: Final = 0.1
"""Of the tokens to be guessed, so many are hidden, so many are another token, the rest stand."""
MASK_TOKENS: Final = ("[MASK]", "<mask>")
NO_WORDS: Final = ("[PAD]", "<pad>", "[UNK]", "<unk>")
IGNORED: Final = -100
"""Target of tokens that aren't to be guessed."""
HELD_OUT_SHARE: Final = 0.1
MAX_HELD_OUT: Final = 1000
HELD_OUT_DRAWS: Final = 2
"""Second part of the seed of what is held out and hidden there."""


@dataclass(frozen=True)
class PretrainingRecord:
    """What continued pretraining changed.

    Parameters
    ----------
    n_texts, n_held_out : int
        Distinct texts that were learned from, and that were not.
    loss_before : float
        Masked-token loss on held-out texts, in nats a token, of the pretrained model. Its output
        layer was trained on the same texts, so that the difference is what the model learned.
    loss_after : float
        The same after continued pretraining.
    output_layer, model : TrainingRecord
        Both trainings.
    """

    n_texts: int
    n_held_out: int
    loss_before: float
    loss_after: float
    output_layer: TrainingRecord
    model: TrainingRecord

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            "n_texts": self.n_texts,
            "n_held_out": self.n_held_out,
            "loss_before": self.loss_before,
            "loss_after": self.loss_after,
            "output_layer": self.output_layer.to_json(),
            "model": self.model.to_json(),
        }


class Masker:
    """Hides tokens of texts, for a model to guess them.

    Parameters
    ----------
    tokeniser : tokenizers.Tokenizer

    Raises
    ------
    InputError
        Where it has no token for what is hidden.
    """

    def __init__(self, tokeniser: Any) -> None:
        found = [tokeniser.token_to_id(token) for token in MASK_TOKENS]
        known = [number for number in found if number is not None]
        if not known:
            raise InputError(
                f"The tokeniser has no {' or '.join(MASK_TOKENS)}, so its model can't be "
                "pretrained further; leave that step out."
            )
        self._hidden = known[0]
        # What stands around an empty text is no word of it.
        marks = {*tokeniser.encode("").ids, self._hidden}
        marks |= {tokeniser.token_to_id(token) for token in NO_WORDS} - {None}
        self._words = np.setdiff1d(np.arange(tokeniser.get_vocab_size()), list(marks))

    def batch(
        self, texts: TokenisedTexts, rows: np.ndarray, rng: np.random.Generator
    ) -> dict[str, np.ndarray]:
        """Texts with some tokens hidden, and what these are.

        Parameters
        ----------
        texts : TokenisedTexts
        rows : ndarray of int64, shape (n,)
        rng : numpy Generator

        Returns
        -------
        batch : dict of str to ndarray of int64, shape (n, n_tokens)
            ``token_ids``, ``mask`` (0 where padded) and ``targets`` (``IGNORED`` where nothing is
            to be guessed). At least one word of each text is to be guessed.
        """
        token_ids, mask = texts.batch(rows)
        draws = rng.random(token_ids.shape)
        draws[~np.isin(token_ids, self._words) | (mask == 0)] = 1.0
        lowest = draws.min(axis=1, keepdims=True)
        guessed = (draws < 1) & ((draws < MASKED_SHARE) | (draws == lowest))
        targets = np.where(guessed, token_ids, IGNORED)
        how = rng.random(token_ids.shape)
        others = self._words[rng.integers(len(self._words), size=token_ids.shape)]
        token_ids = np.where(guessed & (how < HIDDEN_SHARE), self._hidden, token_ids)
        swapped = guessed & (how >= HIDDEN_SHARE) & (how < HIDDEN_SHARE + RANDOM_SHARE)
        token_ids = np.where(swapped, others, token_ids)
        return {"token_ids": token_ids, "mask": mask, "targets": targets}


class MaskedTokens:
    """The task of guessing hidden tokens; follows ``unsung.learning.loop.Task``.

    The output layer is a linear map from the vector of a token to the model's own word
    embeddings: packaged encoders come without the one that they were pretrained with.

    Parameters
    ----------
    encoder : TorchEncoder
        Changed in place.
    texts : sequence of str
    settings : FineTuneSettings

    Raises
    ------
    InputError
        Where the model gives no vectors of tokens, its tokeniser has no token for what is hidden,
        or word embeddings are not as wide as token vectors.

    References
    ----------
    Devlin et al., BERT, NAACL 2019, arXiv:1810.04805; Gururangan et al., Don't Stop Pretraining,
    ACL 2020, arXiv:2004.10964.
    """

    name = "masked tokens"
    metric = "negative masked-token loss"

    def __init__(
        self, encoder: TorchEncoder, texts: Sequence[str], settings: FineTuneSettings
    ) -> None:
        import torch

        self.settings = settings
        self.encoder = encoder
        if encoder.pooling == "own":
            raise InputError(
                f"{encoder.name} gives no vectors of single tokens, so it can't be pretrained "
                "further; leave that step out."
            )
        self.masker = Masker(encoder.tokeniser)
        self.embeddings: torch.nn.Embedding = encoder.transformer.get_input_embeddings()  # type: ignore[operator]
        width = self.embeddings.weight.shape[1]
        if width != encoder.dim:
            raise InputError(
                f"{encoder.name} has word embeddings of width {width} and vectors of width "
                f"{encoder.dim}, so it can't be pretrained further; leave that step out."
            )
        self.texts = self.tokenised(texts)
        self.rows = np.flatnonzero(~self.texts.empty)
        self.fingerprint = self.texts.fingerprint
        device = find_device(settings.device)
        output = torch.nn.Linear(width, width, device=device)
        with torch.no_grad():
            output.weight.copy_(torch.eye(width))
            output.bias.zero_()
        choose_trained(encoder, settings)
        self.module = torch.nn.ModuleDict(
            {"text": encoder.transformer.to(device), "output": output}
        )

    def n_steps(self) -> int:
        """Batches of one epoch."""
        return -(-len(self.rows) // self.settings.batch_size)

    def batches(self, epoch: int, rng: np.random.Generator) -> Iterator[dict[str, np.ndarray]]:  # noqa: ARG002
        """Batches of an epoch, with other tokens hidden in each epoch."""
        lengths = self.texts.lengths[self.rows]
        for batch in shuffled_batches(
            len(self.rows), self.settings.batch_size, rng, lengths=lengths
        ):
            yield self.masker.batch(self.texts, self.rows[batch], rng)

    def tokenised(self, texts: Sequence[str]) -> TokenisedTexts:
        """Texts, cut as the settings say."""
        max_tokens = min(self.settings.max_tokens, self.encoder.max_tokens)
        return TokenisedTexts(self.encoder.tokeniser, texts, max_tokens)

    def loss(self, batch: dict[str, np.ndarray]) -> "torch.Tensor":
        """Mean cross-entropy of the tokens to be guessed."""
        return self._sum(batch) / max(int((batch["targets"] != IGNORED).sum()), 1)

    def held_out_loss(self, batches: Sequence[dict[str, np.ndarray]]) -> float:
        """Mean cross-entropy over several batches, without dropout or gradients."""
        import torch

        self.module.eval()
        with torch.no_grad():
            total = sum(float(self._sum(batch)) for batch in batches)
        return total / max(sum(int((batch["targets"] != IGNORED).sum()) for batch in batches), 1)

    def _sum(self, batch: dict[str, np.ndarray]) -> "torch.Tensor":
        import torch

        device = self.embeddings.weight.device
        token_ids, mask, targets = (
            torch.from_numpy(batch[name]).to(device) for name in ("token_ids", "mask", "targets")
        )
        tokens = self.encoder.transformer(input_ids=token_ids, attention_mask=mask)
        guessed = targets != IGNORED
        states = self.module["output"](tokens.last_hidden_state[guessed])
        scores = states @ self.embeddings.weight.T
        return torch.nn.functional.cross_entropy(scores, targets[guessed], reduction="sum")


def pretrain(
    encoder: TorchEncoder,
    texts: Sequence[str],
    settings: FineTuneSettings,
    *,
    folder: Path | None = None,
    progress: Progress = silent,
) -> PretrainingRecord:
    """Continue pretraining on a shop's texts, and measure what it changed.

    Parameters
    ----------
    encoder : TorchEncoder
        Changed in place; left as it was where held-out texts gain nothing.
    texts : sequence of str
        Item documents and reviews from before the cut-off; each distinct one counts once.
    settings : FineTuneSettings
        ``heads`` would train no part of the model.
    folder : Path, optional
        As for ``train``; gets a folder for each of both trainings.
    progress : Progress

    Returns
    -------
    record : PretrainingRecord

    Raises
    ------
    InputError
        Where there are fewer than ten distinct texts, or the model can't be pretrained further.
    """
    distinct = sorted({text for text in texts if text.strip()})
    n_held_out = min(int(len(distinct) * HELD_OUT_SHARE), MAX_HELD_OUT)
    if n_held_out == 0:
        raise InputError(f"{len(distinct)} texts are too few to pretrain on; give 10 or more.")
    rng = np.random.default_rng([settings.seed, HELD_OUT_DRAWS])
    order = rng.permutation(len(distinct))
    learned = [distinct[row] for row in np.sort(order[n_held_out:])]
    held_out = [distinct[row] for row in order[:n_held_out]]
    output_only = settings.model_copy(update={"trained": "heads"})

    def run(settings: FineTuneSettings, part: str, output: Any = None) -> tuple[Any, Any]:
        task = MaskedTokens(encoder, learned, settings)
        if output is not None:
            task.module["output"].load_state_dict(output)
        asked = list(_held_out_batches(task, held_out))
        record = train(
            task,
            settings,
            validate=lambda: -task.held_out_loss(asked),
            folder=None if folder is None else folder / part,
            progress=progress,
        )
        return record, task.module["output"].state_dict()

    first, output = run(output_only, "output_layer")
    second, _ = run(settings, "model", output)
    return PretrainingRecord(
        n_texts=len(learned),
        n_held_out=n_held_out,
        loss_before=-second.validations[0]["value"],
        loss_after=-(second.best_value or 0.0),
        output_layer=first,
        model=second,
    )


def _held_out_batches(task: MaskedTokens, texts: Sequence[str]) -> Iterator[dict[str, np.ndarray]]:
    """The same tokens are hidden in every validation."""
    tokenised = task.tokenised(texts)
    rng = np.random.default_rng([task.settings.seed, HELD_OUT_DRAWS, 1])
    rows = np.flatnonzero(~tokenised.empty)
    rows = rows[np.argsort(tokenised.lengths[rows], kind="stable")]
    for start in range(0, len(rows), task.settings.batch_size):
        yield task.masker.batch(tokenised, rows[start : start + task.settings.batch_size], rng)
