import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from unsung.errors import InputError
from unsung.statistics import permutation
from unsung.statistics.permutation import sign_flip_test

N_FLIPS = 4000


def exact_p_value(differences: list[float]) -> float:
    """Over all 2^n sign assignments."""
    observed = abs(math.fsum(differences))
    sums = [
        abs(math.fsum(sign * value for sign, value in zip(signs, differences, strict=True)))
        for signs in itertools.product((-1, 1), repeat=len(differences))
    ]
    return sum(total >= observed - 1e-9 for total in sums) / len(sums)


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.1, 0.2, 0.3, 1.0]), min_size=1, max_size=8),
    st.integers(0, 2**32),
)
def test_p_value_is_that_of_all_assignments(differences: list[float], seed: int) -> None:
    exact = exact_p_value(differences)
    found = sign_flip_test(np.array(differences), rng=np.random.default_rng(seed), n_flips=N_FLIPS)
    # 5 standard errors of the simulation, and the 1 that is added.
    assert found == pytest.approx(exact, abs=5 * (exact * (1 - exact) / N_FLIPS) ** 0.5 + 1e-3)


def test_p_value_equals_scipys(rng: np.random.Generator) -> None:
    differences = rng.normal(0.4, 1, size=30)
    expected = stats.permutation_test(
        (differences,),
        lambda values, axis: values.mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=20_000,
        rng=rng,
    ).pvalue
    found = sign_flip_test(differences, rng=rng, n_flips=20_000)
    assert found == pytest.approx(expected, abs=0.015)


def test_a_true_hypothesis_is_rejected_as_often_as_it_may_be(rng: np.random.Generator) -> None:
    p_values = [sign_flip_test(rng.normal(size=20), rng=rng, n_flips=199) for _ in range(600)]
    # .1 and 4 standard errors.
    assert np.mean(np.array(p_values) <= 0.1) <= 0.15


def test_a_plain_difference_gets_the_smallest_p_value(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permutation, "_CELLS", 250)
    assert sign_flip_test(np.ones(60), rng=rng, n_flips=99) == 0.01


def test_no_difference_is_no_evidence(rng: np.random.Generator) -> None:
    assert sign_flip_test(np.zeros(9), rng=rng) == 1
    assert math.isnan(sign_flip_test(np.zeros(0), rng=rng))


def test_wrong_arguments_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(InputError, match="not finite"):
        sign_flip_test(np.array([np.inf]), rng=rng)
    with pytest.raises(InputError, match="at least 1"):
        sign_flip_test(np.ones(2), rng=rng, n_flips=0)
