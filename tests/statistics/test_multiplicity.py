import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsung.statistics.multiplicity import holm_adjust

PROBABILITIES = st.floats(0, 1)


def by_closed_testing(p_values: list[float]) -> list[float]:
    """Holm is the closure of Bonferroni: reject i when every set with i is rejected."""
    m = len(p_values)
    subsets = [s for size in range(1, m + 1) for s in itertools.combinations(range(m), size)]
    return [
        max(min(1, len(s) * min(p_values[j] for j in s)) for s in subsets if i in s)
        for i in range(m)
    ]


@given(st.lists(PROBABILITIES, max_size=7))
def test_equals_closed_testing(p_values: list[float]) -> None:
    found = holm_adjust(np.array(p_values))
    assert found.tolist() == pytest.approx(by_closed_testing(p_values))


def test_a_test_that_was_not_made_is_not_counted() -> None:
    found = holm_adjust(np.array([0.02, np.nan, 0.03]))
    np.testing.assert_allclose(found, [0.04, np.nan, 0.04])
