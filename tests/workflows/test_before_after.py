import numpy as np
import pytest
import scipy.sparse as sp

from unsung.evaluation.evaluate import evaluate_lists
from unsung.evaluation.items import ItemTable
from unsung.workflows.before_after import OF_CATALOGUE, before_after_rows

N_ITEMS = 6


@pytest.fixture
def judge():
    # Users want item 4 of the tail and item 0 of the head, in turn.
    targets = sp.csr_array(np.eye(N_ITEMS)[[4, 0] * 10])
    items = ItemTable(
        segments=np.array([0, 0, 1, 1, 1, 1], dtype=np.int8),
        buyers=np.array([9, 8, 3, 2, 1, 1]),
        n_training_users=10,
        segment_names=("head", "tail", "fresh", "cold"),
    )

    def made(first_item):
        lists = np.tile(np.array([[first_item, 1]], dtype=np.int32), (20, 1))
        return evaluate_lists(lists, targets, items, k=2, name="encoder")

    return made


def test_a_change_is_told_metric_by_metric(judge):
    rows = before_after_rows([judge(0)], [judge(4)], rng=np.random.default_rng(0))
    by_metric = {row["metric"]: row for row in rows}
    # Half of the users change from served to not served, the other half the other way round.
    assert by_metric["ndcg_at_k"]["difference"] == 0
    tail = by_metric["tail_ndcg_at_k"]
    assert (tail["before"], tail["after"], tail["difference"], tail["n"]) == (0, 1, 1, 10)
    assert tail["low"] == tail["high"] == 1
    assert by_metric["head_ndcg_at_k"]["difference"] == -1
    assert by_metric["aplt_tail"]["difference"] == 0.5


def test_figures_of_the_catalogue_have_no_interval(judge):
    rows = before_after_rows([judge(0)], [judge(4)], rng=np.random.default_rng(0))
    of_catalogue = [row for row in rows if row["metric"] in OF_CATALOGUE]
    assert len(of_catalogue) == len(OF_CATALOGUE)
    assert all(row["low"] is None and row["n"] == 20 for row in of_catalogue)


def test_what_nobody_has_a_value_for_is_left_out(judge):
    rows = before_after_rows([judge(0)], [judge(4)], rng=np.random.default_rng(0))
    assert not {"cold_ndcg_at_k", "fresh_ndcg_at_k"} & {row["metric"] for row in rows}


def test_as_many_before_as_after(judge):
    with pytest.raises(ValueError, match="zip"):
        before_after_rows([judge(0)], [], rng=np.random.default_rng(0))
