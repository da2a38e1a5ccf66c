"""Times in every form that shops write them."""

from datetime import UTC, datetime

import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unsung.data.build import read_canonical
from unsung.data.engine.parsing import compute
from unsung.data.engine.times import TimeReading, parse_time
from unsung.errors import InputError


def micros(text):
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond


CONNECTION = ibis.duckdb.connect(threads=1)


def parse(cells, reading=TimeReading()):  # noqa: B008 (frozen)
    table = ibis.memtable(pd.DataFrame({"n": range(len(cells)), "cell": cells}))
    computed = compute(table, {"c": parse_time(table.cell, reading)}).order_by("n")
    frame = CONNECTION.to_pandas(computed.select("c__value", "c__fault"))
    return [
        fault if isinstance(fault, str) else None if pd.isna(value) else int(value)
        for value, fault in zip(frame["c__value"], frame["c__fault"], strict=True)
    ]


TEXTS = {
    "2025-01-02": "2025-01-02",
    "2025-01-02 03:04": "2025-01-02 03:04",
    "2025-01-02T03:04:05": "2025-01-02 03:04:05",
    " 2025-01-02 03:04:05.25 ": "2025-01-02 03:04:05.25",
    "2025-01-02T03:04:05.123456789Z": "2025-01-02 03:04:05.123456",
    "2025-01-02T03:04:05+02:00": "2025-01-02 01:04:05",
    "2025-01-02 03:04:05 -0530": "2025-01-02 08:34:05",
    "2025-01-02 03:04:05 UTC": "2025-01-02 03:04:05",
    "2025/1/2 3:04": "2025-01-02 03:04",
    "2.1.2025": "2025-01-02",
    "2/1/2025 13:14": "2025-01-02 13:14",
    "1735787045": "2025-01-02 03:04:05",
    "1735787045.5": "2025-01-02 03:04:05.5",
}


def test_texts():
    assert parse(list(TEXTS)) == [micros(text) for text in TEXTS.values()]


def test_month_first():
    reading = TimeReading(day_first=False)
    assert parse(["12/1/2010 8:26", "2.1.2025"], reading) == [
        micros("2010-12-01 08:26"),
        micros("2025-01-02"),
    ]


def test_nothing_and_nonsense():
    assert parse(["", "0", "NaT", "null", "0.0"]) == [None] * 5
    nonsense = ["soon", "2025-02-30", "2025-13-01", "1/2/25", "2025-01-02 25:00", "1e300", "2025"]
    assert parse(nonsense[:-1]) == ["unreadable_time"] * 6


UNITS = {"s": 1_735_787_045, "ms": 1_735_787_045_000, "us": 1_735_787_045_000_000}
UNITS["ns"] = UNITS["us"] * 1_000


@pytest.mark.parametrize("unit", UNITS)
def test_numeric_units(unit):
    moment = micros("2025-01-02 03:04:05")
    reading = TimeReading(unit, unit)
    assert parse([UNITS[unit]], reading) == [moment]
    assert parse([str(UNITS[unit])], reading) == [moment]
    assert parse([float(UNITS[unit])], reading) == [moment]


def test_dates_as_numbers():
    reading = TimeReading("yyyymmdd", "yyyymmdd")
    assert parse(["20250102", "20250231", "1735787045"], reading) == [
        micros("2025-01-02"),
        "unreadable_time",
        "time_unit_differs",
    ]


def test_native_types():
    moments = pd.to_datetime(["2025-01-02 03:04:05.000001", None])
    assert parse(moments) == [micros("2025-01-02 03:04:05") + 1, None]
    london = TimeReading(zone="Europe/London")
    summer = pd.to_datetime(["2025-07-02 03:04:05"])
    assert parse(summer, london) == [micros("2025-07-02 02:04:05")]
    assert parse(summer.tz_localize("UTC"), london) == [micros("2025-07-02 03:04:05")]
    assert parse([datetime(2025, 1, 2, tzinfo=UTC).date()]) == [micros("2025-01-02")]


def test_the_zone_of_the_source_applies_where_a_time_names_none():
    cells = ["2025-07-02 03:04:05", "2025-07-02 03:04:05Z", "2/7/2025 3:04"]
    assert parse(cells, TimeReading(zone="Asia/Shanghai")) == [
        micros("2025-07-01 19:04:05"),
        micros("2025-07-02 03:04:05"),
        micros("2025-07-01 19:04"),
    ]


@settings(max_examples=8, deadline=None)
@given(
    moments=st.lists(
        st.datetimes(pd.Timestamp("1970-01-02"), pd.Timestamp("2099-01-01")),
        min_size=1,
        max_size=20,
    )
)
def test_written_times_are_read_back(moments):
    forms = ("%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%S.%f+00:00")
    read = parse([moment.strftime(form) for form in forms for moment in moments])
    assert read == [micros(moment.isoformat()) for moment in moments] * 3


def shop(times):
    rows = "".join(f"u{n},i,{time}\n" for n, time in enumerate(times))
    return {"interactions": "user_id,item_id,timestamp\n" + rows}


SECONDS = [str(1_700_000_000 + n) for n in range(2_000)]


def test_a_mixture_of_units_stops_and_names_the_first_row(prepare):
    mixed = [*SECONDS[:995], *(f"{s}000" for s in SECONDS[:5])]
    with pytest.raises(InputError) as error:
        prepare(shop(mixed))
    assert str(error.value).startswith(
        "interactions.csv, column 'timestamp', row 996: '1700000000000' looks like a time in ms, "
        "but most are in s (5 rows differ)"
    )


def test_a_rare_other_unit_is_set_aside(prepare):
    prepared, _ = prepare(shop([*SECONDS, "1700000000000"]))
    (reason,) = prepared.tables["interactions"].reasons
    assert (reason.reason, reason.n_rows) == ("time_unit_differs", 1)
    assert reason.examples[0].source_row == 2_001


def test_a_named_unit_is_taken_at_its_word(prepare):
    tables = shop(["1000", "86400000"])
    prepared, _ = prepare(tables, sources={"interactions": {"time_unit": "ms"}})
    read = read_canonical(prepared.tables["interactions"])["timestamp"]
    assert sorted(read) == [1_000_000, 86_400_000_000]


@pytest.mark.parametrize("number", [int, str])
def test_units_are_found_in_native_columns_too(prepare, number):
    columns = {"user_id": ["a"], "item_id": ["i"], "timestamp": [number(1_735_787_045_000)]}
    prepared, _ = prepare({"interactions": pd.DataFrame(columns)})
    read = read_canonical(prepared.tables["interactions"])["timestamp"]
    assert read.tolist() == [micros("2025-01-02 03:04:05")]


def test_eight_digits_are_a_date(prepare):
    prepared, _ = prepare(shop(["20250102", "20251231"]))
    read = read_canonical(prepared.tables["interactions"])["timestamp"]
    assert sorted(read) == [micros("2025-01-02"), micros("2025-12-31")]


@pytest.mark.parametrize(
    ("times", "expected"),
    [(["3/4/2025", "13/4/2025"], "2025-04-03"), (["3/4/2025", "4/13/2025"], "2025-03-04")],
)
def test_one_row_decides_what_comes_first(prepare, times, expected):
    prepared, _ = prepare(shop(times))
    read = read_canonical(prepared.tables["interactions"])
    assert read.set_index("user_id")["timestamp"]["u0"] == micros(expected)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (["2025-01-02", "3/4/2025"], "row 2: '3/4/2025' could be day/month or month/day"),
        (["13/4/2025", "4/13/2025"], "row 2: '4/13/2025' has day and month in another order"),
    ],
)
def test_what_can_not_be_told_apart_stops(prepare, times, message):
    with pytest.raises(InputError, match=message):
        prepare(shop(times))
