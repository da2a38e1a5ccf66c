"""A policy goes as far with every list as its limit allows; a bundle serves that policy alone."""

import json
from dataclasses import replace

import numpy as np
import pytest

import unsung
from unsung.artifacts import write_json
from unsung.data.event_kinds import EventKinds
from unsung.data.settings import SegmentSettings
from unsung.errors import InputError
from unsung.pipeline.bundle import Model, Records, write_bundle
from unsung.pipeline.components import default_components, default_weights
from unsung.pipeline.policy import Dial, Policy, check_rules, first_items, with_rules
from unsung.pipeline.pools import Relevance, item_facts, make_pools
from unsung.pipeline.recommend import recommend_lists
from unsung.pipeline.rules import Rules
from unsung.popularity.segments import SEGMENT_NAMES, segment_items
from unsung.rerankers.segment_weight import SegmentWeightSettings
from unsung.rerankers.slot_rules import SlotRules
from unsung.rerankers.worst_loss import worst_losses
from unsung.schema import EMPTY
from unsung.text.documents import DocumentSettings
from unsung.workflows.content import ContentBuilder

RULES = Rules()
LIFT = SegmentWeightSettings(scale="log_odds")
STRENGTHS = (0.2, 1.0, 8.0)


@pytest.fixture
def facts(state):
    return item_facts(state, segment_items(state, SegmentSettings()))


@pytest.fixture
def pool(two_stage, state, facts):
    users = np.arange(-1, state.n_users, dtype=np.int32)
    return make_pools(two_stage, state, users, facts, rules=RULES)


def test_at_zero_the_lists_stay(pool, facts):
    lists = Policy(LIFT, ()).lists(pool, facts, 4)
    np.testing.assert_array_equal(lists, pool.items[:, :4])


def test_without_a_limit_every_list_goes_all_the_way(pool, facts):
    lists, at = Policy(LIFT, STRENGTHS).positions(pool, facts, 4)
    assert (at == 2).all()
    n_tail = facts.in_segment("tail")[pool.items].sum(axis=1).clip(max=4)
    assert (facts.in_segment("tail")[lists].sum(axis=1) == n_tail).all()


@pytest.mark.parametrize("limit", [0.05, 0.3, 0.6, 0.8])
def test_no_list_can_lose_more_than_the_limit(pool, facts, limit):
    policy = Policy(LIFT, STRENGTHS, most_lost=limit)
    lists, at = policy.positions(pool, facts, 4)
    undialled = first_items(pool, 4)
    assert worst_losses(lists, undialled).max() <= limit
    np.testing.assert_array_equal(lists[at < 0], undialled[at < 0])
    # A stronger strength than the one that a list is at would break the limit.
    for number, strength in enumerate(STRENGTHS):
        further = Policy(LIFT, (strength,)).lists(pool, facts, 4)
        losses = worst_losses(further, undialled)
        assert (losses[number > at] > limit).all()
        np.testing.assert_array_equal(further[number == at], lists[number == at])


def test_more_slots_than_items(pool, facts):
    lists = Policy(LIFT, STRENGTHS).lists(pool, facts, 40)
    assert lists.shape == (len(pool), 40)
    assert (lists[:, pool.items.shape[1] :] == EMPTY).all()


def test_a_policy_is_what_its_file_says(pool, facts):
    policy = Policy(LIFT, STRENGTHS, 0.4, Relevance(2.0, -1.0), {"claim": "so much"})
    again = Policy.from_json(json.loads(json.dumps(policy.to_json())))
    assert (again.settings, again.strengths, again.most_lost) == (LIFT, STRENGTHS, 0.4)
    assert (again.relevance, again.certificate) == (policy.relevance, policy.certificate)
    np.testing.assert_array_equal(again.lists(pool, facts, 4), policy.lists(pool, facts, 4))


def test_a_batch_equals_one_by_one(two_stage, state, facts):
    dial = Dial(Policy(LIFT, STRENGTHS, 0.6), facts)
    users = np.arange(state.n_users, dtype=np.int32)
    lists = recommend_lists(two_stage, state, users, 4, RULES, dial=dial)
    one = [recommend_lists(two_stage, state, users[[u]], 4, RULES, dial=dial)[0] for u in users]
    np.testing.assert_array_equal(lists, one)
    assert (lists != recommend_lists(two_stage, state, users, 4, RULES)).any()


@pytest.fixture
def model(two_stage, state) -> Model:
    _, terms, documents = ContentBuilder().build(state)
    components = default_components(state)
    two_stage.first.blend.weights = default_weights(components)
    segments = segment_items(state, SegmentSettings())
    return Model(
        first=two_stage.first,
        ranker=two_stage.ranker,
        tail_boost=0.0,
        components=components,
        state=state,
        segments=tuple(SEGMENT_NAMES[code] for code in segments),
        terms=terms,
        documents=documents or DocumentSettings(),
        repeats="hide",
        events=EventKinds({"purchase": 1.0, "view": 0.1}, "purchase"),
        policy=Policy(LIFT, STRENGTHS, certificate={"claim": "so much"}),
    )


def write(folder, model: Model, writers=()):
    write_bundle(folder, model, Records({}, {}, {}, {}, writers), created="2026-01-01T00:00:00Z")
    return unsung.load_bundle(folder)


def test_a_bundle_serves_its_dial_and_tells_where_items_came_from(model, tmp_path):
    bundle = write(tmp_path / "dialled", model)
    plain = write(tmp_path / "plain", replace(model, policy=None))
    assert bundle.model.policy.certificate == {"claim": "so much"}
    moved = []
    for user in model.state.users.values[:20]:
        before = [item.item_id for item in plain.recommend(str(user), 10)]
        found = bundle.recommend(str(user), 4, explain=True)
        for item in found:
            assert before[item.undialled_rank - 1] == item.item_id
            said = [reason for reason in item.reasons if reason.kind == "dial"]
            assert bool(said) == (item.rank < item.undialled_rank)
            assert sum(r.amount for r in item.reasons) == pytest.approx(item.score, abs=1e-4)
            moved += said
    assert moved
    assert all(reason.amount == 0 for reason in moved)


def test_a_policy_of_another_model_is_not_served(model, tmp_path):
    def other(folder):
        write_json(folder / "policy.json", {**model.policy.to_json(), "model_hash": "another"})

    bundle = write(tmp_path / "bundle", replace(model, policy=None), [other])
    assert bundle.model.policy is None
    assert bundle.model.note == "The dial stands at 0: it was set for another model."


def test_a_shops_rules_hold_whatever_the_dial_does(pool, facts):
    rules = SlotRules(reserved={"tail": 2})
    dialled = Policy(LIFT, STRENGTHS, most_lost=0.3)
    for policy in (None, dialled):
        ruled = with_rules(policy, rules)
        assert ruled.changes_lists
        lists = ruled.lists(pool, facts, 4)
        n_tail = facts.in_segment("tail")[pool.items].sum(axis=1).clip(max=2)
        assert (facts.in_segment("tail")[lists].sum(axis=1) >= n_tail).all()
        assert Policy.from_json(json.loads(json.dumps(ruled.to_json()))).rules == rules
        # A list that is too short for what is reserved is left alone.
        plain = pool.items[:, :1] if policy is None else policy.lists(pool, facts, 1)
        np.testing.assert_array_equal(ruled.lists(pool, facts, 1), plain)
    assert with_rules(None, SlotRules()) is None
    assert with_rules(dialled, SlotRules()) is dialled
    assert not Policy(LIFT, ()).changes_lists


def test_limits_for_owners_that_nobody_names_are_refused():
    check_rules(SlotRules(at_most={"brand": 2}), ["item_id", "brand"])
    with pytest.raises(InputError, match="no seller_id"):
        check_rules(SlotRules(at_most={"seller": 1}), ["item_id", "brand"])
