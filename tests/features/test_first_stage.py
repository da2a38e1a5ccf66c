import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.stats import rankdata, zscore

from unsung.features.first_stage import (
    first_stage_definitions,
    first_stage_features,
    rank_within,
    standardise_within,
)

LISTS = npst.arrays(
    np.float64,
    npst.array_shapes(min_dims=2, max_dims=2, max_side=6),
    # Eighths add up exactly, so that equal means equal.
    elements=st.integers(-16, 16).map(lambda n: n / 8) | st.just(np.nan),
)


@given(scores=LISTS)
def test_ranks_are_those_of_scipy(scores):
    expected = rankdata(-scores, method="min", axis=1, nan_policy="omit")
    np.testing.assert_array_equal(rank_within(scores), expected)


@given(scores=LISTS)
def test_standard_scores_are_those_of_scipy(scores):
    found = standardise_within(scores)
    for row, values in zip(found, scores, strict=True):
        known = values[~np.isnan(values)]
        flat = len(set(known.tolist())) <= 1
        expected = np.zeros(len(known)) if flat else zscore(known)
        np.testing.assert_allclose(row[~np.isnan(values)], expected, atol=1e-12)
        assert np.isnan(row[np.isnan(values)]).all()


@given(scores=LISTS, data=st.data())
def test_the_order_of_candidates_does_not_matter(scores, data):
    order = data.draw(st.permutations(range(scores.shape[1])))
    np.testing.assert_array_equal(rank_within(scores)[:, order], rank_within(scores[:, order]))
    np.testing.assert_allclose(
        standardise_within(scores)[:, order], standardise_within(scores[:, order]), atol=1e-12
    )


def test_rounding_is_no_spread():
    assert standardise_within(np.full((1, 3), 0.1)).tolist() == [[0, 0, 0]]


def test_padding_has_no_part():
    valid = np.array([[True, True, False]])
    found = first_stage_features({"linear": np.array([[1.0, 3.0, 99.0]], np.float32)}, valid)
    assert list(found) == list(first_stage_definitions(("linear",)))
    np.testing.assert_array_equal(found["first_stage.linear"], [[1, 3, np.nan]])
    np.testing.assert_array_equal(found["first_stage.linear_rank"], [[2, 1, np.nan]])
    np.testing.assert_array_equal(found["first_stage.linear_standardised"], [[-1, 1, np.nan]])


@pytest.mark.filterwarnings("error")
def test_a_list_of_padding_alone_is_nan():
    found = first_stage_features({"a": np.ones((2, 3), np.float32)}, np.zeros((2, 3), bool))
    for values in found.values():
        assert np.isnan(values).all()
