"""Gems: forecasts that add up, comparisons with what sells alike, and nothing from the future."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from unsung.data.settings import SegmentSettings
from unsung.data.state import ItemContent
from unsung.discovery.audience import Taste, audiences
from unsung.discovery.demand_features import (
    GROUPS,
    buyers_between,
    demand_features,
    group_of,
)
from unsung.discovery.demand_model import DemandModel, DemandSettings, dispersion_of
from unsung.discovery.gems import (
    demand_window,
    described,
    distinct_products,
    excess_of,
    fairly_shown,
    fit_demand,
    potential_of,
)
from unsung.discovery.sentences import advice_of, reason_of
from unsung.discovery.similar import text_neighbours
from unsung.popularity.segments import TAIL, segment_items
from unsung.recommenders.content_profile import ContentProfile, TermProfileSettings
from unsung.schema import DAY_US
from unsung.workflows.content import ContentBuilder

SMALL = DemandSettings(n_seeds=2, trees=40, min_rows=5, leaves=6)
WINDOW = 28


def window_at(shop, moment, shown=None):
    state, _, _ = ContentBuilder().build(shop.dataset.as_of(moment))
    return demand_window(state, segment_items(state, SegmentSettings()), WINDOW, shown)


def buyers_at(shop, moment, window):
    rows, n_items = shop.dataset.interactions, shop.dataset.n_items
    return buyers_between(rows, n_items, moment, moment + WINDOW * DAY_US)[window.item]


@pytest.fixture(scope="module")
def moments(lively):
    return [lively.dataset.end - n * WINDOW * DAY_US for n in (1, 2, 3, 4)]


@pytest.fixture(scope="module")
def learnt(lively, moments):
    windows = [window_at(lively, moment) for moment in moments[1:]]
    buyers = [buyers_at(lively, m, w) for m, w in zip(moments[1:], windows, strict=True)]
    return fit_demand(windows, buyers, SMALL, rng=np.random.default_rng(0))


@pytest.fixture(scope="module")
def now(lively, moments):
    return window_at(lively, moments[0])


def test_forecasts_follow_the_rates(lively, moments, learnt, now):
    expected = learnt.predict(now.features)
    rate = lively.rate[now.item]
    assert np.corrcoef(expected, rate)[0, 1] > 0.6
    actual = buyers_at(lively, moments[0], now)
    assert abs(expected.mean() / actual.mean() - 1) < 0.4
    low, high = learnt.interval(expected)
    assert ((actual >= low) & (actual <= high)).mean() > 0.6
    assert (low <= expected).all()
    assert (high >= expected - 1).all()


def test_parts_add_up_to_the_forecast(learnt, now):
    parts = learnt.parts(now.features)
    assert set(parts) <= set(GROUPS)
    members = [np.log(member.predict(learnt._table(now.features))) for member in learnt._members]
    base = np.mean(members, axis=0) - sum(parts.values())
    np.testing.assert_allclose(base, base[0], atol=1e-6)


def test_every_feature_has_a_group(now):
    assert {group_of(name) for name in now.features} <= set(GROUPS)


def test_nothing_at_or_after_the_moment_is_seen(lively, moments):
    dataset, moment = lively.dataset, moments[0]
    rows = dataset.interactions
    cut = replace(dataset, interactions=rows.take(rows.timestamp < moment))
    first, second = window_at(lively, moment), window_at(replace(lively, dataset=cut), moment)
    for name, values in first.features.items():
        np.testing.assert_array_equal(values, second.features[name], err_msg=name)


def test_the_score_is_about_items_that_sell_alike(learnt, now):
    potential = potential_of(learnt, now)
    for cell in np.unique(now.cells):
        inside = now.cells == cell
        np.testing.assert_allclose(
            potential.matched[inside], potential.expected[inside].mean(), rtol=1e-9
        )
    assert potential.score[potential.order()[0]] == potential.score.max()
    assert (np.diff(potential.score[potential.order()]) <= 0).all()


def test_excess_is_that_over_the_others_of_a_cell(lively, moments, now):
    buyers = buyers_at(lively, moments[0], now)
    excess = excess_of(buyers, now)
    cell = now.cells == now.cells[0]
    if cell.sum() > 1:
        others = (buyers[cell].sum() - buyers[0]) / (cell.sum() - 1)
        assert excess[0] == pytest.approx(buyers[0] - others)
    assert len(excess) == len(now.item)


def test_only_the_established_tail_is_asked(lively, now):
    segments = segment_items(now.state, SegmentSettings())
    assert (segments[now.item] == TAIL).all()
    assert len(now.item) == (segments == TAIL).sum()


def test_hidden_items_are_foretold_as_though_they_were_shown(lively, moments):
    shown = np.zeros(lively.dataset.n_items)
    shown[::2] = 100
    features = window_at(lively, moments[0], shown).features
    fair = fairly_shown(features)["shown.recent"]
    assert fair.min() == pytest.approx(np.log1p(np.expm1(features["shown.recent"]).mean()))
    assert fair.max() == features["shown.recent"].max()
    assert fairly_shown({"own.recent": shown}) == {"own.recent": shown}


def test_a_gem_is_told_in_one_sentence_of_true_parts(learnt, now):
    potential = potential_of(learnt, now)
    places = distinct_products(now, potential.order(), 5)
    gems = described(learnt, now, potential, places)
    assert [gem["item_id"] for gem in gems] == list(now.state.items.values[now.item[places]])
    every = {n: sum(g["parts"].get(n, 0) for g in gems) for n in gems[0]["parts"]}
    assert every
    for gem in gems:
        sentence = reason_of(gem)
        assert sentence.count(".") >= 1
        assert f"{gem['expected_buyers']:.0f} buyers expected" in sentence
        assert len(gem["similar"]) == 3
        assert gem["title"] not in [near["title"] for near in gem["similar"]]
    quiet = {**gems[0], "parts": dict.fromkeys(gems[0]["parts"], 0.0)}
    assert reason_of(quiet).endswith("that sell like it.")
    assert ";" not in reason_of(quiet)


def test_parts_of_gems_are_less_those_of_items_that_sell_alike(learnt, now):
    potential = potential_of(learnt, now)
    everybody = described(learnt, now, potential, np.arange(len(now.item)))
    for cell in np.unique(now.cells):
        inside = np.flatnonzero(now.cells == cell)
        for name in everybody[0]["parts"]:
            assert np.mean([everybody[n]["parts"][name] for n in inside]) == pytest.approx(
                0, abs=1e-4
            )


def test_variants_of_a_product_take_one_place(learnt, now):
    titles = np.array(["RED PAPER LANTERN", "BLUE PAPER LANTERN"], dtype=object)
    state = replace(now.state)
    state.__dict__["titles"] = np.concatenate([titles, now.state.titles[2:]])
    two = replace(now, state=state, item=np.arange(5))
    assert distinct_products(two, np.array([1, 0, 3, 2]), 3).tolist() == [1, 3, 2]


def test_advice_ends_with_showing_it():
    assert len(advice_of([])) == 1
    advice = advice_of([{"code": "overpriced"}, {"code": "no_reason"}])
    assert "price" in advice[0]
    assert advice[-1].startswith("Show it")


def test_neighbours_are_the_nearest_by_text():
    content = ItemContent(
        sp.csr_array(np.eye(4, dtype=np.float32)),
        np.array([[1, 0], [0.8, 0.6], [0, 1], [0.6, 0.8]], dtype=np.float32),
    )
    found = text_neighbours(content, np.array([True, True, True, False]), 2)
    assert sorted(found.item[0].tolist()) == [1, 2]
    assert found.weight[0][found.item[0] == 1] == pytest.approx(0.8**4)
    assert found.weight[0][found.item[0] == 2] == 0
    assert 3 not in found.item
    numbers = np.array([1.0, np.nan, 5.0, 7.0])
    assert found.mean(numbers)[3] == 5  # the nearest of all has no number
    words = ItemContent(content.terms, np.zeros((4, 0), np.float32))
    assert np.isnan(text_neighbours(words, np.ones(4, bool)).mean(numbers)).all()
    alone = text_neighbours(words, np.array([True, False, False, False]))
    assert alone.item.shape == (4, 0)


def test_buyers_are_counted_once_and_within_the_span(toy_shop):
    state = toy_shop.as_of()
    start = int(state.interactions.timestamp[0])
    found = buyers_between(state.interactions, state.n_items, start, start + 11 * DAY_US)
    assert found[state.items.find("kettle")] == 5
    assert found[state.items.find("teapot")] == 1
    assert found[state.items.find("teacup")] == 0


def test_features_of_a_tiny_shop_are_numbers(toy_shop):
    state, _, _ = ContentBuilder().build(toy_shop.as_of())
    neighbours = text_neighbours(state.content, state.listed)
    found = demand_features(state, neighbours, WINDOW)
    assert found["own.recent"][state.items.find("teacup")] == pytest.approx(np.log1p(1))
    assert not np.isinf(np.stack(list(found.values()))).any()
    kettle = found["together.recent"][state.items.find("kettle")]
    assert kettle > 0


def test_dispersion_is_nothing_for_counts_that_vary_less_than_poisson():
    assert dispersion_of(np.array([2.0, 2.0]), np.array([2.0, 2.0])) == 0
    model = DemandModel()
    low, high = model.interval(np.array([4.0]))
    assert 0 < low[0] < 4 < high[0] < 9


def test_an_audience_are_those_whose_taste_is_near(toy_shop):
    state, _, _ = ContentBuilder().build(toy_shop.as_of())
    profile = ContentProfile(TermProfileSettings()).fit(state, rng=np.random.default_rng(0))
    cosy, gnome = state.items.find("cosy"), state.items.find("gnome")
    taste = Taste([profile], {})
    found = audiences(taste, state, np.array([cosy, gnome]), rng=np.random.default_rng(0))
    tea, garden = found
    assert set(garden["examples"]) <= {"dan", "eve", "fay"}
    assert set(tea["examples"]) <= {"ann", "bea", "cy"}
    assert tea["size"] + garden["size"] > 0
    assert tea["size"] == len(tea["examples"])
    assert tea["standard_error"] == 0


def test_a_sampled_audience_says_how_sure_it_is(toy_shop, monkeypatch):
    monkeypatch.setattr("unsung.discovery.audience.MOST_CUSTOMERS", 3)
    state, _, _ = ContentBuilder().build(toy_shop.as_of())
    profile = ContentProfile(TermProfileSettings()).fit(state, rng=np.random.default_rng(0))
    item = state.items.find("birdbath")
    (found,) = audiences(
        Taste([profile], {"terms": 1.0}), state, np.array([item]), rng=np.random.default_rng(0)
    )
    assert found["size"] == round(found["share"] * 6)
    assert found["standard_error"] == pytest.approx(
        np.sqrt(found["share"] * (1 - found["share"]) / 3), abs=1e-4
    )
    assert "fay" not in found["examples"]
