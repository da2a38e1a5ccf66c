"""The running shop equals the shop built anew from everything that happened."""

from dataclasses import replace

import numpy as np
import pytest

from unsung.operations.live_items import Describer
from unsung.operations.live_shop import STALE_DAYS, LiveShop, shift_of
from unsung.schema import DAY_US
from unsung.store.choices import Choice
from unsung.store.events import Event
from unsung.store.items import Item
from unsung.store.sessions import Merge


@pytest.fixture
def anew(crowd, model):
    """The state of everything, with the fit's content."""
    return crowd.as_of(crowd.end).with_content(model.state.content)


@pytest.fixture
def caught_up(live, later, told, crowd) -> LiveShop:
    live.apply(told(later))
    live.use(live.refresh(crowd.end))
    return live


def test_counters_are_those_of_the_state_built_anew(caught_up, anew, later):
    assert len(later) > 20
    whole = caught_up.whole
    assert whole.as_of == anew.as_of
    assert (whole.buyers != caught_up._base.buyers).any()
    np.testing.assert_array_equal(whole.buyers, anew.buyers)
    np.testing.assert_array_equal(whole.first_seen, anew.first_seen)
    np.testing.assert_array_equal(whole.first_interaction, anew.first_interaction)
    assert whole.half_lives
    for days in whole.half_lives:
        np.testing.assert_allclose(
            whole.decayed_buyers(days), anew.decayed_buyers(days), rtol=1e-4, atol=1e-6
        )


def test_it_makes_no_difference_how_the_events_come(live, later, told, crowd, anew):
    for number, event in enumerate(later[::-1]):
        live.apply(told([event], last=number))
        if number % 7 == 0:
            live.use(live.refresh(event.timestamp))
    live.use(live.refresh(crowd.end))
    np.testing.assert_array_equal(live.whole.buyers, anew.buyers)
    for days in live.whole.half_lives:
        np.testing.assert_allclose(
            live.whole.decayed_buyers(days), anew.decayed_buyers(days), rtol=1e-4, atol=1e-6
        )


def test_every_user_is_seen_as_in_the_state_built_anew(caught_up, anew, model, crowd):
    for index, user in enumerate(crowd.users.values):
        seen = caught_up.state_of(user, crowd.end)
        one, everybody = seen.pairs.of_user(0), anew.pairs.of_user(index)
        assert seen.users.values.tolist() == [user]
        for name in ("item_index", "value", "last", "bought"):
            np.testing.assert_array_equal(
                getattr(seen.pairs, name)[one], getattr(anew.pairs, name)[everybody]
            )
        np.testing.assert_allclose(seen.pairs.age[one], anew.pairs.age[everybody], rtol=1e-5)
        assert seen.n_baskets[0] == anew.n_baskets[index]
        np.testing.assert_allclose(
            model.blend.score(seen, np.array([0], np.int32))[0],
            model.blend.score(anew, np.array([index], np.int32))[0],
            rtol=1e-3,
            atol=1e-4,
        )


def test_an_event_counts_in_the_next_list_without_a_refresh(live, told, moment):
    before = live.state_of("somebody new", moment)
    live.apply(told([Event("1", "somebody new", "kettle", "purchase", moment + 1)]))
    after = live.state_of("somebody new", moment + 2)
    assert len(before.pairs) == 0
    assert after.items.values[after.pairs.item_index].tolist() == ["kettle"]
    assert live.knows("somebody new")
    assert not live.knows("nobody")


def test_kinds_that_mean_nothing_are_passed_over(live, told, moment):
    live.apply(told([Event("1", "x", "kettle", "wink", moment + 1)]))
    assert len(live.state_of("x", moment + 2).pairs) == 0


def test_events_from_before_the_fit_are_in_it_already(live, told, moment, model):
    live.apply(told([Event("1", "x", "kettle", "purchase", moment - 1)]))
    assert len(live.state_of("x", moment).pairs) == 0


def test_a_new_item_can_be_recommended_after_a_refresh(live, told, moment, model):
    attributes = {"title": "Red enamel jug", "category": "tea", "price": 11.0}
    live.apply(told(items=[Item("jug", attributes)]))
    assert live.has_new_items
    live.use(live.refresh(moment + 1))
    assert not live.has_new_items
    whole, n = live.whole, model.state.n_items
    assert whole.items.index_of(["jug"])[0] == n == whole.n_items - 1
    assert whole.catalogue["title"].iloc[n] == "Red enamel jug"
    assert whole.catalogue["price"].iloc[n] == 11.0
    assert whole.listed[n]
    similar = (whole.content.terms @ whole.content.terms[[n]].T).toarray()[:n, 0]
    assert whole.catalogue["title"].iloc[int(similar.argmax())].startswith("Red enamel")
    scores = model.blend.score(live.state_of("u0", moment + 2), np.array([0], np.int32))
    assert scores.shape == (1, n + 1)


def test_a_purchase_of_an_item_that_comes_later_waits_for_it(live, told, moment):
    live.apply(told([Event("1", "x", "jug", "purchase", moment + 1)]))
    live.use(live.refresh(moment + 2))
    assert len(live.state_of("x", moment + 3).pairs) == 0
    live.apply(told(items=[Item("jug", {"title": "Jug"})]))
    live.use(live.refresh(moment + 3))
    assert live.whole.buyers[-1] == 1
    assert len(live.state_of("x", moment + 4).pairs) == 1


def test_stock_counts_at_once_and_values_after_a_refresh(live, told, moment):
    kettle = int(live.whole.items.index_of(["kettle"])[0])
    live.apply(told(items=[Item("kettle", {"in_stock": False, "title": "Blue kettle"})]))
    assert not live.state_of("u0", moment).in_stock[kettle]
    live.use(live.refresh(moment + 1))
    assert live.whole.catalogue["title"].iloc[kettle] == "Blue kettle"
    assert not live.whole.in_stock[kettle]
    live.apply(told(items=[Item("kettle", {"in_stock": True})]))
    assert live.state_of("u0", moment).in_stock[kettle]


def test_wishes(live, told, moment):
    said = [
        Choice("x", "not_interested", "rake", active=True, timestamp=1),
        Choice("x", "dislike", "spade", active=True, timestamp=2),
        Choice("x", "hide_brand", "acme", active=True, timestamp=3),
        Choice("x", "dislike", "kettle", active=True, timestamp=4),
        Choice("x", "dislike", "kettle", active=False, timestamp=5),
    ]
    live.apply(told(choices=said))
    wishes = live.wishes_of("x")
    assert wishes.hidden_items == {"rake", "spade"}
    assert wishes.hidden_brands == {"acme"}
    assert wishes.profiled
    assert live.wishes_of("y").profiled
    live.apply(told(choices=[Choice("x", "profiling", "", active=False, timestamp=6)]))
    assert not live.wishes_of("x").profiled


def test_a_like_speaks_for_similar_items_until_it_is_taken_back(live, told, moment):
    live.apply(told(choices=[Choice("x", "like", "kettle", active=True, timestamp=moment + 1)]))
    pairs = live.state_of("x", moment + 2).pairs
    assert pairs.value.tolist() == [0.5]
    assert not pairs.bought.any()
    live.apply(told(choices=[Choice("x", "like", "kettle", active=False, timestamp=moment + 3)]))
    assert len(live.state_of("x", moment + 4).pairs) == 0


def test_a_session_becomes_a_customer(live, told, moment):
    live.apply(told([Event("1", "session:s", "kettle", "view", moment + 1, session=True)]))
    live.apply(told(choices=[Choice("session:s", "dislike", "rake", active=True, timestamp=1)]))
    live.apply(told(merged=[Merge("session:s", "x")]))
    assert len(live.state_of("x", moment + 2).pairs) == 1
    assert len(live.state_of("session:s", moment + 2).pairs) == 0
    assert live.wishes_of("x").hidden_items == {"rake"}


def test_an_erased_user_is_a_stranger(caught_up, told, crowd):
    user = str(crowd.users.values[0])
    assert len(caught_up.state_of(user, crowd.end).pairs)
    caught_up.apply(told(), erased=[user])
    assert len(caught_up.state_of(user, crowd.end).pairs) == 0
    assert not caught_up.knows(user)
    assert user not in caught_up.user_ids()


def test_old_data_are_read_as_though_they_ended_at_the_fit(model, moment, told):
    created = moment + 3_650 * DAY_US
    assert shift_of(moment, created) == 3_650 * DAY_US
    assert shift_of(moment, moment + STALE_DAYS * DAY_US) == 0
    assert shift_of(None, created) == 0
    live = LiveShop(model, Describer(model.documents, model.terms, None), created)
    seen = live.state_of("u0", created)
    user = int(model.state.users.index_of(["u0"])[0])
    known = model.state.pairs
    np.testing.assert_allclose(seen.pairs.age, known.age[known.of_user(user)], rtol=1e-4)
    for days in live.whole.half_lives:
        np.testing.assert_allclose(
            live.whole.decayed_buyers(days), model.state.decayed_buyers(days), rtol=1e-5
        )


def test_where_only_order_is_known_new_events_are_the_last(model, moment, told, crowd):
    rows = replace(crowd.interactions, timestamp=np.arange(len(crowd.interactions)))
    order = replace(crowd, has_clock=False, interactions=rows).as_of()
    order = order.with_content(model.state.content)
    live = LiveShop(
        replace(model, state=order), Describer(model.documents, model.terms, None), moment
    )
    before = live.state_of("u0", moment).pairs
    live.apply(told([Event("1", "u0", "kettle", "purchase", moment + 1)]))
    live.use(live.refresh(moment + 2))
    after = live.state_of("u0", moment + 3)
    assert after.as_of is None
    assert after.items.values[after.pairs.item_index[-1]] == "kettle"
    assert after.pairs.age[-1] == 0
    assert len(after.pairs) >= len(before)
    had = "kettle" in order.items.values[before.item_index[before.bought]]
    assert live.whole.buyers.sum() == order.buyers.sum() + (not had)


def test_an_update_that_says_nothing_of_stock_leaves_it(live, told, moment):
    kettle = int(live.whole.items.index_of(["kettle"])[0])
    live.apply(told(items=[Item("kettle", {"in_stock": False})]))
    live.apply(told(items=[Item("kettle", {"price": 31.0})]))
    live.use(live.refresh(moment + 1))
    assert not live.whole.in_stock[kettle]
    assert live.whole.catalogue["price"].iloc[kettle] == 31.0


def test_stock_that_is_told_while_items_are_described_counts(live, told, moment, monkeypatch):
    items = live._items
    described = items._describer.describe

    def meanwhile(rows):
        live.apply(told(items=[Item("jug", {"title": "Jug", "in_stock": False})]))
        live.apply(told(items=[Item("kettle", {"in_stock": False})]))
        return described(rows)

    monkeypatch.setattr(type(items._describer), "describe", lambda _, rows: meanwhile(rows))
    live.apply(told(items=[Item("jug", {"title": "Jug", "in_stock": True})]))
    live.use(live.refresh(moment + 1))
    in_stock = dict(zip(live.whole.items.values, live.whole.in_stock, strict=True))
    assert not in_stock["jug"]
    assert not in_stock["kettle"]
    assert live.has_new_items  # the later word on the jug is read with the next refresh


def test_items_that_can_t_be_described_now_wait(live, told, moment, monkeypatch):
    def broken(_, rows):
        raise MemoryError

    live.apply(told(items=[Item("jug", {"title": "Jug"})]))
    with monkeypatch.context() as patched:
        patched.setattr(type(live._items._describer), "describe", broken)
        with pytest.raises(MemoryError):
            live.refresh(moment + 1)
    assert live.has_new_items
    live.use(live.refresh(moment + 2))
    assert live.whole.items.find("jug") >= 0


def test_what_comes_while_a_history_is_put_together_isn_t_missed(live, told, moment, monkeypatch):
    histories = live._histories
    of_fit = type(histories).of_fit

    def slow(self, user_id):
        monkeypatch.setattr(type(histories), "of_fit", of_fit)
        live.apply(told([Event("2", "x", "rake", "purchase", moment + 2)]))
        return of_fit(self, user_id)

    live.apply(told([Event("1", "x", "kettle", "purchase", moment + 1)]))
    monkeypatch.setattr(type(histories), "of_fit", slow)
    live.state_of("x", moment + 3)
    assert len(live.state_of("x", moment + 3).pairs) == 2


def test_a_hidden_value_takes_the_say_from_a_history_too(live, told, moment):
    whole, names = live.whole, live._terms
    bought = whole.items.find("kettle")
    values = [names[n] for n in whole.content.terms[[bought]].indices if "=" in names[n]]
    value = values[0].split("=", 1)[1]
    assert value not in str(whole.titles[bought]).lower()
    live.apply(told([Event("1", "x", "kettle", "purchase", moment + 1)]))
    hidden = Choice("x", "hide_term", value, active=True, timestamp=moment + 3)
    live.apply(told(choices=[hidden]))
    assert live.state_of("x", moment + 4).pairs.value.tolist() == [0]


def test_a_hidden_term_takes_the_say_from_a_history(live, told, moment):
    bought = [Event("1", "x", "kettle", "purchase", moment + 1)]
    live.apply(told([*bought, Event("2", "x", "rake", "purchase", moment + 2)]))
    hidden = Choice("x", "hide_term", "Red  Enamel", active=True, timestamp=moment + 3)
    live.apply(told(choices=[hidden]))
    pairs = live.state_of("x", moment + 4).pairs
    value = dict(zip(live.whole.items.values[pairs.item_index], pairs.value, strict=True))
    assert value == {"kettle": 0, "rake": 1}
    assert pairs.bought.all()  # and both stay out of the list
    live.apply(told(choices=[replace(hidden, active=False, timestamp=moment + 5)]))
    assert live.state_of("x", moment + 6).pairs.value.tolist() == [1, 1]


@pytest.fixture
def reported(live) -> list[tuple[str, type[Exception]]]:
    found: list[tuple[str, type[Exception]]] = []
    live.report = lambda place, error: found.append((place, type(error)))
    return found


def test_an_item_that_can_t_be_described_stops_no_other(live, told, moment, monkeypatch, reported):
    describe = type(live._items._describer).describe

    def picky(self, rows):
        if "poison" in set(rows["title"]):
            raise KeyError("poison")
        return describe(self, rows)

    monkeypatch.setattr(type(live._items._describer), "describe", picky)
    names = ("jug", "poison", "bowl", "ladle", "plate")
    live.apply(told(items=[Item(name, {"title": name}) for name in names]))
    live.use(live.refresh(moment + 1))
    known = [live.whole.items.find(name) >= 0 for name in names]
    assert known == [True, False, True, True, True]
    assert reported == [("item", KeyError)]
    assert not live.has_new_items


def test_a_change_that_can_t_be_taken_in_stops_no_other(live, told, moment, monkeypatch, reported):
    add = type(live._histories).add

    def picky(self, user_id, said):
        if user_id == "poison":
            raise KeyError(user_id)
        add(self, user_id, said)

    monkeypatch.setattr(type(live._histories), "add", picky)
    users = ("x", "poison", "y")
    events = [Event(u, u, "kettle", "purchase", moment + 1) for u in users]
    live.apply(told(events, last=7))
    assert [live.knows(user) for user in users] == [True, False, True]
    assert (live.number, reported) == (7, [("change", KeyError)])


def test_events_on_items_that_never_come_are_bounded(live, told, moment, monkeypatch):
    monkeypatch.setattr("unsung.operations.live_shop.MOST_WAITING", 3)
    live.use(live.refresh(moment))
    live.apply(told([Event(str(n), f"x{n}", f"none{n}", "view", moment + n) for n in range(9)]))
    assert [user for user, _ in live._waiting] == ["x6", "x7", "x8"]
    live.apply(told(), erased=["x7"])
    live.use(live.refresh(moment + 10))
    assert [user for user, _ in live._waiting] == ["x6", "x8"]
