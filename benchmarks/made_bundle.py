"""A bundle of a made shop, hardly fitted at all: for sizes and speeds, never for quality.

    python benchmarks/made_bundle.py ITEMS INTERACTIONS OUT

The shop is that of ``growth.py``. Its scorers are the default ones with default weights, and their
item-item weights, as many as a fit keeps, are drawn at random; texts have vectors of 384 numbers in
place of an encoder's; the trees of the second stage are as many and as deep as a fit's, and were
taught by made purchases.
"""

import argparse
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from growth import write_shop

from unsung.data.settings import SegmentSettings
from unsung.data.state import ItemContent, ShopState
from unsung.features.first_stage import direction_of
from unsung.pipeline.bundle import Model, Records, write_bundle
from unsung.pipeline.components import default_components, default_weights, make_component
from unsung.pipeline.two_stage import FirstStage, FirstStageSettings
from unsung.popularity.segments import SEGMENT_NAMES, segment_items
from unsung.recommenders.blend import Blend
from unsung.recommenders.content_profile import ContentProfile
from unsung.recommenders.linear import Linear
from unsung.recommenders.ranker import Ranker, RankerRows, RankerSettings
from unsung.workflows.content import ContentBuilder
from unsung.workflows.prepare import Shop, read_shop

DIM = 384
TAUGHT = 400
"""Customers whose candidates teach the trees."""


def with_vectors(state: ShopState, rng: np.random.Generator) -> ShopState:
    """The state with vectors that are near to each other within a category."""
    _, topic = np.unique(state.catalogue["category"].astype(str), return_inverse=True)
    centres = rng.standard_normal((int(topic.max()) + 1, DIM), dtype=np.float32)
    vectors = centres[topic] + rng.standard_normal((state.n_items, DIM), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return state.with_content(ItemContent(state.content.terms, vectors, state.content.variants))


def drawn_weights(n_items: int, neighbours: int, rng: np.random.Generator) -> sp.csr_array:
    """So many weights for every item, to items near and far."""
    kept = min(neighbours, n_items - 1)
    other = np.sort(rng.integers(0, n_items, (n_items, kept), dtype=np.int32), axis=1)
    values = rng.random(other.size, dtype=np.float32)
    indptr = np.arange(n_items + 1) * kept
    return sp.csr_array((values, other.ravel(), indptr), shape=(n_items, n_items))


def taught(first: FirstStage, state: ShopState, rng: np.random.Generator) -> Ranker:
    """Trees as many as a fit's, from purchases that follow the blend and chance."""
    users = rng.choice(state.n_users, min(TAUGHT, state.n_users), replace=False).astype(np.int32)
    prepared = first.prepare(state, users)
    features = prepared.features
    owner = np.repeat(users.astype(np.int64), prepared.candidates.shape[1])[features.valid]
    rows = features.values[features.valid]
    liked = np.nan_to_num(features.column("first_stage.blend_standardised")[features.valid])
    bought = rng.random(len(owner)) < 1 / (1 + np.exp(3 - liked))
    known = RankerRows(rows, bought, owner)
    names = features.names
    directions = [direction_of(name, first.tastes) for name in names]
    of_user = [name for name in names if name.startswith("user.")]
    ranker = Ranker(RankerSettings(n_threads=1), names, directions, of_user)
    return ranker.fit(known, known, rng=rng)


def made_model(shop: Shop, rng: np.random.Generator) -> Model:
    """The shop's model."""
    described, terms, documents = ContentBuilder().build(shop.dataset.as_of())
    state = with_vectors(described, rng)
    components = default_components(state)
    scorers = [make_component(component) for component in components]
    blend = Blend(scorers, default_weights(components))
    first = FirstStage(scorers, blend, FirstStageSettings())
    for scorer in scorers:
        if isinstance(scorer, Linear | ContentProfile):
            scorer.weights = drawn_weights(state.n_items, scorer.settings.neighbours, rng)
    blend.n_fitted = state.n_items
    segments = segment_items(state, SegmentSettings())
    return Model(
        first=first,
        ranker=taught(first, state, rng),
        tail_boost=0.0,
        components=components,
        state=state,
        segments=tuple(SEGMENT_NAMES[code] for code in segments),
        terms=terms,
        documents=documents,
        repeats="hide",
        events=shop.event_kinds,
    )


def make_bundle(n_items: int, n_rows: int, out: Path) -> None:
    """Write the bundle of a made shop of so many items and interactions."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        write_shop(Path(folder), n_items, n_rows, rng)
        shop = read_shop(folder)
    records = Records({}, {}, {}, {})
    created = datetime.now(UTC).isoformat(timespec="seconds")
    write_bundle(out, made_model(shop, rng), records, created=created)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("items", type=int)
    parser.add_argument("interactions", type=int)
    parser.add_argument("out", type=Path)
    asked = parser.parse_args()
    make_bundle(asked.items, asked.interactions, asked.out)


if __name__ == "__main__":
    main()
