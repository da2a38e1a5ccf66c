"""A small shop in service: fitted on its first eighty days, the other twenty come as events."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from unsung.data.dataset import Dataset
from unsung.data.event_kinds import EventKinds
from unsung.data.identifiers import Identifiers
from unsung.data.interactions import Interactions
from unsung.data.settings import SegmentSettings
from unsung.operations.live_items import Describer
from unsung.operations.live_shop import LiveShop
from unsung.operations.served_model import load_model, warm
from unsung.pipeline.bundle import Model, Records, write_bundle
from unsung.pipeline.components import default_components, default_weights, make_component
from unsung.pipeline.two_stage import FirstStage, FirstStageSettings
from unsung.popularity.segments import SEGMENT_NAMES, segment_items
from unsung.recommenders.blend import Blend
from unsung.schema import DAY_US
from unsung.store.changes import Changes
from unsung.store.database import open_store
from unsung.store.events import Event
from unsung.workflows.content import ContentBuilder

KINDS = EventKinds({"purchase": 1.0, "view": 0.1, "like": 0.5}, "purchase")
FITTED_DAYS = 80


@pytest.fixture(scope="session")
def crowd(fixed_toy_shop: Dataset) -> Dataset:
    """The toy shop's items but one, bought and viewed by forty people over a hundred days."""
    rng = np.random.default_rng(8)
    users = Identifiers.from_ids([f"u{n}" for n in range(40)])
    user = np.repeat(np.arange(40), 6)
    item = rng.integers(0, fixed_toy_shop.n_items - 1, len(user))
    time = int(fixed_toy_shop.interactions.timestamp[0]) + rng.integers(0, 100 * DAY_US, len(user))
    viewed = rng.random(len(user)) < 0.3
    rows = Interactions.from_columns(
        user_index=user,
        item_index=item,
        timestamp=time,
        event=viewed,
        weight=np.where(viewed, 0.1, 1.0),
        is_target=~viewed,
        basket=np.arange(len(user)),
    )
    return replace(
        fixed_toy_shop,
        users=users,
        interactions=rows,
        reviews=fixed_toy_shop.reviews.iloc[:0],
        event_kinds=("purchase", "view"),
    )


@pytest.fixture(scope="session")
def moment(crowd: Dataset) -> int:
    return int(crowd.interactions.timestamp[0]) + FITTED_DAYS * DAY_US


@pytest.fixture(scope="session")
def model(crowd: Dataset, moment: int) -> Model:
    state, terms, documents = ContentBuilder().build(crowd.as_of(moment))
    components = default_components(state)
    scorers = [make_component(component) for component in components]
    blend = Blend(scorers, default_weights(components))
    first = FirstStage(scorers, blend, FirstStageSettings())
    first.fit(state, rng=np.random.default_rng(3))
    found = Model(
        first=first,
        ranker=None,
        tail_boost=0.0,
        components=components,
        state=state,
        segments=tuple(SEGMENT_NAMES[c] for c in segment_items(state, SegmentSettings())),
        terms=terms,
        documents=documents,
        repeats="hide",
        events=KINDS,
    )
    warm(found.scorer, found.state)
    return found


@pytest.fixture
def live(model: Model, moment: int) -> LiveShop:
    return LiveShop(model, Describer(model.documents, model.terms, None), moment)


@pytest.fixture(scope="session")
def later(crowd: Dataset, moment: int) -> tuple[Event, ...]:
    """What happened after the fit, as the store tells it."""
    rows = crowd.interactions.between(moment, crowd.end)
    return tuple(
        Event(
            f"e{n}",
            str(crowd.users.values[rows.user_index[n]]),
            str(crowd.items.values[rows.item_index[n]]),
            "purchase" if rows.is_target[n] else "view",
            int(rows.timestamp[n]),
            basket_id=f"b{rows.basket[n]}",
        )
        for n in range(len(rows))
    )


@pytest.fixture
def store(tmp_path, empty_store):
    shutil.copy(empty_store, tmp_path / "shop.db")
    opened = open_store(str(tmp_path / "shop.db"))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def written_bundle(model: Model, moment: int, tmp_path_factory) -> Path:
    when = np.datetime64(moment, "us").astype("datetime64[s]")
    folder = tmp_path_factory.mktemp("written") / "bundle"
    write_bundle(folder, model, Records({}, {}, {}, {}), created=f"{when}Z")
    return folder


@pytest.fixture
def bundle(written_bundle: Path, tmp_path) -> Path:
    """A bundle that a test may damage."""
    return Path(shutil.copytree(written_bundle, tmp_path / "bundle"))


@pytest.fixture
def served(bundle):
    return load_model(bundle)


@pytest.fixture
def told():
    """Makes the changes of a store out of parts."""

    def changes(events=(), items=(), choices=(), merged=(), last=1) -> Changes:
        return Changes(
            tuple(events), tuple(items), tuple(choices), tuple(merged), (), None, None, last, True
        )

    return changes
