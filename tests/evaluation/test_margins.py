import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from unsung.errors import InputError
from unsung.evaluation.margins import margins, split_users, strongest_within


@given(
    users=st.lists(st.integers(0, 40), max_size=120),
    seed=st.integers(0, 2**32 - 1),
    share=st.floats(0, 0.5),
)
def test_nobody_is_in_two_groups(users: list[int], seed: int, share: float) -> None:
    owners = np.array(users, dtype=int)
    split = split_users(owners, rng=np.random.default_rng(seed), shares=(share, 0.5 - share, 0.5))
    assert sorted(np.concatenate(split)) == list(range(len(owners)))
    people = [set(owners[rows]) for rows in split]
    assert sum(map(len, people)) == len(set(users))
    assert len(people[2]) == pytest.approx(len(set(users)) / 2, abs=0.5)


def test_split_is_drawn_and_sized() -> None:
    split = split_users(1000, rng=np.random.default_rng(1))
    assert [len(part) for part in split] == [400, 200, 400]
    other = split_users(1000, rng=np.random.default_rng(2))
    assert not np.array_equal(split.calibration, other.calibration)
    for shares in [(0.5, 0.5), (0.5, 0.6, -0.1), (0.5, 0.2, 0.2)]:
        with pytest.raises(InputError, match="add up to 1"):
            split_users(9, rng=np.random.default_rng(1), shares=shares)


def test_margins_by_hand() -> None:
    reference = np.array([0.5, 0.25, 0.0, np.nan])
    policy = np.array([[0.5, 0.25], [0.25, 0.0], [0.1, 0.0], [np.nan, np.nan]])
    found = margins(policy, reference, 0.2)
    np.testing.assert_allclose(found.values, [[0.1, -0.15], [0.05, -0.2], [0.1, 0.0]])
    np.testing.assert_array_equal(found.low, [-0.8, -0.8])
    assert (found.n, found.n_left_out, found.budget) == (3, 1, 0.2)
    assert found.loss(0) == pytest.approx(1 - 0.85 / 0.75)
    assert found.loss(1) == pytest.approx(1 - 0.25 / 0.75)
    one = found.at(1)
    np.testing.assert_array_equal(one.values, found.values[:, 1:])
    assert one.loss(0) == found.loss(1)


def test_most_lost_narrows_the_range() -> None:
    reference = np.array([0.5, 0.25])
    policy = np.array([[0.4, 0.5], [0.25, 0.2]])
    found = margins(policy, reference, 0.02, most_lost=np.array([0.1, 1.0]))
    np.testing.assert_allclose(found.low, [-0.1, -0.98])
    with pytest.raises(InputError, match="more than most_lost"):
        margins(policy, reference, 0.02, most_lost=0.04)
    for most in (0.0, 1.1, np.nan):
        with pytest.raises(InputError, match="above 0"):
            margins(policy, reference, 0.02, most_lost=most)


def test_a_users_windows_are_one_value() -> None:
    reference = np.array([0.4, 0.2, np.nan, 0.6])
    policy = np.array([0.2, 0.2, np.nan, 0.6])
    found = margins(policy, reference, 0.1, clusters=np.array([7, 7, 3, 5]))
    # User 5, then user 7 with the mean of two windows.
    np.testing.assert_allclose(found.reference, [0.6, 0.3])
    np.testing.assert_allclose(found.values[:, 0], [0.06, 0.2 - 0.9 * 0.3])
    assert (found.n, found.n_left_out) == (2, 1)


def test_interval_of_the_loss_covers_it(rng: np.random.Generator) -> None:
    reference = rng.beta(0.3, 2, size=(400, 300))
    policy = np.where(rng.random((400, 300)) < 0.3, reference * rng.random((400, 300)), reference)
    intervals = [margins(policy[:, i], reference[:, i], 0.05).loss_interval(0) for i in range(300)]
    covered = np.mean([low <= 0.15 <= high for low, high in intervals])
    assert covered >= stats.binom.ppf(0.001, 300, 0.95) / 300
    assert covered < 1


def test_no_loss_where_nothing_was_found() -> None:
    found = margins(np.zeros(3), np.zeros(3), 0.05)
    assert np.isnan([found.loss(0), *found.loss_interval(0)]).all()


def test_wrong_margins_are_refused() -> None:
    half = np.array([0.5, 0.5])
    for budget in (0, 1, 2):
        with pytest.raises(InputError, match="budget"):
            margins(half, half, budget)
    with pytest.raises(InputError, match="row by row"):
        margins(half, half[:1], 0.02)
    with pytest.raises(InputError, match="row by row"):
        margins(half, half, 0.02, clusters=np.array([1]))
    with pytest.raises(InputError, match="judge the same users"):
        margins(np.array([0.5, np.nan]), half, 0.02)


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 1))
def test_nobody_gets_a_position_that_could_lose_more(seed: int, limit: float) -> None:
    losses = np.random.default_rng(seed).random((20, 6))
    found = strongest_within(losses, limit)
    for row, positions in zip(losses, found, strict=True):
        for j, position in enumerate(positions):
            allowed = [i for i in range(j + 1) if row[i] <= limit]
            assert position == max(allowed, default=-1)
