"""How many stars a text would give, from one to five, learnt from the shop's own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from unsung.statistics.linear_fit import LinearFit, Rows, fit_ridge
from unsung.text.sentiment import SentimentSettings, sentiment_documents
from unsung.text.term_vectors import TermSettings, TermVectors

STARS: Final = np.arange(1, 6)
LEAST_REVIEWS: Final = 200
"""Rated reviews without which nothing is learnt."""
_L2: Final = 1.0
_FOLDS: Final = 3
_STEPS: Final = 400
_EVEN: Final = 0.5
"""Power of a rating's rarity that its reviews weigh by: 0 as the shop has them, 1 all alike."""


@dataclass(frozen=True, eq=False)
class StarRatings:
    """A line of stars over words, pairs of words and runs of letters, cut into ratings.

    Parameters
    ----------
    settings : SentimentSettings
    terms : TermVectors
    line : LinearFit
        Stars as a number; rare ratings count for more than they are frequent.
    cuts : ndarray of float64, shape (4,)
        Ascending values of the line between which ratings lie, chosen on held-out reviews so that
        the mean F1 of the five ratings is greatest.
    means : ndarray of float64, shape (5,)
        Mean stars of held-out reviews between two cuts.
    """

    settings: SentimentSettings
    terms: TermVectors = field(repr=False)
    line: LinearFit = field(repr=False)
    cuts: np.ndarray
    means: np.ndarray

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        stars: np.ndarray,
        settings: SentimentSettings | None = None,
        *,
        rng: np.random.Generator,
    ) -> "StarRatings | None":
        """Learn from rated reviews; None where they are fewer than 200.

        Parameters
        ----------
        texts : sequence of str
        stars : ndarray of float, shape (n,)
            1 to 5; those between two are rounded.
        settings : SentimentSettings, optional
        rng : Generator
        """
        settings = settings or SentimentSettings()
        if len(texts) < LEAST_REVIEWS:
            return None
        rating = np.clip(np.rint(stars), 1, 5).astype(np.int64)
        documents = sentiment_documents(texts, settings)
        terms = TermVectors.fit(documents, TermSettings(min_documents=settings.min_documents))
        rows = terms.transform(documents)
        weights = rarity_weights(rating)
        fold = rng.permutation(len(rating)) % _FOLDS
        held_out = np.zeros(len(rating))
        for part in range(_FOLDS):
            kept, out = np.flatnonzero(fold != part), np.flatnonzero(fold == part)
            held_out[out] = _line(rows[kept], rating[kept], weights[kept]).predict(rows[out])
        cuts = best_cuts(held_out, rating)
        place = np.searchsorted(cuts, held_out)
        sums, counts = np.bincount(place, rating, 5), np.bincount(place, minlength=5)
        means = np.where(counts > 0, sums / np.maximum(counts, 1), STARS)
        return cls(settings, terms, _line(rows, rating, weights), cuts, means)

    def ratings(self, texts: Sequence[str]) -> np.ndarray:
        """Ratings from 1 to 5, rare ones given their due: ndarray of int64, shape (n,).

        Parameters
        ----------
        texts : sequence of str
        """
        return np.asarray(np.searchsorted(self.cuts, self._values(texts)) + 1)

    def expected(self, texts: Sequence[str]) -> np.ndarray:
        """Mean stars of reviews that are rated alike: ndarray of float64, shape (n,).

        Parameters
        ----------
        texts : sequence of str
        """
        return np.asarray(self.means[np.searchsorted(self.cuts, self._values(texts))])

    def _values(self, texts: Sequence[str]) -> np.ndarray:
        return self.line.predict(self.terms.transform(sentiment_documents(texts, self.settings)))


def rarity_weights(rating: np.ndarray) -> np.ndarray:
    """Weights by the root of ratings' rarity, of mean 1: ndarray of float64, shape (n,).

    Parameters
    ----------
    rating : ndarray of int64, shape (n,)

    Examples
    --------
    >>> rarity_weights(np.array([1, 5, 5, 5, 5])).round(2)
    array([1.67, 0.83, 0.83, 0.83, 0.83])
    """
    weights = (1 / np.bincount(rating)[rating]) ** _EVEN
    return np.asarray(weights / weights.mean())


def best_cuts(values: np.ndarray, rating: np.ndarray, n_steps: int = _STEPS) -> np.ndarray:
    """Cuts with which the mean F1 of the five ratings is greatest, by dynamic programming.

    A rating's F1 depends on its own two cuts alone: twice the right ones, over the reviews between
    the cuts and those that have the rating.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
    rating : ndarray of int64, shape (n,)
        1 to 5.
    n_steps : int
        Cuts lie at quantiles of the values, in so many steps.

    Returns
    -------
    cuts : ndarray of float64, shape (4,)
        Ascending; a value at a cut counts to the rating below.

    Examples
    --------
    >>> best_cuts(np.array([0.1, 0.2, 0.3, 0.4, 0.5]), np.array([1, 2, 3, 4, 5])).round(2)
    array([0.15, 0.25, 0.35, 0.45])
    """
    order = np.argsort(values, kind="stable")
    ends = np.unique(np.linspace(0, len(values), min(n_steps, len(values)) + 1).astype(np.int64))
    one_hot = rating[order][:, None] == STARS
    right = np.concatenate([np.zeros((1, 5)), np.cumsum(one_hot, axis=0)])[ends]
    total = one_hot.sum(axis=0)
    size = ends[None, :] - ends[:, None]
    best = np.where(np.arange(len(ends)) == 0, 0.0, -np.inf)
    began = []
    for star in range(5):
        f1 = 2 * (right[None, :, star] - right[:, None, star]) / np.maximum(size + total[star], 1)
        reached = np.where(size >= 0, best[:, None] + f1, -np.inf)
        began.append(reached.argmax(axis=0))
        best = reached.max(axis=0)
    place, places = len(ends) - 1, []
    for star in (4, 3, 2, 1):
        place = int(began[star][place])
        places.append(int(ends[place]))
    sorted_values = values[order]
    edged = np.concatenate([[-np.inf], (sorted_values[1:] + sorted_values[:-1]) / 2, [np.inf]])
    return np.asarray(edged[places[::-1]])


def _line(rows: Rows, rating: np.ndarray, weights: np.ndarray) -> LinearFit:
    return fit_ridge(rows, rating.astype(np.float64), _L2, weights=weights)
