"""Answers heed what was said, and come from the best rung that works."""

import itertools

import numpy as np
import pytest
from sqlalchemy.exc import IntegrityError

from unsung.errors import BundleError, InputError
from unsung.operations.answers import NOTHING, Query, answer, popular_now
from unsung.operations.histories import Said
from unsung.operations.ladder import RUNGS, CategoryPopular
from unsung.operations.running import RunningShop
from unsung.operations.search import find_items, similar_items
from unsung.pipeline.rules import Rules
from unsung.store.choices import Choice, set_choice
from unsung.store.events import Event, append_events
from unsung.store.exposures import Exposure, exposures_of_request
from unsung.store.items import Item, put_items
from unsung.store.personal import erase_person


def never(place: str, error: Exception) -> None:
    raise AssertionError(place) from error


@pytest.fixture
def shop(store, bundle, moment) -> RunningShop:
    running = RunningShop(store, never)
    running.load(bundle, "test", moment)
    return running


def ids(found) -> list[str]:
    return [item.item_id for item in found.items]


def buy(store, user: str, item: str, at: int) -> None:
    append_events(store, [Event(f"{user}/{item}/{at}", user, item, "purchase", at)], at)


def test_what_was_acknowledged_counts_in_the_next_answer(shop, store, moment):
    before = shop.answer(Query("new"), moment)
    assert not before.known
    assert before.rung == "full"
    buy(store, "new", "spade", moment + 1)
    after = shop.answer(Query("new"), moment + 2)
    assert after.known
    assert "spade" in ids(before)
    assert "spade" not in ids(after)
    assert after.items[0].item_id in ("rake", "birdbath", "gnome", "dibber")


def test_two_processes_share_one_truth(shop, store, bundle, moment):
    other = RunningShop(store, never)
    other.load_active(moment)
    assert other.model().version == shop.model().version
    buy(store, "new", "spade", moment + 1)
    assert ids(other.answer(Query("new"), moment + 2)) == ids(shop.answer(Query("new"), moment + 2))


def test_hidden_items_don_t_come_back(shop, store, moment):
    first = ids(shop.answer(Query("u0"), moment))[0]
    set_choice(store, Choice("u0", "not_interested", first, active=True, timestamp=moment))
    assert first not in ids(shop.answer(Query("u0"), moment + 1))
    assert first in ids(shop.answer(Query("new"), moment + 1))


def test_without_consent_opposite_histories_get_the_same_list(shop, store, moment):
    buy(store, "a", "spade", moment + 1)
    buy(store, "b", "kettle", moment + 1)
    assert shop.answer(Query("a"), moment + 2) != shop.answer(Query("b"), moment + 2)
    for user in "ab":
        set_choice(store, Choice(user, "profiling", "", active=False, timestamp=moment))
    said = [Said("rake", moment, 1.0, is_target=False, basket=None)]
    first = shop.answer(Query("a", explain=True), moment + 2)
    assert first == shop.answer(Query("b", explain=True, said=said), moment + 2)
    assert not first.known


def test_what_comes_with_the_request_counts_and_isn_t_kept(shop, moment):
    said = [Said("spade", moment, 1.0, is_target=False, basket=None)]
    found = shop.answer(Query(said=said), moment)
    assert found.known
    assert found.items[0].item_id in ("rake", "birdbath", "gnome", "dibber", "spade")
    assert not shop.answer(Query(), moment).known


def test_every_rung_is_reached(shop, moment, monkeypatch):
    served = shop.model()
    failed: list[str] = []

    class Broken:
        name = "broken"

        def score(self, state, users):
            raise MemoryError("no room")

    rungs = served.rungs
    assert [rung.name for rung in rungs] == ["full", "text", "category", "popular"]
    for n_broken in range(3):
        for broken in itertools.combinations(range(len(rungs)), n_broken):
            for number, rung in enumerate(rungs):
                scorer = Broken() if number in broken else rung.scorer
                object.__setattr__(rung, "scorer_in_use", scorer)
            used = tuple(type(rung)(rung.name, rung.scorer_in_use, rung.dialled) for rung in rungs)
            monkeypatch.setattr(served, "rungs", used)
            failed.clear()
            found = answer(served, Query("u0", k=3), moment, lambda place, _: failed.append(place))
            first = next(n for n in range(len(rungs)) if n not in broken)
            assert found.rung == rungs[first].name
            assert failed == [rungs[n].name for n in range(first)]
            assert len(found.items) == 3
    monkeypatch.setattr(served, "rungs", ())
    assert answer(served, Query("u0"), moment, never).rung == RUNGS[-1] == "empty"


def test_a_query_that_can_t_be_answered_is_no_failure(shop, moment):
    with pytest.raises(InputError, match="k is 0"):
        shop.answer(Query("u0", k=0), moment)


def test_without_a_model(store, moment):
    running = RunningShop(store, never)
    with pytest.raises(BundleError, match="No model"):
        running.answer(Query("u0"), moment)
    assert popular_now(None, Query("u0")) == NOTHING
    assert not running.refresh(moment)
    assert not running.catch_up(moment)


def test_the_last_resort_heeds_the_rules(shop, moment):
    found = shop.last_resort(Query("u0", k=3, rules=Rules(categories=["garden"])))
    assert found.rung == "popular"
    assert {item.title.split()[0] for item in found.items} <= {"Garden", "Stone", "Wooden"}


def test_a_category_counts_by_its_share_of_the_history(shop, store, moment):
    buy(store, "new", "spade", moment + 1)
    shop.catch_up(moment + 1)
    state = shop.model().shop.state_of("new", moment + 2)
    scores = CategoryPopular().score(state, np.zeros(1, np.int32))[0]
    garden = (state.catalogue["category"] == "garden").to_numpy()
    np.testing.assert_allclose(scores[garden], 2 * state.buyers[garden])
    np.testing.assert_allclose(scores[~garden], state.buyers[~garden])
    rake = int(state.items.index_of(["rake"])[0])
    parts = CategoryPopular().explain(state, 0, rake)
    assert sum(part.amount for part in parts) == pytest.approx(scores[rake])


def test_an_erased_customer_is_a_stranger_everywhere(shop, store, moment):
    erase_person(store, "u0", moment + 1)
    found = shop.answer(Query("u0"), moment + 2)
    assert not found.known
    assert ids(found) == ids(shop.answer(Query("nobody"), moment + 2))


def test_a_new_item_is_found_and_has_neighbours(shop, store, moment):
    put_items(store, [Item("jug", {"title": "Red enamel jug", "category": "tea"})], moment)
    assert shop.refresh(moment + 1)
    assert not shop.refresh(moment + 2)
    served = shop.model()
    assert find_items(served, "jug", 3)[0].item_id == "jug"
    assert find_items(served, "enam", 3)[0].title.startswith("Red enamel")
    neighbours = similar_items(served, "jug", 2, moment)
    assert {found.title for found in neighbours} == {"Red enamel kettle", "Red enamel teapot"}
    assert similar_items(served, "no such thing", 2, moment) == ()
    beyond = similar_items(served, "spade", 9, moment, ("tail", "fresh", "cold"))
    assert beyond
    assert all(found.segment != "head" for found in beyond)


def test_exposures_are_written_once_and_wait_where_they_can_t_be(shop, store, moment, monkeypatch):
    shown = Exposure("r1", "u0", "rake", 1, moment, 1.0, "undialled", "m", "full")
    shop.expose([shown])
    assert shop.flush() == 1
    assert shop.flush() == 0
    assert exposures_of_request(store, "r1") == [shown]
    monkeypatch.setattr("unsung.operations.exposing.MOST_WAITING", 2)
    shop.expose([shown] * 5)
    assert shop.exposing.dropped == 3


def test_exposures_that_the_store_refuses_are_counted(store, moment, monkeypatch):
    fates, failures = [], []
    shop = RunningShop(
        store,
        lambda place, error: failures.append((place, type(error))),
        on_exposures=lambda fate, count: fates.append((fate, count)),
    )
    shown = Exposure("r1", "u0", "rake", 1, moment, 1.0, "undialled", "m", "full")

    def refusing(store, rows):
        raise IntegrityError("INSERT", {}, ValueError("not null"))

    with monkeypatch.context() as patch:
        patch.setattr("unsung.operations.exposing.append_exposures", refusing)
        shop.expose([shown] * 2)
        assert shop.flush() == 0
    assert shop.flush() == 0
    assert failures == [("exposures", IntegrityError)]
    shop.expose([shown])
    assert shop.flush() == 1
    assert fates == [("dropped", 2), ("stored", 1)]


def test_a_bad_bundle_leaves_the_old_model_in_service(shop, bundle, moment):
    before = shop.answer(Query("u0"), moment)
    (bundle / "model.json").write_text("{}")
    with pytest.raises(BundleError):
        shop.load(bundle, "test", moment + 1)
    assert shop.answer(Query("u0"), moment) == before


def test_the_dial_can_t_go_beyond_what_is_certified(shop, moment):
    assert shop.model().n_positions == 0
    with pytest.raises(InputError, match="nothing beyond is certified"):
        shop.set_dial(1, "test", "", moment)
    shop.set_dial(0, "test", "", moment)
    assert shop.answer(Query("u0"), moment).policy == "undialled"
