"""What the reviews of each item say: quality, sentiment, what is praised and what is criticised."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from unsung import schema
from unsung.data.state import ShopState
from unsung.errors import NotEnoughDataError
from unsung.progress import Progress, silent
from unsung.settings import Settings
from unsung.statistics.shrinkage import ShrunkMeans, shrink_means
from unsung.text.base import TextEncoder
from unsung.text.sentiment import Sentiment, SentimentSettings, praise_of_stars
from unsung.text.star_ratings import StarRatings
from unsung.text.suspicious_reviews import reasons_to_set_aside
from unsung.text.voice import Aspect, ReviewVoice, Voice

_MIDDLE_STARS = 3.0


class ReviewSettings(Settings):
    """How reviews are read."""

    sentiment: SentimentSettings = SentimentSettings()
    most_reviews: int = Field(default=50_000, ge=1)
    """The latest reviews that are read."""
    most_embedded: int = Field(default=2000, ge=0)
    """Reviews that the language model reads beside what it learns from: those of which words are
    least sure. All others are judged by their words."""
    least_of_item: int = Field(default=2, ge=1)
    """Reviews of an item from which on its aspects and a summary are given."""
    aspects: int = Field(default=5, ge=0)
    """Aspects of an item that are praised, and as many that are criticised."""


@dataclass(frozen=True, eq=False)
class ReviewInsight:
    """What reviews say, ready for JSON; texts in it are masked.

    Parameters
    ----------
    shop : dict
        ``n_reviews``, ``set_aside`` (reason -> reviews), ``learnt_from`` (reviews of praise and
        criticism that the sentiment knows; 0 where there is none), ``sentiment_reads`` (``words``,
        or words and the language model's name), ``praised``, ``criticised``.
    items : dict of str to dict
        By item id: ``n_reviews``, ``set_aside``, ``quality`` (``stars``, ``low``, ``n`` and
        ``prior``) or None, ``praise_share`` or None, ``praised``, ``criticised``, ``summary``.
    sentiment : Sentiment or None
        None where too few reviews have stars to learn from.
    """

    shop: dict[str, Any]
    items: dict[str, dict[str, Any]] = field(repr=False)
    sentiment: Sentiment | None = field(repr=False)


def read_reviews(
    state: ShopState,
    settings: ReviewSettings | None = None,
    *,
    rng: np.random.Generator,
    encoder: TextEncoder | None = None,
    progress: Progress = silent,
) -> ReviewInsight | None:
    """Read the reviews that a state knows.

    Parameters
    ----------
    state : ShopState
        Nothing at or after its moment is read.
    settings : ReviewSettings, optional
    rng : Generator
    encoder : TextEncoder, optional
        For the sentiment, where it helps.
    progress : Progress, optional

    Returns
    -------
    insight : ReviewInsight or None
        None in a shop without reviews in words.
    """
    settings = settings or ReviewSettings()
    latest = state.reviews.sort_values(schema.TIMESTAMP, kind="stable").tail(settings.most_reviews)
    texts = _texts(latest)
    if not any(texts):
        return None
    progress("reading reviews", 0, 3)
    reasons = reasons_to_set_aside(texts, _writers(latest), _times(latest, state))
    kept = np.flatnonzero([not reason for reason in reasons])
    counted, said = latest.iloc[kept], [texts[row] for row in kept]
    stars = counted["rating"].to_numpy(dtype=np.float64)
    sentiment, n_learnt = _sentiment(counted, settings.sentiment, rng, encoder, progress)
    progress("reading reviews", 1, 3)
    praise = None if sentiment is None else sentiment.probability(said, settings.most_embedded)
    item = counted["item_index"].to_numpy(dtype=np.int64)
    category = _categories(state)
    filled = _filled(stars, said, praise, settings.sentiment, rng)
    voice = ReviewVoice.fit(said, filled, item, category[item])
    progress("reading reviews", 2, 3)
    quality = _quality(stars, item, state.n_items, category)
    every = latest["item_index"].to_numpy(dtype=np.int64)
    aside = _set_aside(reasons, every)
    items = {}
    for index in np.unique(every).tolist():
        own = np.flatnonzero(item == index)
        items[str(state.items.values[index])] = {
            "n_reviews": len(own),
            "set_aside": aside.get(index, {}),
            "quality": _quality_of(quality, index),
            "praise_share": _mean(praise, own),
            **_said_of(voice, index, len(own), settings),
        }
    progress("reading reviews", 3, 3)
    shop = {
        "n_reviews": len(latest),
        "set_aside": dict(Counter(filter(None, reasons))),
        "learnt_from": n_learnt,
        "sentiment_reads": None if sentiment is None else sentiment.reads,
        **_aspects_of(voice.of_shop()),
    }
    return ReviewInsight(shop, items, sentiment)


def praise_sentence(record: Mapping[str, Any] | None, most: int = 2) -> str:
    """What several reviewers praise in an item, as a sentence; empty where they praise nothing.

    Parameters
    ----------
    record : mapping or None
        An item's, of ``ReviewInsight.items``.
    most : int
        Aspects that are named.

    Examples
    --------
    >>> aspect = {"phrase": "tone", "n_praised": 3}
    >>> praise_sentence({"n_reviews": 9, "praised": [aspect]})
    'Reviewers praise: tone (3 of 9 reviews).'
    """
    praised = record["praised"][:most] if record else []
    if not record or not praised:
        return ""
    names = ", ".join(
        f"{aspect['phrase']} ({aspect['n_praised']} of {record['n_reviews']} reviews)"
        for aspect in praised
    )
    return f"Reviewers praise: {names}."


def _texts(reviews: pd.DataFrame) -> list[str]:
    columns = [reviews[name].tolist() for name in (schema.TITLE, schema.TEXT)]
    return [
        ". ".join(part.strip() for part in parts if isinstance(part, str) and part.strip())
        for parts in zip(*columns, strict=True)
    ]


def _writers(reviews: pd.DataFrame) -> np.ndarray:
    """Who wrote each review; of those whose writer isn't known each has one of its own."""
    writer = reviews["user_index"].to_numpy(dtype=np.int64).copy()
    unknown = writer < 0
    writer[unknown] = -1 - np.arange(int(unknown.sum()))
    return writer


def _times(reviews: pd.DataFrame, state: ShopState) -> np.ndarray | None:
    return reviews[schema.TIMESTAMP].to_numpy(dtype=np.int64) if state.has_clock else None


def _categories(state: ShopState) -> np.ndarray:
    """Code of each item's category; items without one share a code."""
    if schema.CATEGORY not in state.catalogue:
        return np.zeros(state.n_items, dtype=np.int64)
    codes, _ = pd.factorize(state.catalogue[schema.CATEGORY], sort=True)
    return np.asarray(codes + 1, dtype=np.int64)


def _sentiment(
    reviews: pd.DataFrame,
    settings: SentimentSettings,
    rng: np.random.Generator,
    encoder: TextEncoder | None,
    progress: Progress,
) -> tuple[Sentiment | None, int]:
    """Sentiment learnt from titles and texts by themselves, and from how many reviews."""
    rows, praise = praise_of_stars(reviews["rating"].to_numpy(dtype=np.float64))
    texts, of_review = titles_and_texts(reviews.iloc[rows])
    try:
        found = Sentiment.fit(
            texts, praise[of_review], settings,
            rng=rng, encoder=encoder, groups=of_review, progress=progress,
        )  # fmt: skip
    except NotEnoughDataError:
        return None, 0
    return found, len(rows)


def titles_and_texts(reviews: pd.DataFrame) -> tuple[list[str], np.ndarray]:
    """What reviews say, their titles and texts as texts of their own.

    A title says the most in the fewest words, and short texts are what sentences are like.

    Parameters
    ----------
    reviews : DataFrame
        ``title, text``.

    Returns
    -------
    texts : list of str
        None is empty.
    of_review : ndarray of int64, shape (n_texts,)
        Row of the review that each is of.
    """
    cells = [reviews[name].tolist() for name in (schema.TITLE, schema.TEXT)]
    found = [
        (part.strip(), row)
        for column in cells
        for row, part in enumerate(column)
        if isinstance(part, str) and part.strip()
    ]
    texts = [text for text, _ in found]
    return texts, np.array([row for _, row in found], dtype=np.int64)


def _filled(
    stars: np.ndarray,
    texts: Sequence[str],
    praise: np.ndarray | None,
    settings: SentimentSettings,
    rng: np.random.Generator,
) -> np.ndarray:
    """Stars, and where a review has none those that its words would have got."""
    absent = np.isnan(stars)
    if not absent.any():
        return stars
    known = stars[~absent]
    given = [texts[row] for row in np.flatnonzero(~absent).tolist()]
    ratings = StarRatings.fit(given, known, settings, rng=rng)
    if ratings is not None:
        filled = stars.copy()
        filled[absent] = ratings.expected([texts[row] for row in np.flatnonzero(absent).tolist()])
        return filled
    if praise is None or not len(known):
        return np.where(absent, known.mean() if len(known) else _MIDDLE_STARS, stars)
    rows, praises = praise_of_stars(known)
    high, low = known[rows][praises].mean(), known[rows][~praises].mean()
    return np.where(absent, low + praise * (high - low), stars)


def _quality(
    stars: np.ndarray, item: np.ndarray, n_items: int, category: np.ndarray
) -> ShrunkMeans | None:
    known = ~np.isnan(stars)
    if not known.any():
        return None
    return shrink_means(stars[known], item[known], n_items, category)


def _quality_of(quality: ShrunkMeans | None, item: int) -> dict[str, float] | None:
    if quality is None:
        return None
    return {
        "stars": round(float(quality.mean[item]), 3),
        "low": round(float(quality.low[item]), 3),
        "n": int(quality.n[item]),
        "prior": round(float(quality.prior_mean[item]), 3),
    }


def _mean(values: np.ndarray | None, rows: np.ndarray) -> float | None:
    return None if values is None or not len(rows) else round(float(values[rows].mean()), 3)


def _set_aside(reasons: Sequence[str], items: np.ndarray) -> dict[int, dict[str, int]]:
    found: dict[int, Counter[str]] = {}
    for reason, item in zip(reasons, items.tolist(), strict=True):
        if reason:
            found.setdefault(item, Counter())[reason] += 1
    return {item: dict(counts) for item, counts in found.items()}


def _said_of(
    voice: ReviewVoice, item: int, n_reviews: int, settings: ReviewSettings
) -> dict[str, Any]:
    if n_reviews < settings.least_of_item:
        return {"praised": [], "criticised": [], "summary": []}
    found = _aspects_of(voice.of_item(item, settings.aspects))
    return {**found, "summary": [quote.text for quote in voice.summary(item)]}


def _aspects_of(voice: Voice) -> dict[str, Any]:
    return {
        "praised": [_aspect(aspect) for aspect in voice.praised],
        "criticised": [_aspect(aspect) for aspect in voice.criticised],
    }


def _aspect(aspect: Aspect) -> dict[str, Any]:
    return {
        "phrase": aspect.phrase,
        "n_reviews": aspect.n_reviews,
        "n_praised": aspect.n_praised,
        "n_criticised": aspect.n_criticised,
        "stars": aspect.effect,
        "quote": aspect.quote.text,
    }
