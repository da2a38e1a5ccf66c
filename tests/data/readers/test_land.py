import gzip

import pytest

from unsung.data.readers.land import land
from unsung.data.settings import Source
from unsung.errors import InputError


def write(folder, **texts):
    for name, text in texts.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")


def test_several_files_are_one_table_with_one_set_of_columns(tmp_path, read_rows):
    write(tmp_path, a_csv="user,item\nu1,i1\nbroken\n", b_tsv="item\tPrice\ni2\t3\n")
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(b'{"price": 4, "tags": ["x", "y"]}\n?\n'))
    source = Source(path=("a.csv", "b.tsv", "c.jsonl.gz"))
    landed = land(source, "interactions", tmp_path, tmp_path / "w")
    assert landed.columns == ("user", "item", "Price", "tags")
    assert not landed.native
    nothing = dict.fromkeys(landed.columns)
    assert read_rows(landed) == [
        nothing | {"user": "u1", "item": "i1", "source_file": "a.csv", "source_row": 1},
        nothing | {"item": "i2", "Price": "3", "source_file": "b.tsv", "source_row": 1},
        nothing | {"Price": "4", "tags": "x | y", "source_file": "c.jsonl.gz", "source_row": 1},
    ]
    assert landed.n_rows == 5
    assert landed.rejects[["source_file", "source_row"]].to_numpy().tolist() == [
        ["a.csv", 2],
        ["c.jsonl.gz", 2],
    ]


def test_only_finished_files_are_left_in_the_folder(tmp_path):
    write(tmp_path, a_csv="user,item\nu1,i1\n")
    landed = land(Source(path="a.csv"), "interactions", tmp_path, tmp_path / "w")
    assert sorted((tmp_path / "w").iterdir()) == list(landed.path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"columns": {"item_id": "itme"}}, r"a\.csv, column 'itme': .*did you mean 'item'"),
        ({"attributes": ("colour",)}, r"column 'colour': .*named in 'attributes'"),
        ({"path": ("a.csv", "e.csv")}, r"e\.csv: is empty"),
        ({"path": ("a.csv", "cut.csv.gz")}, r"cut\.csv\.gz: is a damaged"),
        ({"path": ("a.csv", "gone.csv")}, r"gone\.csv: doesn't exist"),
    ],
)
def test_an_error_names_the_file_and_leaves_nothing(tmp_path, settings, message):
    write(tmp_path, a_csv="user,item\nu1,i1\n", e_csv="")
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"user,item\n" * 99)[:-9])
    workdir = tmp_path / "w"
    workdir.mkdir()
    with pytest.raises(InputError, match=message):
        land(Source(**({"path": "a.csv"} | settings)), "interactions", tmp_path, workdir)
    assert not list(workdir.iterdir())


def test_keys_that_only_late_lines_have_can_be_mapped(tmp_path):
    write(tmp_path, r_jsonl='{"a": 1}\n{"a": 1, "b": 2}\n')
    landed = land(Source(path="r.jsonl", columns={"price": "b"}), "items", tmp_path, tmp_path / "w")
    assert landed.columns == ("a", "b")
    with pytest.raises(InputError, match="column 'c'"):
        land(Source(path="r.jsonl", columns={"price": "c"}), "items", tmp_path, tmp_path / "w")


def test_parquet_and_text_in_one_folder_are_refused(tmp_path):
    write(tmp_path, a_csv="a\n1\n")
    (tmp_path / "b.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"\./\*\.parquet"):
        land(Source(path="."), "items", tmp_path, tmp_path / "w")


def test_progress_ends_at_its_total(tmp_path):
    write(tmp_path, a_csv="user,item\nu1,i1\n")
    seen = []
    land(Source(path="a.csv"), "items", tmp_path, tmp_path / "w", lambda *call: seen.append(call))
    assert {stage for stage, *_ in seen} == {"reading a.csv"}
    assert [done == total > 0 for _, done, total in seen] == [False] * (len(seen) - 1) + [True]


def test_mostly_unreadable_rows_are_a_wrong_setting(tmp_path, monkeypatch):
    monkeypatch.setattr("unsung.data.readers.parts.MAX_REJECTS", 10)
    write(tmp_path, a_csv="user,item\n" + "one;field\n" * 12)
    with pytest.raises(InputError, match=r"most rows can't be read .* check the delimiter"):
        land(Source(path="a.csv"), "items", tmp_path, tmp_path / "w")


def test_columns_of_our_bookkeeping_names_are_renamed(tmp_path, read_rows):
    write(tmp_path, a_csv="source_row,Item,item,\n7,i1,x,y\n")
    landed = land(Source(path="a.csv"), "items", tmp_path, tmp_path / "w")
    assert landed.columns == ("source_row_2", "Item", "item_2", "column_4")
    assert read_rows(landed)[0]["source_row"] == 1
