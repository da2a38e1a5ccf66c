"""What past windows teach, and how far back they reach."""

from dataclasses import replace

import numpy as np
import pytest

from unsung.data.dataset import Dataset
from unsung.pipeline.candidates import CandidateSettings
from unsung.pipeline.components import default_components, default_weights
from unsung.pipeline.two_stage import FirstStageSettings
from unsung.schema import DAY_US
from unsung.workflows.content import ContentBuilder
from unsung.workflows.windows import (
    LabelWindow,
    Recipe,
    SecondStageSettings,
    Stage,
    label_windows,
    window_rows,
)

SETTINGS = SecondStageSettings(min_buyers=1, negative_share=0.5)


@pytest.fixture
def recipe(busy_shop: Dataset) -> Recipe:
    components = default_components(ContentBuilder().build(busy_shop.as_of())[0])
    first = FirstStageSettings(candidates=CandidateSettings(total=6))
    return Recipe(components, default_weights(components), ContentBuilder(), first)


@pytest.fixture
def window(busy_shop: Dataset) -> LabelWindow:
    return label_windows(busy_shop, busy_shop.end, 30 * DAY_US, 1)[0]


@pytest.fixture
def stage(busy_shop: Dataset, window: LabelWindow, recipe: Recipe) -> Stage:
    state = busy_shop.as_of(window.start)
    return Stage.as_of(state, recipe, rng=np.random.default_rng(0))


def rows_of(dataset, window, stage, settings=SETTINGS):
    return window_rows(dataset, window, stage, settings, rng=np.random.default_rng(0))


def test_windows_are_as_long_as_asked_and_end_at_the_moment(busy_shop):
    found = label_windows(busy_shop, busy_shop.end, 20 * DAY_US, 2)
    assert [window.end - window.start for window in found] == [20 * DAY_US] * 2
    assert found[0].end == found[1].start
    assert found[1].end == busy_shop.end


@pytest.mark.parametrize(("days", "expected"), [(20, 3), (30, 2), (45, 1), (60, 0)])
def test_a_window_has_as_much_history_before_it(busy_shop, days, expected):
    assert len(label_windows(busy_shop, busy_shop.end, days * DAY_US, 3)) == expected


def test_labels_are_what_was_newly_bought_in_the_window(busy_shop, window, stage):
    rows = rows_of(busy_shop, window, stage)
    state, inside = stage.state, busy_shop.interactions.between(*window)
    told = rows.training.user[rows.training.bought]
    users, counts = np.unique(told, return_counts=True)
    for user, count in zip(users, counts, strict=True):
        had = state.pairs.item_index[state.pairs.of_user(int(user))]
        candidates = stage.first.prepare(state, np.array([user], np.int32)).candidates[0]
        bought = set(inside.item_index[inside.user_index == user]) - set(had)
        assert count == len(bought & set(candidates.tolist()))


def test_calibration_has_all_candidates_of_buyers_and_others(busy_shop, window, stage):
    rows = rows_of(busy_shop, window, stage)
    with_history = np.flatnonzero(np.diff(stage.state.pairs.indptr) > 0)
    assert set(rows.calibration.user.tolist()) == set(with_history.tolist())
    candidates = stage.first.prepare(stage.state, with_history.astype(np.int32)).candidates
    assert len(rows.calibration) == (candidates >= 0).sum()
    assert len(rows.training) < len(rows.calibration)


def test_at_most_so_many_users(busy_shop, window, stage):
    few = SETTINGS.model_copy(update={"max_buyers": 3, "calibration_users": 5})
    rows = rows_of(busy_shop, window, stage, few)
    assert len(np.unique(rows.training.user)) <= 3
    assert len(np.unique(rows.calibration.user)) == 5
    assert rows.n_buyers > 3


def test_families_can_be_left_out(busy_shop, window, stage):
    without = SETTINGS.model_copy(update={"without": ("trend", "terms", "user")})
    names = rows_of(busy_shop, window, stage, without).names
    assert not [name for name in names if name.startswith(("trend.", "user.", "first_stage.terms"))]
    assert "first_stage.trend_log" in names
    assert len(names) == rows_of(busy_shop, window, stage, without).training.values.shape[1]


def test_later_rows_change_nothing_but_labels(busy_shop, window, stage, recipe):
    rows = busy_shop.interactions
    cut = replace(busy_shop, interactions=rows.before(window.start))
    again = Stage.as_of(cut.as_of(window.start), recipe, rng=np.random.default_rng(0))
    users = np.arange(10, dtype=np.int32)
    one, other = (s.first.prepare(s.state, users) for s in (stage, again))
    np.testing.assert_array_equal(one.candidates, other.candidates)
    np.testing.assert_array_equal(one.features.values, other.features.values)


def test_who_is_withheld_teaches_nothing(busy_shop, window, stage):
    everything = rows_of(busy_shop, window, stage)
    buyers = np.unique(everything.training.user)
    withheld = buyers[::2].astype(np.int32)
    rest = window_rows(
        busy_shop, window, stage, SETTINGS, rng=np.random.default_rng(0), withheld=withheld
    )
    assert not np.isin(rest.training.user, withheld).any()
    assert not np.isin(rest.calibration.user, withheld).any()
    assert set(buyers) - set(withheld) <= set(rest.training.user)
    assert rest.n_buyers == everything.n_buyers - np.isin(withheld, buyers).sum()
