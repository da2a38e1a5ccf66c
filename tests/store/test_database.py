"""Transactions see one moment, wait for each other, and say in a sentence what went wrong."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import sqlalchemy as sa

from unsung.errors import InputError, StoreError
from unsung.store import append_events, change_number, events_of_user, open_store
from unsung.store.counter import number_of
from unsung.store.tables import counter

NOW = 1_767_225_600_000_000


def said(error):
    """What an error and those behind it say."""
    return "" if error is None else f"{error} {said(error.__cause__ or error.__context__)}"


@pytest.mark.parametrize(
    "url", ["mysql://host/shop", "sqlite://", "sqlite:///:memory:", "http://x", "post gres://x"]
)
def test_what_is_no_url_of_a_store_is_refused(url):
    with pytest.raises(InputError, match="store"):
        open_store(url)


def test_a_database_that_isnt_there_is_named_in_a_sentence(tmp_path):
    with pytest.raises(StoreError, match="unable to open database file"):
        open_store(str(tmp_path / "no" / "shop.db"))
    with pytest.raises(StoreError, match="can't be used now") as caught:
        open_store("postgresql://u:secret-word@127.0.0.1:1/x", wait_s=0.1)
    assert "secret-word" not in said(caught.value)


def test_a_reader_sees_one_moment(store, event):
    append_events(store, [event("e1")], NOW)
    with store.reading() as connection:
        before = number_of(connection)
        append_events(store, [event("e2")], NOW)
        assert number_of(connection) == before == 1
        assert change_number(store) == 2


def test_a_reader_changes_nothing(store):
    with pytest.raises((StoreError, sa.exc.DBAPIError)), store.reading() as connection:
        connection.execute(sa.update(counter).values(number=7))
        raise StoreError("SQLite lets it pass until here")
    assert change_number(store) == 0


def test_an_error_in_the_block_leaves_nothing(store, event):
    with pytest.raises(ZeroDivisionError), store.writing() as connection:
        connection.execute(sa.update(counter).values(number=7))
        _ = 1 / 0
    assert change_number(store) == 0
    assert append_events(store, [event("e")], NOW).number == 1


def test_who_waits_too_long_for_another_process_is_told_and_can_go_on(url, event):
    store, other = open_store(url, wait_s=0.05), open_store(url)
    with other.writing() as connection:
        connection.execute(sa.update(counter).values(number=counter.c.number))
        with pytest.raises(StoreError, match="locked"):
            append_events(store, [event("e")], NOW)
    assert append_events(store, [event("e")], NOW).accepted == 1
    store.close()
    other.close()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_who_waits_too_long_for_another_thread_is_told_and_can_go_on(url, event):
    store = open_store(url, wait_s=0.05)
    held, go_on = threading.Event(), threading.Event()

    def hold():
        with store.writing():
            held.set()
            go_on.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(10)
    with pytest.raises(StoreError, match="busy"):
        append_events(store, [event("e")], NOW)
    go_on.set()
    holder.join()
    assert append_events(store, [event("e")], NOW).accepted == 1
    store.close()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_sqlite_waits_for_the_disk_and_overwrites_what_it_deletes(store, url):
    with store.writing() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    # 2 is FULL.
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    assert found == expected
    with store.writing(durable=False) as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1
    with store.writing() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


def test_a_closed_store_opens_again_when_it_is_used(store, event):
    append_events(store, [event("e")], NOW)
    store.close()
    assert change_number(store) == 1
    assert len(events_of_user(store, "ann")) == 1


def test_a_store_is_closed_under_threads_that_ask(store):
    asked, closed = [0] * 4, threading.Event()

    def ask(place):
        while not closed.is_set():
            # A query that is cut off is told so; the process must live.
            with suppress(StoreError):
                change_number(store)
            asked[place] += 1

    with ThreadPoolExecutor(4) as threads:
        asking = [threads.submit(ask, place) for place in range(4)]
        for _ in range(100):
            store.close()
        closed.set()
        for each in asking:
            each.result()
    assert all(asked)


def test_threads_that_end_leave_no_connection(store):
    for _ in range(5):
        thread = threading.Thread(target=change_number, args=(store,))
        thread.start()
        thread.join()
    change_number(store)
    assert len(store._lookups) == 1


@pytest.mark.postgres
def test_a_server_that_cut_the_connections_is_found_again(postgres_store_url, event):
    store = open_store(postgres_store_url)
    append_events(store, [event("e1")], NOW)
    pids = [store.look_up("SELECT pg_backend_pid()")]
    with store.reading() as connection:
        pids.append(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar())
    server = sa.create_engine(store._engine.url, poolclass=sa.NullPool)
    with server.connect() as connection:
        for pid in pids:
            connection.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)")
    with pytest.raises(StoreError, match="can't be used now"):
        change_number(store)
    with pytest.raises(StoreError, match="can't be used now"):
        append_events(store, [event("e2")], NOW)
    assert append_events(store, [event("e2")], NOW).accepted == 1
    assert change_number(store) == 2
    store.close()


def test_a_folder_that_was_away_is_found_again(tmp_path, event):
    (tmp_path / "mounted").mkdir()
    store = open_store(str(tmp_path / "mounted" / "shop.db"))
    append_events(store, [event("e")], NOW)
    store.close()
    (tmp_path / "mounted").rename(tmp_path / "away")
    with pytest.raises(StoreError, match="unable to open"):
        change_number(store)
    with pytest.raises(StoreError, match="unable to open"):
        append_events(store, [event("e2")], NOW)
    (tmp_path / "away").rename(tmp_path / "mounted")
    assert change_number(store) == 1
    assert append_events(store, [event("e2")], NOW).accepted == 1
    store.close()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_file_that_is_no_database_is_said_to_be_none(url, tmp_path):
    (tmp_path / "notes.db").write_text("dear diary " * 1000)
    with pytest.raises(StoreError, match="not a database"):
        open_store(str(tmp_path / "notes.db"))


def test_values_never_stand_in_an_error(store, event):
    statement = "SELECT nothing FROM nowhere WHERE name = :name"
    with pytest.raises((StoreError, sa.exc.DBAPIError)) as caught, store.reading() as connection:
        connection.execute(sa.text(statement), {"name": "canary-user"})
    assert "canary-user" not in said(caught.value)
