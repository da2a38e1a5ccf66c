"""The laws of every built-in scorer, on a small shop."""

from dataclasses import replace

import numpy as np
import pytest

from unsung.data.dataset import Dataset
from unsung.data.identifiers import Identifiers
from unsung.data.interactions import Interactions
from unsung.data.state import ItemContent, ShopState
from unsung.pipeline.candidates import CandidateSettings
from unsung.pipeline.components import (
    ComponentSettings,
    default_weights,
    make_component,
    parse_components,
    restore_component,
)
from unsung.pipeline.two_stage import FirstStage, FirstStageSettings, TwoStage
from unsung.recommenders.blend import Blend
from unsung.recommenders.content_profile import EncoderProfileSettings, TermProfileSettings
from unsung.recommenders.linear import LinearSettings
from unsung.recommenders.popular import PopularSettings
from unsung.recommenders.ranker import Ranker, RankerRows, RankerSettings
from unsung.workflows.content import ContentBuilder

COMPONENTS: dict[str, ComponentSettings] = {
    "popular": PopularSettings(),
    "popular_log": PopularSettings(name="popular_log", log=True),
    "trend": PopularSettings(name="trend", half_life_days=14),
    "terms": TermProfileSettings(),
    "encoder": EncoderProfileSettings(),
    "linear": LinearSettings(l2=2, term_weight=1, encoder_weight=1),
    "blend": LinearSettings(),  # these two stand for the name; see fitted
    "two_stage": LinearSettings(),
}
TOGETHER = ("blend", "two_stage")


def described(dataset: Dataset) -> ShopState:
    """The shop with term vectors, and vectors of letters for an encoder."""
    state, _, _ = ContentBuilder().build(dataset.as_of())
    letters = np.array(
        [
            [title.lower().count(chr(ord("a") + i)) for i in range(26)]
            for title in state.catalogue["title"]
        ],
        dtype=np.float32,
    )
    letters /= np.linalg.norm(letters, axis=1, keepdims=True)
    return state.with_content(ItemContent(state.content.terms, letters))


def fitted(name: str, state: ShopState):
    rng = np.random.default_rng(1)
    if name not in TOGETHER:
        return make_component(COMPONENTS[name]).fit(state, rng=rng)
    parts = [COMPONENTS[part] for part in ("linear", "encoder", "terms", "popular_log", "trend")]
    weights = default_weights(parts) | {"trend": 0.2}
    scorers = [make_component(part) for part in parts]
    blend = Blend(scorers, weights)
    return blend.fit(state, rng=rng) if name == "blend" else ranked(scorers, blend, state, rng)


def ranked(scorers, blend: Blend, state: ShopState, rng) -> TwoStage:
    """Two stages; four candidates a user, of which one in three was bought in the training."""
    settings = FirstStageSettings(candidates=CandidateSettings(total=4, exploration_share=0.25))
    first = FirstStage(scorers, blend, settings).fit(state, rng=rng)
    users = np.arange(state.n_users, dtype=np.int32)
    prepared = first.prepare(state, users)
    features = prepared.features
    owner = np.repeat(users.astype(np.int64), prepared.candidates.shape[1])[features.valid]
    bought = np.arange(len(owner)) % 3 == 0
    rows = RankerRows(features.values[features.valid], bought, owner)
    small = RankerSettings(n_seeds=2, trees=5, leaves=4, min_rows=1, n_threads=1)
    of_user = [name for name in features.names if name.startswith("user.")]
    ranker = Ranker(small, features.names, of_user=of_user).fit(rows, rows, rng=rng)
    return TwoStage(first, ranker, tail_boost=0.2)


def with_appended_item(state: ShopState) -> ShopState:
    """The same shop after somebody uploaded an item that resembles the first."""
    items = state.items.appended(["newcomer"])
    terms, vectors = state.content.terms, state.content.embeddings
    content = ItemContent(
        terms[np.append(np.arange(state.n_items), 0)], np.concatenate([vectors, vectors[:1]])
    )
    return replace(
        state,
        items=items,
        catalogue=state.catalogue.iloc[[*range(state.n_items), 0]].reset_index(drop=True),
        listed=np.append(state.listed, True),
        in_stock=np.append(state.in_stock, True),
        content=content,
    )


@pytest.fixture
def state(toy_shop: Dataset) -> ShopState:
    return described(toy_shop)


@pytest.fixture
def everybody(state: ShopState) -> np.ndarray:
    return np.append(np.arange(state.n_users), -1).astype(np.int32)


@pytest.mark.parametrize("name", COMPONENTS)
class TestEveryScorer:
    def test_scores_are_finite_and_of_the_promised_shape(self, name, state, everybody):
        scores = fitted(name, state).score(state, everybody)
        assert scores.shape == (len(everybody), state.n_items)
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()

    def test_a_batch_equals_one_by_one(self, name, state, everybody):
        scorer = fitted(name, state)
        batch = scorer.score(state, everybody)
        for row, user in enumerate(everybody):
            np.testing.assert_allclose(
                scorer.score(state, np.array([user]))[0], batch[row], rtol=1e-5, atol=1e-6
            )

    def test_same_input_same_bytes(self, name, state, everybody):
        first, second = (fitted(name, state).score(state, everybody) for _ in range(2))
        assert first.tobytes() == second.tobytes()

    def test_parts_of_a_score_add_up_to_it(self, name, state, everybody):
        scorer = fitted(name, state)
        scores = scorer.score(state, everybody)
        for row, user in enumerate(everybody):
            for item in range(state.n_items):
                parts = scorer.explain(state, int(user), item)
                total = sum(part.amount for part in parts)
                assert total == pytest.approx(scores[row, item], rel=1e-4, abs=1e-5)
                amounts = [abs(part.amount) for part in parts]
                assert amounts == sorted(amounts, reverse=True)

    def test_an_appended_item_leaves_the_others_as_they_are(self, name, state, everybody):
        scorer = fitted(name, state)
        later = with_appended_item(state)
        before, after = scorer.score(state, everybody), scorer.score(later, everybody)
        assert after.shape[1] == later.n_items
        np.testing.assert_allclose(after[:, :-1], before, rtol=1e-5, atol=1e-6)

    def test_row_order_of_the_file_leaves_no_trace(self, name, toy_shop, state, everybody):
        rows = toy_shop.interactions
        order = np.random.default_rng(3).permutation(len(rows))
        columns = {c: getattr(rows, c)[order] for c in rows.__dataclass_fields__}
        shuffled = described(toy_shop.with_interactions(Interactions.from_columns(**columns)))
        assert (
            fitted(name, shuffled).score(shuffled, everybody).tobytes()
            == fitted(name, state).score(state, everybody).tobytes()
        )


@pytest.mark.parametrize("name", [name for name in COMPONENTS if name not in TOGETHER])
def test_saved_and_restored_scores_the_same(name, state, everybody):
    scorer = fitted(name, state)
    settings = parse_components([COMPONENTS[name].model_dump(mode="json")])[0]
    again = restore_component(settings, scorer.to_arrays())
    assert again.score(state, everybody).tobytes() == scorer.score(state, everybody).tobytes()


@pytest.mark.parametrize("name", ["terms", "encoder", *TOGETHER])
def test_an_appended_item_is_found_by_its_text(name, state):
    # "newcomer" has the first item's text: whoever is near to the one is near to the other.
    later = with_appended_item(state)
    first_buyers = np.flatnonzero(
        [0 in state.pairs.item_index[state.pairs.of_user(u)] for u in range(state.n_users)]
    )
    some = np.setdiff1d(np.arange(state.n_users - 1), first_buyers).astype(np.int32)
    scores = fitted(name, state).score(later, some)
    assert (scores[:, -1] != 0).any()
    if name not in TOGETHER:
        np.testing.assert_allclose(scores[:, -1], scores[:, 0], rtol=1e-4, atol=1e-6)


def test_a_shop_without_users_serves_anybody(state):
    nobody = np.array([], dtype=np.int64)
    rows = Interactions.from_columns(user_index=nobody, item_index=nobody, timestamp=nobody)
    empty = replace(state, users=Identifiers(np.array([], dtype=object)), interactions=rows)
    scores = fitted("blend", empty).score(empty, empty.users.index_of(["ann"]))
    assert scores.shape == (1, state.n_items)
    assert np.isfinite(scores).all()


def test_users_appended_after_the_fit_are_served(state):
    scorer = fitted("blend", state)
    later = replace(state, users=Identifiers(np.append(state.users.values, "newcomer")))
    scores = scorer.score(later, later.users.index_of(["newcomer"]))
    assert np.array_equal(scores, scorer.score(state, np.array([-1])))
    assert state.items.values[int(scores.argmax())] in {"kettle", "rake", "teapot"}
