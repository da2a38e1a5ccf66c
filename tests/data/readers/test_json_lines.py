import json

import pytest

from unsung.data.readers.json_lines import read_json
from unsung.errors import InputError


def read(path, **options):
    landed, rejects = {}, {}
    for batch in read_json(path, **options):
        for number, row in zip(batch.rows, batch.table.to_pylist(), strict=True):
            landed[int(number)] = {key: value for key, value in row.items() if value is not None}
        rejects.update({reject.row: reject.reason for reject in batch.rejects})
    return landed, rejects


def write(tmp_path, *lines, name="r.jsonl"):
    path = tmp_path / name
    path.write_bytes(b"\n".join(s if isinstance(s, bytes) else s.encode() for s in lines))
    return path


def test_values_become_text_and_bad_lines_are_set_aside(tmp_path):
    path = write(
        tmp_path,
        '{"a": 1.50, "b": ["x", ["y"]], "c": {"k": "v"}, "d": null, "e": true}',
        "",
        '{"a": 1',
        "[1, 2]",
        '{"a": "\\ud800"}',
        '{"a": "\\u0000"}',
        b'{"a": "\xff"}',
        "[" * 100_000,
        '{"a": ' + "[" * 900 + "]" * 900 + "}",
        "{'asin': '1', 'title': \"it's\", 'price': 9.99}",
        '{"late": "column", "a": 12345678901234567890}',
    )
    landed, rejects = read(path, encoding="utf-8")
    assert landed[1] == {"a": "1.50", "b": "x | y", "c": '{"k": "v"}', "e": "true"}
    assert landed[9] == {"asin": "1", "title": "it's", "price": "9.99"}
    assert landed[10] == {"late": "column", "a": "12345678901234567890"}
    assert rejects[2].startswith("isn't valid JSON (")
    assert rejects[3] == "isn't a JSON object"
    assert rejects[4] == "contains characters that aren't valid Unicode"
    assert rejects[5] == "contains a NUL character"
    assert rejects[6] == "isn't valid text in the file's encoding"
    assert rejects[7] == "is nested too deeply"
    assert sorted([*landed, *rejects]) == list(range(1, 11))


def test_small_blocks_give_the_same_rows(tmp_path):
    path = write(tmp_path, *(json.dumps({"n": i, f"k{i % 3}": "类"}) for i in range(50)))
    assert read(path, size=16) == read(path)


def test_keys_that_differ_in_case_keep_their_own_column(tmp_path):
    path = write(tmp_path, '{"Price": 1}', '{"price": 2, "Price": 3}')
    landed, _ = read(path, size=4)
    assert landed == {1: {"Price": "1"}, 2: {"Price": "3", "price_2": "2"}}


@pytest.mark.parametrize("text", ['[{"a": 1}, 5, {"a": 2}]', '[\n {"a": 1},\n 5,\n {"a": 2}\n]\n'])
def test_an_array_of_objects(tmp_path, text):
    landed, rejects = read(write(tmp_path, text, name="a.json"))
    assert landed == {1: {"a": "1"}, 3: {"a": "2"}}
    assert rejects == {2: "isn't a JSON object"}


def test_an_array_that_is_cut_off_is_named(tmp_path):
    with pytest.raises(InputError, match=r"a\.json: is no valid JSON array"):
        read(write(tmp_path, '[{"a": 1}, {"a"', name="a.json"))


def test_thousands_of_keys_are_refused(tmp_path):
    path = write(tmp_path, json.dumps({f"key{i}": 1 for i in range(5_001)}))
    with pytest.raises(InputError, match="different keys"):
        read(path)
