import json

from unsung.popularity.diagnosis import FORMAT, Diagnosis, Figure, Table


def test_json_is_plain_and_names_its_format():
    found = Diagnosis(
        shop="s",
        as_of=None,
        tail_definition="Head = all.",
        summary=("One.",),
        figures={"n": Figure("items", None, "Not known.")},
        tables={"t": Table("A table.", {"a": "A column."}, ({"a": 1},))},
    )
    plain = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert (plain["kind"], plain["format"]) == ("diagnosis", FORMAT)
    assert plain["figures"]["n"] == {
        "label": "items",
        "value": None,
        "definition": "Not known.",
        "is_share": False,
    }
    assert plain["tables"]["t"]["rows"] == [{"a": 1}]
