"""Weights of users' choices, against what is known of logistic regression."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from unsung.recommenders.choice_weights import USUAL_USERS, Choices, choice_weights


def of_two(rng: np.random.Generator, n: int, true: np.ndarray) -> tuple[Choices, np.ndarray]:
    """Choices between two items, made with these weights; and which was taken."""
    scores = rng.normal(size=(n, 2, len(true))).astype(np.float32)
    second = rng.random(n) < expit((scores[:, 1] - scores[:, 0]) @ true)
    worth = np.stack([~second, second], axis=1).astype(np.float32)
    named = {str(c): scores[:, :, c] for c in range(len(true))}
    return Choices(named, np.ones((n, 2), bool), worth), second


def test_between_two_items_it_is_logistic_regression():
    true = np.array([1.5, -0.7])
    choices, second = of_two(np.random.default_rng(0), 500, true)
    difference = np.stack([s[:, 1] - s[:, 0] for s in choices.scores.values()], axis=1)
    # Its penalty is half of 1 / C on the squares, beside the sum over users.
    model = LogisticRegression(fit_intercept=False, C=1 / (2 * USUAL_USERS), tol=1e-8)
    expected = model.fit(difference, second).coef_[0]
    found = choice_weights(choices, {}, free=frozenset({"0", "1"}))
    assert list(found.values()) == pytest.approx(expected, abs=2e-3)


def test_few_users_stay_near_the_usual_weights():
    usual = {"0": 1.0, "1": 0.5}
    free = frozenset(usual)

    def ratio(n: int) -> float:
        choices, _ = of_two(np.random.default_rng(0), n, np.array([1.0, -1.0]))
        found = choice_weights(choices, usual, free=free)
        return found["1"] / found["0"]

    assert ratio(5000) < -0.8
    assert abs(ratio(8) - 0.5) < abs(ratio(5000) - 0.5)


def test_places_without_a_candidate_do_not_count():
    choices, _ = of_two(np.random.default_rng(0), 50, np.array([1.0, 0.3]))
    wide = Choices(
        {
            name: np.pad(s, ((0, 0), (0, 1)), constant_values=9)
            for name, s in choices.scores.items()
        },
        np.pad(choices.inside, ((0, 0), (0, 1))),
        np.pad(choices.worth, ((0, 0), (0, 1))),
    )
    assert choice_weights(wide, {"0": 1.0}) == pytest.approx(choice_weights(choices, {"0": 1.0}))


def test_where_nothing_was_taken_the_usual_weights_stay():
    choices = Choices(
        {"a": np.zeros((2, 3), np.float32)}, np.ones((2, 3), bool), np.zeros((2, 3), np.float32)
    )
    assert choice_weights(choices, {"a": 0.5}) == {"a": 0.5}
