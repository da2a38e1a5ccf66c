import pytest

from unsung.data.engine.columns import map_columns
from unsung.data.settings import Source
from unsung.errors import InputError, SettingsError


def test_names_then_own_names_then_constants():
    source = Source(
        path="o.csv",
        columns={"user_id": "customer"},
        constants={"event": "view", "price": "1"},
    )
    columns = ["customer", "ITEM_ID", "Timestamp", "price", "noise"]
    mapped = map_columns("interactions", source, columns)
    assert mapped.own == {
        "user_id": "customer",
        "item_id": "ITEM_ID",
        "timestamp": "Timestamp",
        "price": "price",
    }
    assert mapped.constants == {"event": "view"}
    assert list(mapped.found) == ["user_id", "item_id", "timestamp", "event", "price"]
    assert mapped.attributes == ()


def test_a_mapped_column_serves_nothing_else():
    source = Source(path="i.csv", columns={"title": "description"})
    mapped = map_columns("items", source, ["item_id", "description", "brand", "colour", "Title"])
    assert mapped.own == {"item_id": "item_id", "title": "description", "brand": "brand"}
    assert mapped.attributes == ("colour",)


def test_chosen_attributes_only():
    source = Source(path="i.csv", attributes=("size",))
    assert map_columns("items", source, ["item_id", "size", "colour"]).attributes == ("size",)


def test_messages_name_file_column_and_row():
    source = Source(path="o.csv", columns={"price": "Cost"})
    mapped = map_columns("interactions", source, ["user_id", "item_id", "timestamp", "Cost"])
    assert str(mapped.at("price", 7)) == "o.csv, column 'Cost', row 7"


ERRORS = {
    "absent": (Source(path="o.csv", columns={"price": "Cost"}), InputError, "no such column"),
    "unknown": (Source(path="o.csv", columns={"cost": "price"}), SettingsError, "no column 'cost'"),
    "constant": (Source(path="o.csv", constants={"cost": "1"}), SettingsError, "no column 'cost'"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_wrong_names(name):
    source, kind, message = ERRORS[name]
    with pytest.raises(kind, match=message):
        map_columns("interactions", source, ["user_id", "item_id", "timestamp", "price"])
