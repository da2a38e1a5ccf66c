import numpy as np
import pandas as pd
import pytest

from unsung import schema
from unsung.data.guess.evidence import confidence, is_number_or_date, look_at, time_unit
from unsung.data.guess.names import EVENT_WORDS, STRONG, WEAK, name_confidence, normal_form


def sure(name, values, column, table="interactions"):
    return confidence(look_at(pd.Series(values, name=name, dtype=object)), column, table)[0]


def test_values_raise_and_lower_what_a_name_promises():
    dates = [f"2024-01-0{day}" for day in range(1, 9)]
    assert sure("date", dates, "timestamp") > 0.9
    assert sure("date", ["soon", "later"], "timestamp") < 0.3
    assert sure("when_it_was", dates, "timestamp") == 0.6
    assert sure("stars", ["5", "4", "1"], "rating") > sure("stars", ["900", "4"], "rating")
    assert sure("price", ["£1,200.50", "3"], "price") == 0.98
    assert sure("customer", ["1.5", "2.25"], "user_id") < 0.3
    assert sure("colour", ["red", "blue"], "user_id") == 0


def test_a_column_without_values_is_believed_less():
    assert sure("timestamp", [None, " "], "timestamp") == pytest.approx(0.59)


def test_a_look_counts_cells_that_are_not_empty():
    look = look_at(pd.Series(["1", "2", "2.5", " ", None, "x"], name="n", dtype=object))
    assert (look.n, look.n_distinct, look.number_share, look.whole_share) == (4, 4, 0.75, 0.5)
    assert (look.low, look.high) == (1.0, 2.5)


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        (["0", "1700000000"], "s"),
        (["1700000000000"], "ms"),
        (["1.7e15"], "us"),
        (["1700000000", "1700000000000"], None),
        (["20240101"], None),
        ([], None),
    ],
)
def test_units_of_times(values, unit):
    assert time_unit(pd.Series(values, dtype=object)) == unit


def test_header_lines_are_told_from_rows():
    assert all(map(is_number_or_date, ("17", "2024-01-01", "1.5", "2024/1/5 8:26")))
    assert not any(map(is_number_or_date, ("user_1", "商品ID", "", "1st")))


def test_words_are_in_normal_form_and_for_columns_that_we_have():
    ours = {column for columns in schema.TABLES.values() for column in columns}
    assert set(STRONG) | set(WEAK) <= ours
    for words in (*STRONG.values(), *WEAK.values(), *EVENT_WORDS.values()):
        assert [normal_form(word) for word in words.split()] == words.split()
    assert set(EVENT_WORDS) <= set(schema.DEFAULT_EVENT_WEIGHTS)


def test_no_name_means_two_columns_of_a_table_for_sure():
    for table, columns in schema.TABLES.items():
        names = {word for column in columns for word in STRONG.get(column, "").split()}
        for name in names:
            surely = [c for c in columns if name_confidence(name, c, table)[0] >= 0.9]
            assert len(surely) <= 1, (table, name, surely)


def test_repeats_far_down_a_column_are_counted():
    ids = np.concatenate([np.arange(10_000), np.zeros(10_000)]).astype(int).astype(str)
    assert not look_at(pd.Series(ids, name="id", dtype=object)).is_unique
