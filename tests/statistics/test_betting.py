from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsung.errors import InputError
from unsung.statistics.betting import betting_p_values

Draw = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]


def two_point(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """-.98 once in 99 times, else .01: losses are rare and large."""
    return np.where(rng.random(shape) < 0.01 / 0.99, -0.98, 0.01)


def fair(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return rng.choice([-0.98, 0.98], size=shape)


def skewed(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """A little gain for most, and losses of every size down to -.98."""
    return 0.02 - rng.beta(0.2, 9.8, size=shape)


def near_constant(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """What a dial that changes few lists leaves: .003 for most, a loss or a gain for some."""
    change = rng.choice([-0.3, 0.0, 0.24], p=[0.02, 0.97, 0.01], size=shape)
    return np.where(change == 0, 0.0036 / 0.97, change)


WORST = {two_point: -0.98, fair: -0.98, skewed: -0.98, near_constant: -0.3}


def by_loop(values: np.ndarray, low: float, level: float) -> float:
    """The same player, one value at a time, with the wealth itself in place of its logarithm."""
    wealth = best = 1.0
    wanted, n = 1 / (1 - level), len(values)
    for t in range(n):
        seen = values[:t]
        around = sum((z - np.mean(seen)) ** 2 for z in seen) if t else 0.0
        variance = ((0.2 * low) ** 2 + around) / (1 + t)
        aimed = np.log(wanted) / n
        gap = aimed if best >= wanted else max(np.log(wanted / wealth), 0) / (n - t)
        wealth *= 1 + min(np.sqrt(2 * gap / variance), 0.99 / -low) * values[t]
        best = max(best, wealth)
    return 1 / best


@pytest.mark.parametrize("draw", [two_point, fair, skewed, near_constant])
@pytest.mark.parametrize("n", [40, 400])
def test_at_the_boundary_it_errs_no_more_often_than_it_may(
    rng: np.random.Generator, draw: Draw, n: int
) -> None:
    trials = 1500
    values = draw(rng, (n, trials))
    for level in (0.9, 0.95):
        p_values = betting_p_values(values, low=WORST[draw], level=level)
        allowed = 1 - level
        tolerance = 3 * np.sqrt(allowed * (1 - allowed) / trials)
        assert (p_values <= allowed).mean() <= allowed + tolerance
        # P-values, not only a decision at one level.
        assert (p_values <= 0.3).mean() <= 0.3 + 3 * np.sqrt(0.21 / trials)


@given(
    values=st.lists(st.floats(-0.5, 1), min_size=1, max_size=60),
    level=st.floats(0.6, 0.99),
)
def test_equals_a_direct_loop(values: list[float], level: float) -> None:
    found = betting_p_values(np.array(values), low=-0.5, level=level)
    assert found[0] == pytest.approx(by_loop(np.array(values), -0.5, level), rel=1e-6)


def test_columns_are_tested_as_if_alone(rng: np.random.Generator) -> None:
    values = rng.uniform(-0.3, 0.5, size=(80, 3))
    low = np.array([-0.3, -0.5, -1.0])
    together = betting_p_values(values, low=low)
    alone = [betting_p_values(values[:, j], low=low[j])[0] for j in range(3)]
    np.testing.assert_allclose(together, alone, rtol=1e-12)


def test_mean_and_unit_can_be_moved(rng: np.random.Generator) -> None:
    values = rng.uniform(-0.3, 0.5, size=100)
    expected = betting_p_values(values, low=-0.3)
    moved = betting_p_values(10 * values + 7, low=4, mean=7)
    np.testing.assert_allclose(moved, expected, rtol=1e-9)


def test_order_is_drawn_or_left_alone(rng: np.random.Generator) -> None:
    values = np.repeat([0.4, -0.3], 50)
    as_they_stand = betting_p_values(values, low=-0.5)
    drawn = betting_p_values(values, low=-0.5, rng=np.random.default_rng(3))
    order = np.random.default_rng(3).permutation(100)
    np.testing.assert_array_equal(drawn, betting_p_values(values[order], low=-0.5))
    assert drawn[0] != as_they_stand[0]


def test_a_nearer_worst_case_is_power(rng: np.random.Generator) -> None:
    values = rng.choice([-0.1, 0.0, 0.1], p=[0.01, 0.98, 0.01], size=(400, 300)) + 0.002
    narrow, wide = (betting_p_values(values, low=low) for low in (-0.1, -0.98))
    assert (narrow <= 0.05).mean() > 0.5
    assert (wide <= 0.05).mean() < 0.05


def test_aims_at_the_level(rng: np.random.Generator) -> None:
    values = rng.normal(0.02, 0.2, size=(400, 400)).clip(-1, 1)
    aimed, aside = (betting_p_values(values, low=-1, level=level) for level in (0.95, 0.6))
    assert (aimed <= 0.05).mean() > (aside <= 0.05).mean()


def test_constant_gains_and_losses() -> None:
    gain, loss = np.full(1000, 0.01), np.full(500, -0.01)
    found = betting_p_values(gain, low=-1)[0]
    # The largest bet on every value but the first few.
    assert 1.0099**-1000 < found < 1.0099**-950
    assert betting_p_values(loss, low=-1)[0] == 1
    assert betting_p_values(np.empty((0, 2)), low=-1).tolist() == [1, 1]


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(InputError, match="below low"):
        betting_p_values(np.array([0.1, -0.6]), low=-0.5)
    with pytest.raises(InputError, match="not finite"):
        betting_p_values(np.array([0.1, np.nan]), low=-0.5)
    with pytest.raises(InputError, match="low < mean"):
        betting_p_values(np.array([0.1]), low=0)
    with pytest.raises(InputError, match="confidence level"):
        betting_p_values(np.array([0.1]), low=-1, level=95)
