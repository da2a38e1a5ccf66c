"""One model serves at most, and the way back is the way that was taken."""

from dataclasses import replace

import pytest

from unsung.errors import ConflictError, InputError
from unsung.store import change_number
from unsung.store.models import (
    ModelEntry,
    activate_model,
    active_model,
    model_history,
    models,
    register_model,
    roll_back_model,
    set_model_status,
)

NOW = 1_767_225_600_000_000


@pytest.fixture
def three(store):
    for place, version in enumerate("abc"):
        metrics = {"ndcg_at_k": 0.1}
        entry = ModelEntry(version, f"/{version}", f"f{version}", "loaded", NOW + place, metrics)
        register_model(store, entry)
    return store


def statuses(store):
    return "".join(entry.status[0] for entry in models(store))


def test_registered_models_are_listed_in_their_order(three):
    assert [entry.version for entry in models(three)] == ["a", "b", "c"]
    assert models(three)[0].metrics == {"ndcg_at_k": 0.1}
    assert active_model(three) is None
    register_model(three, models(three)[0])
    assert statuses(three) == "lll"


def test_a_version_is_one_model(three):
    with pytest.raises(ConflictError, match="model a is known"):
        register_model(three, replace(models(three)[0], fingerprint="other"))
    with pytest.raises(InputError, match="loaded, shadow or retired"):
        register_model(three, ModelEntry("d", "/d", "f", "active", NOW))
    with pytest.raises(InputError, match="column 'metrics'"):
        register_model(three, ModelEntry("d", "/d", "f", "loaded", NOW, {"x": float("nan")}))


def test_activating_retires_the_one_before(three):
    active = activate_model(three, "a", "ann", NOW)
    assert (active_model(three), statuses(three)) == (active, "all")
    activate_model(three, "b", "ann", NOW + 1)
    assert statuses(three) == "ral"
    number = change_number(three)
    activate_model(three, "b", "ann", NOW + 2)
    assert change_number(three) == number
    with pytest.raises(InputError, match="no model z"):
        activate_model(three, "z", "ann", NOW)


def test_rolling_back_never_returns_to_what_was_left(three):
    with pytest.raises(InputError, match="no earlier model"):
        roll_back_model(three, "bea", NOW)
    for version in "abc":
        activate_model(three, version, "ann", NOW)
    assert roll_back_model(three, "bea", NOW + 9).version == "b"
    assert roll_back_model(three, "bea", NOW + 9).version == "a"
    assert statuses(three) == "arr"
    with pytest.raises(InputError, match="no earlier model"):
        roll_back_model(three, "bea", NOW)
    activate_model(three, "c", "ann", NOW)
    assert roll_back_model(three, "bea", NOW).version == "a"
    assert [(c.action, c.version) for c in model_history(three)] == [
        ("activated", "a"),
        ("activated", "b"),
        ("activated", "c"),
        ("rolled_back", "b"),
        ("rolled_back", "a"),
        ("activated", "c"),
        ("rolled_back", "a"),
    ]
    assert {c.who for c in model_history(three)} == {"ann", "bea"}


def test_other_statuses(three):
    activate_model(three, "a", "ann", NOW)
    assert set_model_status(three, "b", "shadow").status == "shadow"
    assert set_model_status(three, "c", "retired") == models(three)[2]
    assert statuses(three) == "asr"
    with pytest.raises(InputError, match="a is active"):
        set_model_status(three, "a", "retired")
    with pytest.raises(InputError, match="loaded, shadow or retired"):
        set_model_status(three, "b", "active")
