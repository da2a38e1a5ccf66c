"""Comparable units: groups by rank, and what others in a cell came to."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from unsung.statistics.matching import expected_of_others, matched_groups, quantile_groups

VALUES = arrays(np.float64, st.integers(1, 60), elements=st.integers(0, 8).map(float))


@given(VALUES, st.integers(1, 12))
def test_groups_follow_the_values(values, n):
    groups = quantile_groups(values, n)
    order = np.argsort(values, kind="stable")
    assert (np.diff(groups[order]) >= 0).all()
    assert groups.min() >= 0
    assert groups.max() < n
    for value in np.unique(values):
        assert len(np.unique(groups[values == value])) == 1


def test_groups_of_distinct_values_are_equally_large():
    groups = quantile_groups(np.random.default_rng(0).permutation(100).astype(float), 10)
    assert np.bincount(groups).tolist() == [10] * 10


def test_groups_don_t_depend_on_the_order_of_the_units():
    values = np.array([3.0, 1, 4, 1, 5, 9, 2, 6])
    shuffled = np.random.default_rng(1).permutation(len(values))
    assert (quantile_groups(values, 4)[shuffled] == quantile_groups(values[shuffled], 4)).all()


def test_cells_are_alike_in_every_covariate():
    first, second = np.array([0.0, 0, 1, 1]), np.array([0.0, 1, 0, 1])
    assert len(np.unique(matched_groups(first, second, n_groups=2))) == 4
    assert len(np.unique(matched_groups(first, n_groups=2))) == 2


@given(VALUES, st.integers(1, 5))
def test_expectation_is_the_mean_of_the_others(outcome, n_cells):
    cells = np.arange(len(outcome)) % n_cells
    found = expected_of_others(outcome, cells)
    for unit in range(len(outcome)):
        others = outcome[(cells == cells[unit]) & (np.arange(len(outcome)) != unit)]
        expected = others.mean() if len(others) else outcome.mean()
        np.testing.assert_allclose(found[unit], expected)


def test_nothing_is_expected_of_nobody():
    assert expected_of_others(np.zeros(0), np.zeros(0)).shape == (0,)


def test_a_cell_s_excess_sums_to_nothing():
    rng = np.random.default_rng(2)
    cells, outcome = rng.integers(0, 4, 200), rng.poisson(3, 200).astype(float)
    excess = outcome - expected_of_others(outcome, cells)
    assert pd.Series(excess).groupby(cells).sum().abs().max() < 1e-9
