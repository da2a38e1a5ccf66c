import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsung.statistics.summary import ratio_or_nan, summarise

VALUES = st.lists(st.one_of(st.just(math.nan), st.floats(-1e6, 1e6)), max_size=30)


@given(VALUES)
def test_summary_is_that_of_the_defined_values(values: list[float]) -> None:
    defined = [value for value in values if not math.isnan(value)]
    found = summarise(np.array(values))
    assert found.n == len(defined)
    if not defined:
        assert math.isnan(found.mean)
    else:
        assert found.mean == pytest.approx(math.fsum(defined) / len(defined), abs=1e-6)
    if len(defined) < 2:
        assert math.isnan(found.sd)
    else:
        mean = math.fsum(defined) / len(defined)
        squares = math.fsum((value - mean) ** 2 for value in defined)
        assert found.sd == pytest.approx(math.sqrt(squares / (len(defined) - 1)), abs=1e-6)


def test_ratio_broadcasts_and_marks_zero_denominators() -> None:
    found = ratio_or_nan(np.array([[1, 3], [0, 0]]), np.array([[4], [0]]))
    np.testing.assert_array_equal(found, [[0.25, 0.75], [np.nan, np.nan]])
