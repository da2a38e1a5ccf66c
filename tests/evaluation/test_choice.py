"""A choice model finds what was planted, and foretells choices better than one that knows less."""

import numpy as np
import pytest
import scipy.sparse as sp

from unsung.evaluation.choice import ChoiceModel, Choices, _fitted_class, fit_choice_model

N_USERS, N_ITEMS, N_GROUPS = 600, 60, 3
TRUTH = ChoiceModel(np.array([0.5, 0.5]), np.array([[2.0], [-2.0]]), np.array([1.0, 1.0]))


def drawn(rng: np.random.Generator, n: int = 12) -> tuple[Choices, np.ndarray]:
    """Users of two classes: one loves what the other avoids."""
    features = rng.normal(size=(N_ITEMS, 1))
    groups = np.arange(N_ITEMS) % N_GROUPS
    tastes = rng.normal(size=(N_USERS, N_GROUPS))
    classes = np.arange(N_USERS) % 2
    appeals = TRUTH.appeals(features, groups, tastes, classes)
    counts = np.stack([rng.multinomial(n, row / row.sum()) for row in appeals])
    offered = np.ones(N_ITEMS, bool)
    return Choices(sp.csr_array(counts), features, groups, tastes, offered), classes


@pytest.fixture
def made(rng):
    return drawn(rng)


def test_planted_classes_are_found(made, rng):
    choices, classes = made
    model = fit_choice_model(choices, 2, l2=1e-3, rng=rng)
    assert sorted(model.weights.ravel()) == pytest.approx([-2, 2], abs=0.25)
    assert model.pulls == pytest.approx([1, 1], abs=0.15)
    assert model.shares == pytest.approx([0.5, 0.5], abs=0.05)
    found = model.membership(choices).argmax(axis=1)
    assert max((found == classes).mean(), (found != classes).mean()) > 0.95


def test_who_is_known_is_foretold_better(made, rng):
    choices, _ = made
    model = fit_choice_model(choices, 2, rng=rng)
    later, _ = drawn(np.random.default_rng(20260301), n=3)
    known = model.log_likelihoods(later, model.membership(choices)).sum()
    assert known > model.log_likelihoods(later).sum()


def test_more_classes_fit_better(made, rng):
    choices, _ = made
    model = fit_choice_model(choices, 2, rng=rng)
    alone = fit_choice_model(choices, 1, rng=rng)
    assert model.log_likelihoods(choices).sum() > alone.log_likelihoods(choices).sum()


def test_probabilities_of_all_items_sum_to_one(made):
    choices, _ = made
    single = sp.csr_array(np.eye(N_ITEMS))
    same = np.tile(choices.tastes[:1], (N_ITEMS, 1))
    each = Choices(single, choices.features, choices.groups, same, choices.offered)
    assert np.exp(TRUTH.log_likelihoods(each)).sum() == pytest.approx(1)


def test_what_was_not_offered_takes_no_probability(made):
    choices, _ = made
    offered = np.arange(N_ITEMS) % 2 == 0
    single = sp.csr_array(np.eye(N_ITEMS)[offered])
    tastes = np.tile(choices.tastes[:1], (offered.sum(), 1))
    each = Choices(single, choices.features, choices.groups, tastes, offered)
    assert np.exp(TRUTH.log_likelihoods(each)).sum() == pytest.approx(1)


def test_the_optimum_has_no_slope(made):
    choices, _ = made
    own = np.linspace(0, 1, N_USERS)
    point = _fitted_class(choices, own, np.zeros(2), 1.0)

    def value(at):
        model = ChoiceModel(np.ones(1), at[None, :-1], at[-1:])
        return own @ model.class_likelihoods(choices)[:, 0] - 0.5 * at @ at

    for step in np.eye(2) * 1e-3:
        assert value(point) >= max(value(point + step), value(point - step))


def test_a_search_that_is_cut_short_still_gives_a_model(made, rng, monkeypatch):
    monkeypatch.setattr("unsung.evaluation.choice.MOST_ROUNDS", 1)
    model = fit_choice_model(made[0], 2, rng=rng)
    assert model.shares.sum() == pytest.approx(1)
