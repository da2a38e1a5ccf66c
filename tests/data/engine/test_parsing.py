"""Cells to values: numbers, ids, flags and text in the forms that exports have."""

import math

import ibis
import pandas as pd
import pytest

from unsung.data.engine.parsing import (
    as_text,
    compute,
    parse_flag,
    parse_id,
    parse_number,
    parse_whole,
)


@pytest.fixture(scope="module")
def connection():
    return ibis.duckdb.connect(threads=1)


@pytest.fixture
def parsed(connection):
    """Values and faults of cells: a list of pairs."""

    def run(cells, parser, **options):
        table = ibis.memtable(pd.DataFrame({"n": range(len(cells)), "cell": cells}))
        computed = compute(table, {"c": parser(table.cell, **options)}).order_by("n")
        frame = connection.to_pandas(computed.select("c__value", "c__fault"))
        values = [None if pd.isna(v) else v for v in frame["c__value"]]
        return list(
            zip(values, [None if pd.isna(f) else f for f in frame["c__fault"]], strict=True)
        )

    return run


NUMBERS = {
    "12": 12,
    " 12.50\t": 12.5,
    "-.5": -0.5,
    "1.": 1,
    "1e3": 1_000,
    "£1,234.50": 1_234.5,
    "1,234,567": 1_234_567,
    "12,50": 12.5,
    "€ 12,5": 12.5,
    "": None,
    " ": None,
    "NULL": None,
    "n/a": None,
    "nan": "not_a_number",
    "inf": "not_a_number",
    "1e999": "not_a_number",
    "1,234": "not_a_number",
    "1_000": "not_a_number",
    "0x1F": "not_a_number",
    "1d": "not_a_number",
    "12 pieces": "not_a_number",
    "１２": "not_a_number",
}


def test_numbers(parsed):
    for cell, (value, fault) in zip(NUMBERS, parsed(list(NUMBERS), parse_number), strict=True):
        expected = NUMBERS[cell]
        assert (value, fault) == (
            (None, expected) if isinstance(expected, str) else (expected, None)
        )


def test_native_numbers(parsed):
    assert parsed([1.5, math.inf], parse_number) == [(1.5, None), (None, "not_a_number")]
    assert parsed([True, False], parse_number) == [(1, None), (0, None)]


def test_whole_numbers(parsed):
    cells = ["3", "3.0", "3.5", "", "x", "1e300"]
    bad = (None, "not_a_whole_number")
    assert parsed(cells, parse_whole) == [(3, None), (3, None), bad, (None, None), bad, bad]


def test_ids(parsed):
    cells = [" a b ", "17850.0", "17850.00", "1.50", "v.0", "", "NaN", "null", "None", "nano", "0"]
    expected = ["a b", "17850", "17850.00", "1.50", "v.0", None, None, None, None, "nano", "0"]
    found = parsed(cells, parse_id, trim_trailing_zero=True)
    assert [value for value, _ in found] == expected
    kept = parsed(["17850.0"], parse_id, trim_trailing_zero=False)
    assert kept == [("17850.0", None)]


def test_ids_of_number_columns_have_no_decimals(parsed):
    for trim in (True, False):
        found = parsed([17850.0, 3.5, None], parse_id, trim_trailing_zero=trim)
        assert [value for value, _ in found] == ["17850", "3.5", None]
    assert parsed([10**12], parse_id, trim_trailing_zero=True) == [(str(10**12), None)]


def test_flags(parsed):
    cells = ["Yes", "no", "1", "0", "17", "-1", "In Stock", "out of stock", "有货", "", "perhaps"]
    found = parsed(cells, parse_flag)
    values = [True, False, True, False, True, False, True, False, True, None, None]
    assert [value for value, _ in found] == values
    assert [fault for _, fault in found] == [None] * 10 + ["not_a_flag"]
    assert parsed([True, False], parse_flag) == [(True, None), (False, None)]
    assert parsed([2, 0], parse_flag) == [(True, None), (False, None)]


def test_text_loses_blanks_of_every_script(connection):
    cells = ["\u3000茶\u00a0", "\ufeffx\u200b", "fvfvf", "v", " \t ", None, "a  b"]
    table = ibis.memtable(pd.DataFrame({"n": range(len(cells)), "cell": cells}))
    text = table.select("n", text=as_text(table.cell)).order_by("n")
    found = connection.to_pandas(text)["text"]
    assert [None if pd.isna(v) else v for v in found] == [
        "茶",
        "x",
        "fvfvf",
        "v",
        None,
        None,
        "a  b",
    ]


def test_queries_stay_small():
    table = ibis.table({"cell": "string"}, name="t")
    parsers = {f"c{i}": parse_number(table.cell) for i in range(5)}
    query = str(ibis.to_sql(compute(table, parsers), dialect="duckdb"))
    assert len(query) < 40_000
