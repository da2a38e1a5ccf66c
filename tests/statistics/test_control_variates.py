import numpy as np
import pytest

from unsung.errors import InputError
from unsung.statistics.control_variates import adjust_for_covariates


@pytest.fixture
def trial(rng):
    n = 4000
    x = rng.gamma(1, 2, (n, 2))
    groups = rng.integers(2, size=n)
    y = x @ [2.0, -1.0] + 3 * groups + rng.normal(size=n)
    return y, x, groups


def test_removes_what_the_covariates_foretell_and_keeps_the_effect(trial):
    y, x, groups = trial
    adjusted = adjust_for_covariates(y, x, groups)
    effect = adjusted.values[groups == 1].mean() - adjusted.values[groups == 0].mean()
    assert effect == pytest.approx(3, abs=0.1)
    assert adjusted.variance_share == pytest.approx(1 / 21, rel=0.15)
    assert adjusted.values.mean() == pytest.approx(y.mean())


def test_equals_the_regression_with_dummies(trial):
    """The slope within groups is that of ordinary least squares with one intercept a group."""
    y, x, groups = trial
    design = np.column_stack([x, groups == 0, groups == 1])
    slope = np.linalg.lstsq(design, y, rcond=None)[0][:2]
    expected = y - (x - x.mean(axis=0)) @ slope
    assert adjust_for_covariates(y, x, groups).values == pytest.approx(expected)


def test_an_effect_alone_is_not_foretold(rng):
    """The covariate tells the groups apart by chance: pooling over all rows would use that."""
    groups = np.repeat([0, 1], 50)
    x = groups + rng.normal(size=100)
    y = 10.0 * groups
    found = adjust_for_covariates(y, x[:, None], groups)
    assert found.values == pytest.approx(y)
    assert found.variance_share == 1


def test_constant_and_doubled_columns_change_nothing(trial):
    y, x, groups = trial
    more = np.column_stack([x, x[:, 0], np.full(len(y), 7.0)])
    plain, wide = adjust_for_covariates(y, x, groups), adjust_for_covariates(y, more, groups)
    assert wide.values == pytest.approx(plain.values)


def test_without_covariates_or_rows_nothing_happens():
    y = np.array([1.0, 5.0])
    assert adjust_for_covariates(y, np.zeros((2, 0)), np.array([0, 0])).values.tolist() == [1, 5]
    empty = adjust_for_covariates(np.zeros(0), np.zeros((0, 2)), np.zeros(0, int))
    assert len(empty.values) == 0


def test_bad_rows_are_refused():
    with pytest.raises(InputError, match="pair"):
        adjust_for_covariates(np.ones(2), np.ones((3, 1)), np.zeros(2, int))
    with pytest.raises(InputError, match="finite"):
        adjust_for_covariates(np.array([1, np.nan]), np.ones((2, 1)), np.zeros(2, int))
