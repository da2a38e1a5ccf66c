import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsung.errors import InputError
from unsung.statistics.fixed_sequence import fixed_sequence_test, largest_p_values


@given(st.lists(st.floats(0, 1), max_size=12), st.floats(0.01, 0.99))
def test_stops_before_the_first_failure(p_values: list[float], level: float) -> None:
    found = fixed_sequence_test(np.array(p_values), level)
    assert all(p <= 1 - level for p in p_values[:found])
    assert found == len(p_values) or p_values[found] > 1 - level


def test_by_hand() -> None:
    assert fixed_sequence_test(np.array([0.2, 0.001])) == 0
    assert fixed_sequence_test(np.array([0.001, 0.002])) == 2
    assert fixed_sequence_test(np.array([0.001, np.nan, 0.001])) == 1
    assert fixed_sequence_test(np.array([])) == 0


def test_errs_no_more_often_than_it_may(rng: np.random.Generator) -> None:
    # Two false hypotheses in front of ten true ones, all dependent.
    shared = rng.random((4000, 1))
    true = np.where(rng.random((4000, 10)) < 0.5, shared, rng.random((4000, 10)))
    rejected = [fixed_sequence_test(np.append([0.0, 0.0], row), 0.9) for row in true]
    assert np.mean(np.array(rejected) > 2) <= 0.1 + 3 * np.sqrt(0.09 / 4000)


def test_largest_of_the_constraints() -> None:
    p_values = np.array([[0.01, 0.2, np.nan], [0.04, 0.1, 0.1]])
    np.testing.assert_array_equal(largest_p_values(p_values), [0.04, 0.2, np.nan])
    np.testing.assert_array_equal(largest_p_values(np.array([0.3, 0.4])), [0.3, 0.4])


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(InputError, match="outside 0 to 1"):
        fixed_sequence_test(np.array([1.2]))
    with pytest.raises(InputError, match="confidence level"):
        fixed_sequence_test(np.array([0.2]), 95)
