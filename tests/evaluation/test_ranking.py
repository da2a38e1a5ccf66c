import json
import math
import os
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, ndcg_score, precision_score, recall_score

from unsung.evaluation.hits import find_hits
from unsung.evaluation.ranking import (
    RANK_METRICS,
    captured_value_at_k,
    map_at_k,
    mrr_at_k,
    ndcg_at_k,
    precision_at_k,
    recall_at_k,
    tail_ndcg_at_k,
    value_at_k,
)

MakeCase = Callable[..., tuple[np.ndarray, sp.csr_array]]
SEEDS = st.integers(0, 2**32)


def by_hand(listed: list[int], wanted: set[int], k: int) -> dict[str, float]:
    """Plain loops over one user's list, straight from the definitions."""
    listed = [item for item in listed[:k] if item >= 0]
    if not wanted:
        return dict.fromkeys(RANK_METRICS, math.nan)
    ranks = [rank for rank, item in enumerate(listed, start=1) if item in wanted]
    best = min(k, len(wanted))
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, best + 1))
    precisions = [(place + 1) / rank for place, rank in enumerate(ranks)]
    return {
        "hr_at_k": float(bool(ranks)),
        "recall_at_k": len(ranks) / len(wanted),
        "precision_at_k": len(ranks) / k,
        "ndcg_at_k": sum(1 / math.log2(rank + 1) for rank in ranks) / ideal,
        "mrr_at_k": 1 / ranks[0] if ranks else 0,
        "map_at_k": sum(precisions) / best,
    }


@given(
    seed=SEEDS,
    n_users=st.integers(1, 8),
    n_items=st.integers(1, 9),
    width=st.integers(1, 6),
    k=st.integers(1, 9),
)
def test_metrics_equal_plain_loops(
    make_case: MakeCase, seed: int, n_users: int, n_items: int, width: int, k: int
) -> None:
    lists, targets = make_case(seed, n_users, n_items, width)
    hits = find_hits(lists, targets, k)
    wanted = [set(np.flatnonzero(row)) for row in targets.toarray()]
    expected = [by_hand(row.tolist(), want, k) for row, want in zip(lists, wanted, strict=True)]
    for metric, function in RANK_METRICS.items():
        found = function(hits)
        assert found.dtype == np.float64
        np.testing.assert_allclose(
            found, [values[metric] for values in expected], atol=1e-12, err_msg=metric
        )


@settings(max_examples=30)
@given(seed=SEEDS, n_items=st.integers(2, 12), k=st.integers(1, 12))
def test_metrics_equal_scikit_learns(make_case: MakeCase, seed: int, n_items: int, k: int) -> None:
    # scikit-learn ranks the whole catalogue, so every list is a permutation of it.
    rng = np.random.default_rng(seed)
    k = min(k, n_items)
    _, targets = make_case(seed, n_users=4, n_items=n_items)
    lists = rng.permuted(np.tile(np.arange(n_items), (4, 1)), axis=1)
    hits, everything = find_hits(lists, targets, k), find_hits(lists, targets, n_items)
    for user, wanted in enumerate(targets.toarray() > 0):
        if not wanted.any():
            continue
        score = np.empty(n_items)
        score[lists[user]] = np.arange(n_items, 0, -1)
        top = score > n_items - k
        expected = {
            ndcg_at_k: ndcg_score([wanted], [score], k=k),
            recall_at_k: recall_score(wanted, top),
            precision_at_k: precision_score(wanted, top),
        }
        for metric, value in expected.items():
            assert metric(hits)[user] == pytest.approx(value), metric.__name__
        assert map_at_k(everything)[user] == pytest.approx(average_precision_score(wanted, score))


RANX = """
import json, sys
from ranx import Qrels, Run, evaluate
case = json.load(sys.stdin)
names = [f"{name}@{case['k']}" for name in case["metrics"]]
found = evaluate(
    Qrels(case["qrels"]), Run(case["run"]), names, return_mean=False, make_comparable=True
)
print(json.dumps({name: list(map(float, found[at])) for name, at in zip(case["metrics"], names)}))
"""


def test_metrics_equal_ranxs(make_case: MakeCase) -> None:
    k = 5
    lists, targets = make_case(11, n_users=40, n_items=30, width=8)
    hits = find_hits(lists, targets, k)
    # Users without targets or without a list can't be told to ranx.
    users = np.flatnonzero((hits.n_relevant > 0) & (lists[:, 0] >= 0))
    names = {
        "ndcg": "ndcg_at_k",
        "precision": "precision_at_k",
        "recall": "recall_at_k",
        "mrr": "mrr_at_k",
        "map": "map_at_k",
        "hit_rate": "hr_at_k",
    }
    case = {
        "k": k,
        "metrics": list(names),
        # Fixed width, because ranx answers in the order of the sorted names.
        "qrels": {
            f"u{u:03}": {f"i{i}": 1 for i in np.flatnonzero(targets.toarray()[u])} for u in users
        },
        "run": {
            f"u{u:03}": {f"i{i}": 1 / (1 + at) for at, i in enumerate(lists[u]) if i >= 0}
            for u in users
        },
    }
    # ranx compiles at import and leaves its settings behind: in a process of its own, without.
    answer = subprocess.run(
        [sys.executable, "-c", RANX],
        input=json.dumps(case),
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
    )
    found = json.loads(answer.stdout.splitlines()[-1])
    # ranx divides average precision by all relevant items, also where they are more than k.
    relevant = hits.n_relevant[users]
    found["map"] = np.array(found["map"]) * relevant / np.minimum(k, relevant)
    assert len(users) > 20
    for theirs, ours in names.items():
        np.testing.assert_allclose(RANK_METRICS[ours](hits)[users], found[theirs], err_msg=theirs)


@given(seed=SEEDS, k=st.integers(1, 8))
def test_tail_ndcg_counts_the_subset_alone(make_case: MakeCase, seed: int, k: int) -> None:
    lists, targets = make_case(seed)
    in_tail = np.random.default_rng(seed).random(targets.shape[1]) < 0.5
    found = tail_ndcg_at_k(find_hits(lists, targets, k), in_tail)
    tail = set(np.flatnonzero(in_tail))
    for user, row in enumerate(targets.toarray()):
        wanted = set(np.flatnonzero(row)) & tail
        expected = by_hand(lists[user].tolist(), wanted, k)["ndcg_at_k"]
        assert found[user] == pytest.approx(expected, nan_ok=True)


@given(seed=SEEDS, k=st.integers(1, 6))
def test_leave_one_out_is_a_mean_over_cases(make_case: MakeCase, seed: int, k: int) -> None:
    lists, _ = make_case(seed, n_users=20)
    rng = np.random.default_rng(seed)
    target = rng.integers(9, size=20)
    targets = sp.csr_array((np.ones(20), target, np.arange(21)), shape=(20, 9))
    hits = find_hits(lists, targets, k)
    ranks = [[*row[:k], item].index(item) + 1 for row, item in zip(lists, target, strict=True)]
    gains = np.array([1 / math.log2(r + 1) if r <= min(k, 6) else 0.0 for r in ranks])
    np.testing.assert_allclose(ndcg_at_k(hits), gains)
    np.testing.assert_array_equal(RANK_METRICS["hr_at_k"](hits), recall_at_k(hits))
    np.testing.assert_array_equal(mrr_at_k(hits), map_at_k(hits))
    in_tail = np.arange(9) > 2
    of_tail = in_tail[target]
    if of_tail.any():
        found = np.nanmean(tail_ndcg_at_k(hits, in_tail))
        assert found == pytest.approx(gains[of_tail].mean())


@given(seed=SEEDS, k=st.integers(1, 8))
def test_value_is_the_sum_over_hits(make_case: MakeCase, seed: int, k: int) -> None:
    lists, targets = make_case(seed)
    hits = find_hits(lists, targets, k)
    dense = targets.toarray()
    sums = [
        sum(dense[user, item] for item in row[:k] if item >= 0) for user, row in enumerate(lists)
    ]
    expected = np.where(dense.any(axis=1), sums, np.nan)
    np.testing.assert_allclose(value_at_k(hits), expected)
    if dense.any():
        assert captured_value_at_k(hits) == pytest.approx(sum(sums) / dense.sum())
    else:
        assert math.isnan(captured_value_at_k(hits))
