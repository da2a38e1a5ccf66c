"""The learning rate rises, and then falls as the schedule says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsung.learning.schedules import learning_rate_factor


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("linear", [0.5, 1, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125]),
        ("cosine", [0.5, 1, 1, 0.9619, 0.8536, 0.6913, 0.5, 0.3087, 0.1464, 0.0381]),
        ("constant", [0.5, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
    ],
)
def test_values(schedule, expected):
    found = [learning_rate_factor(step, 10, schedule, 0.2) for step in range(10)]
    assert found == pytest.approx(expected, abs=1e-4)


@given(
    n_steps=st.integers(1, 200),
    schedule=st.sampled_from(["linear", "cosine", "constant"]),
    share=st.floats(0, 1),
)
def test_every_step_learns_and_none_above_the_highest_rate(n_steps, schedule, share):
    factors = [learning_rate_factor(step, n_steps, schedule, share) for step in range(n_steps)]
    assert all(0 < factor <= 1 for factor in factors)
    highest = factors.index(max(factors))
    assert factors[:highest] == sorted(factors[:highest])
    assert factors[highest:] == sorted(factors[highest:], reverse=True)
