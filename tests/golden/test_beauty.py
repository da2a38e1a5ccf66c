"""The reference row of Amazon Beauty 2014, leave-one-out: the profile of words alone."""

import numpy as np
import pytest

from unsung.data.settings import SegmentSettings
from unsung.data.splits import split_leave_one_out
from unsung.evaluation.evaluate import evaluate_lists
from unsung.evaluation.items import ItemTable
from unsung.pipeline.components import make_component
from unsung.pipeline.recommend import recommend_lists
from unsung.pipeline.rules import Rules
from unsung.popularity.segments import segment_items
from unsung.recommenders.content_profile import TermProfileSettings
from unsung.text.term_vectors import TermSettings
from unsung.workflows.content import ContentBuilder
from unsung.workflows.prepare import read_shop

pytestmark = pytest.mark.data

# A history item's say falls to .7 with every later item.
HALF_LIFE = float(np.log(0.5) / np.log(0.7))


def test_the_profile_of_words(data_folder):
    split = split_leave_one_out(read_shop(data_folder / "amazon_beauty_2014_5core").dataset)
    # Strict: fitted without the last two items of every user.
    fitted_on, _, _ = ContentBuilder(terms=TermSettings(min_documents=2)).build(split.fit_state)
    settings = TermProfileSettings(half_life=HALF_LIFE, neighbours=500)
    scorer = make_component(settings).fit(fitted_on, rng=np.random.default_rng(0))
    state = split.state.with_content(fitted_on.content)
    lists = recommend_lists(scorer, state, split.users, 10, Rules(in_stock_only=False))
    segments = segment_items(fitted_on, SegmentSettings())
    items = ItemTable(segments, fitted_on.buyers, fitted_on.n_users)
    summary = evaluate_lists(lists, split.targets, items, k=10).summary
    assert summary["hr_at_k"] == pytest.approx(0.0768, abs=0.001)
    assert summary["ndcg_at_k"] == pytest.approx(0.0464, abs=0.001)
