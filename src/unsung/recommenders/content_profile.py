"""What resembles a user's history in words (term vectors) or in meaning (encoder)."""

from typing import Literal, Self
from weakref import WeakKeyDictionary

import numpy as np
import scipy.sparse as sp
from pydantic import Field

from unsung.data.state import ItemContent, ShopState
from unsung.progress import Progress, silent
from unsung.recommenders.base import Arrays, Part
from unsung.recommenders.neighbours import (
    history_parts,
    keep_largest_of,
    profile_scores,
    weights_from_arrays,
    weights_to_arrays,
)
from unsung.settings import Settings


class ProfileSettings(Settings):
    """Settings that every content profile has."""

    kind: str
    name: str
    half_life: float = Field(default=60.0, gt=0)
    """Days (steps, where only order is known) in which a history item's say halves."""
    neighbours: int = Field(default=500, ge=1)
    """Most similar items kept for every item."""


class TermProfileSettings(ProfileSettings):
    """Settings of the term-vector profile."""

    kind: Literal["terms"] = "terms"
    name: str = "terms"


class EncoderProfileSettings(ProfileSettings):
    """Settings of the encoder profile."""

    kind: Literal["encoder"] = "encoder"
    name: str = "encoder"
    temperature: float = Field(default=0.2, gt=0)
    """Similarity is exp((cosine - 1) / temperature): lower = only near items count."""


def term_similarity(content: ItemContent, start: int, stop: int) -> np.ndarray:
    """Dot products of all items' term vectors with those of items ``start:stop``.

    Returns
    -------
    similarity : ndarray of float32, shape (n_items, stop - start)
    """
    return np.asarray((content.terms @ content.terms[start:stop].T).toarray(), dtype=np.float32)


def encoder_similarity(
    content: ItemContent, start: int, stop: int, temperature: float
) -> np.ndarray:
    """exp((cosine - 1) / temperature) of all items with items ``start:stop``; 0 without text.

    Parameters
    ----------
    content : ItemContent
        With embeddings.
    start, stop : int
        The columns wanted.
    temperature : float
        Above 0; the smaller, the more the nearest items count.

    Returns
    -------
    similarity : ndarray of float32, shape (n_items, stop - start)
    """
    vectors = content.embeddings
    similarity: np.ndarray = vectors @ vectors[start:stop].T
    similarity -= 1
    similarity /= temperature
    np.exp(similarity, out=similarity)
    textless = np.logical_not(vectors.any(axis=1))
    similarity[textless] = 0
    similarity[:, textless[start:stop]] = 0
    return similarity


class ContentProfile:
    """Scores by similarity to the history, in words or in meaning as its settings say.

    Words (``TermProfileSettings``) are the baseline that every claim about an encoder is held
    against.
    """

    def __init__(self, settings: TermProfileSettings | EncoderProfileSettings) -> None:
        self.settings = settings
        self.name = settings.name
        self.weights = sp.csr_array((0, 0), dtype=np.float32)
        self._grown: WeakKeyDictionary[ItemContent, sp.csr_array] = WeakKeyDictionary()

    def _similarity(self, content: ItemContent, start: int, stop: int) -> np.ndarray:
        if isinstance(self.settings, TermProfileSettings):
            return term_similarity(content, start, stop)
        return encoder_similarity(content, start, stop, self.settings.temperature)

    def fit(
        self,
        state: ShopState,
        *,
        rng: np.random.Generator,  # noqa: ARG002
        progress: Progress = silent,
    ) -> Self:
        """Find every item's most similar items in ``state.content``."""

        def column_block(start: int, stop: int) -> np.ndarray:
            progress("comparing items", start, state.n_items)
            return self._similarity(state.content, start, stop)

        self._grown.clear()
        self.weights = keep_largest_of(column_block, state.n_items, self.settings.neighbours)
        progress("comparing items", state.n_items, state.n_items)
        return self

    def score(self, state: ShopState, users: np.ndarray) -> np.ndarray:
        """Similarity to the user's history, older items counting less; 0 without a history."""
        return profile_scores(state, users, self._weights(state), self.settings.half_life)

    def explain(self, state: ShopState, user: int, item: int) -> tuple[Part, ...]:
        """The history items whose similarities add up to the score."""
        return history_parts(state, user, item, self._weights(state), self.settings.half_life)

    def _weights(self, state: ShopState) -> sp.csr_array:
        """The fitted weights, with rows and columns for items appended since."""
        if self.weights.shape[0] == state.n_items:
            return self.weights
        # Every list and every reason asks for them, and they stay until the next item comes.
        grown = self._grown.get(state.content)
        if grown is None:
            grown = self._grown[state.content] = self._with_appended(state.content, state.n_items)
        return grown

    def _with_appended(self, content: ItemContent, n_items: int) -> sp.csr_array:
        fitted = self.weights.shape[0]
        block = self._similarity(content, fitted, n_items)
        block[np.arange(fitted, n_items), np.arange(n_items - fitted)] = 0
        # Appended items get full columns, and say in their own rows only what concerns appended
        # items: the scores of the others stay as they are.
        right = sp.csr_array(block)
        nothing = sp.csr_array((n_items - fitted, fitted), dtype=np.float32)
        left = sp.vstack([self.weights, nothing])
        return sp.csr_array(sp.hstack([left, right], format="csr"))

    def to_arrays(self) -> Arrays:
        """The item-item weights."""
        return weights_to_arrays(self.weights)

    @classmethod
    def from_arrays(
        cls, settings: TermProfileSettings | EncoderProfileSettings, arrays: Arrays
    ) -> Self:
        """The fitted recommender again."""
        recommender = cls(settings)
        recommender.weights = weights_from_arrays(arrays)
        return recommender
