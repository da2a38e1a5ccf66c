"""A worker that applies what it is given, page by page, knows what the store knows."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unsung.store import (
    Choice,
    DialSetting,
    Item,
    append_events,
    apply_dial,
    change_number,
    changes_after,
    choices_of_user,
    events_of_user,
    items,
    merge_session,
    open_store,
    person_digest,
    put_items,
    set_choice,
)
from unsung.store.counter import take_numbers
from unsung.store.models import ModelEntry, activate_model, register_model
from unsung.store.personal import erase_person

NOW = 1_767_225_600_000_000


class Worker:
    """A live state that is fed by changes alone."""

    def __init__(self, store):
        self.store, self.last = store, 0
        self.events, self.items, self.choices = {}, {}, {}

    def follow(self, limit=10_000):
        while True:
            changes = changes_after(self.store, self.last, limit)
            self.apply(changes)
            self.last = changes.last
            if changes.complete:
                return

    def apply(self, changes):
        for event in changes.events:
            self.events[event.event_id] = (event.user_id, event)
        for item in changes.items:
            self.items[item.item_id] = item
        for choice in changes.choices:
            self.choices[choice.user_id, choice.kind, choice.subject] = choice
        for merge in changes.merged:
            for name, (user, event) in self.events.items():
                if user == merge.session_id:
                    self.events[name] = (merge.user_id, event)
            for key in [key for key in self.choices if key[0] == merge.session_id]:
                del self.choices[key]
        gone = set(changes.erased)
        self.events = {n: e for n, e in self.events.items() if self.digest(e[0]) not in gone}
        self.choices = {k: c for k, c in self.choices.items() if self.digest(k[0]) not in gone}

    def digest(self, user):
        return person_digest(self.store, user)

    def history(self, user):
        return {name for name, (owner, _) in self.events.items() if owner == user}


def test_changes_come_in_pages_of_their_order(store, event):
    append_events(store, [event(f"e{n}") for n in range(5)], NOW)
    put_items(store, [Item("kettle", {})], NOW)
    set_choice(store, Choice("ann", "like", "kettle", True, 1))
    first = changes_after(store, 0, 3)
    assert [e.event_id for e in first.events] == ["e0", "e1", "e2"]
    assert (first.items, first.choices, first.last, first.complete) == ((), (), 3, False)
    second = changes_after(store, first.last, 3)
    assert [e.event_id for e in second.events] == ["e3", "e4"]
    assert (second.items, second.last, second.complete) == ((Item("kettle", {}),), 6, False)
    third = changes_after(store, second.last, 3)
    assert (len(third.choices), third.last, third.complete) == (1, 7, True)
    rest = changes_after(store, 7)
    assert rest == type(rest)((), (), (), (), (), None, None, 7, True)


def test_the_dial_and_the_model_come_where_they_changed(store, event):
    dial = {"who": "me", "timestamp": NOW, "method": "quota", "budget": 0.05, "model": "m1"}
    apply_dial(store, DialSetting(strength_index=1, **dial))
    second = apply_dial(store, DialSetting(strength_index=2, **dial))
    register_model(store, ModelEntry("m1", "/b", "f", "loaded", NOW))
    model = activate_model(store, "m1", "me", NOW)
    append_events(store, [event("e")], NOW)
    changes = changes_after(store, 0)
    assert (changes.dial, changes.model, changes.last) == (second, model, 4)
    later = changes_after(store, 3)
    assert (later.dial, later.model, len(later.events)) == (None, None, 1)


def test_numbers_become_visible_in_their_order(store, event):
    """With a plain sequence a slow writer's number would appear after a larger one was seen."""
    seen, missed = {}, []

    def write(writer):
        for n in range(15):
            append_events(store, [event(f"w{writer}-{n}-{k}") for k in range(3)], NOW)

    def read():
        last = 0
        while len(seen) < 4 * 15 * 3:
            changes = changes_after(store, last)
            for e in changes.events:
                seen[e.event_id] = True
            last = changes.last
            if last == 4 * 15 * 3 and len(seen) < last:
                missed.append(last - len(seen))
                return

    with ThreadPoolExecutor(5) as pool:
        reading = pool.submit(read)
        for done in [pool.submit(write, writer) for writer in range(4)]:
            done.result()
        reading.result()
    assert not missed


def test_a_number_cant_be_seen_before_a_smaller_one(store, event):
    """The second writer has to wait although it could have had its number long before."""
    order = []
    taken, go_on = threading.Event(), threading.Event()

    def slow():
        with store.writing() as connection:
            take_numbers(connection, 1)
            taken.set()
            go_on.wait(10)
            order.append("slow")

    def quick():
        append_events(store, [event("e")], NOW)
        order.append("quick")

    threads = [threading.Thread(target=slow), threading.Thread(target=quick)]
    threads[0].start()
    assert taken.wait(10)
    threads[1].start()
    threads[1].join(0.1)
    assert threads[1].is_alive()
    assert change_number(store) == 0
    go_on.set()
    for thread in threads:
        thread.join()
    assert order == ["slow", "quick"]
    assert changes_after(store, 0).last == 2


USERS = st.sampled_from(["ann", "bea", "s1", "s2"])
STEPS = st.one_of(
    st.tuples(st.just("event"), USERS, st.integers(0, 9)),
    st.tuples(st.just("item"), st.sampled_from("kc"), st.integers(0, 9)),
    st.tuples(st.just("choice"), USERS, st.integers(0, 9)),
    st.tuples(st.just("merge"), st.sampled_from(["s1", "s2"]), st.just(0)),
    st.tuples(st.just("erase"), USERS, st.just(0)),
    st.tuples(st.just("follow"), st.just(""), st.integers(1, 5)),
)


def do(store, event, worker, step, place):
    kind, name, value = step
    if kind == "event":
        sent = event(f"e{place}", user_id=name, session=name.startswith("s"), timestamp=place)
        append_events(store, [sent], NOW)
    elif kind == "item":
        put_items(store, [Item(name, {"price": value})], NOW)
    elif kind == "choice":
        set_choice(store, Choice(name, "like", "kettle", value % 2 == 0, value))
    elif kind == "merge":
        merge_session(store, name, "ann", NOW)
    elif kind == "erase":
        erase_person(store, name, NOW)
    else:
        worker.follow(value)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(steps=st.lists(STEPS, max_size=14))
def test_a_worker_knows_what_the_store_knows(url, made_sqlite, tmp_path, event, steps):
    path = tmp_path / "law.db"
    for old in tmp_path.glob("law.db*"):
        old.unlink()
    shutil.copyfile(made_sqlite, path)
    store = open_store(str(path))
    worker = Worker(store)
    # The search of the file is another test's.
    with patch("unsung.store.personal.found_in_file", return_value=False):
        for place, step in enumerate(steps):
            do(store, event, worker, step, place)
    worker.follow(3)
    fresh = Worker(store)
    fresh.follow()
    for one in (worker, fresh):
        assert one.last == change_number(store)
        assert one.items == {item.item_id: item for item in items(store)}
        for user in ("ann", "bea", "s1", "s2"):
            assert one.history(user) == {e.event_id for e in events_of_user(store, user)}
            own = {key: c for key, c in one.choices.items() if key[0] == user}
            assert list(own.values()) == choices_of_user(store, user)
    store.close()
