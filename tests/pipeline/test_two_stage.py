"""Candidates by the ranker, all others below them by the blend, and parts that add up."""

from dataclasses import replace

import numpy as np
import pytest

from unsung.data.event_kinds import EventKinds
from unsung.data.settings import SegmentSettings
from unsung.errors import MissingLibraryError
from unsung.pipeline.bundle import Model, Records, load_bundle, write_bundle
from unsung.pipeline.components import default_components
from unsung.pipeline.reasons import reasons_for
from unsung.pipeline.recommend import Request, recommend, recommend_lists
from unsung.pipeline.rules import Rules
from unsung.pipeline.two_stage import TwoStage
from unsung.popularity.segments import SEGMENT_NAMES, segment_items
from unsung.workflows.content import ContentBuilder


@pytest.fixture
def users(state) -> np.ndarray:
    return np.append(np.arange(8), -1).astype(np.int32)


def test_candidates_stand_above_all_others(two_stage, state, users):
    scores = two_stage.score(state, users)
    prepared = two_stage.first.prepare(state, users)
    blended = prepared.first_stage["blend"]
    for row, candidates in enumerate(prepared.candidates):
        inside = np.isin(np.arange(state.n_items), candidates)
        assert 0 < inside.sum() <= 6
        assert scores[row][inside].min() > scores[row][~inside].max()
        rest = np.flatnonzero(~inside)
        np.testing.assert_array_equal(
            np.argsort(-scores[row][rest], kind="stable"),
            np.argsort(-blended[row][rest], kind="stable"),
        )


def test_scores_are_the_log_odds_and_the_boost(two_stage, state, users):
    prepared = two_stage.first.prepare(state, users)
    log_odds = two_stage.ranker.predict(prepared.features.values)
    log_odds = log_odds.reshape(prepared.candidates.shape)
    tail = two_stage.first.is_tail(state)
    assert tail.any()
    scores = two_stage.score(state, users)
    for row, candidates in enumerate(prepared.candidates):
        for place, item in enumerate(candidates):
            if item >= 0:
                expected = log_odds[row, place] + 0.25 * tail[item]
                assert scores[row, item] == pytest.approx(expected, rel=1e-5)


def test_bought_items_are_no_candidates(two_stage, state, users):
    candidates = two_stage.first.prepare(state, users).candidates
    for row, user in enumerate(users):
        entries = state.pairs.of_user(int(user))
        assert not np.isin(state.pairs.item_index[entries], candidates[row]).any()


def test_the_boosted_tail_comes_in(two_stage, state, users):
    tail = two_stage.first.is_tail(state)
    shares = [
        tail[
            recommend_lists(TwoStage(two_stage.first, two_stage.ranker, boost), state, users, 2)
        ].mean()
        for boost in (0.0, 0.5, 5.0)
    ]
    assert shares == sorted(shares)
    assert shares[-1] > shares[0]


def test_parts_of_every_score_add_up_to_it(two_stage, state, users):
    scores = two_stage.score(state, users)
    for row, user in enumerate(users):
        for item in range(state.n_items):
            parts = two_stage.explain(state, int(user), item)
            total = sum(part.amount for part in parts)
            assert total == pytest.approx(scores[row, item], rel=1e-6, abs=1e-6)


def test_reasons_sum_to_the_score_and_are_named(two_stage, state):
    found = recommend(Request("u3", 6, explain=True), two_stage, state)
    kinds = set()
    for item in found:
        assert sum(r.amount for r in item.reasons) == pytest.approx(item.score, abs=1e-5)
        assert all(reason.text for reason in item.reasons)
        kinds |= {reason.kind for reason in item.reasons}
    assert {"popularity", "average"} <= kinds
    assert kinds & {"price", "category", "age", "history"}


def test_balance_is_named_where_it_acted(two_stage, state):
    tail = two_stage.first.is_tail(state)
    candidates = two_stage.first.prepare(state, np.array([2], np.int32)).candidates[0]
    for item in candidates[candidates >= 0]:
        kinds = [reason.kind for reason in reasons_for(two_stage, state, 2, int(item))]
        assert ("balance" in kinds) == tail[item]


def test_one_request_scores_the_first_stage_once(two_stage, state, monkeypatch):
    calls = []
    prepare = two_stage.first.prepare
    monkeypatch.setattr(
        two_stage.first, "prepare", lambda *given: calls.append(1) or prepare(*given)
    )
    recommend(Request("u5", 5, explain=True), two_stage, state)
    assert len(calls) == 1


def test_where_bought_items_come_again_they_are_candidates(two_stage, state, users):
    first = two_stage.first
    first.settings = first.settings.model_copy(update={"repeats": "show"})
    lists = recommend_lists(two_stage, state, users[:-1], 9, Rules(repeats="show"))
    bought = [state.pairs.item_index[state.pairs.of_user(int(user))] for user in users[:-1]]
    assert any(np.isin(some, row[:3]).any() for some, row in zip(bought, lists, strict=True))


def test_a_shop_where_everything_was_bought(two_stage, state, monkeypatch):
    monkeypatch.setattr(
        "unsung.pipeline.two_stage.seen_items",
        lambda state, users, rules: np.ones((len(users), state.n_items), bool),
    )
    scores = two_stage.score(state, np.array([0], np.int32))
    assert np.isfinite(scores).all()


@pytest.fixture
def model(two_stage, crowd) -> Model:
    state, terms, documents = ContentBuilder().build(crowd.as_of())
    return Model(
        first=two_stage.first,
        ranker=two_stage.ranker,
        tail_boost=two_stage.tail_boost,
        components=default_components(state),
        state=state,
        segments=tuple(SEGMENT_NAMES[code] for code in segment_items(state, SegmentSettings())),
        terms=terms,
        documents=documents,
        repeats="hide",
        events=EventKinds({"purchase": 1.0, "view": 0.1}, "purchase"),
    )


@pytest.fixture
def bundle_folder(model, tmp_path):
    write_bundle(tmp_path / "b", model, Records({}, {}, {}, {}), created="2025-06-01T00:00:00Z")
    return tmp_path / "b"


def test_a_bundle_scores_as_it_was_fitted(model, bundle_folder, users):
    again = load_bundle(bundle_folder).model
    scores = again.scorer.score(again.state, users)
    assert scores.tobytes() == model.scorer.score(model.state, users).tobytes()
    assert again.scorer.explain(again.state, 3, 2) == model.scorer.explain(model.state, 3, 2)
    assert again.note == ""


def test_a_bundle_without_a_ranker_needs_no_lightgbm(model, tmp_path, monkeypatch, users):
    def refuse():
        raise AssertionError("lightgbm was loaded")

    plain = replace(model, ranker=None, tail_boost=0.0)
    write_bundle(tmp_path / "b", plain, Records({}, {}, {}, {}), created="2025-06-01T00:00:00Z")
    monkeypatch.setattr("unsung.recommenders.ranker.load_lightgbm", refuse)
    again = load_bundle(tmp_path / "b").model
    assert np.array_equal(
        again.scorer.score(again.state, users), model.blend.score(model.state, users)
    )


@pytest.fixture
def without_lightgbm(monkeypatch):
    def missing():
        raise MissingLibraryError("install libgomp1.")

    monkeypatch.setattr("unsung.recommenders.ranker.load_lightgbm", missing)


def test_lists_need_no_lightgbm_and_reasons_say_that_they_do(
    model, bundle_folder, without_lightgbm, users
):
    again = load_bundle(bundle_folder).model
    scores = again.scorer.score(again.state, users)
    assert np.array_equal(scores, model.scorer.score(model.state, users))
    best = int(scores[0].argmax())
    with pytest.raises(MissingLibraryError, match="libgomp1"):
        again.scorer.explain(again.state, int(users[0]), best)


def test_where_only_lightgbm_could_score_and_is_missing_the_blend_serves_and_says_so(
    model, bundle_folder, monkeypatch, without_lightgbm, users
):
    monkeypatch.setattr("unsung.recommenders.tree_masks.MOST_CELLS", 0)
    again = load_bundle(bundle_folder).model
    assert again.note == "Lists come from the blend alone: install libgomp1."
    assert np.array_equal(
        again.scorer.score(again.state, users), model.blend.score(model.state, users)
    )
