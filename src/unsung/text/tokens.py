"""From texts to batches of token numbers, the same for training and for serving."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unsung.text.normalise import normalise

TOKENS_PER_BATCH = 1024
"""Padding included: more costs memory and is no faster on a few cores."""


def read_tokeniser(path: Path, max_tokens: int) -> Any:
    """Read a ``tokenizer.json`` so that it cuts at ``max_tokens`` and doesn't pad."""
    from tokenizers import Tokenizer  # noqa: PLC0415 - only those who embed need it

    return cut_at(Tokenizer.from_file(str(path)), max_tokens)


def cut_at(tokeniser: Any, max_tokens: int) -> Any:
    """The tokeniser, changed so that it cuts at ``max_tokens`` and doesn't pad."""
    tokeniser.no_padding()
    tokeniser.enable_truncation(max_tokens)
    return tokeniser


def batches_of(
    tokeniser: Any, texts: Sequence[str]
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Cut texts into batches of nearly equal length, so that little is padded.

    Parameters
    ----------
    tokeniser : tokenizers.Tokenizer
        As from ``read_tokeniser``.
    texts : sequence of str

    Yields
    ------
    rows : ndarray of int64, shape (n_rows,)
        Places of the batch's texts in ``texts``.
    token_ids, mask : ndarray of int64, shape (n_rows, n_tokens)
        Zeros where padded.
    """
    encoded = [encoding.ids for encoding in tokeniser.encode_batch(texts)]
    lengths = np.array([len(ids) for ids in encoded], dtype=np.int64)
    longest_first = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(texts):
        width = max(int(lengths[longest_first[start]]), 1)
        rows = longest_first[start : start + max(TOKENS_PER_BATCH // width, 1)]
        token_ids = np.zeros((len(rows), width), dtype=np.int64)
        mask = np.zeros_like(token_ids)
        for place, row in enumerate(rows):
            token_ids[place, : lengths[row]] = encoded[row]
            mask[place, : lengths[row]] = 1
        yield rows, token_ids, mask
        start += len(rows)


def encode_with(
    vectors_of: Callable[[np.ndarray, np.ndarray], np.ndarray],
    tokeniser: Any,
    texts: Sequence[str],
    dim: int,
) -> np.ndarray:
    """Normalise texts and encode each distinct one once.

    Parameters
    ----------
    vectors_of : callable
        ``vectors_of(token_ids, mask)``: ndarray of float32, shape (n_rows, dim).
    tokeniser : tokenizers.Tokenizer
    texts : sequence of str
    dim : int

    Returns
    -------
    vectors : ndarray of float32, shape (len(texts), dim)
        Zeros for an empty text.
    """
    spelled = [normalise(text) for text in texts]
    distinct = list(dict.fromkeys(filter(None, spelled)))
    place_of = {text: place for place, text in enumerate(distinct)}
    vectors = np.zeros((len(distinct) + 1, dim), dtype=np.float32)
    for rows, token_ids, mask in batches_of(tokeniser, distinct):
        vectors[rows] = vectors_of(token_ids, mask)
    return vectors[[place_of.get(text, -1) for text in spelled]]
