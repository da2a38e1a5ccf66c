"""The quota is met in every prefix, and no list that meets it keeps more."""

import numpy as np
import pytest
from tests.rerankers.conftest import all_lists, discounted, facts_of, pool_of

from unsung.errors import InputError
from unsung.rerankers.base import position_discounts
from unsung.rerankers.quota import Quota, QuotaSettings, due_items


@pytest.mark.parametrize("by", ["exposure", "slots"])
@pytest.mark.parametrize("share", [0.2, 0.34, 0.5, 0.67])
@pytest.mark.parametrize("seed", range(4))
def test_no_other_list_that_meets_it_in_every_prefix_keeps_more(random_shop, by, share, seed):
    pool, facts, relevance = random_shop(seed)
    tail = facts.in_segment("tail")
    due = due_items(np.array([share]), 3, by)[0]
    lists = Quota(QuotaSettings(by=by)).rerank(pool, facts, 3, np.full(2, share))
    for row in range(2):
        meeting = [a for a in all_lists(range(5), 3) if (np.cumsum(tail[a]) >= due).all()]
        assert any((lists[row] == a).all() for a in meeting)
        best = max(discounted(relevance[row], a) for a in meeting)
        assert discounted(relevance[row], lists[row]) == pytest.approx(best)


def test_what_is_due_rises_slot_by_slot_and_with_the_share():
    shares = np.linspace(0, 1, 101)
    for by in ("exposure", "slots"):
        due = due_items(shares, 20, by)
        assert set(np.unique(np.diff(due, axis=1, prepend=0))) <= {0, 1}
        assert (np.diff(due, axis=0) >= 0).all()
        assert due[0].sum() == 0
        assert due[-1].tolist() == list(range(1, 21))


def test_less_than_one_slot_of_the_discounted_share_is_missing():
    for k in (1, 3, 10, 20):
        discount = position_discounts(k)
        for share in np.linspace(0, 1, 101):
            due = due_items(np.array([share]), k, "exposure")[0]
            held = np.diff(due, prepend=0) @ discount
            assert held > share * discount.sum() - discount[0]


def test_shares_that_are_whole_slots_are_not_rounded_away():
    assert due_items(np.array([0.3, 0.7]), 10, "slots")[:, -1].tolist() == [3, 7]


def test_a_soft_quota_is_missed_where_it_costs_more_than_its_price():
    facts = facts_of([0, 0, 1])
    pool = pool_of([[0, 1, 2], [0, 1, 2]], [[0.5, 0.4, 0.38], [0.5, 0.4, 0.1]])
    lists = Quota(QuotaSettings(by="slots", price=0.05)).rerank(pool, facts, 2, np.full(2, 0.5))
    assert lists.tolist() == [[0, 2], [0, 1]]


def test_a_tail_that_runs_out_leaves_its_slots_to_others():
    pool = pool_of([[0, 1, 2]], [[0.5, 0.4, 0.3]])
    assert Quota().rerank(pool, facts_of([0, 0, 1]), 3, np.ones(1)).tolist() == [[2, 0, 1]]


def test_a_share_above_one_is_refused():
    pool = pool_of([[0]], [[0.5]])
    with pytest.raises(InputError, match="not within 0 to 1"):
        Quota().rerank(pool, facts_of([0]), 1, np.array([1.1]))
