from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import ibis
import numpy as np
import pandas as pd
import pytest

from unsung.data.engine.zones import to_utc
from unsung.errors import SettingsError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = ["UTC", "Europe/London", "America/New_York", "Asia/Shanghai", "Australia/Lord_Howe"]


def walls(rng):
    """Wall times of 1970-2049, many of them in the hours around changes of the clocks."""
    seconds = rng.integers(0, 79 * 365 * 86_400, 3_000)
    days = ("2025-03-30", "2025-10-26", "2025-04-06", "2025-11-02")
    minutes = [pd.Timestamp(day) + pd.Timedelta(minutes=m) for day in days for m in range(240)]
    return [pd.Timestamp(int(s), unit="s").to_pydatetime() for s in seconds] + [
        minute.to_pydatetime() for minute in minutes
    ]


@pytest.mark.parametrize("name", ZONES)
def test_every_wall_time_becomes_what_datetime_says(rng, name):
    times = walls(rng)
    local = [(t.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1) for t in times]
    table = ibis.memtable(pd.DataFrame({"n": range(len(local)), "local": local}))
    query = table.select("n", utc=to_utc(table.local, name)).order_by("n")
    found = ibis.duckdb.connect(threads=1).to_pandas(query)["utc"].to_numpy()
    zone = ZoneInfo(name)
    expected = [(t.replace(tzinfo=zone) - EPOCH) // timedelta(microseconds=1) for t in times]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", ["Europe/Atlantis", "../etc/passwd", ""])
def test_an_unknown_zone_is_named(name):
    with pytest.raises(SettingsError, match="there is no zone"):
        to_utc(ibis.literal(0), name)
