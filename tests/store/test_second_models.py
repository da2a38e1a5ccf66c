"""One model at a time beside the active one, ended when another becomes active."""

from dataclasses import replace

import pytest

from unsung.errors import InputError
from unsung.store import Exposure, append_exposures, changes_after
from unsung.store.models import ModelEntry, activate_model, register_model, roll_back_model
from unsung.store.personal import erase_person, export_person
from unsung.store.second_models import (
    SecondModel,
    ShadowItem,
    append_shadow_items,
    assignments_of,
    end_second,
    overlap_with_shadow,
    second_models,
    start_second,
)

NOW = 1_767_225_600_000_000
TRIAL = SecondModel(
    name="spring",
    kind="experiment",
    version="m2",
    path="/b2",
    control="m1",
    share=0.5,
    state="running",
    who="ann",
    timestamp=NOW,
)


@pytest.fixture
def served(store):
    """A store in which the model m1 serves, and m2 and m3 are known."""
    for version in ("m1", "m2", "m3"):
        register_model(store, ModelEntry(version, f"/{version}", "f", "loaded", NOW))
    activate_model(store, "m1", "ann", NOW)
    return store


def shown(user_id: str | None, arm: str | None, moment: int, request_id: str) -> Exposure:
    return Exposure(request_id, user_id, "i1", 1, moment, 1.0, "undialled", "m1", "full", arm)


def test_it_is_started_told_and_ended(served):
    before = changes_after(served, 0).last
    started = start_second(served, TRIAL)
    assert started == replace(TRIAL, number=before + 1)
    assert changes_after(served, before).second == started
    ended = end_second(served, "bea", "enough seen", NOW + 1)
    assert ended == replace(
        started,
        state="ended",
        who="bea",
        reason="enough seen",
        timestamp=NOW + 1,
        number=before + 2,
    )
    assert changes_after(served, before).second == ended
    assert changes_after(served, before + 2).second is None
    assert second_models(served) == [ended, started]
    with pytest.raises(InputError, match="Neither a shadow nor"):
        end_second(served, "bea", "", NOW)


def test_there_is_one_at_a_time_and_each_name_once(served):
    start_second(served, TRIAL)
    with pytest.raises(InputError, match="spring is under way"):
        start_second(served, replace(TRIAL, name="summer"))
    end_second(served, "bea", "", NOW)
    with pytest.raises(InputError, match="another name"):
        start_second(served, TRIAL)
    assert start_second(served, replace(TRIAL, name="summer")).running


def test_it_ends_when_another_model_becomes_active(served):
    start_second(served, TRIAL)
    activate_model(served, "m1", "ann", NOW)  # it is active already: nothing changes
    assert second_models(served)[0].running
    activate_model(served, "m3", "cy", NOW + 5)
    latest = second_models(served)[0]
    assert (latest.state, latest.who, latest.reason) == ("ended", "cy", "m3 became active")
    with pytest.raises(InputError, match="Another model became active"):
        start_second(served, replace(TRIAL, name="summer"))
    start_second(served, replace(TRIAL, name="summer", control="m3"))
    roll_back_model(served, "di", NOW + 6)
    assert second_models(served)[0].reason == "m1 became active"


def test_assignments_are_who_saw_what_first(served):
    rows = [
        shown("u2", "spring/second", NOW + 2, "r1"),
        shown("u1", "spring/control", NOW + 9, "r2"),
        shown("u1", "spring/control", NOW + 1, "r3"),
        shown("u3", "spring-2/control", NOW, "r4"),
        shown("u4", None, NOW, "r5"),
        shown(None, "spring/control", NOW, "r6"),
        shown("session:s1", "spring/control", NOW, "r7"),
    ]
    append_exposures(served, rows)
    assert assignments_of(served, "spring") == [
        ("u1", "control", NOW + 1),
        ("u2", "second", NOW + 2),
    ]


def test_a_shadow_is_held_against_what_was_shown(served):
    append_exposures(
        served,
        [replace(shown("u1", None, NOW, "r1"), rank=n, item_id=f"i{n}") for n in (1, 2, 3)],
    )
    would = [("i1", 1), ("i9", 2), ("i2", 3), ("i8", 4)]
    items = [ShadowItem("r1", rank, "u1", item, NOW, "m2") for item, rank in would]
    assert append_shadow_items(served, items) == 4
    assert append_shadow_items(served, items) == 0
    found = overlap_with_shadow(served, "m2")
    assert found == {"lists": 1, "shared": 0.5, "first": 1.0}
    assert overlap_with_shadow(served, "m3") == {"lists": 0}


def test_what_a_shadow_made_for_a_person_is_the_persons(served):
    append_shadow_items(served, [ShadowItem("r1", 1, "u1", "i1", NOW, "m2")])
    assert len(export_person(served, "u1")["shadow_items"]) == 1
    assert erase_person(served, "u1", NOW).tables["shadow_items"] == 1
    assert append_shadow_items(served, [ShadowItem("r2", 1, "u1", "i1", NOW, "m2")]) == 0
