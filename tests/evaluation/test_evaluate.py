import json
import math
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from unsung.errors import InputError
from unsung.evaluation.evaluate import Evaluation, evaluate_lists
from unsung.evaluation.hits import find_hits
from unsung.evaluation.items import ItemTable
from unsung.evaluation.protocols import LEAVE_ONE_OUT
from unsung.evaluation.ranking import RANK_METRICS, tail_ndcg_at_k

MakeCase = Callable[..., tuple[np.ndarray, sp.csr_array]]
SEGMENTS = np.array([0, 0, 1, 1, 1, 2, 2, 3, 3], dtype=np.int8)
BANDS = np.array([0, 0, 1, 1, 2, 2, 2, 2, 2], dtype=np.int8)


def item_table(**columns: object) -> ItemTable:
    defaults = {
        "segments": SEGMENTS,
        "buyers": np.array([9, 8, 5, 4, 3, 2, 1, 0, 0]),
        "n_training_users": 12,
        "bands": BANDS,
        "band_names": ("0-20", "20-40", "40-100"),
        "vectors": np.eye(9, 4) + 0.1,
    }
    return ItemTable(**defaults | columns)


@pytest.fixture
def small() -> Evaluation:
    """Three users: one hit on the head and one on the tail, no hit, nothing wanted."""
    lists = np.array([[0, 2, 3], [1, 5, -1], [0, -1, -1]], dtype=np.int32)
    targets = sp.csr_array(
        [[10, 0, 0, 5, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 1, 4, 0], [0] * 9], dtype=np.float64
    )
    history = sp.csr_array([[1, 0, 1, 0, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0, 0, 0, 0], [0] * 9])
    return evaluate_lists(lists, targets, item_table(), k=3, name="small", history=history)


def test_summary_by_hand(small: Evaluation) -> None:
    second = 1 / math.log2(3)
    expected = {
        "hr_at_k": 1 / 2,
        "recall_at_k": 1 / 2,
        "precision_at_k": 1 / 3,
        "ndcg_at_k": 1.5 / (1 + second) / 2,
        "mrr_at_k": 1 / 2,
        "map_at_k": (1 + 2 / 3) / 2 / 2,
        "value_at_k": 15 / 2,
        "captured_value_at_k": 15 / 20,
        "tail_ndcg_at_k": 1 / 2,
        "head_ndcg_at_k": 1,
        "fresh_ndcg_at_k": 0,
        "cold_ndcg_at_k": 0,
        "catalogue_coverage_at_k": 5 / 9,
        # Sorted exposure is 0 0 0 0 1 1 1 1 2, in weights -8 -6 ... 6 8.
        "exposure_gini": (0 + 2 + 4 + 6 + 2 * 8) / (9 * 6),
        "n_lists": 3,
        "arp": (18 / 3 + 10 / 2 + 9) / 3,
        "aplt_tail": (2 / 3 + 0 + 0) / 3,
        "aplt_fresh": (0 + 1 / 2 + 0) / 3,
        "aplt_tail_fresh": (2 / 3 + 1 / 2 + 0) / 3,
        "aclt_tail": 2 / 3,
        "aclt_not_head": 3 / 3,
    }
    assert {metric: small.summary[metric] for metric in expected} == pytest.approx(expected)
    assert small.counts["ndcg_at_k"] == 2
    assert small.counts["tail_ndcg_at_k"] == 1
    assert small.counts["intra_list_diversity"] == 2
    assert small.counts["calibration_js"] == 2


def test_cuts_by_hand(small: Evaluation) -> None:
    tail = small.cuts["segment"]["tail"]
    assert tail["n"] == 1
    assert tail["n_items"] == 3
    # Three relevant items outside the head, of two users.
    assert small.cuts["segment"]["not_head"]["n"] == 2
    expected = {
        "ndcg_at_k": 1 / 2,
        "mrr_at_k": 1 / 3,
        "captured_value_at_k": 1,
        "catalogue_coverage_at_k": 2 / 3,
        "slot_share": 2 / 6,
        "hit_share": 1 / 2,
        "target_share": 1 / 4,
    }
    assert {metric: tail[metric] for metric in expected} == pytest.approx(expected)
    bands = small.cuts["band"]
    assert [bands[band]["tail_slot_share"] for band in bands] == [0, 1, 0]
    assert [bands[band]["fresh_slot_share"] for band in bands] == [0, 0, 1]
    assert sum(band["slot_share"] for band in bands.values()) == pytest.approx(1)


def test_every_number_has_its_definition(small: Evaluation) -> None:
    named = set(small.summary)
    for cut in small.cuts.values():
        for metrics in cut.values():
            named |= set(metrics)
    assert set(small.definitions) == named
    assert set(small.per_user) <= named


def test_json_has_null_where_nothing_is_defined(make_case: MakeCase) -> None:
    lists, targets = make_case(4)
    nobody_wants = sp.csr_array(targets.shape)
    evaluation = evaluate_lists(lists, nobody_wants, item_table(), name="早")
    read = json.loads(evaluation.to_json())
    assert read["name"] == "早"
    assert read["summary"]["ndcg_at_k"] is None
    assert read["cuts"]["segment"]["tail"]["ndcg_at_k"] is None
    assert read["cuts"]["segment"]["tail"]["n"] == read["counts"]["ndcg_at_k"] == 0
    assert read["summary"]["aplt_tail"] == evaluation.summary["aplt_tail"]
    assert read["protocol"]["name"] == "time"
    assert read["definitions"] == evaluation.definitions


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), k=st.integers(1, 8))
def test_summary_is_the_mean_of_the_metrics_functions(
    make_case: MakeCase, seed: int, k: int
) -> None:
    lists, targets = make_case(seed)
    found = evaluate_lists(lists, targets, item_table(), k=k)
    hits = find_hits(lists, targets, k)
    expected = {metric: function(hits) for metric, function in RANK_METRICS.items()}
    expected["not_head_ndcg_at_k"] = tail_ndcg_at_k(hits, SEGMENTS > 0)
    for metric, values in expected.items():
        np.testing.assert_array_equal(found.per_user[metric], values)
        defined = values[~np.isnan(values)]
        mean = defined.mean() if len(defined) else math.nan
        assert found.summary[metric] == pytest.approx(mean, nan_ok=True)
        assert found.counts[metric] == len(defined)
    tail = found.cuts["segment"]["tail"]
    assert tail["ndcg_at_k"] == pytest.approx(found.summary["tail_ndcg_at_k"], nan_ok=True)
    parts = [found.cuts["segment"][name] for name in ("head", "tail", "fresh", "cold")]
    for share in ("slot_share", "hit_share", "target_share"):
        total = sum(part[share] for part in parts)
        assert math.isnan(total) or total == pytest.approx(1)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_order_of_users_does_not_matter(make_case: MakeCase, seed: int) -> None:
    lists, targets = make_case(seed)
    _, history = make_case(seed + 1)
    order = np.random.default_rng(seed).permutation(len(lists))
    first = evaluate_lists(lists, targets, item_table(), history=history)
    second = evaluate_lists(lists[order], targets[order], item_table(), history=history[order])
    for metric, values in first.per_user.items():
        np.testing.assert_allclose(second.per_user[metric], values[order], atol=1e-12)
    assert second.summary == pytest.approx(first.summary, nan_ok=True)


def test_one_user_one_item() -> None:
    items = ItemTable(np.array([1]), np.array([1]), 1)
    found = evaluate_lists(np.array([[0]]), sp.csr_array([[1.0]]), items)
    assert found.summary["ndcg_at_k"] == found.summary["catalogue_coverage_at_k"] == 1
    assert found.summary["precision_at_k"] == 0.1
    assert found.summary["effective_items"] == 1
    assert found.cuts.keys() == {"segment"}
    assert "intra_list_diversity" not in found.summary


@pytest.mark.parametrize(("n_users", "n_items"), [(0, 9), (3, 0), (0, 0)])
def test_nothing_to_judge_gives_no_number_and_no_error(n_users: int, n_items: int) -> None:
    items = ItemTable(SEGMENTS[:n_items], np.zeros(n_items, dtype=np.int64), 0)
    lists = np.full((n_users, 4), -1, dtype=np.int32)
    shape = (n_users, n_items)
    found = evaluate_lists(lists, sp.csr_array(shape), items, history=sp.csr_array(shape))
    assert found.n_users == n_users
    assert found.summary["n_lists"] == found.summary["catalogue_coverage_at_k"] == 0
    assert json.loads(found.to_json())["summary"]["hr_at_k"] is None


def test_memory_stays_far_below_users_times_items() -> None:
    n_users, n_items = 5_000, 200_000
    rng = np.random.default_rng(1)
    lists = rng.integers(n_items // 10, size=(n_users, 10)) + np.arange(10) * (n_items // 10)
    targets = sp.csr_array(
        (np.ones(n_users), rng.integers(n_items, size=n_users), np.arange(n_users + 1)),
        shape=(n_users, n_items),
    )
    buyers = rng.integers(100, size=n_items)
    items = ItemTable(rng.integers(4, size=n_items).astype(np.int8), buyers, n_users)
    tracemalloc.start()
    evaluate_lists(lists.astype(np.int32), targets, items, history=targets)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # A byte for each pair would be 1 GB.
    assert peak < 50e6


def test_shapes_must_agree(make_case: MakeCase) -> None:
    lists, targets = make_case(1)
    with pytest.raises(InputError, match="9 columns for 2 items"):
        evaluate_lists(lists, targets, ItemTable(SEGMENTS[:2], np.ones(2, dtype=int), 5))
    with pytest.raises(InputError, match=r"history has shape \(3, 9\)"):
        evaluate_lists(lists, targets, item_table(), history=sp.csr_array((3, 9)))


def test_the_protocol_is_held(make_case: MakeCase) -> None:
    lists, targets = make_case(1)
    with pytest.raises(InputError, match="protocol 'leave-one-out' allows 1"):
        evaluate_lists(lists, targets, item_table(), protocol=LEAVE_ONE_OUT)


@pytest.mark.data
def test_most_popular_on_beauty_has_the_known_figures(data_folder: Path) -> None:
    """Leave-one-out, full ranking, history filtered, popularity from all but the last two."""
    rows = pd.read_parquet(data_folder / "amazon_beauty_2014_5core" / "interactions.parquet")
    user, users = pd.factorize(rows["user_id"])
    item, catalogue = pd.factorize(rows["item_id"])
    steps_left = rows.groupby("user_id")["position"].transform("max") - rows["position"]
    last, train = (steps_left == 0).to_numpy(), (steps_left >= 2).to_numpy()
    shape = (len(users), len(catalogue))
    buyers = np.bincount(item[train], minlength=shape[1])
    ranked = np.argsort(-buyers, kind="stable")
    segments = np.ones(shape[1], dtype=np.int8)
    segments[ranked[: round(0.2 * shape[1])]] = 0
    seen = sp.csr_array((np.ones((~last).sum()), (user[~last], item[~last])), shape=shape)
    top = ranked[:300]
    is_seen = seen[:, top].toarray() > 0
    lists = top[np.argsort(is_seen, axis=1, kind="stable")[:, :10]].astype(np.int32)
    targets = sp.csr_array((np.ones(last.sum()), (user[last], item[last])), shape=shape)
    items = ItemTable(segments, buyers, shape[0])
    found = evaluate_lists(lists, targets, items, protocol=LEAVE_ONE_OUT)
    assert found.n_users == found.counts["hr_at_k"] == 22_363
    # Equally popular items at rank 10 move these by .0001.
    assert found.summary["hr_at_k"] == pytest.approx(0.0115, abs=1.5e-4)
    assert found.summary["ndcg_at_k"] == pytest.approx(0.0055, abs=1.5e-4)
    assert found.summary["not_head_ndcg_at_k"] == 0
    assert found.cuts["segment"]["not_head"]["target_share"] == pytest.approx(0.57, abs=0.01)
    assert found.summary["catalogue_coverage_at_k"] == pytest.approx(0.001, abs=5e-4)
