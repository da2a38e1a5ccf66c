import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsung.data.readers.dialect import RecordPattern, detect_dialect, sniff_delimiter
from unsung.data.settings import Source
from unsung.errors import InputError


def dialect_of(tmp_path, text, name="t.csv", **settings):
    path = tmp_path / name
    path.write_bytes(text.encode(settings.get("encoding", "utf-8")))
    kind = "tsv" if name.endswith(".tsv") else "csv"
    return detect_dialect(path, Source(path=name, **settings), kind)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1;2,5\n", ";"),
        ("a\tb,c\n1\t2\n", "\t"),
        ("1::1193::5::978300760\n2::661::3::978302109\n", "::"),
        ("1|Toy Story (1995)|01-Jan-1995\n2|GoldenEye, the film|01-Jan-1995\n", "|"),
        ('a,b\n"x;y",1\n"z;w;v",2\n', ","),
        ("only\n1\n", ","),
        ("", ","),
    ],
)
def test_delimiters_are_found(text, expected):
    assert sniff_delimiter(text) == expected


def test_quotes_of_tab_files_count_only_where_they_are_well_formed(tmp_path):
    assert dialect_of(tmp_path, 'id\ttitle\n1\t"two\nlines"\n', "q.tsv").quoting
    assert not dialect_of(tmp_path, 'id\ttitle\n1\t"Café" Society\n', "q.tsv").quoting


def test_settings_overrule_looking(tmp_path):
    found = dialect_of(tmp_path, "a,b|c\n", delimiter="|", encoding="latin-1", header=("x", "X"))
    assert (found.delimiter, found.encoding, found.names) == ("|", "latin-1", ("x", "X_2"))


@pytest.mark.parametrize("delimiter", ["", "\n", '"'])
def test_impossible_delimiters_are_refused(tmp_path, delimiter):
    with pytest.raises(InputError, match="can't be a delimiter"):
        dialect_of(tmp_path, "a,b\n", delimiter=delimiter)


@given(st.lists(st.sampled_from([b"a", b",", b'"', b"\n", b"\r"]), max_size=30).map(b"".join))
def test_a_run_is_the_records_that_follow_each_other(text):
    pattern = RecordPattern(b",", True)
    end = 0
    while (record := pattern.record.match(text, end)) is not None:
        end = record.end()
    assert pattern.run.match(text).end() == end
