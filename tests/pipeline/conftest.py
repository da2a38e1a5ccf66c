"""A small shop served in two stages."""

from dataclasses import replace

import numpy as np
import pytest

from unsung.data.dataset import Dataset
from unsung.data.identifiers import Identifiers
from unsung.data.interactions import Interactions
from unsung.features.first_stage import direction_of
from unsung.pipeline.candidates import CandidateSettings
from unsung.pipeline.components import default_components, default_weights, make_component
from unsung.pipeline.two_stage import FirstStage, FirstStageSettings, TwoStage
from unsung.recommenders.blend import Blend
from unsung.recommenders.ranker import Ranker, RankerRows, RankerSettings
from unsung.schema import DAY_US
from unsung.workflows.content import ContentBuilder

RANKER = RankerSettings(n_seeds=2, trees=5, leaves=4, min_rows=2, n_threads=1)


@pytest.fixture
def crowd(toy_shop: Dataset) -> Dataset:
    """The toy shop's ten items, bought by sixty people over a hundred days."""
    rng = np.random.default_rng(8)
    users = Identifiers.from_ids([f"u{n}" for n in range(60)])
    user = np.repeat(np.arange(60), 4)
    item = np.concatenate([rng.choice(toy_shop.n_items - 1, 4, replace=False) for _ in range(60)])
    time = int(toy_shop.interactions.timestamp[0]) + rng.integers(0, 100 * DAY_US, len(user))
    price = toy_shop.catalogue["price"].to_numpy()[item]
    rows = Interactions.from_columns(user_index=user, item_index=item, timestamp=time, price=price)
    return replace(toy_shop, users=users, interactions=rows, reviews=toy_shop.reviews.iloc[:0])


@pytest.fixture
def state(crowd: Dataset):
    return ContentBuilder().build(crowd.as_of())[0]


@pytest.fixture
def two_stage(state) -> TwoStage:
    """Six candidates a user; what is bought in its training is drawn at random."""
    rng = np.random.default_rng(3)
    components = default_components(state)
    scorers = [make_component(component) for component in components]
    settings = FirstStageSettings(candidates=CandidateSettings(total=6, exploration_share=0.34))
    first = FirstStage(scorers, Blend(scorers, default_weights(components)), settings)
    first.fit(state, rng=rng)
    users = np.arange(state.n_users, dtype=np.int32)
    features = first.prepare(state, users).features
    owner = np.repeat(users.astype(np.int64), len(features.valid) // len(users))[features.valid]
    rows = RankerRows(features.values[features.valid], rng.random(len(owner)) < 0.3, owner)
    ranker = Ranker(
        RANKER,
        features.names,
        [direction_of(name, first.tastes) for name in features.names],
        [name for name in features.names if name.startswith("user.")],
    )
    return TwoStage(first, ranker.fit(rows, rows, rng=rng), tail_boost=0.25)
