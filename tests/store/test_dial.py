"""The dial's history is kept whole, and undoing is an entry of its own."""

from dataclasses import replace

import pytest

from unsung.errors import InputError
from unsung.store import DialSetting, apply_dial, current_dial, dial_history, undo_dial

NOW = 1_767_225_600_000_000
OFF = DialSetting(
    who="ann", timestamp=NOW, strength_index=0, method="quota", budget=0.02, model="m1", note="off"
)


def test_the_last_entry_holds(store):
    assert current_dial(store) is None
    first = apply_dial(store, OFF)
    second = apply_dial(store, replace(OFF, strength_index=3, note=""))
    assert (first.number, second.number) == (1, 2)
    assert current_dial(store) == second
    assert dial_history(store) == [second, first]
    assert dial_history(store, 1) == [second]


def test_undoing_applies_the_one_before(store):
    first = apply_dial(store, OFF)
    with pytest.raises(InputError, match="no earlier setting"):
        undo_dial(store, "bea", "", NOW)
    apply_dial(store, replace(OFF, strength_index=3, model="m2"))
    undone = undo_dial(store, "bea", "too bold", NOW + 1)
    assert undone == replace(first, who="bea", note="too bold", timestamp=NOW + 1, number=3)
    assert current_dial(store) == undone
    assert len(dial_history(store)) == 3


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("field", "value"),
    [("who", ""), ("method", "m" * 65), ("budget", float("nan")), ("note", "n" * 2001)],
)
def test_what_no_column_takes_is_refused_by_name(store, field, value):
    with pytest.raises(InputError, match=f"dial_settings, column '{field}'"):
        apply_dial(store, replace(OFF, **{field: value}))
    assert dial_history(store) == []
