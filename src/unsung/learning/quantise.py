"""The encoder in 8-bit integers, where that finds the same items."""

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from unsung.errors import InputError, MissingExtraError
from unsung.text.base import TextEncoder
from unsung.text.onnx_encoder import CARD_FILE, MODEL_FILE, EncoderCard, OnnxEncoder, sha256_of

NEIGHBOURS: Final = 10
MIN_OVERLAP: Final = 0.9
"""Lowest mean share of the ten nearest items that both encoders find."""
MAX_RELATIVE_LOSS: Final = 0.01
"""Highest loss of the validated metric, as a share of its value with float32."""
QUERIES_AT_ONCE: Final = 256


@dataclass(frozen=True)
class QuantisationRecord:
    """How an encoder in 8-bit integers compares with the one it was made from.

    Parameters
    ----------
    kept : str
        ``int8`` or ``float32``: which one stands in the folder.
    overlap : float
        Mean share of the ten nearest items of a query that both find.
    min_overlap : float
        What ``overlap`` had to reach.
    mean_cosine : float
        Between a text's two vectors.
    value_float32, value_int8 : float or None
        The validated metric with each, where it was given.
    max_relative_loss : float
        What int8 was allowed to lose of it.
    bytes_float32, bytes_int8 : int
        Sizes of the model files.
    """

    kept: Literal["int8", "float32"]
    overlap: float
    min_overlap: float
    mean_cosine: float
    value_float32: float | None
    value_int8: float | None
    max_relative_loss: float
    bytes_float32: int
    bytes_int8: int

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        return asdict(self)


def quantise(
    source: Path,
    folder: Path,
    catalogue: Sequence[str],
    queries: Sequence[str],
    *,
    validate: Callable[[TextEncoder], float] | None = None,
    min_overlap: float = MIN_OVERLAP,
    max_relative_loss: float = MAX_RELATIVE_LOSS,
) -> QuantisationRecord:
    """Put an encoder into 8-bit integers, and keep that only if retrieval holds.

    Parameters
    ----------
    source : Path
        Folder of an ONNX encoder, as ``export_onnx`` writes it.
    folder : Path
        Must be absent or empty; gets the int8 encoder, or a copy of ``source`` where quality
        doesn't hold.
    catalogue : sequence of str
        Texts of items, among which is searched.
    queries : sequence of str
        Texts whose ten nearest items are compared; the item itself counts where it is a query.
    validate : callable, optional
        ``validate(encoder)``: a metric of retrieval such as NDCG@10, higher being better.
    min_overlap, max_relative_loss : float
        The two gates.

    Returns
    -------
    record : QuantisationRecord

    Raises
    ------
    InputError
        Where something stands at ``folder``, or there is nothing to search or to ask.
    MissingExtraError
        Where the extra [train] isn't installed.

    Notes
    -----
    Weights only, per output channel, signed; activations are quantised as they come.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} isn't empty; name another folder for the encoder.")
    if not catalogue or not queries:
        raise InputError("Comparing encoders needs texts of items and queries; give some of both.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as draft:
        made = Path(draft) / "encoder"
        shutil.copytree(source, made)
        _write_int8(made)
        plain, small = OnnxEncoder(source), OnnxEncoder(made)
        overlap, cosine = _compare(plain, small, catalogue, queries)
        values = None if validate is None else (validate(plain), validate(small))
        holds = overlap >= min_overlap
        if values is not None:
            # A comparison with a value that is no number is false: float32 stays.
            holds &= values[1] >= values[0] - max_relative_loss * abs(values[0])
        record = QuantisationRecord(
            kept="int8" if holds else "float32",
            overlap=overlap,
            min_overlap=min_overlap,
            mean_cosine=cosine,
            value_float32=None if values is None else values[0],
            value_int8=None if values is None else values[1],
            max_relative_loss=max_relative_loss,
            bytes_float32=(source / MODEL_FILE).stat().st_size,
            bytes_int8=(made / MODEL_FILE).stat().st_size,
        )
        if not holds:
            shutil.rmtree(made)
            shutil.copytree(source, made)
        made.rename(folder)
    return record


def _write_int8(folder: Path) -> None:
    try:
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError:
        raise MissingExtraError("Putting an encoder into 8-bit integers", "train") from None
    draft = folder / f".{MODEL_FILE}"
    with _silent_root_logger():
        quantize_dynamic(folder / MODEL_FILE, draft, per_channel=True, weight_type=QuantType.QInt8)
    draft.replace(folder / MODEL_FILE)
    card = EncoderCard.model_validate_json((folder / CARD_FILE).read_bytes())
    sums = {**card.sha256, MODEL_FILE: sha256_of(folder / MODEL_FILE)}
    changed = card.model_copy(update={"precision": "int8", "sha256": sums})
    (folder / CARD_FILE).write_text(changed.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _compare(
    plain: TextEncoder, small: TextEncoder, catalogue: Sequence[str], queries: Sequence[str]
) -> tuple[float, float]:
    """Mean overlap of the nearest items, and mean cosine of the items' vectors."""
    items = [encoder.encode(catalogue) for encoder in (plain, small)]
    asked = [encoder.encode(queries) for encoder in (plain, small)]
    n = min(NEIGHBOURS, len(catalogue))
    shared = 0
    for start in range(0, len(queries), QUERIES_AT_ONCE):
        chunk = slice(start, start + QUERIES_AT_ONCE)
        nearest = [
            np.argpartition(-(a[chunk] @ i.T), n - 1, axis=1)[:, :n]
            for a, i in zip(asked, items, strict=True)
        ]
        shared += sum(
            len(np.intersect1d(*pair)) for pair in zip(nearest[0], nearest[1], strict=True)
        )
    cosine = float((items[0] * items[1]).sum(axis=1)[items[0].any(axis=1)].mean())
    return shared / (n * len(queries)), cosine


@contextmanager
def _silent_root_logger() -> Iterator[None]:
    """Onnxruntime warns through the root logger that shapes could be inferred first."""
    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
