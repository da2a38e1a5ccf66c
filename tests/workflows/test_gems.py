"""The gems of a shop, with what became of those that would have been named before."""

import json
from dataclasses import replace

import numpy as np
import pytest

from unsung.data.dataset import Dataset
from unsung.data.event_kinds import EventKinds
from unsung.data.settings import SegmentSettings, ShopSettings, Source
from unsung.discovery.demand_model import DemandSettings
from unsung.errors import NotEnoughDataError
from unsung.pipeline.bundle import Model
from unsung.pipeline.components import default_components, default_weights, make_component
from unsung.pipeline.two_stage import FirstStage, FirstStageSettings
from unsung.popularity.segments import SEGMENT_NAMES, segment_items
from unsung.recommenders.blend import Blend
from unsung.schema import DAY_US
from unsung.workflows.content import ContentBuilder
from unsung.workflows.gems import BASELINES, GemSettings, back_test_gems, find_gems
from unsung.workflows.prepare import Shop

SETTINGS = GemSettings(
    n_gems=12,
    n_windows=2,
    back_tests=2,
    top=10,
    demand=DemandSettings(n_seeds=2, trees=20, min_rows=5, leaves=6),
)


@pytest.fixture
def shop(lively) -> Shop:
    source = Source(path="orders.csv")
    return Shop(ShopSettings(name="lively", interactions=source), lively.dataset, {})


@pytest.fixture
def model(shop: Shop) -> Model:
    state, terms, documents = ContentBuilder().build(shop.dataset.as_of())
    components = default_components(state)
    scorers = [make_component(component) for component in components]
    first = FirstStage(
        scorers, Blend(scorers, default_weights(components)), FirstStageSettings()
    ).fit(state, rng=np.random.default_rng(0))
    codes = segment_items(state, SegmentSettings())
    return Model(
        first=first,
        ranker=None,
        tail_boost=0.0,
        components=components,
        state=state,
        segments=tuple(SEGMENT_NAMES[code] for code in codes),
        terms=terms,
        documents=documents,
        repeats="hide",
        events=EventKinds({"purchase": 1.0}, "purchase"),
    )


def found_in(shop: Shop, model: Model, obstacles=None, settings=SETTINGS):
    return find_gems(
        shop,
        model,
        ContentBuilder(),
        obstacles or {},
        settings,
        rng=np.random.default_rng(0),
    )


def test_gems_with_reasons_audience_and_advice(shop, model):
    everything = shop.dataset.items.values
    held = [{"code": "overpriced", "sentence": "It costs more than others.", "evidence": {}}]
    record = found_in(shop, model, {str(item): held for item in everything})
    json.dumps(record, allow_nan=False)
    gems = record["gems"]
    assert 1 <= len(gems) <= 12
    scores = [gem["score"] for gem in gems]
    assert scores == sorted(scores, reverse=True)
    assert len({gem["item_id"] for gem in gems}) == len(gems)
    segments = dict(zip(everything, model.segments, strict=True))
    for gem in gems:
        assert segments[gem["item_id"]] == "tail"
        assert gem["reason"].startswith(f"{gem['expected_buyers']:.0f} buyers expected")
        assert 0 <= gem["audience"]["share"] <= 1
        assert gem["obstacles"] == held
        assert "price" in gem["advice"][0]
        assert gem["low"] <= gem["expected_buyers"] <= gem["high"] + 1


def test_the_back_test_holds_gems_against_every_baseline(shop, model):
    tested = found_in(shop, model)["back_test"]
    alone = back_test_gems(shop, ContentBuilder(), SETTINGS, rng=np.random.default_rng(0))
    assert alone["windows"] == tested["windows"]
    assert tested["windows"] == 2
    assert [row["chosen"] for row in tested["rows"]] == ["10 best", "1 best of each decile"]
    for row in tested["rows"]:
        assert set(row["excess"]) == {"gems", *BASELINES}
        assert row["best_baseline"] in BASELINES
        best = max(row["excess"][name] for name in BASELINES)
        assert row["excess"][row["best_baseline"]] == best
        assert 0 <= row["precision"] <= 1
        if row["ratio"] is not None:
            assert row["ratio"] == pytest.approx(row["excess"]["gems"] / best, abs=0.02)
            low, high = row["interval"]
            assert low <= high


def test_a_trial_knows_nothing_of_its_window(shop, model):
    """What is tried on an earlier window doesn't change with what is sold in it."""
    dataset = shop.dataset
    days = found_in(shop, model)["window_days"]
    moment = dataset.end - round(days * DAY_US)
    from unsung.workflows.gems import _learn, _Windows

    def forecast(some: Dataset) -> np.ndarray:
        windows = _Windows(some, SegmentSettings(), ContentBuilder(), round(days * DAY_US))
        before = [moment - n * windows.length for n in (1, 2)]
        learnt = _learn(windows, before, SETTINGS, np.random.default_rng(0))
        return learnt.predict(windows.at(moment).features)

    cut = replace(dataset, interactions=dataset.interactions.before(moment))
    np.testing.assert_array_equal(forecast(dataset), forecast(cut))


def test_without_a_clock_or_a_past_there_are_no_gems(shop, model):
    order = replace(shop, dataset=replace(shop.dataset, has_clock=False))
    with pytest.raises(NotEnoughDataError, match="without a clock"):
        found_in(order, model)
    with pytest.raises(NotEnoughDataError, match="no window is over"):
        found_in(shop, model, settings=SETTINGS.model_copy(update={"top": 1_000}))


def test_where_nothing_of_the_tail_sold_there_is_nothing_to_learn(planted_shop, shop, model):
    asleep = replace(shop, dataset=planted_shop)
    with pytest.raises(NotEnoughDataError, match="no window is over"):
        found_in(asleep, model)


def test_a_shop_of_two_windows_has_gems_that_were_never_tried(shop, model):
    untried = found_in(shop, model, settings=SETTINGS.model_copy(update={"back_tests": 0}))
    assert untried["back_test"] == {
        "windows": 0,
        "definition": untried["back_test"]["definition"],
        "rows": [],
    }
    assert untried["gems"]
