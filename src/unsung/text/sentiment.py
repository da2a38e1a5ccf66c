"""How likely a text is praise, learnt from the shop's own stars."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from pydantic import Field
from scipy.special import expit

from unsung.errors import BundleError, NotEnoughDataError
from unsung.settings import Settings
from unsung.statistics.linear_fit import LinearFit, fit_logistic
from unsung.text.documents import Documents
from unsung.text.language import words
from unsung.text.normalise import normalise
from unsung.text.term_vectors import TermSettings, TermVectors

PRAISE_STARS: Final = 4.0
"""Stars of praise, of five; below 3 is criticism, and between them lies neither."""
CRITICISM_STARS: Final = 3.0
LEAST_OF_EACH: Final = 20
"""Reviews of praise, and of criticism, without which nothing is learnt."""

_CALIBRATION_L2: Final = 1e-3
_FOLDS: Final = 3


class SentimentSettings(Settings):
    """How the sentiment of texts is learnt."""

    l2: tuple[float, ...] = (0.3, 1.0)
    """Penalties to choose from, by the loss on texts that were held out."""
    min_documents: int = Field(default=3, ge=1)
    """Words, pairs of words and runs of letters in fewer texts than this are left out."""
    characters: int = Field(default=4, ge=1, le=6)
    """Longest run of letters that counts in a Latin word; of Chinese characters, one less."""
    max_characters: int = Field(default=1000, ge=50)
    """How much of a text is read."""


@dataclass(frozen=True, eq=False)
class Sentiment:
    """A linear model over words, pairs of words and runs of letters.

    Parameters
    ----------
    settings : SentimentSettings
    terms : TermVectors
    head : LinearFit
        Log-odds of praise.
    line : tuple of float
        Slope and shift that calibrate them, from texts that weren't learnt from.
    """

    settings: SentimentSettings
    terms: TermVectors = field(repr=False)
    head: LinearFit = field(repr=False)
    line: tuple[float, float]

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        praise: np.ndarray,
        settings: SentimentSettings | None = None,
        *,
        rng: np.random.Generator,
    ) -> "Sentiment":
        """Learn from texts of which it is known whether they praise.

        Parameters
        ----------
        texts : sequence of str
        praise : ndarray of bool, shape (n,)
        settings : SentimentSettings, optional
        rng : Generator
            Draws the parts that penalty and calibration are measured on.

        Raises
        ------
        NotEnoughDataError
            Where there are fewer than 20 texts of praise, or of criticism.

        Notes
        -----
        In shops nearly every review praises. Both kinds count alike while the words are learnt;
        the calibration then puts the shop's own share back.
        """
        settings = settings or SentimentSettings()
        truth = np.asarray(praise, dtype=bool)
        if min(truth.sum(), (~truth).sum()) < LEAST_OF_EACH:
            raise NotEnoughDataError(
                f"There are {truth.sum()} reviews of praise and {(~truth).sum()} of criticism: "
                f"sentiment is learnt from {LEAST_OF_EACH} of each or more."
            )
        documents = sentiment_documents(texts, settings)
        terms = TermVectors.fit(documents, TermSettings(min_documents=settings.min_documents))
        rows = terms.transform(documents)
        weights = _balanced(truth)
        fold = rng.permutation(len(truth)) % _FOLDS
        tried = [_held_out(rows, truth, fold, weights, l2) for l2 in settings.l2]
        lines = [fit_logistic(out[:, None], truth, _CALIBRATION_L2) for out in tried]
        losses = [
            _log_loss(truth, line.predict(out[:, None]))
            for line, out in zip(lines, tried, strict=True)
        ]
        best = int(np.argmin(losses))
        head = fit_logistic(rows, truth, settings.l2[best], weights=weights)
        return cls(
            settings, terms, head, (float(lines[best].coefficients[0]), lines[best].intercept)
        )

    def log_odds(self, texts: Sequence[str]) -> np.ndarray:
        """Calibrated log-odds of praise: ndarray of float64, shape (n,)."""
        rows = self.terms.transform(sentiment_documents(texts, self.settings))
        slope, shift = self.line
        return slope * self.head.predict(rows) + shift

    def probability(self, texts: Sequence[str]) -> np.ndarray:
        """Probability that each text is praise among texts like those learnt from, 0 to 1."""
        return np.asarray(expit(self.log_odds(texts)))

    def leaning(self, texts: Sequence[str]) -> np.ndarray:
        """Log-odds of praise where praise and criticism are equally frequent; 0 is neither.

        What a sentence by itself leans to, whatever the share of praise in the shop: shape (n,).
        """
        rows = self.terms.transform(sentiment_documents(texts, self.settings))
        return self.line[0] * self.head.predict(rows)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """What ``fit`` learnt, for a bundle."""
        return {
            **{f"terms/{name}": values for name, values in self.terms.to_arrays().items()},
            "coefficients": self.head.coefficients.astype(np.float32),
            "scale": np.array([self.head.intercept, *self.line]),
        }

    @classmethod
    def from_arrays(cls, settings: SentimentSettings, arrays: dict[str, np.ndarray]) -> "Sentiment":
        """The fitted model again.

        Raises
        ------
        BundleError
            Where the arrays don't fit together.
        """
        held = {name.removeprefix("terms/"): array for name, array in arrays.items()}
        kind = TermSettings(min_documents=settings.min_documents)
        terms = TermVectors.from_arrays(kind, held)
        if len(terms.terms) != len(arrays["coefficients"]):
            raise BundleError("The sentiment's arrays don't fit; write the bundle again.")
        intercept, slope, shift = (float(number) for number in arrays["scale"])
        head = LinearFit(arrays["coefficients"].astype(np.float64), intercept)
        return cls(settings, terms, head, (slope, shift))


def praise_of_stars(stars: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which reviews are learnt from, and which of these praise.

    Parameters
    ----------
    stars : ndarray of float, shape (n,)
        1 to 5; NaN where a review has none.

    Returns
    -------
    rows : ndarray of int64, shape (n_known,)
        Reviews of four stars or more, or of fewer than three.
    praise : ndarray of bool, shape (n_known,)

    Examples
    --------
    >>> praise_of_stars(np.array([5.0, 3.0, 1.0, np.nan]))
    (array([0, 2]), array([ True, False]))
    """
    stars = np.asarray(stars, dtype=np.float64)
    rows = np.flatnonzero((stars >= PRAISE_STARS) | (stars < CRITICISM_STARS))
    return rows, stars[rows] >= PRAISE_STARS


def sentiment_documents(texts: Sequence[str], settings: SentimentSettings) -> Documents:
    """Texts whose terms are words, pairs of words, and runs of letters inside words."""
    titles = tuple(normalise(text[: settings.max_characters]) for text in texts)
    tokens = tuple(tuple(_runs(title, settings.characters)) for title in titles)
    return Documents(titles, titles, tokens)


def _runs(text: str, longest: int) -> Iterator[str]:
    """Runs of letters, marked so that they are no words: those of a Latin word with its ends."""
    lowered = text.lower()
    for mark in "!?":
        if mark in lowered:
            yield f"_{mark}"
    if lowered.isascii():
        for word in words(lowered):
            ended = f"_{word}_"
            for start in range(len(ended) - longest + 1):
                yield "#" + ended[start : start + longest]
        return
    for length in range(1, longest):
        for start in range(len(lowered) - length + 1):
            yield "#" + lowered[start : start + length]


def _balanced(truth: np.ndarray) -> np.ndarray:
    """Weights with which both kinds count alike, of mean 1."""
    share = truth.mean()
    return np.asarray(np.where(truth, 0.5 / share, 0.5 / (1 - share)))


def _held_out(
    rows: np.ndarray, truth: np.ndarray, fold: np.ndarray, weights: np.ndarray, l2: float
) -> np.ndarray:
    """Log-odds of every text by a model that didn't learn from it."""
    values = np.zeros(len(truth))
    for part in range(_FOLDS):
        out = fold == part
        kept = np.flatnonzero(~out)
        fitted = fit_logistic(rows[kept], truth[kept], l2, weights=weights[kept])
        values[out] = fitted.predict(rows[np.flatnonzero(out)])
    return values


def _log_loss(truth: np.ndarray, log_odds: np.ndarray) -> float:
    return float(np.mean(np.logaddexp(0, log_odds) - truth * log_odds))
