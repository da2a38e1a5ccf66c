"""The reference rows of the demo shop: what simple recommenders reach on a real shop's orders.

Train before 2011-11-11, test from then on. As the rows were first measured, items are described
from the whole file and every item-item weight is kept.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from unsung.data.demo import demo_shop_folder
from unsung.data.settings import SegmentSettings
from unsung.data.splits import split_by_time
from unsung.evaluation.evaluate import Evaluation, evaluate_lists
from unsung.evaluation.items import ItemTable
from unsung.pipeline.components import make_component
from unsung.pipeline.recommend import recommend_lists
from unsung.pipeline.rules import Rules
from unsung.popularity.segments import segment_items
from unsung.recommenders.content_profile import TermProfileSettings
from unsung.recommenders.linear import LinearSettings
from unsung.recommenders.popular import PopularSettings
from unsung.workflows.content import ContentBuilder
from unsung.workflows.prepare import read_shop

KEPT = {"half_life": 60, "neighbours": 100_000}
# name -> (settings, NDCG@10, the same counting only targets outside the head)
ROWS = {
    "most popular": (PopularSettings(), 0.0325, 0),
    "trend": (PopularSettings(half_life_days=14), 0.0816, 0.0001),
    "term profile": (TermProfileSettings(**KEPT), 0.0783, 0.0454),
    "EASE": (LinearSettings(l2=300, term_weight=0, **KEPT), 0.1004, 0.0077),
    "EASE with text": (LinearSettings(l2=300, term_weight=50, **KEPT), 0.1033, 0.0153),
}


@pytest.fixture(scope="module")
def measured() -> dict[str, Evaluation]:
    dataset = read_shop(demo_shop_folder()).dataset
    split = split_by_time(dataset, pd.Timestamp("2011-11-11", tz="UTC").value // 1_000)
    whole = dataset.as_of()
    told = replace(split.state, catalogue=whole.catalogue, listed=whole.listed)
    state, _, _ = ContentBuilder().build(told)
    items = ItemTable(segment_items(state, SegmentSettings()), state.buyers, state.n_users)
    found = {}
    for name, (settings, *_) in ROWS.items():
        scorer = make_component(settings).fit(state, rng=np.random.default_rng(0))
        lists = recommend_lists(scorer, state, split.users, 10, Rules(in_stock_only=False))
        found[name] = evaluate_lists(lists, split.targets, items, k=10)
    return found


@pytest.mark.parametrize("name", ROWS)
def test_relevance(measured: dict[str, Evaluation], name: str):
    _, ndcg, outside_head = ROWS[name]
    summary = measured[name].summary
    assert summary["ndcg_at_k"] == pytest.approx(ndcg, rel=0.02, abs=0.001)
    assert summary["not_head_ndcg_at_k"] == pytest.approx(outside_head, abs=0.001)


def test_words_find_the_established_tail(measured: dict[str, Evaluation]):
    found = measured["term profile"]
    assert found.summary["tail_ndcg_at_k"] == pytest.approx(0.0221, abs=0.002)
    tail, fresh = (found.cuts["segment"][name]["slot_share"] for name in ("tail", "fresh"))
    assert fresh / (tail + fresh) == pytest.approx(0.15, abs=0.02)
