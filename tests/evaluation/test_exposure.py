import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from unsung.evaluation.exposure import (
    aclt,
    aplt,
    arp,
    catalogue_coverage_at_k,
    exposure_counts,
    exposure_gini,
    novelty,
    owner_metrics,
    share_in,
    slots,
)

MakeCase = Callable[..., tuple[np.ndarray, sp.csr_array]]
SEEDS = st.integers(0, 2**32)
COUNTS = st.lists(st.integers(0, 50), max_size=25)


@given(seed=SEEDS)
def test_exposure_counts_lists(make_case: MakeCase, seed: int) -> None:
    lists, _ = make_case(seed)
    expected = [sum(item in row for row in lists) for item in range(9)]
    assert exposure_counts(lists, 9).tolist() == expected
    assert sorted(slots(lists)) == sorted(item for row in lists for item in row if item >= 0)


@given(COUNTS)
def test_breadth_equals_other_formulas(counts: list[int]) -> None:
    exposure, n, total = np.array(counts, dtype=np.int64), len(counts), sum(counts)
    shown = sum(count > 0 for count in counts)
    assert catalogue_coverage_at_k(exposure) == (shown / n if n else 0)
    if not total:
        assert math.isnan(exposure_gini(exposure))
        return
    # Half the relative mean absolute difference.
    gaps = sum(abs(a - b) for a, b in itertools.product(counts, repeat=2))
    assert exposure_gini(exposure) == pytest.approx(gaps / (2 * n * total), abs=1e-12)


def test_even_exposure_is_the_other_end() -> None:
    even = np.full(4, 3)
    assert exposure_gini(even) == 0
    assert exposure_gini(np.array([7])) == 0


@given(seed=SEEDS)
def test_means_in_a_list_equal_plain_loops(make_case: MakeCase, seed: int) -> None:
    lists, _ = make_case(seed)
    rng = np.random.default_rng(seed)
    buyers, in_tail = rng.integers(101, size=9), rng.random(9) < 0.5
    found = {
        "arp": arp(lists, buyers),
        "novelty": novelty(lists, buyers, 100),
        "aplt": aplt(lists, in_tail),
        "aclt": aclt(lists, in_tail),
    }
    for user, row in enumerate(lists):
        items = [item for item in row if item >= 0]
        tail = sum(bool(in_tail[item]) for item in items)
        assert found["aclt"][user] == tail
        if not items:
            assert all(math.isnan(found[name][user]) for name in ("arp", "novelty", "aplt"))
            continue
        surprise = [-math.log2((buyers[item] + 1) / 101) for item in items]
        assert found["arp"][user] == pytest.approx(np.mean([buyers[item] for item in items]))
        assert found["novelty"][user] == pytest.approx(np.mean(surprise), abs=1e-12)
        assert found["aplt"][user] == pytest.approx(tail / len(items))


def test_novelty_of_an_item_bought_by_all_and_by_none() -> None:
    lists = np.array([[0], [1]])
    assert novelty(lists, np.array([7, 0]), 7).tolist() == [0, 3]


@given(seed=SEEDS)
def test_shares_of_bands_add_up(make_case: MakeCase, seed: int) -> None:
    lists, _ = make_case(seed)
    rng = np.random.default_rng(seed)
    bands, in_tail = rng.integers(3, size=9), rng.random(9) < 0.5
    of_tail = [item for row in lists for item in row if item >= 0 and in_tail[item]]
    shown = slots(lists)
    shares = [share_in(shown[in_tail[shown]], bands == band) for band in range(3)]
    if not of_tail:
        assert all(math.isnan(share) for share in shares)
        return
    expected = [np.mean([bands[item] == band for item in of_tail]) for band in range(3)]
    assert shares == pytest.approx(expected)
    assert sum(shares) == pytest.approx(1)


def test_owners_that_no_list_reaches_are_counted_too() -> None:
    exposure = np.array([2, 0, 0, 4])
    found = owner_metrics(exposure, np.array([0, 1, 1, 2]), "sellers")
    assert found["sellers_shown"] == 2
    assert found["sellers_shown_share"] == pytest.approx(2 / 3)
    assert found["sellers_gini"] == pytest.approx(exposure_gini(np.array([2, 0, 4])))
    assert owner_metrics(exposure, np.full(4, -1), "sellers") == {}
