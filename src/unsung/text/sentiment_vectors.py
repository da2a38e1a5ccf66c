"""What a language model adds to words in telling praise from criticism."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from unsung.progress import Progress, silent
from unsung.statistics.linear_fit import LinearFit, fit_logistic
from unsung.text.base import TextEncoder
from unsung.text.language import catalogue_language
from unsung.text.normalise import normalise
from unsung.text.onnx_encoder import embed
from unsung.text.touchstones import touchstones_of

TOUCHSTONE_WEIGHT: Final = 20.0
"""As many reviews each touchstone counts."""
_L2: Final = (0.3, 1.0, 3.0)


@dataclass(frozen=True, eq=False)
class VectorReading:
    """A linear head on an encoder's vectors.

    Parameters
    ----------
    encoder : TextEncoder
    head : LinearFit
        Log-odds of praise where praise and criticism are equally frequent.
    characters : int
        How much of a text is read.
    """

    encoder: TextEncoder
    head: LinearFit = field(repr=False)
    characters: int

    def log_odds(self, texts: Sequence[str], progress: Progress = silent) -> np.ndarray:
        """Log-odds of praise by the vectors alone: shape (n,); not calibrated."""
        return self.head.predict(vectors_of(texts, self.encoder, self.characters, progress))


def vectors_of(
    texts: Sequence[str], encoder: TextEncoder, characters: int, progress: Progress = silent
) -> np.ndarray:
    """Vectors of the starts of texts: ndarray of float32, shape (n, dim)."""
    return embed([normalise(text[:characters]) for text in texts], encoder, progress)


def drawn_to_embed(truth: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Which texts are embedded: both kinds as evenly as they allow.

    Parameters
    ----------
    truth : ndarray of bool, shape (n,)
    most : int
    rng : Generator

    Returns
    -------
    rows : ndarray of int64, ascending, at most ``most``
    """
    kinds = [rng.permutation(np.flatnonzero(truth == kind)) for kind in (True, False)]
    fewer = min(map(len, kinds))
    shares = [min(len(rows), max(most // 2, most - fewer)) for rows in kinds]
    return np.sort(np.concatenate([r[:n] for r, n in zip(kinds, shares, strict=True)]))


@dataclass(frozen=True, eq=False)
class VectorTrial:
    """Heads on the vectors of some texts, each text read by one that didn't learn from it.

    Parameters
    ----------
    reading : VectorReading
        Learnt from all of them.
    held_out : ndarray of float64, shape (n,)
        Log-odds of the texts.
    """

    reading: VectorReading
    held_out: np.ndarray


def learn_vectors(
    texts: Sequence[str],
    truth: np.ndarray,
    fold: np.ndarray,
    encoder: TextEncoder,
    *,
    characters: int,
    progress: Progress = silent,
) -> VectorTrial:
    """Learn praise from the vectors of texts, beginning from the touchstones.

    Parameters
    ----------
    texts : sequence of str
    truth : ndarray of bool, shape (n,)
    fold : ndarray of int, shape (n,)
        Texts of one fold are read by a head that learnt from the others.
    encoder : TextEncoder
    characters : int
    progress : Progress, optional
    """
    vectors = vectors_of(texts, encoder, characters, progress)
    stones = touchstones_of(catalogue_language(texts))
    stone_vectors = vectors_of((*stones.praise, *stones.criticism), encoder, characters)
    is_praise = np.arange(len(stone_vectors)) < len(stones.praise)

    def learn(rows: np.ndarray, l2: float) -> LinearFit:
        return fit_logistic(
            np.concatenate([vectors[rows], stone_vectors]),
            np.concatenate([truth[rows], is_praise]),
            l2,
            weights=np.concatenate(
                [balanced(truth[rows]), np.full(len(is_praise), TOUCHSTONE_WEIGHT)]
            ),
        )

    tried = {l2: _held_out(vectors, fold, learn, l2) for l2 in _L2}
    l2 = min(
        tried, key=lambda one: np.average(log_losses(truth, tried[one]), weights=balanced(truth))
    )
    head = learn(np.arange(len(truth)), l2)
    return VectorTrial(VectorReading(encoder, head, characters), tried[l2])


def balanced(truth: np.ndarray) -> np.ndarray:
    """Weights with which both kinds count alike, of mean 1: ndarray of float64, shape (n,)."""
    share = truth.mean()
    return np.asarray(np.where(truth, 0.5 / share, 0.5 / (1 - share)))


def log_losses(truth: np.ndarray, log_odds: np.ndarray) -> np.ndarray:
    """Logarithmic loss of each text: ndarray of float64, shape (n,)."""
    return np.asarray(np.logaddexp(0, log_odds) - truth * log_odds)


def _held_out(
    vectors: np.ndarray,
    fold: np.ndarray,
    learn: Callable[[np.ndarray, float], LinearFit],
    l2: float,
) -> np.ndarray:
    values = np.zeros(len(fold))
    for part in np.unique(fold):
        out = fold == part
        values[out] = learn(np.flatnonzero(~out), l2).predict(vectors[out])
    return values
