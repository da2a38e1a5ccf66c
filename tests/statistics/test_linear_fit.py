import numpy as np
import pytest
import scipy.sparse as sp
from scipy.special import expit
from sklearn.linear_model import LogisticRegression, Ridge

from unsung.statistics.linear_fit import fit_logistic, fit_ridge


@pytest.fixture
def sample(rng):
    rows = rng.standard_normal((200, 6))
    log_odds = rows @ np.array([2.0, -1, 0, 0, 0.5, 0]) - 1
    return rows, rng.random(200) < expit(log_odds), rng.random(200) + 0.1


@pytest.mark.parametrize("l2", [0.1, 1, 30])
@pytest.mark.parametrize("sparse", [False, True])
def test_logistic_regression_equals_scikit_learns(sample, l2, sparse):
    rows, positive, weights = sample
    expected = LogisticRegression(C=1 / l2, tol=1e-8, max_iter=1000).fit(
        rows, positive, sample_weight=weights
    )
    given = sp.csr_array(rows) if sparse else rows
    fit = fit_logistic(given, positive, l2, weights=weights)
    np.testing.assert_allclose(fit.coefficients, expected.coef_[0], atol=1e-3)
    assert fit.intercept == pytest.approx(expected.intercept_[0], abs=1e-3)
    np.testing.assert_allclose(fit.predict(given), expected.decision_function(rows), atol=5e-3)


@pytest.mark.parametrize("l2", [0.1, 1, 30])
@pytest.mark.parametrize("sparse", [False, True])
def test_ridge_equals_scikit_learns(sample, l2, sparse):
    rows, _, weights = sample
    values = rows[:, 0] * 3 + 7 + rows[:, 1] ** 2
    expected = Ridge(alpha=l2).fit(rows, values, sample_weight=weights)
    given = sp.csr_array(rows) if sparse else rows
    fit = fit_ridge(given, values, l2, weights=weights)
    np.testing.assert_allclose(fit.predict(given), expected.predict(rows), atol=1e-3)


def test_shares_weigh_like_the_rows_they_stand_for(sample):
    rows, _, _ = sample
    twice = fit_logistic(np.concatenate([rows, rows]), np.repeat([1.0, 0.0], 200), 1.0)
    once = fit_logistic(rows, np.full(200, 0.5), 1.0, weights=np.full(200, 2.0))
    np.testing.assert_allclose(once.coefficients, twice.coefficients, atol=1e-3)


def test_the_start_does_not_move_the_end(sample):
    rows, positive, _ = sample
    near = fit_logistic(rows, positive, 3.0)
    begun = fit_logistic(rows, positive, 1.0, start=near)
    np.testing.assert_allclose(
        begun.coefficients, fit_logistic(rows, positive, 1.0).coefficients, atol=1e-3
    )


def test_without_columns_the_intercept_is_the_mean():
    nothing = np.zeros((4, 0))
    truth = np.array([1.0, 0, 0, 0])
    assert expit(fit_logistic(nothing, truth, 1.0).intercept) == pytest.approx(0.25, abs=1e-4)
    assert fit_ridge(nothing, truth, 1.0).intercept == 0.25
