import math
from collections.abc import Callable

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

from unsung.evaluation.calibration import (
    calibration_kl,
    history_mix,
    jensen_shannon,
    list_mix,
)

MakeCase = Callable[..., tuple[np.ndarray, sp.csr_array]]
CODES = np.array([0, 0, 1, 1, 1, 2, 3, 3, 0], dtype=np.int8)


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32))
def test_mixes_and_divergences_equal_scipys(make_case: MakeCase, seed: int) -> None:
    lists, history = make_case(seed)
    liked, listed = history_mix(history, CODES, 4), list_mix(lists, CODES, 4)
    weights = history.toarray()
    by_js, by_kl = jensen_shannon(liked, listed), calibration_kl(liked, listed, alpha=0.1)
    for user, row in enumerate(lists):
        of_history = np.array([weights[user, code == CODES].sum() for code in range(4)])
        of_list = np.array([sum(CODES[i] == code for i in row if i >= 0) for code in range(4)])
        if not of_history.any() or not of_list.any():
            assert math.isnan(by_js[user])
            assert math.isnan(by_kl[user])
            continue
        p, q = of_history / of_history.sum(), of_list / of_list.sum()
        np.testing.assert_allclose(liked[user], p)
        np.testing.assert_allclose(listed[user], q)
        assert by_js[user] == pytest.approx(jensenshannon(p, q, base=2) ** 2, abs=1e-12)
        expected = entropy(p, 0.9 * q + 0.1 * p, base=2)
        assert by_kl[user] == pytest.approx(expected, abs=1e-12)
        assert -1e-12 <= by_js[user] <= 1 + 1e-12


def test_a_history_of_flags_counts_items() -> None:
    flags = sp.csr_array(np.array([[True, False, True, True]]))
    np.testing.assert_allclose(history_mix(flags, np.array([0, 0, 0, 1]), 2), [[2 / 3, 1 / 3]])


def test_the_same_mix_costs_nothing_and_another_costs_most() -> None:
    same = np.array([[0.25, 0.75]])
    assert jensen_shannon(same, same)[0] == pytest.approx(0, abs=1e-15)
    assert calibration_kl(same, same)[0] == pytest.approx(0, abs=1e-15)
    all_head, all_tail = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    assert calibration_kl(all_head, all_tail)[0] == pytest.approx(math.log2(100))
