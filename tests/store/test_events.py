"""Events are stored once each, whole batches or nothing."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from unsung.errors import ConflictError, InputError
from unsung.store import append_events, change_number, changes_after, events_of_user

NOW = 1_767_225_600_000_000


def test_what_goes_in_comes_out(store, event):
    full = event(
        "e1",
        weight=1,
        price=-2.5,
        quantity=3.0,
        basket_id="b",
        request_id="r",
        session=True,
    )
    late = event("e0", timestamp=NOW + 1, user_id="ann")
    done = append_events(store, [late, full], NOW)
    assert (done.accepted, done.duplicates, done.suppressed, done.number) == (2, 0, 0, 2)
    assert events_of_user(store, "ann") == [full, late]
    assert events_of_user(store, "nobody") == []


def test_an_empty_batch_is_no_change(store):
    assert append_events(store, [], NOW).number == change_number(store) == 0


def test_a_resent_batch_is_counted_and_changes_nothing(store, event):
    batch = [event(f"e{n}") for n in range(5)]
    append_events(store, batch, NOW)
    again = append_events(store, [*batch, event("new"), event("new")], NOW + 1)
    assert (again.accepted, again.duplicates, again.number) == (1, 6, 6)
    assert append_events(store, batch, NOW).number == 6
    assert len(events_of_user(store, "ann")) == 6


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "other",
    [
        {"user_id": "bea"},
        {"item_id": "spade"},
        {"event": "purchase"},
        {"timestamp": NOW + 1},
        {"weight": 1.0},
        {"price": 1.0},
        {"quantity": 1.0},
        {"basket_id": "b"},
        {"request_id": "r"},
        {"session": True},
    ],
    ids=lambda other: next(iter(other)),
)
def test_an_id_with_other_content_is_a_conflict(store, event, other):
    append_events(store, [event("known")], NOW)
    with pytest.raises(ConflictError, match="event_id known: stored before"):
        append_events(store, [event("fresh"), event("known", **other)], NOW)
    assert [e.event_id for e in events_of_user(store, "ann")] == ["known"]
    assert change_number(store) == 1


def test_a_conflict_within_a_batch_is_one_too(store, event):
    with pytest.raises(ConflictError, match="twice"):
        append_events(store, [event("twice"), event("twice", price=1.0)], NOW)
    assert change_number(store) == 0


def test_ten_conflicts_are_named(store, event):
    append_events(store, [event(f"e{n:02}") for n in range(12)], NOW)
    with pytest.raises(ConflictError, match=r"e00, e01, .*e09, \.\.\.:"):
        append_events(store, [event(f"e{n:02}", price=1.0) for n in range(12)], NOW)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("event_id", "x" * 257, "has 257 characters and may have 256"),
        ("event_id", "", "may not be empty"),
        ("user_id", "", "may not be empty"),
        ("user_id", "a\0b", "NUL character"),
        ("item_id", "\ud800", "surrogate"),
        ("event", "x" * 65, "may have 64"),
        ("event", None, "has to be text"),
        ("timestamp", 2**63, "out of range"),
        ("timestamp", 1.5, "whole number"),
        ("timestamp", True, "whole number"),
        ("weight", float("nan"), "finite number"),
        ("price", float("inf"), "finite number"),
        ("quantity", 10**400, "finite number"),
        ("quantity", "3", "has to be a number"),
        ("basket_id", "x" * 257, "may have 256"),
        ("request_id", 7, "has to be text"),
        ("session", 1, "true or false"),
    ],
)
def test_what_no_column_takes_is_refused_by_name(store, event, field, value, message):
    wrong = event("e2") if field == "event_id" else event("e2", **{field: value})
    if field == "event_id":
        wrong = event(value)
    with pytest.raises(InputError, match=rf"events, column '{field}', row 2: .*{message}"):
        append_events(store, [event("e1"), wrong], NOW)
    assert change_number(store) == 0


def test_ids_of_full_length_in_any_script_are_stored(store, event):
    wide = event("茶" * 256, user_id="\U0001f375" * 256, item_id="'; DROP TABLE events; --")
    append_events(store, [wide], NOW)
    assert events_of_user(store, wide.user_id) == [wide]


@pytest.mark.parametrize("seed", range(3))
def test_resending_from_eight_threads_is_like_sending_once(store, event, seed):
    draw = random.Random(seed)
    batches = [
        [event(f"e{b}-{n}", user_id=f"u{n % 3}", price=float(n)) for n in range(draw.randint(1, 7))]
        for b in range(12)
    ]
    sends = [batch for batch in batches for _ in range(draw.randint(1, 5))]
    for batch in sends:
        draw.shuffle(batch)
    draw.shuffle(sends)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda batch: append_events(store, batch, NOW), sends))
    every = {e for batch in batches for e in batch}
    assert sum(answer.accepted for answer in answers) == len(every)
    assert sum(answer.duplicates for answer in answers) == sum(map(len, sends)) - len(every)
    changes = changes_after(store, 0)
    assert len(changes.events) == len(every) == changes.last
    assert set(changes.events) == every
