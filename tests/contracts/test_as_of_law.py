"""The as-of law: nothing at or after a moment has a say in what is computed as of it.

``SUBJECTS`` lists what the law is tested on. A subject is a function of a state, some users and
some items to arrays by name; a scorer, a document builder or a feature family is added to the law
by one line.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from unsung.data.dataset import Dataset
from unsung.data.identifiers import Identifiers
from unsung.data.interactions import Interactions
from unsung.data.settings import SegmentSettings
from unsung.data.state import ItemContent, ShopState
from unsung.errors import UnsungError
from unsung.features.build import build_features
from unsung.pipeline.components import default_components, make_component
from unsung.pipeline.rules import Rules
from unsung.pipeline.two_stage import FirstStageSettings, TwoStage
from unsung.popularity.segments import item_first_seen, segment_items
from unsung.recommenders.blend import Blend
from unsung.recommenders.ranker import RankerSettings
from unsung.schema import DAY_US
from unsung.text.documents import DocumentSettings, documents_of
from unsung.text.term_vectors import TermVectors
from unsung.workflows.content import ContentBuilder
from unsung.workflows.second_stage import Trial, train_ranker
from unsung.workflows.windows import (
    Recipe,
    SecondStageSettings,
    Stage,
    label_windows,
    window_rows,
)

USERS, ITEMS = tuple("abcd"), tuple("klmnopq")
TITLES = np.array(["Tea cup", "Garden spade", "Red kettle", "红 茶壶"], dtype=object)
CUT_DAY = 6
EXAMPLES = 15  # each fits every scorer several times
MOMENT = CUT_DAY * DAY_US

Subject = Callable[[ShopState, np.ndarray, np.ndarray], dict[str, np.ndarray]]


def counters(state: ShopState, users: np.ndarray, items: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "buyers": state.buyers[items],
        "first_seen": state.first_seen[items],
        "first_interaction": item_first_seen(state)[items],
    }


def segments(state: ShopState, users: np.ndarray, items: np.ndarray) -> dict[str, np.ndarray]:
    return {"segment": segment_items(state, SegmentSettings(fresh_days=2))[items]}


def catalogue(state: ShopState, users: np.ndarray, items: np.ndarray) -> dict[str, np.ndarray]:
    found = {"listed": state.listed[items], "in_stock": state.in_stock[items]}
    for column in ("title", "price", "category"):
        values = state.catalogue.get(column, pd.Series(np.nan, index=range(state.n_items)))
        found[column] = values.astype(object).where(values.notna(), "unknown").to_numpy()[items]
    return found


def reviews(state: ShopState, users: np.ndarray, items: np.ndarray) -> dict[str, np.ndarray]:
    rows = state.reviews
    total = np.bincount(rows["item_index"], rows["rating"], minlength=state.n_items)
    return {"rating_sums": total[items]}


def histories(state: ShopState, users: np.ndarray, items: np.ndarray) -> dict[str, np.ndarray]:
    plain = state.pairs.matrix(state.n_items, users).toarray()
    decayed = state.pairs.matrix(state.n_items, users, half_life=3.0).toarray()
    return {"history": plain[:, items], "decayed": decayed[:, items]}


def features(state: ShopState, users: np.ndarray, items: np.ndarray) -> dict[str, np.ndarray]:
    lists = np.tile(items, (len(users), 1))
    scores = np.zeros((len(users), state.n_items), dtype=np.float32)
    scores[:, items] = np.arange(lists.size, dtype=np.float32).reshape(lists.shape)
    built = build_features(state, users, lists, {"given": scores})
    return {name: built.column(name) for name in built.names}


class LetterCounts:
    """An encoder that can be followed by hand."""

    name = "letters"
    dim = 26

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        letters = "abcdefghijklmnopqrstuvwxyz"
        counts = [[text.lower().count(letter) for letter in letters] for text in texts]
        vectors = np.array(counts, dtype=np.float32).reshape(len(texts), self.dim)
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1)


@lru_cache(maxsize=1)
def with_content(state: ShopState) -> tuple[ShopState, TermVectors, DocumentSettings]:
    return ContentBuilder(LetterCounts()).build(state)


def content(state: ShopState, users: np.ndarray, items: np.ndarray) -> dict[str, np.ndarray]:
    described, vectors, chosen = with_content(state)
    texts = np.array(documents_of(state, chosen).texts, dtype=object)
    return {
        "documents": texts[items],
        "vocabulary": np.array(vectors.terms, dtype=object),
        "terms": described.content.terms[items].toarray(),
        "embeddings": described.content.embeddings[items],
    }


def scorers(state: ShopState, users: np.ndarray, items: np.ndarray) -> dict[str, np.ndarray]:
    """Every scorer, fitted and asked as of the moment."""
    described, _, _ = with_content(state)
    found = {}
    for component in default_components(described):
        scorer = make_component(component).fit(described, rng=np.random.default_rng(1))
        found[component.name] = scorer.score(described, users)[:, items]
    return found


def blend(state: ShopState, users: np.ndarray, items: np.ndarray) -> dict[str, np.ndarray]:
    """All scorers together, each standardised over the catalogue."""
    described, _, _ = with_content(state)
    components = [make_component(settings) for settings in default_components(described)]
    weights = {component.name: 1.0 for component in components}
    fitted = Blend(components, weights).fit(described, rng=np.random.default_rng(1))
    return {"scores": fitted.score(described, users)[:, items]}


SUBJECTS: dict[str, Subject] = {
    "counters": counters,
    "segments": segments,
    "catalogue": catalogue,
    "reviews": reviews,
    "histories": histories,
    "features": features,
    "content": content,
    "scorers": scorers,
    "blend": blend,
}


def second_stage(dataset: Dataset, users: list[str], items: list[str]) -> dict[str, np.ndarray]:
    """Two stages, trained on the two windows of two days before the moment."""
    ranker = RankerSettings(n_seeds=2, trees=3, leaves=3, min_rows=1, n_threads=1)
    settings = SecondStageSettings(min_buyers=1, ranker=ranker)
    components = default_components(with_content(dataset.as_of(MOMENT))[0])
    weights = dict.fromkeys((component.name for component in components), 1.0)
    content = ContentBuilder(LetterCounts())
    recipe = Recipe(components, weights, content, FirstStageSettings())
    trial = Trial(dataset, recipe, settings, Rules(), k=3, budget=0.05)
    rng = np.random.default_rng(1)
    rows = []
    for window in label_windows(dataset, MOMENT, 2 * DAY_US, 2):
        stage = Stage.as_of(dataset.as_of(window.start), recipe, rng=rng)
        rows.append(window_rows(dataset, window, stage, settings, rng=rng))
    try:
        trained = train_ranker(rows, trial, rng=rng)
    except UnsungError as error:
        return {"refusal": np.array([str(error)], dtype=object)}
    stage = Stage.as_of(dataset.as_of(MOMENT), recipe, rng=rng)
    asked = stage.state.users.index_of(users), stage.state.items.index_of(items)
    scores = TwoStage(stage.first, trained, tail_boost=0.1).score(stage.state, asked[0])
    return {"scores": scores[:, asked[1]], "trees": np.array(len(trained.to_arrays()))}


@dataclass(frozen=True)
class Event:
    user: str
    item: str
    day: int
    kind: tuple[str, float]
    price: float
    title: int
    basket: int


def events(first_day: int, last_day: int) -> st.SearchStrategy[list[Event]]:
    kinds = [("purchase", 1.0), ("purchase", 1.0), ("view", 0.1), ("return", -1.0)]
    return st.lists(
        st.builds(
            Event,
            user=st.sampled_from(USERS),
            item=st.sampled_from(ITEMS),
            day=st.integers(first_day, last_day),
            kind=st.sampled_from(kinds),
            price=st.sampled_from([float("nan"), 0.0, 2.0, 5.0, 9.0]),
            title=st.integers(-1, len(TITLES) - 1),
            basket=st.integers(-1, 3),
        ),
        max_size=20,
    )


PAST, FUTURE = events(0, CUT_DAY - 1), events(CUT_DAY, 9)
# Both label windows have a buyer with a history who buys something new.
ALWAYS = [
    Event(user, item, day, ("purchase", 1.0), 2.0, 0, -1)
    for user, item, day in (("a", "k", 0), ("a", "l", 2), ("b", "m", 1), ("b", "n", 4))
]
RICH_PAST = PAST.map(lambda rows: rows + ALWAYS)
CATALOGUE = st.fixed_dictionaries(
    {
        # The day an item came into the items file; None = the shop gave no such file.
        "created": st.none() | st.tuples(*[st.sampled_from([np.nan, 0.0, 5.0, 6.0, 9.0])] * 7),
        "category": st.tuples(*[st.sampled_from(["x", "y", None])] * 7),
    }
)


def build_shop(
    rows: list[Event],
    described: dict[str, tuple],
    item_ids: tuple[str, ...] = ITEMS,
    user_ids: tuple[str, ...] = USERS,
) -> Dataset:
    users, items = Identifiers.from_ids(user_ids), Identifiers.from_ids(item_ids)
    user, item = users.index_of([e.user for e in rows]), items.index_of([e.item for e in rows])
    times = np.array([e.day for e in rows], dtype=np.int64) * DAY_US
    table = pd.DataFrame(
        {"item_id": ITEMS, "category": pd.Series(described["category"], dtype="str")}
    )
    if described["created"] is not None:
        table["created_at"] = np.array(described["created"]) * DAY_US
    return Dataset(
        users=users,
        items=items,
        catalogue=table.set_index("item_id", drop=False).loc[items.values].reset_index(drop=True),
        catalogue_is_derived=described["created"] is None,
        interactions=Interactions.from_columns(
            user_index=user,
            item_index=item,
            timestamp=times,
            event=np.array([len(e.kind[0]) for e in rows], dtype=np.int8),
            weight=np.array([e.kind[1] for e in rows], dtype=np.float32),
            is_target=np.array([e.kind[0] == "purchase" for e in rows], dtype=bool),
            price=np.array([e.price for e in rows], dtype=np.float32),
            title=np.array([e.title for e in rows], dtype=np.int32),
            basket=np.array([e.basket for e in rows], dtype=np.int32),
        ),
        event_kinds=("purchase", "view", "return"),
        titles=TITLES,
        reviews=pd.DataFrame(
            {
                "user_index": user,
                "item_index": item,
                "timestamp": times,
                "rating": np.array([float(e.basket) for e in rows]),
                "title": pd.Series(["Fine"] * len(rows), dtype="str"),
                "text": pd.Series([TITLES[e.title] for e in rows], dtype="str"),
            }
        ),
        exposures=None,
        user_table=None,
        has_clock=True,
    )


def known_at(state: ShopState) -> tuple[list[str], list[str]]:
    """Ids of all users, and of the items that are listed or have a history."""
    known = state.listed | (np.bincount(state.interactions.item_index, minlength=state.n_items) > 0)
    return sorted(state.users.values), sorted(state.items.values[known])


def outcome(state: ShopState, users: list[str], items: list[str]) -> dict[str, np.ndarray]:
    asked = state.users.index_of(users), state.items.index_of(items)
    return {
        f"{subject}: {name}": values
        for subject, function in SUBJECTS.items()
        for name, values in function(state, *asked).items()
    }


def assert_equal(
    found: dict[str, np.ndarray], expected: dict[str, np.ndarray], tolerance: float = 0
) -> None:
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        if values.dtype.kind == "f":
            np.testing.assert_allclose(
                found[name], values, rtol=tolerance, atol=tolerance, err_msg=name
            )
        else:
            np.testing.assert_array_equal(found[name], values, err_msg=name)


@settings(max_examples=EXAMPLES)
@given(past=PAST, future=FUTURE, other=FUTURE, described=CATALOGUE, data=st.data())
def test_the_future_has_no_say(past, future, other, described, data):
    state = build_shop(past + future, described).as_of(MOMENT)
    known = known_at(state)
    expected = outcome(state, *known)
    users = data.draw(st.permutations([event.user for event in future]))
    shuffled = [replace(event, user=user) for event, user in zip(future, users, strict=True)]
    for rows in ([], shuffled, other):
        changed = build_shop(past + rows, described).as_of(MOMENT)
        assert_equal(outcome(changed, *known), expected)


@settings(max_examples=EXAMPLES)
@given(past=RICH_PAST, future=FUTURE, other=FUTURE, described=CATALOGUE)
def test_the_future_has_no_say_in_the_second_stage(past, future, other, described):
    """Not in its labels, and not in what its windows saw."""
    dataset = build_shop(past + future, described)
    known = known_at(dataset.as_of(MOMENT))
    expected = second_stage(dataset, *known)
    for rows in ([], other):
        assert_equal(second_stage(build_shop(past + rows, described), *known), expected)


@settings(max_examples=EXAMPLES)
@given(past=RICH_PAST, future=FUTURE, described=CATALOGUE)
def test_a_second_stage_that_was_trained_at_the_moment_says_the_same(past, future, described):
    dataset = build_shop(past + future, described)
    users, (_, items) = sorted({event.user for event in past}), known_at(dataset.as_of(MOMENT))
    then = build_shop(past, described, tuple(items), tuple(users))
    expected = second_stage(dataset, users, items)
    assert_equal(second_stage(then, users, items), expected, tolerance=1e-4)


@settings(max_examples=EXAMPLES)
@given(past=PAST, described=CATALOGUE, category=st.sampled_from(["x", "z", None]))
def test_items_that_are_not_listed_yet_have_no_say(past, described, category):
    """Whatever the items file says of an item that is created later."""
    dataset = build_shop(past, described)
    state = dataset.as_of(MOMENT)
    known = known_at(state)
    unknown = ~np.isin(dataset.items.values, known[1])
    changed = dataset.catalogue.assign(
        category=dataset.catalogue["category"].mask(unknown, category),
        price=pd.Series(np.where(unknown, 99.0, np.nan)),
        title=pd.Series(np.where(unknown, "Spade, better", None), dtype="str"),
    )
    other = replace(dataset, catalogue=changed).as_of(MOMENT)
    assert_equal(outcome(other, *known), outcome(state, *known))


@settings(max_examples=EXAMPLES)
@given(past=PAST, future=FUTURE, described=CATALOGUE)
def test_a_shop_that_was_read_at_the_moment_says_the_same(past, future, described):
    """Ids that are only seen later have no row there, and all others another number."""
    state = build_shop(past + future, described).as_of(MOMENT)
    users, (_, items) = sorted({event.user for event in past}), known_at(state)
    assume(items)
    then = build_shop(past, described, tuple(items), tuple(users)).as_of(MOMENT)
    # Sums that run over items in another order may differ in their last digits.
    assert_equal(outcome(then, users, items), outcome(state, users, items), tolerance=1e-4)


@settings(max_examples=EXAMPLES)
@given(past=PAST, future=FUTURE, described=CATALOGUE, data=st.data())
def test_live_equals_offline(past, future, described, data):
    """A state put together from the rows as they came in, as a running service does."""
    offline = build_shop(past + future, described).as_of(MOMENT)
    known = known_at(offline)
    so_far = build_shop(data.draw(st.permutations(past)), described)
    live = ShopState(
        as_of=MOMENT,
        users=so_far.users,
        items=so_far.items,
        catalogue=offline.catalogue,
        listed=offline.listed,
        in_stock=np.ones(so_far.n_items, dtype=bool),
        interactions=so_far.interactions,
        reviews=so_far.reviews,
        content=ItemContent.empty(so_far.n_items),
    )
    assert_equal(outcome(live, *known), outcome(offline, *known))


def test_the_law_bites():
    """A counter that peeks is caught."""

    def peeking(dataset: Dataset) -> np.ndarray:
        return dataset.as_of(dataset.end).buyers

    row = Event("a", "k", 8, ("purchase", 1.0), 2.0, 0, 0)
    described = {"created": None, "category": (None,) * 7}
    with_future, without = (build_shop(rows, described) for rows in ([row], []))
    assert peeking(with_future).tolist() != peeking(without).tolist()
    for dataset in (with_future, without):
        assert dataset.as_of(MOMENT).buyers.tolist() == [0] * 7
