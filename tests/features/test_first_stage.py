import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.stats import rankdata, zscore

from unsung.features.first_stage import (
    direction_of,
    first_stage_definitions,
    first_stage_features,
    rank_among,
    split_name,
)

SCORES = npst.arrays(
    np.float32,
    npst.array_shapes(min_dims=2, max_dims=2, max_side=6),
    # Eighths add up exactly, so that equal means equal.
    elements=st.integers(-16, 16).map(lambda n: n / 8),
)


@given(scores=SCORES)
def test_ranks_are_those_of_scipy(scores):
    np.testing.assert_array_equal(rank_among(scores, scores), rankdata(-scores, "min", axis=1))


@given(scores=SCORES)
def test_standard_scores_are_those_of_scipy(scores):
    everything = np.tile(np.arange(scores.shape[1]), (len(scores), 1))
    counted = np.ones(scores.shape[1], dtype=bool)
    found = first_stage_features({"a": scores}, everything, counted)
    for row, values in zip(found["first_stage.a_standardised"], scores, strict=True):
        flat = len(set(values.tolist())) == 1
        expected = np.zeros(len(values)) if flat else zscore(values)
        np.testing.assert_allclose(row, expected, atol=1e-5)


@given(scores=SCORES, data=st.data())
def test_which_candidates_are_asked_for_does_not_matter(scores, data):
    n_items = scores.shape[1]
    everything = np.tile(np.arange(n_items), (len(scores), 1))
    some = data.draw(st.lists(st.integers(0, n_items - 1), max_size=n_items))
    counted = np.array(data.draw(st.lists(st.booleans(), min_size=n_items, max_size=n_items)))
    whole = first_stage_features({"a": scores}, everything, counted)
    part = first_stage_features({"a": scores}, everything[:, some], counted)
    for name, values in part.items():
        np.testing.assert_array_equal(values, whole[name][:, some])


def test_items_that_are_not_counted_have_no_part():
    scores = np.array([[1.0, 3.0, 99.0, 5.0]], np.float32)
    candidates = np.array([[0, 1, 2, 3]])
    found = first_stage_features({"linear": scores}, candidates, np.array([True, True, False]))
    assert list(found) == list(first_stage_definitions(("linear",)))
    np.testing.assert_array_equal(found["first_stage.linear"], scores)
    np.testing.assert_array_equal(found["first_stage.linear_rank"], [[2, 1, 1, 1]])
    np.testing.assert_array_equal(found["first_stage.linear_standardised"], [[-1, 1, 97, 3]])


@pytest.mark.filterwarnings("error")
def test_a_catalogue_where_nothing_is_counted():
    nothing = np.zeros(2, dtype=bool)
    found = first_stage_features({"a": np.ones((1, 2), np.float32)}, np.array([[1]]), nothing)
    assert [values.item() for values in found.values()] == [1, 1, 1]


def test_names_come_apart_again():
    for name in ("trend_log", "linear"):
        for feature in first_stage_definitions((name,)):
            assert split_name(feature)[0] == name
            assert direction_of(feature, (name,)) == (-1 if feature.endswith("rank") else 1)
            assert direction_of(feature, ("other",)) == 0
    assert split_name("trend.ratio") == ("", "")
