"""A session that turns out to be a customer's takes everything with it, in whatever order."""

import pytest

from unsung.errors import ConflictError, InputError
from unsung.store import (
    Choice,
    Exposure,
    Merge,
    append_events,
    append_exposures,
    change_number,
    changes_after,
    choices_of_user,
    events_of_user,
    exposures_of_request,
    merge_session,
    set_choice,
)

NOW = 1_767_225_600_000_000


def test_what_a_session_did_and_will_do_is_the_customers(store, event):
    early, late = (event(name, user_id="s1", session=True) for name in ("early", "late"))
    append_events(store, [early], NOW)
    shown = [Exposure(r, "s1", "cup", 1, NOW, None, "p", "m", "full") for r in ("r1", "r2")]
    append_exposures(store, shown[:1])
    merge_session(store, "s1", "ann", NOW)
    append_events(store, [late], NOW)
    append_exposures(store, shown[1:])
    assert [e.event_id for e in events_of_user(store, "ann")] == ["early", "late"]
    assert all(e.session for e in events_of_user(store, "ann"))
    assert events_of_user(store, "s1") == []
    for request in ("r1", "r2"):
        assert exposures_of_request(store, request)[0].user_id == "ann"
    # What was sent is what counts for a duplicate, not what became of it.
    again = append_events(store, [early, late], NOW)
    assert (again.accepted, again.duplicates) == (0, 2)
    assert changes_after(store, 1).merged == (Merge("s1", "ann"),)


def test_of_two_choices_the_later_stays(store):
    set_choice(store, Choice("s1", "like", "cup", True, 5))
    set_choice(store, Choice("s1", "like", "kettle", True, 5))
    set_choice(store, Choice("ann", "like", "cup", False, 9))
    set_choice(store, Choice("ann", "like", "kettle", False, 1))
    number = merge_session(store, "s1", "ann", NOW)
    assert number == change_number(store)
    assert choices_of_user(store, "s1") == []
    assert {c.subject: c.active for c in choices_of_user(store, "ann")} == {
        "cup": False,
        "kettle": True,
    }
    assert changes_after(store, 4).choices == (Choice("ann", "like", "kettle", True, 5),)


def test_merging_again_is_no_change_and_to_another_a_conflict(store):
    number = merge_session(store, "s1", "ann", NOW)
    assert merge_session(store, "s1", "ann", NOW + 1) == number
    with pytest.raises(ConflictError, match="session s1 is another customer's"):
        merge_session(store, "s1", "bea", NOW)
    with pytest.raises(InputError, match="session itself"):
        merge_session(store, "s2", "s2", NOW)
    assert change_number(store) == number


def test_a_session_of_a_session_goes_to_the_customer(store, event):
    merge_session(store, "s1", "s2", NOW)
    merge_session(store, "s2", "ann", NOW)
    append_events(store, [event("e", user_id="s1", session=True)], NOW)
    merge_session(store, "s3", "s2", NOW)
    append_events(store, [event("f", user_id="s3", session=True)], NOW)
    assert [e.event_id for e in events_of_user(store, "ann")] == ["e", "f"]
