import numpy as np
import pytest

from unsung.errors import InputError
from unsung.evaluation.back_test import back_test
from unsung.evaluation.certificate import Position
from unsung.evaluation.margins import Margins, margins

POSITIONS = (Position("a little", 0.1), Position("more", 0.2))


def window(losses: tuple[float, float], n: int = 2000) -> Margins:
    reference = np.tile([0.5, 0.0, 0.3, 0.2], n // 4)
    return margins(reference[:, None] * (1 - np.array(losses)), reference, 0.05)


def test_each_window_is_measured_in_the_next(rng: np.random.Generator) -> None:
    windows = [
        ("May", window((0.01, 0.02))),
        ("June", window((0.01, 0.08))),
        ("July", window((0.0, 0.03), n=40)),
        ("August", window((0.0, 0.0))),
    ]
    first, second, third = back_test(windows, POSITIONS, rng=rng)
    assert (first.certified_in, first.measured_in, first.n, first.n_next) == (
        "May",
        "June",
        2000,
        2000,
    )
    assert (first.certified, first.kept) == (POSITIONS[1], False)
    assert first.loss == pytest.approx(0.02)
    assert first.next_loss == pytest.approx(0.08)
    assert first.next_low <= first.next_loss <= first.next_high
    assert (second.certified, second.kept) == (POSITIONS[0], True)
    assert second.next_loss == pytest.approx(0)
    # Too few users in July: nothing is certified, so nothing is measured.
    assert (third.certified, third.kept) == (None, None)
    assert np.isnan([third.loss, third.next_loss, third.next_low, third.next_high]).all()


def test_one_window_is_no_back_test(rng: np.random.Generator) -> None:
    with pytest.raises(InputError, match="back-test"):
        back_test([("May", window((0.0, 0.0)))], POSITIONS, rng=rng)
