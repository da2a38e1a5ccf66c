"""Export finds everything of a person, erasure leaves no byte of it."""

import secrets
from pathlib import Path

import pytest
import sqlalchemy as sa

from unsung.store import (
    Choice,
    Exposure,
    Review,
    append_events,
    append_exposures,
    change_number,
    changes_after,
    events_of_user,
    exposures_of_request,
    merge_session,
    person_digest,
    put_reviews,
    reviews_of_item,
    set_choice,
)
from unsung.store.personal import clean_files, erase_person, export_person, forget_before
from unsung.store.second_models import ShadowItem, append_shadow_items
from unsung.store.tables import IMPERSONAL, PERSONAL, metadata
from unsung.store.warm_up_ledger import Impression, spend

NOW = 1_767_225_600_000_000
DAY = 86_400_000_000


def live(store, event, user, session, tag="x"):
    """Leave a row of a person in every table, part of it in a session that becomes theirs."""
    fields = {"policy": "p", "model": "m", "rung": "full"}
    append_events(store, [event(f"{tag}1", user_id=user)], NOW)
    append_events(store, [event(f"{tag}2", user_id=session, session=True)], NOW)
    append_exposures(store, [Exposure(f"{tag}r", session, "kettle", 1, NOW, 0.5, **fields)])
    append_shadow_items(store, [ShadowItem(f"{tag}r", 1, session, "kettle", NOW, "m2")])
    drawn = Impression(f"{tag}r", 4, "w", session, "kettle", NOW, 0.5)
    spend(store, "w", session, lambda _: [drawn])
    set_choice(store, Choice(session, "like", "kettle", True, NOW))
    put_reviews(store, [Review(f"{tag}v", user, "kettle", 5.0, None, "Good", NOW)], NOW)
    merge_session(store, session, user, NOW)


def test_every_table_says_whether_it_names_persons():
    assert PERSONAL.keys() | IMPERSONAL == set(metadata.tables)
    assert not PERSONAL.keys() & IMPERSONAL
    for name, column in PERSONAL.items():
        assert column in metadata.tables[name].c
    named = {name for name, table in metadata.tables.items() if "user_id" in table.c}
    assert named <= PERSONAL.keys()


def test_an_export_has_a_row_of_every_table_that_names_persons(store, event):
    live(store, event, "ann", "s1")
    live(store, event, "bea", "s2", "y")
    found = export_person(store, "ann")
    assert found.keys() == PERSONAL.keys()
    assert {name: len(rows) for name, rows in found.items()} == {
        "events": 2,
        "choices": 1,
        "merges": 1,
        "reviews": 1,
        "exposures": 1,
        "warm_up_impressions": 1,
        "shadow_items": 1,
    }
    assert all(row["user_id"] == "ann" for rows in found.values() for row in rows)
    assert not any(export_person(store, "nobody").values())


def test_an_erasure_deletes_all_of_one_person_and_nothing_of_others(store, event):
    live(store, event, "ann", "s1")
    live(store, event, "bea", "s2", "y")
    others = export_person(store, "bea")
    before = change_number(store)
    receipt = erase_person(store, "ann", NOW)
    assert receipt.tables == {
        "events": 2,
        "choices": 1,
        "merges": 1,
        "reviews": 1,
        "exposures": 1,
        "warm_up_impressions": 1,
        "shadow_items": 1,
    }
    assert receipt.number == change_number(store) == before + 2
    assert not any(export_person(store, "ann").values())
    assert not any(export_person(store, "s1").values())
    assert export_person(store, "bea") == others
    gone = changes_after(store, before)
    assert gone.erased == (person_digest(store, "ann"), person_digest(store, "s1"))


def test_what_comes_later_under_an_erased_id_stays_out(store, event):
    live(store, event, "ann", "s1")
    erase_person(store, "ann", NOW)
    number = change_number(store)
    sent = [event("x1"), event("x2", user_id="s1", session=True), event("n", user_id="bea")]
    done = append_events(store, sent, NOW)
    assert (done.accepted, done.suppressed, done.duplicates) == (1, 2, 0)
    reviewed = put_reviews(store, [Review("v", "ann", "kettle", 5.0, None, None, NOW)], NOW)
    assert (reviewed.accepted, reviewed.suppressed) == (0, 1)
    shown = Exposure("r", "ann", "kettle", 1, NOW, None, "p", "m", "full")
    assert append_exposures(store, [shown]) == 0
    set_choice(store, Choice("ann", "like", "kettle", True, NOW))
    append_events(store, [event("s", user_id="s3", session=True)], NOW)
    merge_session(store, "s3", "ann", NOW)
    assert not any(export_person(store, "ann").values())
    assert [e.event_id for e in events_of_user(store, "s3")] == ["s"]
    assert change_number(store) == number + 2


def test_erasing_again_changes_nothing(store, event):
    live(store, event, "ann", "s1")
    first = erase_person(store, "ann", NOW)
    again = erase_person(store, "ann", NOW + 1)
    assert not any(again.tables.values())
    assert again.number == first.number


def traces(store, words):
    """Which words stand in the files of an SQLite store."""
    path = Path(store._engine.url.database)
    held = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    return [word for word in words if word.encode() in held]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_no_byte_of_an_erased_id_is_in_the_files(store, event):
    # Many rows in no order, so that pages split and move what they hold.
    canary, session = "canary-" + secrets.token_hex(8), "session-" + secrets.token_hex(8)
    for part in range(60):
        batch = []
        for n in range(100):
            user = canary if n % 10 == 3 else session if n % 10 == 7 else secrets.token_hex(9)
            batch.append(event(secrets.token_hex(8), user_id=user, session=user == session))
        append_events(store, batch, NOW)
        merge_session(store, session, canary, NOW) if part == 30 else None
    live(store, event, canary, session)
    assert traces(store, [canary, session]) == [canary, session]
    receipt = erase_person(store, canary, NOW)
    assert receipt.clean
    assert receipt.tables["events"] == 1202
    assert traces(store, [canary, session]) == []


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_who_still_reads_keeps_the_log_and_the_receipt_says_so(url, event):
    from unsung.store import open_store

    store, reader = open_store(url, wait_s=0.05), open_store(url)
    live(store, event, "canary-bird", "s1")
    with reader.reading() as connection:
        connection.execute(sa.select(metadata.tables["events"])).all()
        append_events(store, [event("later")], NOW)
        assert not erase_person(store, "canary-bird", NOW).clean
        assert traces(store, ["canary-bird"])
    assert clean_files(store)
    assert not traces(store, ["canary-bird"])
    store.close()
    reader.close()


def test_files_are_written_anew(store, event):
    live(store, event, "ann", "s1")
    assert clean_files(store, rewrite=True)
    assert len(events_of_user(store, "ann")) == 2


def test_what_is_too_old_goes(store, event):
    ages = [("old", 31), ("young", 29)]
    append_events(store, [event(n, timestamp=NOW - age * DAY) for n, age in ages], NOW)
    shown = [
        Exposure(n, "ann", "kettle", 1, NOW - age * DAY, None, "p", "m", "full") for n, age in ages
    ]
    append_exposures(store, shown)
    assert forget_before(store, NOW) == {}
    assert forget_before(store, NOW, exposures_days=30) == {
        "exposures": 1,
        "warm_up_impressions": 0,
        "shadow_items": 0,
    }
    assert exposures_of_request(store, "old") == []
    assert len(exposures_of_request(store, "young")) == 1
    assert forget_before(store, NOW, events_days=30) == {"events": 1}
    assert [e.event_id for e in events_of_user(store, "ann")] == ["young"]


def test_old_rows_go_in_parts(store, event, monkeypatch):
    monkeypatch.setattr("unsung.store.personal._DELETED_AT_ONCE", 3)
    append_events(store, [event(f"e{n}", timestamp=n) for n in range(7)], NOW)
    assert forget_before(store, NOW, events_days=1) == {"events": 7}


def test_reviews_of_nobody_stay(store):
    nobody = Review("v1", None, "kettle", 4.0, "Fine", None, NOW)
    assert put_reviews(store, [nobody], NOW).accepted == 1
    erase_person(store, "ann", NOW)
    assert put_reviews(store, [nobody], NOW).duplicates == 1
    assert reviews_of_item(store, "kettle") == [nobody]


@pytest.mark.parametrize("part", [1, 2, 3, 5, 100])
def test_a_word_is_found_wherever_parts_of_the_file_end(tmp_path, part):
    from unsung.store.traces import found_in_file, search

    (tmp_path / "f").write_bytes(b"0123456canary89")
    assert search(tmp_path / "f", [b"absent", b"canary"], part)
    assert not search(tmp_path / "f", [b"canarx", b"89a"], part)
    assert not search(tmp_path / "f", [], part)
    assert found_in_file(tmp_path / "f", ["canary"])
    assert not found_in_file(tmp_path / "f", ["bird"])


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_copy_that_no_deletion_finds_makes_the_file_be_written_anew(store, event, monkeypatch):
    live(store, event, "ann", "s1")
    searched = []

    def found_once(path, names):
        searched.append(names)
        return True

    monkeypatch.setattr("unsung.store.personal.found_in_file", found_once)
    statements = []
    sa.event.listen(
        store._engine, "before_cursor_execute", lambda c, cur, sql, *_: statements.append(sql)
    )
    assert erase_person(store, "ann", NOW).clean
    assert searched == [["ann", "s1"]]
    assert "VACUUM" in statements
