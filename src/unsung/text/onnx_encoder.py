"""The language model as the service runs it: ONNX, without torch."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from unsung.errors import BundleError
from unsung.progress import Progress, silent
from unsung.text.base import TextEncoder
from unsung.text.tokens import encode_with, read_tokeniser

MODEL_FILE = "model.onnx"
TOKENISER_FILE = "tokenizer.json"
CARD_FILE = "encoder.json"
Pooling = Literal["mean", "cls", "own"]
"""How the vectors of a text's tokens become one: their mean, the first one, or as the model itself
does it."""


class EncoderCard(BaseModel):
    """What ``encoder.json`` says about the files beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    """Version of the folder's format."""
    name: str
    """Stable name of the encoder."""
    dim: int
    """Length of a vector."""
    max_tokens: int
    """Longer texts are cut."""
    pooling: Pooling
    """How token vectors become one; it is part of the graph, whose output has length 1."""
    precision: Literal["float32", "int8"] = "float32"
    """Of the weights."""
    sha256: dict[str, str]
    """File name -> checksum in hexadecimal digits."""


class OnnxEncoder:
    """A text encoder (``unsung.text.base.TextEncoder``) on onnxruntime.

    Parameters
    ----------
    folder : Path
        Holds ``model.onnx`` (inputs ``input_ids`` and ``attention_mask``, output: vectors of
        length 1), ``tokenizer.json`` and ``encoder.json``.
    threads : int, optional
        Threads of one call; onnxruntime's choice (all cores) where not given.

    Raises
    ------
    BundleError
        Where a file is missing or isn't the one that ``encoder.json`` names.

    Notes
    -----
    Several threads may call ``encode`` at once.
    """

    def __init__(self, folder: Path, *, threads: int | None = None) -> None:
        import onnxruntime  # noqa: PLC0415 - only those who embed need it

        card = read_card(folder)
        self.folder = folder
        self.name = card.name
        self.dim = card.dim
        self._tokeniser = read_tokeniser(folder / TOKENISER_FILE, card.max_tokens)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads or 0
        # Threads that spin between calls take the cores from the rest of the service.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            folder / MODEL_FILE, options, providers=["CPUExecutionProvider"]
        )

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Encode texts: ndarray of float32, shape (len(texts), dim), rows of length 1 or 0."""
        return encode_with(self._vectors_of, self._tokeniser, texts, self.dim)

    def _vectors_of(self, token_ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        feed = {"input_ids": token_ids, "attention_mask": mask}
        vectors: np.ndarray = self._session.run(None, feed)[0]
        return vectors


def read_card(folder: Path) -> EncoderCard:
    """Read ``encoder.json`` and check the files it names against their checksums.

    Raises
    ------
    BundleError
        Where a file is missing, unreadable or another one.
    """
    path = folder / CARD_FILE
    try:
        card = EncoderCard.model_validate_json(path.read_bytes())
        checksums = {name: sha256_of(folder / name) for name in (MODEL_FILE, TOKENISER_FILE)}
    except OSError as error:
        reason = f"{error.filename} can't be read ({error.strerror})"
        raise BundleError(f"{reason}; export the encoder again.") from None
    except ValidationError as error:
        reason = f"{path} is not valid: {error.errors()[0]['msg']}"
        raise BundleError(f"{reason}; export the encoder again.") from None
    for name, checksum in checksums.items():
        if checksum != card.sha256.get(name):
            raise BundleError(f"{folder / name} is damaged; export the encoder again.")
    return card


def sha256_of(path: Path) -> str:
    """Checksum of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def embed(
    texts: Sequence[str], encoder: TextEncoder, progress: Progress = silent, *, chunk: int = 1024
) -> np.ndarray:
    """Encode many texts in chunks of similar length, equal ones once, telling how far it is.

    Parameters
    ----------
    texts : sequence of str
    encoder : TextEncoder
    progress : Progress
    chunk : int
        Texts between two reports.

    Returns
    -------
    vectors : ndarray of float32, shape (len(texts), encoder.dim)
    """
    # Groceries and variants repeat their descriptions.
    owner, distinct = pd.factorize(np.array(texts, dtype=object))
    vectors = np.zeros((len(distinct), encoder.dim), dtype=np.float32)
    by_length = np.argsort([len(text) for text in distinct], kind="stable")
    for start in range(0, len(distinct), chunk):
        progress("embedding texts", start, len(distinct))
        rows = by_length[start : start + chunk]
        vectors[rows] = encoder.encode([distinct[row] for row in rows])
    progress("embedding texts", len(distinct), len(distinct))
    return vectors[owner]
