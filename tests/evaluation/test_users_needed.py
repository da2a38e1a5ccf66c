import numpy as np
import pytest
from scipy import stats

from unsung.evaluation.margins import Margins, margins
from unsung.evaluation.users_needed import users_needed
from unsung.statistics.betting import betting_p_values


def two_sided(mean: float, spread: float, low: float = -0.95) -> Margins:
    values = np.array([[mean - spread], [mean + spread]])
    return Margins(values, np.array([0.2, 0.2]), 0.05, np.array([low]))


def test_so_many_users_do_certify(rng: np.random.Generator) -> None:
    found = two_sided(0.02, 0.15)
    n = users_needed(found, 0, rng=rng)
    drawn = rng.choice(found.values[:, 0], size=(n, 2000))
    power = (betting_p_values(drawn, low=-0.95) <= 0.05).mean()
    assert 0.7 < power < 0.9
    # Never fewer than the normal test takes, and not many more.
    normal = ((stats.norm.ppf(0.95) + stats.norm.ppf(0.8)) * 0.15 / 0.02) ** 2
    assert normal < n < 1.5 * normal


def test_more_power_more_level_and_a_wider_range_take_more(rng: np.random.Generator) -> None:
    found = two_sided(0.02, 0.1)
    usual = users_needed(found, 0, rng=rng)
    assert users_needed(found, 0, rng=rng, power=0.99) > usual
    assert users_needed(found, 0, rng=rng, level=0.999) > usual
    assert users_needed(two_sided(0.02, 0.02, low=-0.1), 0, rng=rng) < usual


def test_the_range_alone_takes_its_users(rng: np.random.Generator) -> None:
    # Nothing is lost: log(20) users' worth of the largest bet, and a few for the first bets.
    found = margins(np.full(10, 0.2), np.full(10, 0.2), 0.05)
    n = users_needed(found, 0, rng=rng)
    assert np.log(20) * 0.95 / 0.01 < n < 1.1 * np.log(20) * 0.95 / 0.01


def test_many_users_by_the_normal_distribution(rng: np.random.Generator) -> None:
    n = users_needed(two_sided(0.0002, 0.05), 0, rng=rng)
    normal = ((stats.norm.ppf(0.95) + stats.norm.ppf(0.8)) * 0.05 / 0.0002) ** 2
    assert n == pytest.approx(1.1 * normal, rel=1e-4)


def test_no_number_where_too_much_is_lost(rng: np.random.Generator) -> None:
    assert users_needed(two_sided(-0.001, 0.05), 0, rng=rng) is None
    nobody = margins(np.array([np.nan]), np.array([np.nan]), 0.05)
    assert users_needed(nobody, 0, rng=rng) is None
