import math
from collections.abc import Callable

import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats

from unsung.errors import InputError
from unsung.evaluation.evaluate import Evaluation, evaluate_lists
from unsung.evaluation.items import ItemTable
from unsung.evaluation.significance import (
    adjust_together,
    compare_evaluations,
    paired_difference,
    summarise_seeds,
)
from unsung.statistics.multiplicity import holm_adjust

MakeCase = Callable[..., tuple[np.ndarray, sp.csr_array]]
ITEMS = ItemTable(np.array([0, 0, 1, 1, 1, 2, 2, 3, 3]), np.arange(9)[::-1], 20)


def evaluation(make_case: MakeCase, seed: int, **options: object) -> Evaluation:
    """Of random lists against always the same targets."""
    _, targets = make_case(1, n_users=60)
    lists, _ = make_case(seed, n_users=60)
    return evaluate_lists(lists, targets, ITEMS, **{"k": 5, "name": f"seed {seed}"} | options)


def test_interval_and_p_value_equal_scipys(rng: np.random.Generator) -> None:
    a = rng.beta(1, 4, size=150)
    b = (a + rng.normal(-0.02, 0.1, size=150)).clip(0, 1)
    found = paired_difference(a, b, rng=rng, n_boot=10_000)
    expected = stats.bootstrap(
        (a, b),
        lambda x, y, axis: (x - y).mean(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=10_000,
        rng=rng,
    ).confidence_interval
    width = expected.high - expected.low
    assert found.mean_difference == pytest.approx((a - b).mean())
    assert (found.low, found.high) == pytest.approx(tuple(expected), abs=0.06 * width)
    exchanged = stats.permutation_test(
        (a, b),
        lambda x, y, axis: (x - y).mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=10_000,
        rng=rng,
    )
    assert found.p_value == pytest.approx(exchanged.pvalue, abs=0.02)
    assert found.adjusted_p_value == found.p_value
    assert found.n == 150


def test_pairs_with_a_gap_are_dropped_together(rng: np.random.Generator) -> None:
    a = np.array([0.5, np.nan, 0.7, 0.1])
    b = np.array([0.4, 0.3, np.nan, 0.3])
    found = paired_difference(a, b, rng=rng)
    assert found.n == 2
    assert found.mean_difference == pytest.approx(-0.05)


def test_swapped_systems_swap_the_sign() -> None:
    draw = np.random.default_rng(3)
    a, b = draw.random(80), draw.random(80)
    one = paired_difference(a, b, rng=np.random.default_rng(5))
    other = paired_difference(b, a, rng=np.random.default_rng(5))
    assert other.mean_difference == -one.mean_difference
    assert (other.low, other.high) == pytest.approx((-one.high, -one.low))
    assert other.p_value == one.p_value


def test_no_pair_gives_no_number(rng: np.random.Generator) -> None:
    found = paired_difference(np.array([np.nan]), np.array([1.0]), rng=rng)
    assert found.n == 0
    assert math.isnan(found.mean_difference)
    assert math.isnan(found.low)
    assert math.isnan(found.p_value)


def test_users_must_be_the_same(rng: np.random.Generator) -> None:
    with pytest.raises(InputError, match="same users"):
        paired_difference(np.ones(3), np.ones(2), rng=rng)


def test_evaluations_are_compared_metric_by_metric(
    make_case: MakeCase, rng: np.random.Generator
) -> None:
    first, second = evaluation(make_case, 2), evaluation(make_case, 3)
    metrics = ["ndcg_at_k", "tail_ndcg_at_k", "aplt_tail"]
    found = compare_evaluations(first, second, metrics, rng=rng, n_boot=300)
    assert list(found) == metrics
    for metric, comparison in found.items():
        gap = first.per_user[metric] - second.per_user[metric]
        assert comparison.mean_difference == pytest.approx(np.nanmean(gap))
        assert comparison.n == np.count_nonzero(~np.isnan(gap))
    expected = holm_adjust(np.array([comparison.p_value for comparison in found.values()]))
    assert [comparison.adjusted_p_value for comparison in found.values()] == expected.tolist()
    assert adjust_together(found) == found


def test_only_like_is_compared_with_like(make_case: MakeCase, rng: np.random.Generator) -> None:
    first = evaluation(make_case, 2)
    with pytest.raises(InputError, match="differ in k"):
        compare_evaluations(first, evaluation(make_case, 3, k=4), ["ndcg_at_k"], rng=rng)
    with pytest.raises(InputError, match="'calibration_js' in both"):
        compare_evaluations(first, evaluation(make_case, 3), ["calibration_js"], rng=rng)


def test_seeds_are_summarised(make_case: MakeCase) -> None:
    seeds = [evaluation(make_case, seed) for seed in (2, 3, 4)]
    found = summarise_seeds(seeds)
    values = [seed.summary["ndcg_at_k"] for seed in seeds]
    assert found["ndcg_at_k"] == pytest.approx((np.mean(values), np.std(values, ddof=1), 3))
    assert set(found) == set(seeds[0].summary)
    assert summarise_seeds([]) == {}


def test_seeds_must_have_the_same_metrics(make_case: MakeCase) -> None:
    _, history = make_case(9, n_users=60)
    seeds = [evaluation(make_case, 2), evaluation(make_case, 3, history=history)]
    with pytest.raises(InputError, match="different metrics"):
        summarise_seeds(seeds)
