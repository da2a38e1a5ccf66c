"""A link of the chain that is changed, left out or put in is found."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from unsung.errors import InputError
from unsung.store import audit, person_digest
from unsung.store.personal import erase_person
from unsung.store.tables import audit_entries

NOW = 1_767_225_600_000_000


@pytest.fixture
def logged(store):
    for n in range(5):
        audit.append(store, "ann", "apply", f"dial {n}", {"strength": n}, NOW + n)
    return store


def test_entries_are_kept_in_their_order(logged):
    found = audit.entries(logged)
    assert [entry.number for entry in found] == [1, 2, 3, 4, 5]
    assert (found[2].who, found[2].subject, found[2].detail) == ("ann", "dial 2", {"strength": 2})
    assert audit.entries(logged, after=3, limit=1) == found[3:4]
    assert audit.verify(logged) is None


def test_an_empty_chain_holds(store):
    assert audit.verify(store) is None
    assert audit.entries(store) == []


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "change",
    [
        {"who": "bea"},
        {"action": "undo"},
        {"subject": "x"},
        {"detail": "{}"},
        {"timestamp": 1},
        {"digest": "0" * 64},
    ],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.parametrize("number", [1, 3, 5])
def test_a_changed_entry_is_found(logged, change, number):
    with logged.writing() as connection:
        where = audit_entries.c.number == number
        connection.execute(sa.update(audit_entries).where(where).values(**change))
    assert audit.verify(logged) == number


@pytest.mark.parametrize("number", [1, 3, 5])
def test_an_entry_that_is_missing_is_found(logged, number):
    with logged.writing() as connection:
        connection.execute(sa.delete(audit_entries).where(audit_entries.c.number == number))
    assert audit.verify(logged) == number


def test_an_entry_that_was_put_in_is_found(logged):
    with logged.writing() as connection:
        last = connection.execute(sa.select(audit_entries).limit(1)).mappings().first()
        connection.execute(sa.insert(audit_entries), {**last, "number": 6})
    assert audit.verify(logged) == 6


def test_a_person_stands_there_as_a_hash_and_erasing_leaves_the_chain_whole(logged):
    entry = audit.append(logged, "ann", "erase", "carl", {}, NOW, person=True)
    assert entry.subject == f"person:{person_digest(logged, 'carl')}"
    assert "carl" not in entry.subject
    erase_person(logged, "carl", NOW)
    assert audit.verify(logged) is None
    assert audit.entries(logged)[-1] == entry


def test_threads_make_one_chain(store):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: audit.append(store, "ann", "do", str(n), {}, NOW), range(30)))
    assert [entry.number for entry in audit.entries(store)] == list(range(1, 31))
    assert audit.verify(store) is None


def test_what_no_column_takes_is_refused_by_name(store):
    with pytest.raises(InputError, match="column 'action'"):
        audit.append(store, "ann", "", "x", {}, NOW)
    with pytest.raises(InputError, match="column 'detail'"):
        audit.append(store, "ann", "do", "x", {"x": object()}, NOW)
