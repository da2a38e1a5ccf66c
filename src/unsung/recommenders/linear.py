"""Item-item linear model with text: the closed form of EASE with content Grams added."""

from typing import Literal, Self

import numpy as np
import scipy.sparse as sp
from pydantic import Field
from scipy.linalg import lapack

from unsung.data.state import ItemContent, ShopState
from unsung.errors import UnsungError
from unsung.progress import Progress, silent
from unsung.recommenders.base import Arrays, Part
from unsung.recommenders.content_profile import encoder_similarity, term_similarity
from unsung.recommenders.neighbours import (
    BLOCK,
    history_parts,
    keep_largest,
    profile_scores,
    weights_from_arrays,
    weights_to_arrays,
)
from unsung.settings import Settings


class LinearSettings(Settings):
    """Settings of the item-item linear model."""

    kind: Literal["linear"] = "linear"
    name: str = "linear"
    l2: float = Field(default=300.0, gt=0)
    """Ridge penalty, in interactions."""
    term_weight: float = Field(default=20.0, ge=0)
    """How many interactions two items with equal term vectors are worth (0 = plain EASE)."""
    encoder_weight: float = Field(default=0.0, ge=0)
    """The same for equal encoder vectors."""
    temperature: float = Field(default=0.1, gt=0)
    """Temperature of the encoder similarity."""
    half_life: float = Field(default=60.0, gt=0)
    """Days (steps, where only order is known) in which a history item's say halves."""
    neighbours: int = Field(default=500, ge=1)
    """Largest weights kept for every scored item."""
    max_items: int = Field(default=15_000, ge=2)
    """Solved densely for at most so many items, those with most buyers; memory grows with its
    square (15,000: 1.8 GB), time with its cube. Items beyond it score 0 here."""


class Linear:
    """Predicts each item from the others in a user's history, by ridge regression.

    Notes
    -----
    B = argmin ||X - XB||^2 + a ||T - TB||^2 + b ||E - EB||^2 + l2 ||B||^2 with diag(B) = 0, where
    X is users x items, and T T' and E E' are the items' similarities in words and in meaning.
    With P the inverse of the summed Gram, B_ji = -P_ji / P_ii. Time: n_items ** 3 (12,000 items
    on two cores: 20 s alone, two minutes beside other work).

    References
    ----------
    Steck, Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019, arXiv:1905.03375.
    Jeunen, Van Balen and Goethals, Closed-form models for collaborative filtering with side
    information, RecSys 2020, doi:10.1145/3383313.3418480.
    """

    def __init__(self, settings: LinearSettings | None = None) -> None:
        self.settings = settings or LinearSettings()
        self.name = self.settings.name
        self.weights = sp.csr_array((0, 0), dtype=np.float32)

    def fit(
        self,
        state: ShopState,
        *,
        rng: np.random.Generator,  # noqa: ARG002
        progress: Progress = silent,
    ) -> Self:
        """Solve for the item-item weights.

        Raises
        ------
        UnsungError
            Where the penalty is too small for the numbers to be solved in single precision.
        """
        items = _most_bought(state, self.settings.max_items)
        progress("counting items bought together", 0, 4)
        gram = self._gram(state, items)
        progress("solving the linear model", 1, 4)
        inverse = invert_in_place(gram)
        progress("keeping the largest weights", 3, 4)
        inverse /= -np.diag(inverse).copy()
        kept = keep_largest(inverse, self.settings.neighbours).tocoo()
        self.weights = sp.csr_array(
            (kept.data, (items[kept.coords[0]], items[kept.coords[1]])),
            shape=(state.n_items, state.n_items),
        )
        progress("keeping the largest weights", 4, 4)
        return self

    def _gram(self, state: ShopState, items: np.ndarray) -> np.ndarray:
        """The summed Gram matrix: ndarray of float32, shape (len(items), len(items))."""
        bought = state.pairs.matrix(state.n_items)[:, items]
        gram: np.ndarray = (bought.T @ bought).toarray()
        content = ItemContent(state.content.terms[items], state.content.embeddings[items])
        for start in range(0, len(items), BLOCK):
            stop = min(start + BLOCK, len(items))
            if self.settings.term_weight:
                similarity = term_similarity(content, start, stop)
                gram[:, start:stop] += np.float32(self.settings.term_weight) * similarity
            if self.settings.encoder_weight:
                similarity = encoder_similarity(content, start, stop, self.settings.temperature)
                gram[:, start:stop] += np.float32(self.settings.encoder_weight) * similarity
        gram[np.diag_indices(len(items))] += np.float32(self.settings.l2)
        return gram

    def score(self, state: ShopState, users: np.ndarray) -> np.ndarray:
        """Weights of the user's history added up, older items counting less."""
        return profile_scores(state, users, self.weights, self.settings.half_life)

    def explain(self, state: ShopState, user: int, item: int) -> tuple[Part, ...]:
        """The history items whose weights add up to the score."""
        return history_parts(state, user, item, self.weights, self.settings.half_life)

    def to_arrays(self) -> Arrays:
        """The item-item weights."""
        return weights_to_arrays(self.weights)

    @classmethod
    def from_arrays(cls, settings: LinearSettings, arrays: Arrays) -> Self:
        """The fitted recommender again."""
        recommender = cls(settings)
        recommender.weights = weights_from_arrays(arrays)
        return recommender


def _most_bought(state: ShopState, max_items: int) -> np.ndarray:
    """Indices, ascending, of the items with most buyers; equal ones by index (a hash's order)."""
    order = np.argsort(-state.buyers, kind="stable")
    return np.sort(order[:max_items])


def invert_in_place(gram: np.ndarray) -> np.ndarray:
    """Invert a symmetric positive definite matrix, overwriting it.

    Parameters
    ----------
    gram : ndarray of float32, shape (n, n), C order

    Returns
    -------
    inverse : ndarray of float32, shape (n, n)
        In the memory of ``gram``.

    Raises
    ------
    UnsungError
        Where the matrix isn't positive definite.

    Examples
    --------
    >>> invert_in_place(np.array([[2, 0], [0, 4]], np.float32)).round(3).tolist()
    [[0.5, 0.0], [0.0, 0.25]]
    """
    if not gram.size:
        return gram
    # The transpose of a symmetric matrix in C order is the same matrix in LAPACK's own order.
    factor, failed = lapack.spotrf(gram.T, lower=1, clean=0, overwrite_a=1)
    if failed == 0:
        inverse, failed = lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise UnsungError(
            "the linear model can't be solved: its Gram matrix is not positive definite; "
            "raise 'l2'."
        )
    n = len(inverse)
    for start in range(0, n, BLOCK):
        stop = min(start + BLOCK, n)
        corner = np.tril(inverse[start:stop, start:stop])
        inverse[start:stop, start:stop] = corner + np.tril(corner, -1).T
        inverse[start:stop, stop:] = inverse[stop:, start:stop].T
    return np.asarray(inverse)
