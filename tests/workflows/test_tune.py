"""Choosing settings on the toy shop, where the right answers can be seen."""

import numpy as np
import pytest

from unsung.data.dataset import Dataset
from unsung.data.settings import SegmentSettings
from unsung.data.splits import split_by_time
from unsung.pipeline.components import default_components
from unsung.pipeline.rules import Rules
from unsung.recommenders.linear import LinearSettings
from unsung.recommenders.popular import PopularSettings
from unsung.schema import DAY_US
from unsung.workflows import tune as tuning
from unsung.workflows.content import ContentBuilder
from unsung.workflows.tune import TuneSettings, ValidationWindow, profile_ndcg, tune


@pytest.fixture
def window(toy_shop: Dataset) -> ValidationWindow:
    # From day 20 on each user's last item is to be predicted.
    start = int(toy_shop.interactions.timestamp[0])
    split = split_by_time(toy_shop, start + 20 * DAY_US - 1)
    state, _, _ = ContentBuilder().build(split.state)
    return ValidationWindow(state, state, split.users, split.targets)


def run(window: ValidationWindow, **settings):
    return tune(
        window,
        default_components(window.fit_state),
        TuneSettings(k=3, candidates=10, **settings),
        SegmentSettings(head_share=0.1),
        Rules(),
        rng=np.random.default_rng(0),
    )


def test_the_choice_is_no_worse_than_any_trial(window: ValidationWindow):
    choice = run(window, budget_s=10, relevance_budget=0)
    linear = [t["ndcg_at_k"] for t in choice.trials if t["name"] == "linear"]
    chosen = next(c for c in choice.components if isinstance(c, LinearSettings))
    best = max(linear)
    assert any(t["ndcg_at_k"] == best and t["l2"] == chosen.l2 for t in choice.trials if "l2" in t)
    assert choice.learnt.relevance == choice.learnt.best_relevance >= best
    assert choice.n_users == len(window.users)


def test_no_setting_is_tried_twice(window: ValidationWindow):
    trials = [str({**trial, "ndcg_at_k": 0}) for trial in run(window, budget_s=10).trials]
    assert len(trials) == len(set(trials))


def test_without_a_budget_nothing_is_fitted_again(window: ValidationWindow, monkeypatch):
    made = []
    make = tuning.make_component
    monkeypatch.setattr(tuning, "make_component", lambda s: made.append(s.name) or make(s))
    run(window, budget_s=0)
    assert sorted(made) == sorted(c.name for c in default_components(window.fit_state))


def test_the_tail_may_cost_what_the_budget_says(window: ValidationWindow):
    learnt = run(window, relevance_budget=0.5).learnt
    assert learnt.relevance >= 0.5 * learnt.best_relevance


def test_a_large_window_is_sampled(window: ValidationWindow, rng):
    small = window.sampled(2, rng)
    assert len(small.users) == small.targets.shape[0] == 2
    assert set(small.users) <= set(window.users)
    assert window.sampled(100, rng) is window


def test_profile_ndcg_by_hand(window: ValidationWindow):
    # Most popular: the kettle was bought by all, so lists begin with teapot, spade, rake.
    found = profile_ndcg(window, PopularSettings(), 10, Rules())
    state = window.state
    total = 0.0
    for row, user in enumerate(window.users):
        had = state.pairs.item_index[state.pairs.of_user(int(user))]
        rest = [i for i in np.argsort(-state.buyers, kind="stable") if i not in had]
        wanted = window.targets[[row]].indices
        gains = [1 / np.log2(rest.index(i) + 2) for i in wanted]
        total += sum(gains) / sum(1 / np.log2(n + 2) for n in range(len(wanted)))
    assert found == pytest.approx(total / len(window.users))
