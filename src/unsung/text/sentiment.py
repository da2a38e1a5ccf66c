"""How likely a text is praise, learnt from the shop's own stars."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from pydantic import Field
from scipy.special import expit

from unsung.errors import BundleError, NotEnoughDataError
from unsung.progress import Progress, silent
from unsung.settings import Settings
from unsung.statistics.linear_fit import LinearFit, Rows, fit_logistic
from unsung.text.base import TextEncoder
from unsung.text.documents import Documents
from unsung.text.language import words
from unsung.text.normalise import normalise
from unsung.text.sentiment_vectors import (
    VectorReading,
    balanced,
    drawn_to_embed,
    learn_vectors,
    log_losses,
)
from unsung.text.term_vectors import TermSettings, TermVectors

PRAISE_STARS: Final = 4.0
"""Stars of praise, of five; below 3 is criticism, and between them lies neither."""
CRITICISM_STARS: Final = 3.0
LEAST_OF_EACH: Final = 20
"""Reviews of praise, and of criticism, without which nothing is learnt."""

_CALIBRATION_L2: Final = 1e-3
_FOLDS: Final = 3
_WORDS_ELSEWHERE: Final = 1 / 3
"""What words count in a text that is no review of this shop, of what they count in its reviews."""
_SURE: Final = 2.0
"""Standard errors by which vectors must lower the loss of held-out texts."""


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
    most_embedded: int = Field(default=4000, ge=0)
    """Texts that the language model learns from, praise and criticism as evenly as there are; 0
    leaves words alone."""
    embedded_characters: int = Field(default=200, ge=20)
    """How much of a text the language model reads."""


@dataclass(frozen=True, eq=False)
class Sentiment:
    """A linear model over words, pairs of words and runs of letters, and vectors where they help.

    Parameters
    ----------
    settings : SentimentSettings
    terms : TermVectors
    head : LinearFit
        Log-odds of praise.
    line : tuple of float
        Slope and shift that calibrate what words say without the intercept, from texts that weren't
        learnt from.
    vectors : VectorReading or None
        What a language model adds; None where there is none, or held-out texts were told apart no
        better with it.
    both : tuple of float
        Factors of what words and vectors say, and a shift, which calibrate the two together for
        reviews of the shop.
    anywhere : tuple of float
        Factors of the two for a text of whatever kind.
    """

    settings: SentimentSettings
    terms: TermVectors = field(repr=False)
    head: LinearFit = field(repr=False)
    line: tuple[float, float]
    vectors: VectorReading | None = field(default=None, repr=False)
    both: tuple[float, float, float] = (1.0, 1.0, 0.0)
    anywhere: tuple[float, float] = (1.0, 1.0)

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        praise: np.ndarray,
        settings: SentimentSettings | None = None,
        *,
        rng: np.random.Generator,
        encoder: TextEncoder | None = None,
        groups: np.ndarray | None = None,
        progress: Progress = silent,
    ) -> "Sentiment":
        """Learn from texts of which it is known whether they praise.

        Parameters
        ----------
        texts : sequence of str
        praise : ndarray of bool, shape (n,)
        settings : SentimentSettings, optional
        rng : Generator
            Draws the parts that penalty and calibration are measured on.
        encoder : TextEncoder, optional
            Used where held-out texts are told apart better with its vectors, beyond chance.
        groups : ndarray of int, shape (n,), optional
            Texts of one number, such as a review's title and its text, are held out together.
        progress : Progress, optional

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
        group = np.arange(len(truth)) if groups is None else np.asarray(groups)
        fold = (rng.permutation(int(group.max()) + 1) % _FOLDS)[group]
        documents = sentiment_documents(texts, settings)
        terms = TermVectors.fit(documents, TermSettings(min_documents=settings.min_documents))
        rows = terms.transform(documents)
        tried = [_held_out(rows, truth, fold, l2) for l2 in settings.l2]
        lines = [fit_logistic(out[:, None], truth, _CALIBRATION_L2) for out in tried]
        losses = [
            log_losses(truth, line.predict(out[:, None])).mean()
            for line, out in zip(lines, tried, strict=True)
        ]
        best = int(np.argmin(losses))
        head = fit_logistic(rows, truth, settings.l2[best], weights=balanced(truth))
        line = (float(lines[best].coefficients[0]), lines[best].intercept)
        by_words = cls(settings, terms, head, line)
        if encoder is None or not settings.most_embedded:
            return by_words
        drawn = drawn_to_embed(truth, settings.most_embedded, rng)
        return by_words._with_vectors(
            [texts[row] for row in drawn], truth[drawn], tried[best][drawn], truth.mean(),
            fold[drawn], encoder, progress,
        )  # fmt: skip

    def _with_vectors(
        self,
        texts: Sequence[str],
        truth: np.ndarray,
        said: np.ndarray,
        share: float,
        fold: np.ndarray,
        encoder: TextEncoder,
        progress: Progress,
    ) -> "Sentiment":
        """The same with vectors, or itself where they don't help beyond chance."""
        trial = learn_vectors(
            texts, truth, fold, encoder,
            characters=self.settings.embedded_characters, progress=progress,
        )  # fmt: skip
        columns = np.stack([said, trial.held_out], axis=1)
        # Drawn more evenly than the shop's reviews are: weights put its share back.
        weights = np.where(truth, share / truth.mean(), (1 - share) / (1 - truth.mean()))
        both = fit_logistic(columns, truth, _CALIBRATION_L2, weights=weights)
        if both.coefficients[0] < 0:  # words that say nothing of texts they didn't learn from
            columns[:, 0] = 0
            both = fit_logistic(columns, truth, _CALIBRATION_L2, weights=weights)
        gain = log_losses(truth, self.line[0] * said + self.line[1]) - log_losses(
            truth, both.predict(columns)
        )
        gain *= weights
        by_words, by_vectors = both.coefficients.tolist()
        if by_vectors <= 0 or gain.mean() <= _SURE * gain.std() / np.sqrt(len(gain)):
            return self
        return replace(
            self,
            vectors=trial.reading,
            both=(max(by_words, 0.0), by_vectors, both.intercept),
            anywhere=_anywhere(columns, truth, max(by_words, 0.0) / by_vectors),
        )

    @property
    def reads(self) -> str:
        """What is read of a text, for people: words, and the name of the language model."""
        return "words" if self.vectors is None else f"words and {self.vectors.encoder.name}"

    def log_odds(self, texts: Sequence[str], most_embedded: int | None = None) -> np.ndarray:
        """Calibrated log-odds of praise: ndarray of float64, shape (n,).

        Parameters
        ----------
        texts : sequence of str
        most_embedded : int, optional
            The language model reads so many, those of which words are least sure; all where not
            given.
        """
        said = self._said(texts)
        found = self.line[0] * said + self.line[1]
        if self.vectors is None:
            return found
        rows = np.argsort(np.abs(found), kind="stable")[:most_embedded]
        read = self.vectors.log_odds([texts[row] for row in rows])
        found[rows] = self.both[0] * said[rows] + self.both[1] * read + self.both[2]
        return found

    def probability(self, texts: Sequence[str], most_embedded: int | None = None) -> np.ndarray:
        """Probability that each text is praise among texts like those learnt from, 0 to 1.

        Parameters
        ----------
        texts : sequence of str
        most_embedded : int, optional
            As for ``log_odds``.
        """
        return np.asarray(expit(self.log_odds(texts, most_embedded)))

    def leaning(self, texts: Sequence[str]) -> np.ndarray:
        """Log-odds of praise where praise and criticism are equally frequent; 0 is neither.

        What a sentence by itself leans to, whatever the share of praise in the shop: shape (n,).
        Words that were never seen lean nowhere.
        """
        said = self._said(texts)
        if self.vectors is None:
            return self.line[0] * said
        return self.anywhere[0] * said + self.anywhere[1] * self.vectors.log_odds(texts)

    def _said(self, texts: Sequence[str]) -> np.ndarray:
        """What words say, not calibrated: 0 where none is known."""
        rows = self.terms.transform(sentiment_documents(texts, self.settings))
        return np.asarray(rows @ self.head.coefficients)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """What ``fit`` learnt, for a bundle; the encoder is kept by itself."""
        found = {
            **{f"terms/{name}": values for name, values in self.terms.to_arrays().items()},
            "coefficients": self.head.coefficients.astype(np.float32),
            "scale": np.array([self.head.intercept, *self.line]),
        }
        if self.vectors is None:
            return found
        head = self.vectors.head
        return {
            **found,
            "vectors": head.coefficients.astype(np.float32),
            "vectors_scale": np.array([head.intercept, *self.both, *self.anywhere]),
        }

    @classmethod
    def from_arrays(
        cls,
        settings: SentimentSettings,
        arrays: dict[str, np.ndarray],
        encoder: TextEncoder | None = None,
    ) -> "Sentiment":
        """The fitted model again.

        Parameters
        ----------
        settings : SentimentSettings
        arrays : dict of str to ndarray
        encoder : TextEncoder, optional
            The one that it was fitted with; without it words alone are read, calibrated by
            themselves.

        Raises
        ------
        BundleError
            Where the arrays don't fit together, or the encoder is another one.
        """
        held = {name.removeprefix("terms/"): array for name, array in arrays.items()}
        kind = TermSettings(min_documents=settings.min_documents)
        terms = TermVectors.from_arrays(kind, held)
        if len(terms.terms) != len(arrays["coefficients"]):
            raise BundleError("The sentiment's arrays don't fit; write the bundle again.")
        intercept, slope, shift = (float(number) for number in arrays["scale"])
        head = LinearFit(arrays["coefficients"].astype(np.float64), intercept)
        by_words = cls(settings, terms, head, (slope, shift))
        if encoder is None or "vectors" not in arrays:
            return by_words
        if encoder.dim != len(arrays["vectors"]):
            raise BundleError("The sentiment was learnt with another encoder; fit the shop again.")
        intercept, *both = (float(number) for number in arrays["vectors_scale"])
        anywhere = (both[3], both[4])
        head = LinearFit(arrays["vectors"].astype(np.float64), intercept)
        reading = VectorReading(encoder, head, settings.embedded_characters)
        return replace(
            by_words, vectors=reading, both=(both[0], both[1], both[2]), anywhere=anywhere
        )


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


def _held_out(rows: Rows, truth: np.ndarray, fold: np.ndarray, l2: float) -> np.ndarray:
    """What words say of every text by a model that didn't learn from it, without the intercept."""
    values = np.zeros(len(truth))
    for part in range(_FOLDS):
        out = fold == part
        kept = np.flatnonzero(~out)
        fitted = fit_logistic(rows[kept], truth[kept], l2, weights=balanced(truth[kept]))
        values[out] = rows[np.flatnonzero(out)] @ fitted.coefficients
    return values


def _anywhere(columns: np.ndarray, truth: np.ndarray, ratio: float) -> tuple[float, float]:
    """Factors of words and vectors for texts that are no reviews of this shop.

    ``ratio`` is what words count in the shop's reviews for each one that vectors count: more than
    they know elsewhere.
    """
    words = _WORDS_ELSEWHERE * ratio
    said = columns @ [words, 1.0]
    sure = fit_logistic(
        np.concatenate([said, -said])[:, None],  # no shift: what says nothing leans nowhere
        np.concatenate([truth, ~truth]),
        _CALIBRATION_L2,
        weights=np.tile(balanced(truth), 2),
    ).coefficients[0]
    return float(words * sure), float(sure)
