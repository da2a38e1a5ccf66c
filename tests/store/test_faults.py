"""A write that fails leaves nothing, says so in a sentence, and the next one works."""

import os
import signal

import pytest
import sqlalchemy as sa

from unsung.errors import StoreError
from unsung.store import (
    Choice,
    DialSetting,
    Exposure,
    Item,
    Review,
    append_events,
    append_exposures,
    apply_dial,
    audit,
    change_number,
    merge_session,
    open_store,
    put_items,
    put_reviews,
    set_choice,
    undo_dial,
)
from unsung.store.jobs import add_job, claim_job
from unsung.store.models import ModelEntry, activate_model, register_model, roll_back_model
from unsung.store.personal import erase_person
from unsung.store.rates import take
from unsung.store.tables import metadata

NOW = 1_767_225_600_000_000


def dial(strength):
    named = {"who": "me", "method": "quota", "budget": 0.05, "model": "m1"}
    return DialSetting(strength_index=strength, timestamp=NOW, **named)


@pytest.fixture
def lived_in(store, event):
    """A store in which every change has something to change."""
    append_events(store, [event("e1"), event("e2", user_id="s1", session=True)], NOW)
    put_items(store, [Item("kettle", {"price": 3})], NOW)
    set_choice(store, Choice("s1", "like", "kettle", True, 1))
    for strength in (1, 2):
        apply_dial(store, dial(strength))
    for version in ("m1", "m2"):
        register_model(store, ModelEntry(version, "/b", "f", "loaded", NOW))
        activate_model(store, version, "me", NOW)
    add_job(store, "refit", {}, NOW)
    audit.append(store, "me", "look", "shop", {}, NOW)
    return store


CHANGES = {
    "events": lambda s, event: append_events(s, [event("e8"), event("e9")], NOW),
    "items": lambda s, _: put_items(s, [Item("kettle", {"price": 4}), Item("cup", {})], NOW),
    "choice": lambda s, _: set_choice(s, Choice("s1", "like", "kettle", False, 2)),
    "reviews": lambda s, _: put_reviews(s, [Review("v", "ann", "cup", 5.0, "", "", NOW)], NOW),
    "exposures": lambda s, _: append_exposures(
        s, [Exposure("r", "ann", "cup", n, NOW, None, "p", "m", "full") for n in (1, 2)]
    ),
    "merge": lambda s, _: merge_session(s, "s1", "ann", NOW),
    "erase": lambda s, _: erase_person(s, "ann", NOW),
    "dial": lambda s, _: apply_dial(s, dial(3)),
    "undo": lambda s, _: undo_dial(s, "me", "", NOW),
    "activate": lambda s, _: activate_model(s, "m1", "me", NOW),
    "roll back": lambda s, _: roll_back_model(s, "me", NOW),
    "claim": lambda s, _: claim_job(s, 1, NOW),
    "audit": lambda s, _: audit.append(s, "me", "look", "shop", {}, NOW),
    "take": lambda s, _: take(s, "b", 1, 5, 1, NOW),
}


def on_both(*changes):
    """All changes on SQLite, and some on PostgreSQL: its transactions hold for one as for all."""
    return [
        *(("sqlite", change) for change in CHANGES),
        *(pytest.param("postgres", change, marks=pytest.mark.postgres) for change in changes),
    ]


def content(store):
    with store.reading() as connection:
        return {
            name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
            for name, table in metadata.tables.items()
        }


class Failing:
    """Lets the k-th write of a store fail as a disk does; the commit counts as a write."""

    def __init__(self, store, k):
        self.store, self.left, self.struck = store, k, False
        dbapi = store._engine.dialect.loaded_dbapi
        self.error = dbapi.OperationalError("disk I/O error")

    def __enter__(self):
        sa.event.listen(self.store._engine, "before_cursor_execute", self.statement)
        sa.event.listen(self.store._engine, "commit", self.commit)
        return self

    def __exit__(self, *_):
        sa.event.remove(self.store._engine, "before_cursor_execute", self.statement)
        sa.event.remove(self.store._engine, "commit", self.commit)

    def statement(self, connection, cursor, statement, *_):
        if statement.split()[0] in ("INSERT", "UPDATE", "DELETE"):
            self.strike()

    def commit(self, connection):
        if connection.get_execution_options().get("unsung_writing"):
            self.strike()

    def strike(self):
        self.left -= 1
        if self.left == 0:
            self.struck = True
            raise sa.exc.OperationalError("a write", None, self.error)


@pytest.mark.parametrize(
    ("url", "change"),
    on_both("events", "items", "merge", "erase", "activate", "take"),
    indirect=["url"],
)
def test_the_kth_write_fails(lived_in, event, change):
    before = content(lived_in)
    for k in range(1, 40):
        with Failing(lived_in, k) as failing:
            try:
                CHANGES[change](lived_in, event)
            except StoreError as error:
                assert str(error).startswith("The store can't be used now (disk I/O error)")
                assert isinstance(error.__cause__, sa.exc.OperationalError)
        if not failing.struck:
            break
        assert content(lived_in) == before
    assert k >= 2
    assert content(lived_in) != before


def killed(url, point, k, change):
    """Whether a process was killed at a point; one that never came there ends by itself."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == signal.SIGKILL
    try:
        store, left = open_store(url), [k]

        def reached(statement=""):
            left[0] -= point != "write" or statement.split()[0] in ("INSERT", "UPDATE", "DELETE")
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        engine = store._engine
        if point == "write":
            sa.event.listen(engine, "after_cursor_execute", lambda c, u, sql, *_: reached(sql))
        elif point == "before the commit":
            sa.event.listen(engine, "commit", lambda _: reached())
        else:
            sa.event.listen(engine, "checkin", lambda *_: reached())
        change(store)
    finally:
        os._exit(0)


@pytest.mark.parametrize(("url", "change"), on_both("events", "dial"), indirect=["url"])
def test_a_process_that_is_killed_leaves_the_old_state_or_the_new(lived_in, url, event, change):
    def change_it(store):
        CHANGES[change](store, event)

    before = content(lived_in)
    lived_in.close()
    n_writes = 0
    while killed(url, "write", n_writes + 1, change_it):
        n_writes += 1
        assert content(lived_in) == before
        lived_in.close()
        if n_writes == 1:
            assert killed(url, "before the commit", 1, change_it)
            assert content(lived_in) == before
            lived_in.close()
    assert n_writes >= 1
    assert content(lived_in) != before


@pytest.mark.parametrize(("url", "change"), on_both("events", "dial"), indirect=["url"])
def test_a_process_that_is_killed_after_the_commit_leaves_the_new_state(
    lived_in, url, event, change
):
    before = content(lived_in)
    lived_in.close()
    assert killed(url, "after the commit", 1, lambda store: CHANGES[change](store, event))
    assert content(lived_in) != before


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_full_disk(store, event):
    def fill(driver, _):
        driver.execute(f"PRAGMA max_page_count={pages}")

    append_events(store, [event("first")], NOW)
    with store.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar() + 10
    store.close()
    sa.event.listen(store._engine, "connect", fill)
    done = 0
    with pytest.raises(StoreError, match="no room left"):
        for done in range(1000):
            append_events(store, [event(f"{done}-{n}", user_id="u" * 200) for n in range(20)], NOW)
    number = change_number(store)
    assert number == 1 + 20 * done
    sa.event.remove(store._engine, "connect", fill)
    store.close()
    assert append_events(store, [event("last")], NOW).number == number + 1
    with store.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
