import numpy as np
import pytest
from scipy.special import expit

from unsung.recommenders.logistic import Calibration, fit_calibration


def drawn(rng, log_odds):
    return rng.random(len(log_odds)) < expit(log_odds)


def test_a_planted_scale_is_found(rng):
    z, habit = rng.normal(size=40_000), rng.normal(size=(40_000, 1))
    happened = drawn(rng, 0.6 * z + 1.5 * habit[:, 0] - 2)
    found = fit_calibration(z, habit, happened)
    assert found.slope == pytest.approx(0.6, abs=0.06)
    assert found.weights == pytest.approx([1.5], abs=0.06)
    assert found.intercept == pytest.approx(-2, abs=0.06)


def test_it_agrees_with_scikit_learn(rng):
    linear_model = pytest.importorskip("sklearn.linear_model")
    z, habit = rng.normal(size=3000), rng.normal(size=(3000, 2))
    happened = drawn(rng, z + habit[:, 0] - 1)
    found = fit_calibration(z, habit, happened)
    columns = np.column_stack([z, habit])
    other = linear_model.LogisticRegression(C=np.inf).fit(columns, happened)
    ours = [found.slope, *found.weights, found.intercept]
    assert ours == pytest.approx([*other.coef_[0], *other.intercept_], abs=0.01)


def test_order_is_never_turned_round(rng):
    z = rng.normal(size=2000)
    found = fit_calibration(z, np.zeros((2000, 0)), drawn(rng, -2 * z))
    assert found.slope == 1
    # The rest is fitted all the same: as many are foretold as happened.
    told = expit(found.apply(z, np.zeros((2000, 0)))).mean()
    assert told == pytest.approx(drawn(np.random.default_rng(1), -2 * z).mean(), abs=0.05)


@pytest.mark.parametrize("happened", [True, False])
def test_all_alike_gives_finite_numbers(happened):
    z = np.linspace(-1, 1, 10)
    found = fit_calibration(z, np.ones((10, 1)), np.full(10, happened))
    assert np.isfinite([found.slope, found.intercept, *found.weights]).all()
    assert (found.apply(z, np.ones((10, 1))) > 0).all() == happened


def test_nothing_to_learn_from_changes_nothing():
    none = np.zeros(0)
    found = fit_calibration(none, np.zeros((0, 2)), none.astype(bool))
    assert found.apply(np.array([0.3]), np.ones((1, 2))) == pytest.approx([0.3])


def test_saved_and_restored_is_the_same():
    calibration = Calibration(0.5, -1.0, np.array([2.0]))
    again = Calibration.from_arrays(calibration.to_arrays())
    assert again.apply(np.array([1.0]), np.array([[3.0]])) == pytest.approx([5.5])
