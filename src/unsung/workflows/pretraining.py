"""The language model reads the shop's own text before it learns what belongs together."""

from pathlib import Path
from typing import Any

from unsung import schema
from unsung.data.state import ShopState
from unsung.learning.encoder import TorchEncoder
from unsung.learning.layers import load_encoder
from unsung.learning.pretraining import pretrain
from unsung.learning.settings import FineTuneSettings
from unsung.progress import Progress, silent
from unsung.text.documents import DocumentSettings, documents_of, settled
from unsung.text.normalise import normalise


def continue_pretraining(
    state: ShopState,
    documents: DocumentSettings,
    settings: FineTuneSettings,
    training: FineTuneSettings,
    *,
    folder: Path,
    progress: Progress = silent,
) -> tuple[TorchEncoder, dict[str, Any]]:
    """Go on with what the model was pretrained by, on all that a state knows in words.

    Parameters
    ----------
    state : ShopState
        Documents of its listed items and its reviews are read; nothing that came later.
    documents : DocumentSettings
    settings : FineTuneSettings
        Of the pretraining; its ``model`` is not looked at.
    training : FineTuneSettings
        Of what is learned afterwards: its model is taken, read as far as both want.
    folder : Path
        For checkpoints.
    progress : Progress, optional

    Returns
    -------
    encoder : TorchEncoder
        As it was, where texts that it didn't read gained nothing.
    record : dict
        As from ``PretrainingRecord.to_json``.

    Raises
    ------
    InputError
        As for ``unsung.learning.pretraining.pretrain``.
    """
    encoder = load_encoder(training)
    wanted = settings.model_copy(update={"model": training.model, "seed": training.seed})
    chosen = settled(documents, state.catalogue[state.listed])
    described = documents_of(state, chosen).texts
    texts = [text for text, listed in zip(described, state.listed, strict=True) if listed]
    if schema.TEXT in state.reviews:
        texts += [normalise(text) for text in state.reviews[schema.TEXT].dropna()]
    record = pretrain(encoder, texts, wanted, folder=folder, progress=progress)
    return encoder, record.to_json()
