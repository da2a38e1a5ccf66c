import gzip

import pytest

from unsung.data.readers.paths import detect_format, resolve_paths, source_name
from unsung.data.settings import Source
from unsung.errors import InputError


@pytest.fixture
def shop(tmp_path):
    for name in ("orders/2.csv", "orders/1.csv", "orders/.hidden.csv", "orders/notes.md", "i.tsv"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("a\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ("i.tsv", ["i.tsv"]),
        ("orders", ["orders/1.csv", "orders/2.csv"]),
        ("orders/[12].csv", ["orders/1.csv", "orders/2.csv"]),
        ("**/*.csv", ["orders/1.csv", "orders/2.csv"]),
        (("orders/2.csv", "orders"), ["orders/2.csv", "orders/1.csv"]),
    ],
)
def test_files_folders_and_globs(shop, paths, expected):
    found = resolve_paths(Source(path=paths), shop)
    assert [source_name(path, shop) for path in found] == expected


def test_absolute_paths_stay(shop):
    (found,) = resolve_paths(Source(path=str(shop / "i.tsv")), shop / "elsewhere")
    assert found == shop / "i.tsv"
    assert source_name(found, shop / "elsewhere") == str(shop / "i.tsv")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("order", "did you mean 'orders'"),
        ("nowhere/x.csv", "there is no folder"),
        ("zzz*.parquet", "check 'path' in shop.toml"),
    ],
)
def test_what_is_not_there_is_named(shop, path, message):
    with pytest.raises(InputError, match=message):
        resolve_paths(Source(path=path), shop)


def test_a_folder_without_tables_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no table file"):
        resolve_paths(Source(path="empty"), tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.csv", b"a,b\n", "csv"),
        ("a.tsv.gz", gzip.compress(b"a\tb\n", mtime=0), "tsv"),
        ("a.jsonl", b"{}", "jsonl"),
        ("a.csv", b"PAR1....", "parquet"),
        ("a.xlsx", b"PK\x03\x04", "xlsx"),
        ("export", b'{"a": 1}', "jsonl"),
        ("export", b"a,b", "csv"),
    ],
)
def test_kinds_are_seen(tmp_path, name, content, expected):
    path = tmp_path / name
    path.write_bytes(content)
    assert detect_format(path) == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\xd0\xcf\x11\xe0\xa1\xb1", "password-protected or an old .xls"), (b"PK\x03\x04", "zip")],
)
def test_kinds_that_cannot_be_read_are_named(tmp_path, content, message):
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        detect_format(path)


def test_a_file_that_cannot_be_opened_is_named(tmp_path):
    with pytest.raises(InputError, match="can't be opened"):
        detect_format(tmp_path / "gone.csv")
