import datetime as dt

import openpyxl
import pytest

from unsung.data.readers.land import land
from unsung.data.settings import Source
from unsung.errors import InputError


def write(path, *sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets, 1):
        sheet = book.create_sheet(f"Year {number}")
        for row in rows:
            sheet.append(row)
    book.save(path)


def rows_of(landed, read_rows):
    return [tuple(row.values())[:-2] for row in read_rows(landed)]


ORDERS = [
    [None, None],
    ["item", "when", "price"],
    [85123, dt.datetime.fromisoformat("2010-12-01 08:26"), 2.5],
    [None],
    ["85123A", None, True, None, None],
    ["x", "y", "z", "too many"],
]


def test_cells_become_text_and_rows_are_counted(tmp_path, read_rows):
    write(tmp_path / "o.xlsx", ORDERS)
    landed = land(Source(path="o.xlsx"), "interactions", tmp_path, tmp_path / "w")
    assert landed.columns == ("item", "when", "price")
    assert landed.n_rows == 3
    assert rows_of(landed, read_rows) == [
        ("85123", "2010-12-01 08:26:00", "2.5"),
        ("85123A", None, "true"),
    ]
    assert landed.rejects.to_dict("records") == [
        {
            "source_file": "o.xlsx",
            "source_row": 3,
            "reason": "has 4 cells where the header has 3",
            "raw": "x | y | z | too many",
        }
    ]


def test_sheets_by_name_or_all(tmp_path, read_rows):
    write(tmp_path / "o.xlsx", [["a"], [1]], [["a"], [2]])
    for sheet, expected in {None: ["1"], "Year 2": ["2"], "*": ["1", "2"]}.items():
        landed = land(Source(path="o.xlsx", sheet=sheet), "items", tmp_path, tmp_path / "w")
        assert [row["a"] for row in read_rows(landed)] == expected
    with pytest.raises(InputError, match="has no sheet 'x'; it has Year 1, Year 2"):
        land(Source(path="o.xlsx", sheet="x"), "items", tmp_path, tmp_path / "w")


def test_a_sheet_without_rows_is_named(tmp_path):
    write(tmp_path / "o.xlsx", [])
    with pytest.raises(InputError, match="empty sheet"):
        land(Source(path="o.xlsx"), "items", tmp_path, tmp_path / "w")


@pytest.mark.parametrize("cut", range(0, 4_800, 160))
def test_a_cut_workbook_is_named_and_leaves_nothing(tmp_path, cut):
    whole = tmp_path / "whole.xlsx"
    write(whole, ORDERS)
    (tmp_path / "o.xlsx").write_bytes(whole.read_bytes()[:cut])
    with pytest.raises(InputError, match=r"o\.xlsx: is no readable \.xlsx workbook"):
        land(Source(path="o.xlsx"), "items", tmp_path, tmp_path / "w")
    assert not list((tmp_path / "w").glob("*"))
