"""Reasons are the parts of the score."""

from dataclasses import replace

import numpy as np
import pytest

from unsung.data.dataset import Dataset
from unsung.data.identifiers import Identifiers
from unsung.errors import InputError
from unsung.pipeline.components import make_component
from unsung.pipeline.reasons import reasons_for, shared_words, title_of
from unsung.pipeline.recommend import Request, recommend
from unsung.recommenders.base import Part
from unsung.recommenders.blend import Blend
from unsung.recommenders.linear import LinearSettings
from unsung.recommenders.popular import PopularSettings
from unsung.workflows.content import ContentBuilder


@pytest.fixture
def shop(toy_shop: Dataset):
    state, vectors, _ = ContentBuilder().build(toy_shop.as_of())
    return state, vectors.terms


def blend_of(state, weight: float):
    parts = [
        make_component(LinearSettings(l2=1, term_weight=1)),
        make_component(PopularSettings(name="popular_log", log=True)),
    ]
    return Blend(parts, {"linear": 1.0, "popular_log": weight}).fit(
        state, rng=np.random.default_rng(0)
    )


@pytest.mark.parametrize("weight", [0.5, -0.5])
def test_reasons_sum_to_the_score(shop, weight: float):
    state, vocabulary = shop
    blend = blend_of(state, weight)
    found = recommend(
        Request("bea", 5, explain=True), blend, state, segments=["tail"], vocabulary=vocabulary
    )
    assert len(found) == 5
    for item in found:
        assert sum(r.amount for r in item.reasons) == pytest.approx(item.score, abs=1e-5)
        buyers = state.buyers[state.items.index_of([item.item_id])[0]]
        popular = [r for r in item.reasons if r.kind == "popularity"]
        assert len(popular) == (buyers > 0)
        for reason in popular:
            assert reason.text.startswith(f"{buyers} customer")
            assert ("stand back" in reason.text) == (weight < 0)


def test_a_history_item_is_named_with_the_words_it_shares(shop):
    state, vocabulary = shop
    user, teacup = (
        int(i) for i in (*state.users.index_of(["bea"]), *state.items.index_of(["teacup"]))
    )
    reasons = reasons_for(blend_of(state, 0.1), state, user, teacup, vocabulary)
    named = {reason.item_id for reason in reasons if reason.kind == "history"}
    assert named <= {"kettle", "teapot", "strainer"}
    assert named
    teapot, kettle = state.items.index_of(["teapot", "kettle"])
    assert {"red", "enamel"} <= set(shared_words(state, int(kettle), int(teapot), vocabulary))


@pytest.mark.parametrize("alone", [True, False])
def test_ids_may_hold_a_colon(shop, alone: bool):
    state, vocabulary = shop
    named = np.array([f"urn:{i}" for i in state.items.values], dtype=object)
    state = replace(state, items=Identifiers(named))
    blend = blend_of(state, 0.1)
    scorer = blend.components[0] if alone else blend
    user = int(state.users.index_of(["bea"])[0])
    teacup = int(state.items.index_of(["urn:teacup"])[0])
    reasons = reasons_for(scorer, state, user, teacup, vocabulary)
    history = [reason for reason in reasons if reason.kind == "history"]
    assert history
    for reason in history:
        assert reason.item_id in {"urn:kettle", "urn:teapot", "urn:strainer"}
        assert title_of(state, int(state.items.index_of([reason.item_id])[0])) in reason.text


# The birdbath has three items that speak for it and two against; the kettle, bought before, has
# four that speak for it.
@pytest.mark.parametrize(
    ("item_id", "further"), [("birdbath", "2 further items"), ("kettle", "1 further item")]
)
def test_many_history_items_are_added_up(toy_shop: Dataset, item_id: str, further: str):
    # Dan buys what bea did too: five items.
    rows, (bea, dan) = toy_shop.interactions, toy_shop.users.index_of(["bea", "dan"])
    owner = np.where(rows.user_index == bea, dan, rows.user_index)
    shop = toy_shop.with_interactions(replace(rows, user_index=owner))
    state, vectors, _ = ContentBuilder().build(shop.as_of())
    blend, item = blend_of(state, 0.1), int(state.items.index_of([item_id])[0])
    amounts = {
        part.name: part.amount
        for part in blend.explain(state, int(dan), item)
        if part.kind == "history"
    }
    largest = sorted(amounts, key=lambda name: -amounts[name])
    reasons = reasons_for(blend, state, int(dan), item, vectors.terms)
    named = [reason for reason in reasons if reason.kind == "history"]
    assert [reason.item_id for reason in named] == largest[:3]
    assert [reason.amount for reason in named] == [amounts[name] for name in largest[:3]]
    other, average = reasons[-2:]
    assert (other.kind, average.kind) == ("other_history", "average")
    assert other.text == f"{further} of the history"
    assert other.amount == pytest.approx(sum(amounts[name] for name in largest[3:]))


def test_nobody_has_no_history(shop):
    state, vocabulary = shop
    reasons = reasons_for(blend_of(state, 0.5), state, -1, 0, vocabulary)
    assert {reason.kind for reason in reasons} <= {"popularity", "average"}


def test_an_item_without_a_title_is_called_by_its_id(shop):
    state, _ = shop
    bare = replace(state, catalogue=state.catalogue.drop(columns="title"))
    assert title_of(bare, 0) == state.items.values[0]
    assert shared_words(state, 0, 1, ()) == ()


@pytest.mark.parametrize("k", [0, -1, 10**9])
def test_k_has_bounds(k: int):
    with pytest.raises(InputError, match="1 to 1000"):
        Request("ann", k)


def test_what_would_read_as_nothing_is_not_told_apart(toy_shop):
    class Fixed:
        name = "fixed"

        def explain(self, state, user, item):
            return (
                Part("item", "trend", 1.0, "trees"),
                Part("item", "title", 0.004, "trees"),
                Part("rest", "start", -2.0),
            )

    state = toy_shop.as_of()
    reasons = reasons_for(Fixed(), state, 0, 0)
    assert [reason.kind for reason in reasons] == ["popularity", "average"]
    assert sum(reason.amount for reason in reasons) == pytest.approx(1.0 + 0.004 - 2.0)
