from datetime import UTC, datetime

import pandas as pd
import pytest

from unsung.data.assignments import read_assignments
from unsung.data.settings import ShopSettings, Source
from unsung.errors import InputError

NOW = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture
def settings() -> ShopSettings:
    return ShopSettings(interactions=Source(path="orders.csv"))


def test_every_row_counts_is_a_repeat_or_is_set_aside(assignment_file, settings, tmp_path):
    found = read_assignments(assignment_file, settings, now=NOW, quarantine=tmp_path / "kept")
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


def test_parquet_is_read_alike(assignment_file, tmp_path, settings):
    pd.read_csv(assignment_file).to_parquet(tmp_path / "same.parquet")
    text, native = (
        read_assignments(path, settings, now=NOW)
        for path in (assignment_file, tmp_path / "same.parquet")
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
