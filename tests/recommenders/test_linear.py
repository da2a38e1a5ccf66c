"""The item-item linear model against its definition."""

import numpy as np
import pytest

from unsung.data.dataset import Dataset
from unsung.errors import UnsungError
from unsung.recommenders.linear import Linear, LinearSettings, invert_in_place
from unsung.workflows.content import ContentBuilder


def constrained_ridge(x, t, a, l2):
    """argmin ||X - XB||^2 + a ||T - TB||^2 + l2 ||B||^2 with a zero diagonal, column by column."""
    n = x.shape[1]
    stacked = np.vstack([x, np.sqrt(a) * t])
    weights = np.zeros((n, n))
    for column in range(n):
        others = np.arange(n) != column
        design = stacked[:, others]
        gram = design.T @ design + l2 * np.eye(n - 1)
        weights[others, column] = np.linalg.solve(gram, design.T @ stacked[:, column])
    return weights


@pytest.mark.parametrize("term_weight", [0.0, 3.0])
def test_equals_ridge_regression_solved_one_item_at_a_time(toy_shop: Dataset, term_weight: float):
    state, _, _ = ContentBuilder().build(toy_shop.as_of())
    settings = LinearSettings(l2=1.5, term_weight=term_weight, neighbours=100)
    found = Linear(settings).fit(state, rng=np.random.default_rng(0)).weights.toarray()
    x = state.pairs.matrix(state.n_items).toarray().astype(float)
    t = state.content.terms.toarray().T.astype(float)
    wanted = constrained_ridge(x, t, term_weight, 1.5)
    np.testing.assert_allclose(found, wanted, atol=2e-6)


def test_a_large_catalogue_is_solved_item_by_item(toy_shop: Dataset):
    state = toy_shop.as_of()
    settings = LinearSettings(l2=1, term_weight=0, dense_items=4, nearest=1)
    weights = Linear(settings).fit(state, rng=np.random.default_rng(0)).weights.toarray()
    assert weights.shape == (state.n_items, state.n_items)
    assert ((weights != 0).sum(axis=0) == 1).any()
    assert not ((weights != 0).sum(axis=0) > 1).any()


def test_a_matrix_that_cannot_be_solved_says_what_to_do():
    with pytest.raises(UnsungError, match="raise 'l2'"):
        invert_in_place(np.array([[1, 2], [2, 1]], np.float32))


def test_the_inverse_of_a_large_matrix_is_symmetric_across_blocks(rng):
    factor = rng.normal(size=(2100, 40)).astype(np.float32)
    gram = factor @ factor.T + 50 * np.eye(2100, dtype=np.float32)
    inverse = invert_in_place(gram.copy())
    assert np.array_equal(inverse, inverse.T)
    np.testing.assert_allclose(inverse @ gram, np.eye(2100), atol=1e-3)
