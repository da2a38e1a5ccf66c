from datetime import UTC, datetime

import pandas as pd
import pytest

from unsung.data.assignments import read_assignments
from unsung.data.settings import ShopSettings, Source
from unsung.errors import InputError

NOW = datetime(2026, 2, 1, tzinfo=UTC)
ROWS = """user_id,arm,timestamp
a,control,2026-01-02
a,control,2026-01-01
b,new,2026-01-03
c,new,2026-01-03
c,control,2026-01-04
,new,2026-01-04
d,,2026-01-04
e,new,not a time
e,control,2026-01-05
f,new,2027-01-01
b,new,2026-01-03
"""


@pytest.fixture
def settings() -> ShopSettings:
    return ShopSettings(interactions=Source(path="orders.csv"))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "assignments.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def test_every_row_counts_is_a_repeat_or_is_set_aside(file, settings, tmp_path):
    found = read_assignments(file, settings, now=NOW, quarantine=tmp_path / "kept")
    assert found.user_id.tolist() == ["a", "b"]
    assert found.arm.tolist() == ["control", "new"]
    assert len(found) == 2
    first = [datetime.fromtimestamp(t / 1e6, UTC).day for t in found.first_exposure]
    assert first == [1, 3]
    assert (found.n_read, found.n_accepted, found.n_quarantined, found.n_duplicates) == (
        11,
        3,
        7,
        1,
    )
    reasons = {reason.reason: reason.n_rows for reason in found.reasons}
    assert reasons == {
        "two_arms": 3, "no_user_id": 1, "no_arm": 1, "unreadable_time": 1, "future_time": 1
    }  # fmt: skip
    kept = pd.read_parquet(tmp_path / "kept" / "quarantine.parquet")
    both = kept[kept["reason"] == "two_arms"]
    assert both["source_row"].tolist() == [4, 5, 9]
    assert both["column"].unique().tolist() == ["arm"]
    assert (tmp_path / "kept" / "quarantine.csv").exists()


def test_without_times_the_start_must_be_told_elsewhere(tmp_path, settings):
    path = tmp_path / "plain.csv"
    path.write_text("user_id,arm\nb,new\na,control\na,control\n", encoding="utf-8")
    found = read_assignments(path, settings, now=NOW)
    assert found.first_exposure is None
    assert found.user_id.tolist() == ["a", "b"]


def test_parquet_is_read_alike(file, tmp_path, settings):
    pd.read_csv(file).to_parquet(tmp_path / "same.parquet")
    text, native = (
        read_assignments(path, settings, now=NOW) for path in (file, tmp_path / "same.parquet")
    )
    assert native.user_id.tolist() == text.user_id.tolist()
    assert native.first_exposure.tolist() == text.first_exposure.tolist()
    assert native.n_quarantined == text.n_quarantined


def test_columns_are_mapped_in_the_shop_file(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("customer;group\nx;A\ny;B\n", encoding="utf-8")
    source = Source(path="elsewhere.csv", columns={"user_id": "customer", "arm": "group"})
    named = ShopSettings(
        interactions=Source(path="orders.csv"), assignments=source, folder=str(tmp_path)
    )
    assert read_assignments(path, named, now=NOW).arm.tolist() == ["A", "B"]
    with pytest.raises(InputError, match=r"elsewhere\.csv"):
        read_assignments(None, named, now=NOW)
    path.rename(tmp_path / "elsewhere.csv")
    assert len(read_assignments(None, named, now=NOW)) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("user_id,group\na,b\n", "has no column for arm"),
        ("user_id,arm\na,b\na,c\n", "column 'arm', row 1: none of its 2 rows"),
        ("user_id,arm\n", "has no rows"),
    ],
)
def test_a_file_that_can_not_be_used_is_refused_with_its_place(text, said, tmp_path, settings):
    path = tmp_path / "assignments.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"assignments\.csv") as caught:
        read_assignments(path, settings, now=NOW)
    assert said in str(caught.value)


def test_no_file_is_refused(tmp_path, settings):
    with pytest.raises(InputError, match=r"\[assignments\]"):
        read_assignments(None, settings, now=NOW)
    with pytest.raises(InputError, match=r"nowhere\.csv"):
        read_assignments(tmp_path / "nowhere.csv", settings, now=NOW)


@pytest.mark.spark
def test_spark_judges_alike(file, settings):
    plain, spark = (
        read_assignments(file, settings.model_copy(update={"engine": engine}), now=NOW)
        for engine in ("duckdb", "spark")
    )
    assert spark.user_id.tolist() == plain.user_id.tolist()
    assert spark.arm.tolist() == plain.arm.tolist()
    assert spark.first_exposure.tolist() == plain.first_exposure.tolist()
    assert spark.reasons == plain.reasons
