"""Draws depend on their key alone, and leave no trace."""

import pytest

from unsung.learning.randomness import torch_draws

pytestmark = pytest.mark.train


def test_draws_depend_on_the_whole_key_and_leave_no_trace():
    import torch

    before = torch.get_rng_state()
    drawn = {}
    for key in [(0, 1), (1, 0), (0, 1, 0), (7,)]:
        torch.rand(3)
        with torch_draws(*key):
            drawn[key] = tuple(torch.rand(4).tolist())
        torch.set_rng_state(before)
    assert len(set(drawn.values())) == 4
    with torch_draws(0, 1):
        assert tuple(torch.rand(4).tolist()) == drawn[0, 1]
    assert torch.equal(torch.get_rng_state(), before)
