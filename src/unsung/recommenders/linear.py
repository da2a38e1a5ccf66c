"""Item-item linear model with text: EASE with content Grams added, whole or item by item."""

from typing import Literal, Self

import numpy as np
import scipy.sparse as sp
from pydantic import Field
from scipy.linalg import lapack

from unsung.data.state import ShopState
from unsung.errors import UnsungError
from unsung.progress import Progress, silent
from unsung.recommenders.base import Arrays, Part
from unsung.recommenders.item_gram import ItemGram, TextWeights
from unsung.recommenders.local_ridge import solve_locally
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
    dense_items: int = Field(default=8_000, ge=2)
    """A catalogue of at most so many items is solved as a whole; memory grows with its square
    (8,000: 500 MB), time with its cube. A larger one is solved item by item."""
    nearest: int = Field(default=100, ge=1)
    """Item by item, each is predicted from so many others: those with most in common with it."""
    together: int = Field(default=1_000, ge=1)
    """Item by item, counts of common buyers kept of each item, the largest."""


class Linear:
    """Predicts each item from the others in a user's history, by ridge regression.

    Notes
    -----
    B = argmin ||X - XB||^2 + a ||T - TB||^2 + b ||E - EB||^2 + l2 ||B||^2 with diag(B) = 0, where
    X is users x items, and T T' and E E' are the items' similarities in words and in meaning.
    With P the inverse of the summed Gram, B_ji = -P_ji / P_ii; that takes n_items ** 3 (12,000
    items on two cores: 20 s alone, two minutes beside other work). In a large catalogue each
    column is solved over the items that have most in common with it, the others being 0.

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
        return self._solve(state, None, progress)

    def refreshed(
        self, before: ShopState, after: ShopState, *, progress: Progress = silent
    ) -> "Linear":
        """The model after users, items or days came or went: what a new fit would learn.

        Parameters
        ----------
        before : ShopState
            What this model was fitted on.
        after : ShopState
            With the same items and texts; further items may stand at the end.
        progress : Progress, optional

        Notes
        -----
        A model that was solved item by item solves only the items whose nearest items, or common
        buyers among them, are others now. A whole solution is solved again.
        """
        return Linear(self.settings)._solve(after, (before, self.weights), progress)

    def _solve(
        self, state: ShopState, known: tuple[ShopState, sp.csr_array] | None, progress: Progress
    ) -> Self:
        own = self.settings
        text = TextWeights(own.term_weight, own.encoder_weight, own.temperature)
        whole = state.n_items <= own.dense_items
        kept = state.n_items if whole else own.together
        progress("counting items bought together", 0, 1)
        gram = ItemGram.of(state, text, kept=kept)
        earlier = None
        if known is not None and known[0].n_items > own.dense_items:
            earlier = (ItemGram.of(known[0], text, kept=kept), known[1])
        progress("counting items bought together", 1, 1)
        if whole:
            self.weights = solve_whole(gram, own.l2, own.neighbours, progress=progress)
        else:
            self.weights = solve_locally(
                gram, own.l2, own.nearest, known=earlier, progress=progress
            )
        return self

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


def solve_whole(
    gram: ItemGram, l2: float, neighbours: int, *, progress: Progress = silent
) -> sp.csr_array:
    """All items' weights from the inverse of the Gram matrix.

    Parameters
    ----------
    gram : ItemGram
    l2 : float
        Ridge penalty, above 0.
    neighbours : int
        Largest weights kept for every scored item.

    Returns
    -------
    weights : csr_array of float32, shape (n_items, n_items)
        From history item (row) to scored item (column).
    """
    n = gram.together.shape[0]
    progress("solving the linear model", 0, 3)
    matrix = np.empty((n, n), dtype=np.float32)
    for start in range(0, n, BLOCK):
        stop = min(start + BLOCK, n)
        matrix[:, start:stop] = gram.columns(start, stop)
    matrix[np.diag_indices(n)] += np.float32(l2)
    inverse = invert_in_place(matrix)
    progress("solving the linear model", 2, 3)
    inverse /= -np.diag(inverse).copy()
    weights = keep_largest(inverse, neighbours) if n else sp.csr_array((0, 0), dtype=np.float32)
    progress("solving the linear model", 3, 3)
    return weights


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
