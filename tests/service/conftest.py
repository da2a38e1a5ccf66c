"""A small shop in service: two stages, a certified dial, twenty items and forty customers."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from unsung.data.dataset import Dataset
from unsung.data.event_kinds import EventKinds
from unsung.data.identifiers import Identifiers
from unsung.data.interactions import Interactions
from unsung.data.settings import SegmentSettings
from unsung.features.first_stage import direction_of
from unsung.pipeline.bundle import Model, Records, write_bundle
from unsung.pipeline.candidates import CandidateSettings
from unsung.pipeline.components import default_components, default_weights, make_component
from unsung.pipeline.policy import Policy
from unsung.pipeline.two_stage import FirstStage, FirstStageSettings
from unsung.popularity.segments import SEGMENT_NAMES, segment_items
from unsung.recommenders.blend import Blend
from unsung.recommenders.ranker import Ranker, RankerRows, RankerSettings
from unsung.rerankers.segment_weight import SegmentWeightSettings
from unsung.schema import DAY_US
from unsung.service.app import create_app
from unsung.service.settings import ServiceSettings
from unsung.workflows.content import ContentBuilder

TEA = ("kettle", "teapot", "teacup", "saucer", "strainer", "tray", "spoon", "caddy", "cosy", "urn")
GARDEN = ("spade", "rake", "hoe", "trowel", "gnome", "pot", "hose", "glove", "fork", "sieve")
KINDS = EventKinds({"purchase": 1.0, "view": 0.1, "like": 0.5}, "purchase")
N_USERS = 40
RANKER = RankerSettings(n_seeds=2, trees=8, leaves=4, min_rows=2, n_threads=1)
DIAGNOSIS = {"n_items": 20}


def made_shop() -> Dataset:
    """Customers buy six things each of their own crowd's ten, the first ones most."""
    rng = np.random.default_rng(4)
    names = [*TEA, *GARDEN]
    items = Identifiers.from_ids(names)
    users = Identifiers.from_ids([f"u{n}" for n in range(N_USERS)])
    weight = 1 / np.arange(1, 11)
    start = pd.Timestamp("2025-01-01", tz="UTC").value // 1_000
    bought = [
        (user, (TEA if user % 2 else GARDEN)[place], int(start + rng.integers(0, 100 * DAY_US)))
        for user in range(N_USERS)
        for place in rng.choice(10, 6, replace=False, p=weight / weight.sum())
    ]
    user, item, time = zip(*bought, strict=True)
    places = pd.Series(range(20), index=names)[list(items.values)].to_numpy()
    catalogue = pd.DataFrame(
        {
            "item_id": items.values,
            "title": [f"Plain {name} for every day" for name in items.values],
            "category": np.where(places < 10, "tea", "garden"),
            "brand": [f"brand {place % 4}" for place in places],
            "price": places + 1.0,
        }
    )
    return Dataset(
        users=users,
        items=items,
        catalogue=catalogue,
        catalogue_is_derived=False,
        interactions=Interactions.from_columns(
            user_index=users.index_of([f"u{n}" for n in user]),
            item_index=items.index_of(list(item)),
            timestamp=np.array(time),
        ),
        event_kinds=("purchase",),
        titles=np.array([], dtype=object),
        reviews=pd.DataFrame(
            {
                name: []
                for name in ("user_index", "item_index", "timestamp", "rating", "title", "text")
            }
        ).astype({"user_index": "int32", "item_index": "int32", "timestamp": "int64"}),
        exposures=None,
        user_table=None,
        has_clock=True,
    )


def made_model(shop: Dataset) -> Model:
    rng = np.random.default_rng(3)
    state, terms, documents = ContentBuilder().build(shop.as_of())
    components = default_components(state)
    scorers = [make_component(component) for component in components]
    blend = Blend(scorers, default_weights(components))
    settings = FirstStageSettings(candidates=CandidateSettings(total=12, exploration_share=0.34))
    first = FirstStage(scorers, blend, settings)
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
    return Model(
        first=first,
        ranker=ranker.fit(rows, rows, rng=rng),
        tail_boost=0.25,
        components=components,
        state=state,
        segments=tuple(SEGMENT_NAMES[c] for c in segment_items(state, SegmentSettings())),
        terms=terms,
        documents=documents,
        repeats="hide",
        events=KINDS,
        policy=Policy(
            SegmentWeightSettings(),
            (0.3, 0.6),
            certificate={"claim": "so much", "budget": 0.05},
        ),
    )


@pytest.fixture(scope="session")
def model() -> Model:
    return made_model(made_shop())


@pytest.fixture(scope="session")
def bundles(model, tmp_path_factory) -> tuple[Path, Path]:
    """Two bundles of one shop, the second without a ranker, dial and reports."""
    folder = tmp_path_factory.mktemp("bundles")
    first, second = folder / "first", folder / "second"
    documents = dict.fromkeys(("diagnosis.json", "quality.json", "evaluation.json"), DIAGNOSIS)
    records = Records({}, {}, documents, {"report.html": "<!doctype html><title>Report</title>"})
    write_bundle(first, model, records, created="2026-03-01T10:00:00Z")
    plain = replace(model, ranker=None, policy=None)
    write_bundle(second, plain, Records({}, {}, {}, {}), created="2026-03-02T10:00:00Z")
    return first, second


Start = Callable[..., TestClient]


@pytest.fixture
def start(bundles, tmp_path, empty_store) -> Iterator[Start]:
    """Starts services on one store; settings are given by name."""
    if not (tmp_path / "shop.db").exists():
        shutil.copy(empty_store, tmp_path / "shop.db")
    with ExitStack() as stack:

        def started(**settings) -> TestClient:
            base = {"bundle": bundles[0], "store": str(tmp_path / "shop.db"), "deadline_ms": 10_000}
            app = create_app(ServiceSettings(**{**base, **settings}))
            client = TestClient(app, base_url="http://127.0.0.1")
            return stack.enter_context(client)

        yield started


@pytest.fixture
def client(start) -> TestClient:
    return start()


@pytest.fixture
def shop(client):
    """The running shop behind the client."""
    return client.app.state.context.shop


@pytest.fixture
def listed(client):
    """Asks for somebody's list; the item ids."""

    def ids(user: str, **query) -> list[str]:
        answer = client.get(f"/v1/users/{user}/recommendations", params={"k": 20, **query})
        assert answer.status_code == 200, answer.text
        return [item["item_id"] for item in answer.json()["items"]]

    return ids


@pytest.fixture
def send(client):
    """Sends events, each given as user, item and kind."""

    def events(*rows: tuple[str, str, str]) -> None:
        body = [{"user_id": u, "item_id": i, "event": kind} for u, i, kind in rows]
        answer = client.post("/v1/events", json={"events": body})
        assert answer.json() == {"accepted": len(rows), "duplicates": 0, "suppressed": 0}

    return events
