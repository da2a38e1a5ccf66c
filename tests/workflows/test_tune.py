"""Choosing settings on the toy shop, where the right answers can be seen."""

import numpy as np
import pytest

from unsung.data.dataset import Dataset
from unsung.data.settings import SegmentSettings
from unsung.data.splits import split_by_time
from unsung.errors import UnsungError
from unsung.pipeline.components import default_components, default_weights
from unsung.pipeline.rules import Rules
from unsung.recommenders.linear import LinearSettings
from unsung.recommenders.popular import PopularSettings
from unsung.schema import DAY_US
from unsung.workflows import tune as tuning
from unsung.workflows.content import ContentBuilder
from unsung.workflows.tune import TuneSettings, profile_ndcg, tune
from unsung.workflows.validation import ValidationWindow


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
        TuneSettings(**{"k": 3, "candidates": 10, "min_users": 1} | settings),
        SegmentSettings(head_share=0.1),
        Rules(),
        rng=np.random.default_rng(0),
    )


def test_the_choice_is_no_worse_than_any_trial(window: ValidationWindow):
    choice = run(window, budget_s=10, relevance_budget=0)
    trials = [t for t in choice.trials if isinstance(t.settings, LinearSettings)]
    best = max(trial.ndcg_at_k for trial in trials)
    chosen = next(c for c in choice.components if isinstance(c, LinearSettings))
    assert best in [trial.ndcg_at_k for trial in trials if trial.settings == chosen]
    assert choice.learnt.relevance == choice.learnt.best_relevance >= best
    assert choice.n_users == len(window.users)


def test_no_setting_is_tried_twice(window: ValidationWindow):
    tried = [trial.settings for trial in run(window, budget_s=10).trials]
    assert all(settings not in tried[:n] for n, settings in enumerate(tried))


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


def test_settings_that_cannot_be_solved_are_passed_over(window: ValidationWindow, monkeypatch):
    make = tuning.make_component

    def fragile(settings):
        if getattr(settings, "l2", 300) == 100:
            raise UnsungError("not positive definite")
        return make(settings)

    monkeypatch.setattr(tuning, "make_component", fragile)
    choice = run(window, budget_s=10)
    failed = [trial for trial in choice.trials if trial.ndcg_at_k is None]
    assert [trial.settings.l2 for trial in failed] == [100]
    assert all(getattr(c, "l2", 300) != 100 for c in choice.components)


def test_the_budget_is_one_for_all_scorers(window: ValidationWindow):
    # .2 s each at this size: three fits in all, whichever scorer asks.
    fitted_again = [
        trial
        for trial in run(window, budget_s=0.7).trials
        if isinstance(trial.settings, LinearSettings)
        and (trial.settings.l2, trial.settings.term_weight) != (300, 20)
    ]
    assert 1 <= len(fitted_again) <= 3


def test_too_few_users_decide_nothing(window: ValidationWindow):
    choice = run(window, min_users=7)
    assert choice.is_default
    assert choice.trials == ()
    assert choice.components == default_components(window.fit_state)
    assert choice.learnt.weights == default_weights(choice.components)
    assert choice.learnt.relevance > 0
