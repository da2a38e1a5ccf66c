"""Every row of a delimited file is counted once: it lands, or it is set aside."""

import codecs

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from unsung.data.readers.delimited import BAD_QUOTE, BAD_TEXT, NUL_BYTE, read_delimited
from unsung.data.readers.dialect import Dialect
from unsung.errors import InputError


def read(path, dialect, size=1 << 20):
    """Landed rows and rejects of a file, by row number."""
    landed, rejects = {}, {}
    for batch in read_delimited(path, dialect, size):
        for number, row in zip(batch.rows, batch.table.to_pylist(), strict=True):
            landed[int(number)] = tuple(row.values())
        for reject in batch.rejects:
            rejects[reject.row] = reject
    return landed, rejects


def field_at(text, start, delimiter):
    """End and value of the field at ``start``; no value where a quote is broken."""
    if text[start] != '"':
        end = start
        while text[end] not in (delimiter, "\r", "\n"):
            end += 1
        return end, text[start:end]
    value, at = [], start + 1
    while at < len(text):
        if text[at] != '"':
            value.append(text[at])
        elif text[at + 1 : at + 2] == '"':
            value.append('"')
            at += 1
        else:
            good = text[at + 1] in (delimiter, "\r", "\n")
            return at + 1, "".join(value) if good else None
        at += 1
    return at, None


def line_end(text, at):
    """The place after the line end at or after ``at``."""
    while text[at] not in "\r\n":
        at += 1
    return at + (2 if text[at : at + 2] == "\r\n" else 1)


def oracle(text, n_columns, delimiter=","):
    """The rows one character at a time, slowly: fields where a row is good, None where it isn't."""
    text = text if text.endswith(("\r", "\n")) or not text else text + "\n"
    rows, start = [], 0
    while start < len(text):
        fields, at = [], start
        while True:
            at, value = field_at(text, at, delimiter)
            fields.append(value)
            if value is None or text[at] in "\r\n":
                break
            at += 1
        if fields[-1] is None:
            rows.append(None)
            start = line_end(text, start)
            continue
        record, start = text[start:at], line_end(text, at)
        if record:
            good = len(fields) == n_columns and "\0" not in record
            rows.append(tuple(value or None for value in fields) if good else None)
    return rows


PIECES = ["a", "7", "é", "类", '"', '""', ",", ",", "\n", "\n", "\r\n", "\r", "\0", " ", "a,b\n"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


@settings(max_examples=600, deadline=None)
@given(text=TEXTS, size=st.sampled_from([1, 2, 5, 16, 1 << 20]), n_columns=st.integers(1, 3))
@example(text='a,"b\nc,d\ne,f\n', size=4, n_columns=2)
@example(text='a,"b\n\n""c"\n', size=1, n_columns=2)
@example(text='a,b,"c\nd"\n', size=1, n_columns=3)
def test_equals_a_reader_that_goes_one_character_at_a_time(tmp_path_factory, text, size, n_columns):
    path = tmp_path_factory.getbasetemp() / "horror.csv"
    path.write_bytes(text.encode())
    dialect = Dialect("utf-8", ",", True, tuple("abc"[:n_columns]))
    landed, rejects = read(path, dialect, size)
    expected = oracle(text, n_columns)
    assert landed == {n: row for n, row in enumerate(expected, 1) if row is not None}
    assert set(rejects) == {n for n, row in enumerate(expected, 1) if row is None}


@settings(max_examples=300, deadline=None)
@given(
    content=st.lists(
        st.sampled_from([b"a", b",", b'"', b"\n", b"\r\n", b"\xff", b"\xc3", b"\xa9", b"\0"]),
        max_size=40,
    ).map(b"".join),
    size=st.sampled_from([3, 1 << 20]),
    encoding=st.sampled_from(["utf-8", "gb18030", "utf-16-le", "cp1252"]),
)
def test_row_numbers_have_no_gaps_whatever_the_bytes(tmp_path_factory, content, size, encoding):
    path = tmp_path_factory.getbasetemp() / "bytes.csv"
    path.write_bytes(content)
    landed, rejects = read(path, Dialect(encoding, ",", True, ("a", "b")), size)
    assert sorted([*landed, *rejects]) == list(range(1, len(landed) + len(rejects) + 1))


FIELDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(st.tuples(FIELDS, FIELDS), max_size=6),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "gb18030", "utf-16"]),
)
def test_what_is_written_is_read(tmp_path_factory, rows, delimiter, encoding):
    path = tmp_path_factory.getbasetemp() / "written.csv"
    quoted = [[f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row] for row in rows]
    lines = ["a" + delimiter + "b", *(delimiter.join(row) for row in quoted)]
    path.write_bytes("\r\n".join(lines).encode(encoding))
    landed, rejects = read(path, Dialect(encoding, delimiter, True), size=11)
    assert not rejects
    assert list(landed.values()) == [tuple(cell or None for cell in row) for row in rows]


def reasons(path, dialect=None):
    landed, rejects = read(path, dialect or Dialect("utf-8", ",", True))
    return landed, {number: reject.reason for number, reject in rejects.items()}


def test_each_fault_has_its_reason_and_costs_its_own_row(tmp_path):
    path = tmp_path / "shop.csv"
    rows = [
        b"u1,i1,1",
        b"u2,i2",
        b"u3,i3,1,extra",
        b'u4,"i4,1',
        b'u5,"i5"x,1',
        b"u6,i\xff6,1",
        b"u7,i\0007,1",
        b'u8,"i, 8",1',
        b'u9,5" nail,1',
        b'u10,"two\nlines",1',
    ]
    path.write_bytes(codecs.BOM_UTF8 + b"user,item,n\r\n" + b"\r\n\r\n".join(rows))
    landed, faults = reasons(path)
    assert faults == {
        2: "has 2 fields where the header has 3",
        3: "has 4 fields where the header has 3",
        4: BAD_QUOTE,
        5: BAD_QUOTE,
        6: BAD_TEXT,
        7: NUL_BYTE,
    }
    assert landed == {
        1: ("u1", "i1", "1"),
        8: ("u8", "i, 8", "1"),
        9: ("u9", '5" nail', "1"),
        10: ("u10", "two\nlines", "1"),
    }


def test_rejects_show_the_row_as_it_was_cut_to_1000_characters(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text('a,b\nx,"y" z\n' + "w" * 5_000 + "\n", encoding="utf-8")
    _, rejects = read(path, Dialect("utf-8", ",", True))
    assert rejects[1].raw == 'x,"y" z'
    assert rejects[2].raw == "w" * 1_000


@pytest.mark.parametrize("size", [1 << 16, 8 << 20])
def test_a_field_of_ten_megabytes_lands(tmp_path, size):
    path = tmp_path / "big.csv"
    long = "x\n" * 5_000_000
    path.write_text(f'a,b\n1,2\n3,"{long}"\n5,6\n', encoding="utf-8")
    landed, rejects = read(path, Dialect("utf-8", ",", True), size)
    assert not rejects
    assert [row[0] for row in landed.values()] == ["1", "3", "5"]
    assert landed[2][1] == long


def test_a_quote_that_never_closes_costs_one_row_not_the_rest(tmp_path):
    path = tmp_path / "open.csv"
    lines = ["a,b", "1,2", '3,"open', *(f"{i},ok" for i in range(50_000))]
    path.write_text("\n".join(lines), encoding="utf-8")
    landed, rejects = read(path, Dialect("utf-8", ",", True), size=1 << 12)
    assert list(rejects) == [2]
    assert len(landed) == 50_001


def test_long_delimiters_split_and_quotes_are_letters(tmp_path):
    path = tmp_path / "movies.dat"
    path.write_bytes('1::"Café" Society (2016)::Comedy\n2::half\n'.encode("latin-1"))
    dialect = Dialect("latin-1", "::", False, ("id", "title", "genres"))
    landed, rejects = read(path, dialect)
    assert landed == {1: ("1", '"Café" Society (2016)', "Comedy")}
    assert rejects[2].raw == "2::half"


def test_bad_bytes_of_a_chinese_file_cost_their_own_row(tmp_path):
    path = tmp_path / "gbk.csv"
    path.write_bytes("编号,标题\n1,杯子\n".encode("gbk") + b"2,\xb1\n3,ok\n")
    landed, faults = reasons(path, Dialect("gb18030", ",", True))
    assert faults == {2: BAD_TEXT}
    assert landed == {1: ("1", "杯子"), 3: ("3", "ok")}


def test_a_header_alone_is_a_table_without_rows(tmp_path):
    path = tmp_path / "header.csv"
    path.write_text("user,item", encoding="utf-8")
    (batch,) = read_delimited(path, Dialect("utf-8", ",", True))
    assert batch.table.column_names == ["user", "item"]
    assert batch.table.num_rows == 0


@pytest.mark.parametrize("content", ["", "\n\r\n"])
def test_an_empty_file_is_named(tmp_path, content):
    path = tmp_path / "nothing.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"nothing\.csv: is empty"):
        list(read_delimited(path, Dialect("utf-8", ",", True)))


def test_a_broken_header_is_named(tmp_path):
    path = tmp_path / "broken.csv"
    path.write_text('"user,item\n1,2\n', encoding="utf-8")
    with pytest.raises(InputError, match="broken quote in its header"):
        list(read_delimited(path, Dialect("utf-8", ",", True)))
