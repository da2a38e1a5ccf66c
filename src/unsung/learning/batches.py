"""Texts as tokens, read once, and the order in which examples are learned from."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from unsung.text.normalise import normalise
from unsung.text.tokens import cut_at

BATCHES_SORTED_TOGETHER = 32
"""Where batches are of like length: so many are sorted by length at a time."""


class TokenisedTexts:
    """Texts turned into tokens once, cut and normalised as the encoder does it.

    Parameters
    ----------
    tokeniser : tokenizers.Tokenizer
        As from ``unsung.text.tokens.read_tokeniser``; it is copied.
    texts : sequence of str
    max_tokens : int
        Longer texts are cut.

    Attributes
    ----------
    lengths : ndarray of int64, shape (n_texts,)
        Tokens of each text, marks of start and end included.
    empty : ndarray of bool, shape (n_texts,)
        Texts without a word, whose vectors are zeros.
    fingerprint : str
        SHA-256 of all tokens.
    """

    def __init__(self, tokeniser: Any, texts: Sequence[str], max_tokens: int) -> None:
        cutter = cut_at(type(tokeniser).from_str(tokeniser.to_str()), max_tokens)
        spelled = [normalise(text) for text in texts]
        ids = [encoding.ids for encoding in cutter.encode_batch(spelled)]
        self.max_tokens = max_tokens
        self.lengths = np.array([len(row) for row in ids], dtype=np.int64)
        self.empty = np.array([not text for text in spelled], dtype=bool)
        self._starts = np.concatenate([[0], np.cumsum(self.lengths)])
        self._tokens = np.fromiter(
            (token for row in ids for token in row), np.int32, int(self._starts[-1])
        )
        self.fingerprint = fingerprint_of(self._tokens, self.lengths, self.empty)

    def __len__(self) -> int:
        return len(self.lengths)

    def batch(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Tokens of some texts, padded to the longest of them.

        Parameters
        ----------
        rows : ndarray of int64, shape (n,)

        Returns
        -------
        token_ids, mask : ndarray of int64, shape (n, n_tokens)
            Zeros where padded.
        """
        lengths = self.lengths[rows]
        width = max(int(lengths.max(initial=0)), 1)
        inside = np.arange(width) < lengths[:, None]
        token_ids = np.zeros((len(rows), width), dtype=np.int64)
        token_ids[inside] = self._tokens[places_of(self._starts[rows], lengths)]
        return token_ids, inside.astype(np.int64)


def places_of(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Places of several runs in one long array, one run after the other.

    Returns
    -------
    places : ndarray of int64, shape (lengths.sum(),)

    Examples
    --------
    >>> places_of(np.array([10, 3]), np.array([2, 3]))
    array([10, 11,  3,  4,  5])
    """
    ends = np.cumsum(lengths)
    within = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - lengths, lengths)
    places: np.ndarray = np.repeat(starts, lengths) + within
    return places


def shuffled_batches(
    n_examples: int,
    batch_size: int,
    rng: np.random.Generator,
    *,
    lengths: np.ndarray | None = None,
    drop_last: bool = False,
) -> Iterator[np.ndarray]:
    """Go through all examples once, in an order that ``rng`` draws.

    Parameters
    ----------
    n_examples, batch_size : int
    rng : numpy Generator
        ``train`` gives one of its own for every epoch.
    lengths : ndarray of int64, shape (n_examples,), optional
        Examples of like length come together, so that little is padded.
    drop_last : bool
        Leave a last, smaller batch out: in a contrastive loss it would have fewer negatives.

    Yields
    ------
    rows : ndarray of int64, shape (batch_size,)
        Fewer in a last batch, which comes anywhere where ``lengths`` are given.
    """
    order = rng.permutation(n_examples)
    if drop_last and n_examples > batch_size:
        order = order[: n_examples - n_examples % batch_size]
    if lengths is not None:
        together = batch_size * BATCHES_SORTED_TOGETHER
        blocks = [order[start : start + together] for start in range(0, len(order), together)]
        by_length = [block[np.argsort(lengths[block], kind="stable")] for block in blocks]
        order = np.concatenate([order[:0], *by_length])
    starts = np.arange(0, len(order), batch_size)
    for start in starts if lengths is None else rng.permutation(starts):
        yield order[start : start + batch_size]


def fingerprint_of(*arrays: np.ndarray) -> str:
    """SHA-256 of arrays, their types and shapes: equal data, equal fingerprint.

    Examples
    --------
    >>> fingerprint_of(np.array([1, 2])) == fingerprint_of(np.array([1.0, 2.0]))
    False
    """
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
