import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsung.text.sentiment import SentimentSettings
from unsung.text.star_ratings import LEAST_REVIEWS, StarRatings, best_cuts

WORDS = {1: "awful", 2: "poor", 3: "middling", 4: "good", 5: "superb"}
SETTINGS = SentimentSettings(min_documents=1)


def mean_f1(rating: np.ndarray, told: np.ndarray) -> float:
    found = []
    for star in range(1, 6):
        right = ((rating == star) & (told == star)).sum()
        size = (rating == star).sum() + (told == star).sum()
        found.append(2 * right / size if size else 0.0)
    return float(np.mean(found))


def reviews(n: int = 400) -> tuple[list[str], np.ndarray]:
    rng = np.random.default_rng(3)
    stars = rng.choice(5, n, p=[0.05, 0.05, 0.1, 0.2, 0.6]) + 1
    told = np.clip(stars + rng.choice([-1, 0, 0, 0, 1], n), 1, 5)
    return [f"the strap is {WORDS[star]} indeed" for star in told.tolist()], stars


@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(1, 5)), min_size=1, max_size=9),
)
def test_no_cuts_between_values_are_better(rows: list[tuple[int, int]]) -> None:
    values = np.array([value for value, _ in rows]) + np.arange(len(rows)) / 100
    rating = np.array([star for _, star in rows])
    found = mean_f1(rating, np.searchsorted(best_cuts(values, rating), values) + 1)
    edges = [-np.inf, *((np.sort(values)[1:] + np.sort(values)[:-1]) / 2), np.inf]
    rng = np.random.default_rng(0)
    for _ in range(60):
        cuts = np.sort(rng.choice(edges, 4))
        assert found >= mean_f1(rating, np.searchsorted(cuts, values) + 1) - 1e-9


def test_rare_ratings_are_told_too() -> None:
    texts, stars = reviews()
    model = StarRatings.fit(texts, stars.astype(float), SETTINGS, rng=np.random.default_rng(0))
    assert model is not None
    told = model.ratings([f"it is {word}" for word in WORDS.values()])
    assert (np.diff(told) >= 0).all()
    assert told[0] <= 2
    assert told[-1] == 5
    assert mean_f1(stars, model.ratings(texts)) > mean_f1(stars, np.full(len(stars), 5))


def test_expected_stars_are_those_of_reviews_rated_alike() -> None:
    texts, stars = reviews()
    model = StarRatings.fit(texts, stars.astype(float), SETTINGS, rng=np.random.default_rng(0))
    assert model is not None
    assert model.expected(texts).mean() == pytest.approx(stars.mean(), abs=0.1)


def test_a_few_reviews_teach_nothing() -> None:
    few = LEAST_REVIEWS - 1
    texts, stars = reviews(few)
    assert StarRatings.fit(texts, stars.astype(float), rng=np.random.default_rng(0)) is None
