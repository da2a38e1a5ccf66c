"""Sentiment of reviews: Chinese on a split of our own, English on texts of another shop.

    UNSUNG_DATA=... python benchmarks/sentiment.py chinese|english|stars [--encoder] [--most N]

* ``chinese``: the reviews of 10 categories, copies left out, a fifth (seed 0) for the test; hotel
  reviews as a domain never seen. SnowNLP on 1,500 of each, where it is installed.
* ``english``: learnt from the stars of Musical Instruments alone, titles and texts by themselves;
  tested on sentences about Amazon products, restaurants and films, and on later reviews of Musical
  Instruments. VADER beside it, where it is installed.
* ``stars``: ratings from 1 to 5 of later reviews of Musical Instruments, learnt from earlier ones,
  beside scikit-learn's logistic regression on term vectors, as it is and with balanced ratings.

``--encoder``: with the vectors of the pretrained language model (all-MiniLM-L6-v2; use-m3 in
Chinese), as a fit has them; words alone stand beside it. Long tests are read in part then.

VADER and SnowNLP (``pip install vaderSentiment snownlp``) are no part of Unsung; a folder that
holds them can be named in PYTHONPATH. Prints JSON.
"""

import argparse
import importlib.util
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
from scipy.special import expit

from unsung.evaluation.classification import calibration_error
from unsung.statistics.intervals import wilson_interval
from unsung.text.base import TextEncoder
from unsung.text.review_insight import titles_and_texts
from unsung.text.sentiment import Sentiment, SentimentSettings, praise_of_stars
from unsung.text.star_ratings import StarRatings

Found: TypeAlias = tuple[str, object]

SETTINGS = SentimentSettings(l2=(0.3,))
PEER_TEXTS = 1500
MOST_READ = 3000
LATER_SHARE = 0.2


def accuracy(right: np.ndarray) -> dict[str, float]:
    low, high = wilson_interval(int(right.sum()), len(right))
    return {
        "accuracy": round(float(right.mean()), 4),
        "low": round(low, 4),
        "high": round(high, 4),
        "n": len(right),
    }


def snownlp(texts: list[str]) -> np.ndarray | None:
    if importlib.util.find_spec("snownlp") is None:
        return None
    from snownlp import SnowNLP  # noqa: PLC0415 - not everybody has it

    return np.array([not text.strip() or SnowNLP(text).sentiments > 0.5 for text in texts])


def vader(texts: list[str]) -> np.ndarray | None:
    if importlib.util.find_spec("vaderSentiment") is None:
        return None
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # noqa: PLC0415 - not everybody has it

    judge = SentimentIntensityAnalyzer()
    return np.array([judge.polarity_scores(text)["compound"] > 0 for text in texts])


def of_chinese(folder: Path, most: int, encoder: TextEncoder | None) -> Iterator[Found]:
    found = pd.read_parquet(folder / "online_shopping_10_cats.parquet").dropna()
    found = found.drop_duplicates("review")
    order = np.random.default_rng(0).permutation(len(found))
    n_test = len(found) // 5
    test, train = found.iloc[order[:n_test]], found.iloc[order[n_test:][:most]]
    hotels = pd.read_parquet(folder / "ChnSentiCorp_htl_all.parquet").dropna()
    hotels = hotels.drop_duplicates("review").sample(frac=1, random_state=0)
    model = Sentiment.fit(
        train["review"].tolist(),
        train["label"].to_numpy() == 1,
        SETTINGS,
        rng=np.random.default_rng(0),
        encoder=encoder,
    )
    yield "learnt_from", len(train)
    yield from told(model)
    for name, part in (("10 categories", test), ("hotels", hotels)):
        texts, truth = part["review"].tolist(), part["label"].to_numpy() == 1
        by_words = replace(model, vectors=None)
        probability = by_words.probability(texts)
        yield f"{name}, words", accuracy((probability > 0.5) == truth)
        yield f"{name}, words, ece", ece(truth, probability)
        if model.vectors is not None:
            some, true = texts[:MOST_READ], truth[:MOST_READ]
            read = model.probability(some)
            yield f"{name}, words, some", accuracy((probability[:MOST_READ] > 0.5) == true)
            yield f"{name}, words and vectors, some", accuracy((read > 0.5) == true)
            yield f"{name}, words and vectors, some, ece", ece(true, read)
        some = np.random.default_rng(1).permutation(len(texts))[:PEER_TEXTS]
        yield from peer(f"{name}, SnowNLP", snownlp, [texts[row] for row in some], truth[some])
        yield f"{name}, the same texts", accuracy(((probability > 0.5) == truth)[some])


def of_english(folder: Path, most: int, encoder: TextEncoder | None) -> Iterator[Found]:
    path = folder / "amazon_musical_instruments_2014_5core/reviews.parquet"
    reviews = pd.read_parquet(path).sort_values("timestamp", kind="stable").iloc[:most]
    reviews = reviews.rename(columns={"review_title": "title", "review_text": "text"})
    model, n = learnt(reviews, encoder)
    yield "learnt_from", n
    yield from told(model)
    sentences = pd.read_parquet(folder / "sentiment_en/sentences.parquet")
    for name, part in sentences.groupby("source"):
        tested, truth = part["sentence"].tolist(), part["label"].to_numpy() == 1
        for how, judge in ways(model).items():
            leaning = judge.leaning(tested)
            yield f"{name}, {how}", accuracy((leaning > 0) == truth)
            yield f"{name}, {how}, ece", ece(truth, expit(leaning))
        yield from peer(f"{name}, VADER", vader, tested, truth)
    cut = int(len(reviews) * (1 - LATER_SHARE))
    model, _ = learnt(reviews.iloc[:cut], encoder)
    rows, truth = praise_of_stars(reviews["rating"].iloc[cut:].to_numpy(dtype=np.float64))
    later = reviews.iloc[cut:].iloc[rows]
    texts = [". ".join(parts) for parts in zip(later["title"], later["text"], strict=True)]
    yield "later reviews, all praise", accuracy(truth)
    for how, judge in ways(model).items():
        probability = judge.probability(texts, MOST_READ // 3)
        yield f"later reviews, {how}", accuracy((probability > 0.5) == truth)
        yield f"later reviews, {how}, ece", ece(truth, probability)


def of_stars(folder: Path) -> Iterator[Found]:
    """Ratings of later reviews by the ordinal line, and by logistic regression on terms."""
    path = folder / "amazon_musical_instruments_2014_5core/reviews.parquet"
    reviews = pd.read_parquet(path).sort_values("timestamp", kind="stable").fillna("")
    texts = (reviews["review_title"] + ". " + reviews["review_text"]).tolist()
    rating = reviews["rating"].to_numpy(dtype=np.int64)
    cut = int(len(texts) * (1 - LATER_SHARE))
    model = StarRatings.fit(
        texts[:cut], rating[:cut].astype(np.float64), SETTINGS, rng=np.random.default_rng(0)
    )
    assert model is not None
    told = {"ordinal": model.ratings(texts[cut:]), **peers_in_stars(texts, rating, cut)}
    truth = rating[cut:]
    rng = np.random.default_rng(0)
    drawn = [rng.integers(0, len(truth), len(truth)) for _ in range(1000)]
    for name, found in told.items():
        yield f"{name}, macro-F1", round(macro_f1(truth, found), 4)
        if name != "ordinal":
            ours = told["ordinal"]
            more = [macro_f1(truth[d], ours[d]) - macro_f1(truth[d], found[d]) for d in drawn]
            low, high = np.quantile(more, [0.025, 0.975])
            yield f"ordinal - {name}", {"low": round(low, 4), "high": round(high, 4)}
        yield f"{name}, right", accuracy(found == truth)


def peers_in_stars(texts: list[str], rating: np.ndarray, cut: int) -> dict[str, np.ndarray]:
    if importlib.util.find_spec("sklearn") is None:
        return {}
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - not everybody has it
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    terms = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2)
    rows, later = terms.fit_transform(texts[:cut]), terms.transform(texts[cut:])
    return {
        f"logistic regression, {weight or 'as it is'}": LogisticRegression(
            C=10, class_weight=weight, max_iter=300
        )
        .fit(rows, rating[:cut])
        .predict(later)
        for weight in (None, "balanced")
    }


def macro_f1(truth: np.ndarray, told: np.ndarray) -> float:
    both = np.bincount(truth * 6 + told, minlength=36).reshape(6, 6)[1:, 1:]
    size = both.sum(axis=0) + both.sum(axis=1)
    return float((2 * both.diagonal() / np.maximum(size, 1)).mean())


def learnt(reviews: pd.DataFrame, encoder: TextEncoder | None) -> tuple[Sentiment, int]:
    """As a fit learns it: from titles and texts by themselves."""
    rows, praise = praise_of_stars(reviews["rating"].to_numpy(dtype=np.float64))
    texts, of_review = titles_and_texts(reviews.iloc[rows])
    model = Sentiment.fit(
        texts, praise[of_review], SETTINGS,
        rng=np.random.default_rng(0), encoder=encoder, groups=of_review,
    )  # fmt: skip
    return model, len(texts)


def ways(model: Sentiment) -> dict[str, Sentiment]:
    found = {"words": replace(model, vectors=None)}
    return found if model.vectors is None else {**found, "words and vectors": model}


def told(model: Sentiment) -> Iterator[Found]:
    yield "reads", model.reads
    yield "factors", [round(factor, 3) for factor in model.both]


def ece(truth: np.ndarray, probability: np.ndarray) -> float:
    return round(float(calibration_error(truth, probability)), 4)


def peer(
    name: str, judge: Callable[[list[str]], np.ndarray | None], texts: list[str], truth: np.ndarray
) -> Iterator[Found]:
    found = judge(texts)
    yield name, "not installed" if found is None else accuracy(found == truth)


def main() -> None:
    parser = argparse.ArgumentParser(description="Sentiment of reviews.")
    parser.add_argument("language", choices=["chinese", "english", "stars"])
    parser.add_argument("--encoder", action="store_true")
    parser.add_argument("--most", type=int, default=100_000, help="texts that are learnt from")
    given = parser.parse_args()
    data = Path(os.environ["UNSUNG_DATA"])
    chinese = given.language == "chinese"
    encoder: TextEncoder | None = None
    if given.encoder:
        from unsung.workflows.encoder import find_encoder  # noqa: PLC0415 - not everybody has it

        encoder = find_encoder("use-m3" if chinese else "all-MiniLM-L6-v2")
    if chinese:
        found = of_chinese(data / "chinese_reviews", given.most, encoder)
    elif given.language == "stars":
        found = of_stars(data)
    else:
        found = of_english(data, given.most, encoder)
    for name, value in found:
        print(json.dumps({name: value}, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
