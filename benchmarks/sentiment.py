"""Sentiment of reviews: Chinese on a split of our own, English on texts of another shop.

    UNSUNG_DATA=... python benchmarks/sentiment.py chinese|english [--encoder] [--most N]

* ``chinese``: the reviews of 10 categories, copies left out, a fifth (seed 0) for the test; hotel
  reviews as a domain never seen. SnowNLP on 1,500 of each, where it is installed.
* ``english``: learnt from the stars of Musical Instruments alone, titles and texts by themselves;
  tested on sentences about Amazon products, restaurants and films. Calibration is measured on later
  reviews of Musical Instruments. VADER beside it, where it is installed. ``--encoder``: the frozen
  language model's vectors beside the words, on 3,000 of the texts.

VADER and SnowNLP (``pip install vaderSentiment snownlp``) are no part of Unsung; a folder that
holds them can be named in PYTHONPATH. Prints JSON.
"""

import argparse
import importlib.util
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from unsung.evaluation.classification import calibration_error
from unsung.statistics.intervals import wilson_interval
from unsung.statistics.linear_fit import fit_logistic
from unsung.text.sentiment import Sentiment, SentimentSettings, praise_of_stars

SETTINGS = SentimentSettings(l2=(0.3,))
PEER_TEXTS = 1500
ENCODED = 3000
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


def of_chinese(folder: Path, most: int) -> Iterator[tuple[str, object]]:
    found = pd.read_parquet(folder / "online_shopping_10_cats.parquet").dropna()
    found = found.drop_duplicates("review")
    order = np.random.default_rng(0).permutation(len(found))
    n_test = len(found) // 5
    test, train = found.iloc[order[:n_test]], found.iloc[order[n_test:][:most]]
    hotels = pd.read_parquet(folder / "ChnSentiCorp_htl_all.parquet").dropna()
    model = Sentiment.fit(
        train["review"].tolist(),
        train["label"].to_numpy() == 1,
        SETTINGS,
        rng=np.random.default_rng(0),
    )
    yield "learnt_from", len(train)
    for name, part in (("10 categories", test), ("hotels", hotels.drop_duplicates("review"))):
        texts, truth = part["review"].tolist(), part["label"].to_numpy() == 1
        probability = model.probability(texts)
        yield name, accuracy((probability > 0.5) == truth)
        yield f"{name}, ece", round(calibration_error(truth, probability), 4)
        some = np.random.default_rng(1).permutation(len(texts))[:PEER_TEXTS]
        yield from peer(f"{name}, SnowNLP", snownlp, [texts[row] for row in some], truth[some])
        yield f"{name}, the same texts", accuracy(((probability > 0.5) == truth)[some])


def of_english(folder: Path, most: int, encoder: bool) -> Iterator[tuple[str, object]]:
    path = folder / "amazon_musical_instruments_2014_5core/reviews.parquet"
    reviews = pd.read_parquet(path).sort_values("timestamp", kind="stable")
    texts, praise = titles_and_texts(reviews, most)
    model = Sentiment.fit(texts, praise, SETTINGS, rng=np.random.default_rng(0))
    yield "learnt_from", len(texts)
    sentences = pd.read_parquet(folder / "sentiment_en/sentences.parquet")
    said = [(name, part["sentence"].tolist(), part["label"].to_numpy() == 1)
            for name, part in sentences.groupby("source")]  # fmt: skip
    for name, tested, truth in said:
        yield str(name), accuracy((model.leaning(tested) > 0) == truth)
        yield from peer(f"{name}, VADER", vader, tested, truth)
    if encoder:
        yield from with_encoder(model, texts, praise, said)
    cut = int(len(reviews) * (1 - LATER_SHARE))
    earlier = titles_and_texts(reviews.iloc[:cut], most)
    later, truth = titles_and_texts(reviews.iloc[cut:], most)
    model = Sentiment.fit(*earlier, SETTINGS, rng=np.random.default_rng(0))
    probability = model.probability(later)
    yield "later reviews", accuracy((probability > 0.5) == truth)
    yield "later reviews, all praise", accuracy(truth)
    yield "later reviews, ece", round(calibration_error(truth, probability), 4)


def titles_and_texts(reviews: pd.DataFrame, most: int) -> tuple[list[str], np.ndarray]:
    both = pd.concat([reviews["review_title"], reviews["review_text"]]).fillna("")
    rows, praise = praise_of_stars(np.tile(reviews["rating"].to_numpy(dtype=np.float64), 2))
    return both.iloc[rows[:most]].tolist(), praise[:most]


def with_encoder(
    model: Sentiment,
    texts: list[str],
    praise: np.ndarray,
    said: list[tuple[object, list[str], np.ndarray]],
) -> Iterator[tuple[str, object]]:
    """The frozen encoder's own head, and its log-odds added to those of the words."""
    from unsung.workflows.encoder import find_encoder  # noqa: PLC0415 - not everybody has it

    language = find_encoder("auto")
    assert language is not None
    drawn = np.random.default_rng(0).permutation(np.flatnonzero(praise))
    critical = np.flatnonzero(~praise)
    rows = np.concatenate([critical, drawn[: max(ENCODED - len(critical), len(critical))]])
    vectors = language.encode([texts[row][:300] for row in rows])
    share = praise[rows].mean()
    weights = np.where(praise[rows], 0.5 / share, 0.5 / (1 - share))
    head = fit_logistic(vectors, praise[rows], 0.3, weights=weights)
    for name, tested, truth in said:
        read = head.predict(language.encode(tested))
        yield f"{name}, frozen encoder", accuracy((read > 0) == truth)
        yield f"{name}, words and encoder", accuracy((model.leaning(tested) + read > 0) == truth)


def peer(
    name: str, judge: Callable[[list[str]], np.ndarray | None], texts: list[str], truth: np.ndarray
) -> Iterator[tuple[str, object]]:
    found = judge(texts)
    yield name, "not installed" if found is None else accuracy(found == truth)


def main() -> None:
    parser = argparse.ArgumentParser(description="Sentiment of reviews.")
    parser.add_argument("language", choices=["chinese", "english"])
    parser.add_argument("--encoder", action="store_true")
    parser.add_argument("--most", type=int, default=100_000, help="texts that are learnt from")
    given = parser.parse_args()
    data = Path(os.environ["UNSUNG_DATA"])
    if given.language == "chinese":
        found = of_chinese(data / "chinese_reviews", given.most)
    else:
        found = of_english(data, given.most, given.encoder)
    for name, value in found:
        print(json.dumps({name: value}, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
