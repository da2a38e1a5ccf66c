"""From torch to ONNX: the encoder as the service runs it, proved to say the same."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np

from unsung.errors import BundleError, InputError, MissingExtraError, UnsungError
from unsung.learning.encoder import MAX_TOKENS, TorchEncoder, quiet
from unsung.learning.weights import DEFAULT_MODEL, find_weights
from unsung.progress import Progress, silent
from unsung.text.onnx_encoder import (
    CARD_FILE,
    MODEL_FILE,
    TOKENISER_FILE,
    EncoderCard,
    OnnxEncoder,
    read_card,
    sha256_of,
)

OPSET: Final = 18
MAX_DIFFERENCE: Final = 1e-4
"""Largest difference of one number of a vector between torch and ONNX."""
MIN_COSINE: Final = 0.9999
CACHE_FORMAT: Final = 1
"""Raised whenever folders in the cache have to be made anew."""
PROBES: Final = (
    "WHITE HANGING HEART T-LIGHT HOLDER",
    "PACK OF 72 RETROSPOT CAKE CASES",
    "JUMBO BAG RED RETROSPOT",
    "OPI Nail Lacquer, Simmer and Shimmer, 0.5-Fluid Ounce",
    "Crème hydratante visage à l'aloe vera, 50 ml",
    "Nachtlicht für Kinder mit Fernbedienung",
    "复古红色陶瓷茶壶 500ml",
    "mug",
    "7",
    "Handmade soap. Small batch. Lavender, oatmeal and honey. Made in a village workshop from "
    "cold-pressed olive oil, cured for six weeks and wrapped in paper; gentle enough for the face. "
    "What buyers say: smells wonderful, lasts for a month, my skin no longer feels dry. " * 4,
)
"""Titles and documents, short and longer than any encoder reads, on which both must agree."""


def export_onnx(
    source: TorchEncoder,
    folder: Path,
    *,
    opset: int = OPSET,
    probes: Sequence[str] = PROBES,
    replace: bool = False,
    progress: Progress = silent,
) -> Path:
    """Write an encoder as ONNX, and keep it only if it gives torch's vectors.

    Parameters
    ----------
    source : TorchEncoder
        Pretrained or fine-tuned.
    folder : Path
        Must be absent or empty; it appears whole or not at all.
    opset : int
        Version of the ONNX operators.
    probes : sequence of str
        Texts on which both are compared.
    replace : bool
        Whether an encoder that stands at ``folder`` gives way; nothing else ever does.
    progress : Progress

    Returns
    -------
    folder : Path
        As ``unsung.text.onnx_encoder.OnnxEncoder`` reads it.

    Raises
    ------
    InputError
        Where something stands at ``folder``.
    UnsungError
        Where the vectors differ by more than ``MAX_DIFFERENCE`` or ``MIN_COSINE``.

    Notes
    -----
    About 10 s for MiniLM-L6.
    """
    if replace and (folder / CARD_FILE).is_file():
        shutil.rmtree(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} isn't empty; name another folder for the encoder.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as draft:
        made = Path(draft) / "encoder"
        made.mkdir()
        progress("exporting the encoder", 0, 3)
        _write_graph(source, made / MODEL_FILE, opset)
        progress("exporting the encoder", 1, 3)
        _write_tokeniser_and_card(source, made)
        _check_fidelity(source, OnnxEncoder(made), probes)
        progress("exporting the encoder", 2, 3)
        made.rename(folder)
    progress("exporting the encoder", 3, 3)
    return folder


def encoder_folder(
    cache_dir: Path | None = None,
    *,
    model: str | Path = DEFAULT_MODEL,
    max_tokens: int = MAX_TOKENS,
    progress: Progress = silent,
) -> Path:
    """Folder of a pretrained encoder as ONNX, exported on the first call and kept.

    Parameters
    ----------
    cache_dir : Path, optional
        ``UNSUNG_CACHE``, or ``unsung`` in ``XDG_CACHE_HOME`` (``~/.cache``) where not given.
    model : str or Path
        As for ``unsung.learning.weights.find_weights``.
    max_tokens : int
        Longer texts are cut.
    progress : Progress

    Returns
    -------
    folder : Path
        Named after the checksum of the weights, so that other weights get another one.

    Notes
    -----
    Calls at the same time, from several processes too, wait for the one that exports. A damaged
    folder is made anew.
    """
    weights = find_weights(model)
    cache = cache_dir or default_cache()
    key = f"{weights.name}-{weights.fingerprint[:16]}-{max_tokens}-v{CACHE_FORMAT}"
    folder = cache / "encoders" / key
    with _locked(folder.with_name(f"{key}.lock")):
        if folder.exists():
            try:
                read_card(folder)
            except BundleError:
                shutil.rmtree(folder)
        if not folder.exists():
            source = TorchEncoder.load(weights, max_tokens=max_tokens)
            export_onnx(source, folder, progress=progress)
    return folder


def default_cache() -> Path:
    """Where things are kept that can be made again."""
    own = os.environ.get("UNSUNG_CACHE")
    if own:
        return Path(own)
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "unsung"


def _write_graph(source: TorchEncoder, path: Path, opset: int) -> None:
    import torch

    class Graph(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = source.transformer

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            return source.vectors(input_ids, attention_mask)

    # Two rows of unlike length: a one would be taken for a constant.
    device = next(source.transformer.parameters()).device
    token_ids = torch.ones((2, 8), dtype=torch.int64, device=device)
    mask = token_ids.clone()
    mask[1, 5:] = 0
    axes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("tokens", max=source.max_tokens)}
    was_training = source.transformer.training
    try:
        with quiet(), torch.no_grad():
            torch.onnx.export(
                Graph().eval(),
                (token_ids, mask),
                path,
                input_names=["input_ids", "attention_mask"],
                output_names=["text_vectors"],
                opset_version=opset,
                dynamo=True,
                dynamic_shapes={"input_ids": axes, "attention_mask": axes},
                external_data=False,
                verbose=False,
            )
    except ImportError:
        raise MissingExtraError("Exporting the encoder", "train") from None
    finally:
        source.transformer.train(was_training)


def _write_tokeniser_and_card(source: TorchEncoder, folder: Path) -> None:
    source.tokeniser.save(str(folder / TOKENISER_FILE), pretty=False)
    card = EncoderCard(
        name=source.name,
        dim=source.dim,
        max_tokens=source.max_tokens,
        pooling=source.pooling,
        sha256={name: sha256_of(folder / name) for name in (MODEL_FILE, TOKENISER_FILE)},
    )
    (folder / CARD_FILE).write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _check_fidelity(source: TorchEncoder, exported: OnnxEncoder, probes: Sequence[str]) -> None:
    expected, found = source.encode(probes), exported.encode(probes)
    difference = float(np.abs(expected - found).max(initial=0))
    read = expected.any(axis=1)
    cosine = float((expected * found).sum(axis=1).min(where=read, initial=1))
    if not (difference <= MAX_DIFFERENCE and cosine >= MIN_COSINE):
        raise UnsungError(
            f"The exported encoder {source.name} differs from torch's (largest difference "
            f"{difference:.1e}, lowest cosine {cosine:.5f}) and was not kept; install the versions "
            "of torch, onnx and onnxruntime that constraints.txt names."
        )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
