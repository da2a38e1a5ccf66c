"""A backup is one moment of a store that others write to, and fits both kinds of database."""

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from unsung.errors import BundleError, InputError, StoreError
from unsung.store import (
    Choice,
    Item,
    append_events,
    audit,
    change_number,
    changes_after,
    open_store,
    person_digest,
    put_items,
    set_choice,
)
from unsung.store.backup import back_up, restore
from unsung.store.models import ModelEntry, activate_model, register_model
from unsung.store.people import Account, ConsoleSession, add_account, sign_in
from unsung.store.personal import erase_person
from unsung.store.tables import metadata

NOW = 1_767_225_600_000_000


@pytest.fixture
def lived_in(store, event):
    append_events(store, [event(f"e{n}", price=n / 3, session=n % 2 == 0) for n in range(20)], NOW)
    put_items(store, [Item("kettle", {"title": "茶", "price": 3})], NOW)
    set_choice(store, Choice("ann", "profiling", "", False, 1))
    register_model(store, ModelEntry("m1", "/b", "f", "loaded", NOW))
    activate_model(store, "m1", "me", NOW)
    add_account(store, Account("me", "$argon2x", "admin", NOW))
    sign_in(store, ConsoleSession("0" * 64, "me", NOW, NOW + 1))
    audit.append(store, "me", "look", "gone", {}, NOW, person=True)
    erase_person(store, "gone", NOW)
    return store


def content(store):
    with store.reading() as connection:
        return {
            name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
            for name, table in metadata.tables.items()
        }


@pytest.fixture
def elsewhere(request, url, tmp_path):
    """URL of an empty database of the other kind."""
    if url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'other.db'}"
    return f"sqlite:///{tmp_path / 'from-postgres.db'}"


def test_what_is_restored_is_what_was_backed_up(lived_in, elsewhere, tmp_path, event):
    before = content(lived_in)
    made = back_up(lived_in, tmp_path / "backup", NOW)
    assert made.number == change_number(lived_in)
    assert made.rows["events"] == 20
    assert restore(tmp_path / "backup", elsewhere) == made
    other = open_store(elsewhere)
    assert content(other) == before
    assert person_digest(other, "gone") == person_digest(lived_in, "gone")
    assert audit.verify(other) is None
    assert append_events(other, [event("n", user_id="gone"), event("e1", price=1 / 3)], NOW) == (
        append_events(lived_in, [event("n", user_id="gone"), event("e1", price=1 / 3)], NOW)
    )
    other.close()


@pytest.mark.postgres
def test_a_shop_moves_from_sqlite_to_postgres(made_sqlite, postgres_store_url, tmp_path, event):
    store = open_store(str(tmp_path / "small.db"))
    append_events(store, [event(f"e{n}", session=True) for n in range(3)], NOW)
    back_up(store, tmp_path / "backup", NOW)
    restore(tmp_path / "backup", postgres_store_url)
    grown = open_store(postgres_store_url)
    assert content(grown) == content(store)
    store.close()
    grown.close()


def test_only_an_empty_store_is_filled(lived_in, url, tmp_path):
    back_up(lived_in, tmp_path / "backup", NOW)
    before = content(lived_in)
    with pytest.raises(InputError, match="isn't empty"):
        restore(tmp_path / "backup", url)
    assert content(lived_in) == before


def test_a_restore_that_fails_leaves_an_empty_store(lived_in, elsewhere, tmp_path, monkeypatch):
    back_up(lived_in, tmp_path / "backup", NOW)

    def stop(connection):
        raise StoreError("the plug was pulled")

    with monkeypatch.context() as patched, pytest.raises(StoreError, match="plug"):
        patched.setattr("unsung.store.migration.migrate", stopping(stop))
        restore(tmp_path / "backup", elsewhere)
    restore(tmp_path / "backup", elsewhere)


def stopping(stop):
    """A migration that stops at its second run, when the rows are in."""
    from unsung.store.migration import migrate

    runs = []

    def run(connection, to="head"):
        runs.append(to)
        return stop(connection) if len(runs) == 2 else migrate(connection, to)

    return run


def test_a_damaged_backup_is_refused(lived_in, elsewhere, tmp_path):
    back_up(lived_in, tmp_path / "backup", NOW)
    file = tmp_path / "backup" / "events.parquet"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(BundleError, match=r"events\.parquet doesn't match its checksum"):
        restore(tmp_path / "backup", elsewhere)
    assert not Path(sa.make_url(elsewhere).database).exists()


def test_what_is_no_backup_is_refused(tmp_path, elsewhere, lived_in):
    from unsung.store.export import export_events

    export_events(lived_in, tmp_path / "export", NOW)
    with pytest.raises(InputError, match="no backup of a store"):
        restore(tmp_path / "export", elsewhere)
    with pytest.raises(InputError, match="no backup of a store"):
        restore(tmp_path / "nothing", elsewhere)


def test_a_backup_of_a_newer_version_is_refused(lived_in, elsewhere, tmp_path, monkeypatch):
    monkeypatch.setattr("unsung.store.migration.newest_version", lambda: "9999")
    back_up(lived_in, tmp_path / "backup", NOW)
    monkeypatch.undo()
    with pytest.raises(InputError, match="schema 9999"):
        restore(tmp_path / "backup", elsewhere)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_store_of_another_schema_is_no_empty_one(lived_in, elsewhere, tmp_path, monkeypatch):
    back_up(lived_in, tmp_path / "backup", NOW)
    monkeypatch.setattr("unsung.store.migration.version_of", lambda _: "0000")
    with pytest.raises(InputError, match="isn't empty"):
        restore(tmp_path / "backup", elsewhere)


def test_an_older_backup_is_replaced(lived_in, tmp_path, event):
    back_up(lived_in, tmp_path / "backup", NOW)
    append_events(lived_in, [event("new")], NOW)
    assert back_up(lived_in, tmp_path / "backup", NOW).rows["events"] == 21


def test_a_backup_is_one_moment_while_others_write(store, elsewhere, tmp_path, event):
    """Batches of five are there whole or not at all, and none from before the call is missing."""
    stop, acknowledged = threading.Event(), []

    def write():
        n = 0
        while not stop.is_set():
            batch = [event(f"e{n}-{k}", user_id=f"u{n}") for k in range(5)]
            acknowledged.append(append_events(store, batch, NOW).number)
            n += 1

    writers = [threading.Thread(target=write)]
    writers[0].start()
    while len(acknowledged) < 3:
        stop.wait(0.01)
    before = acknowledged[-1]
    made = back_up(store, tmp_path / "backup", NOW)
    while acknowledged[-1] <= made.number:
        stop.wait(0.01)
    stop.set()
    writers[0].join()
    assert made.number >= before
    assert made.number % 5 == 0
    restore(tmp_path / "backup", elsewhere)
    other = open_store(elsewhere)
    changes = changes_after(other, 0, limit=10**6)
    assert changes.last == len(changes.events) == made.number == made.rows["events"]
    other.close()
