import copy

import pytest

from unsung.reports.check import check_page


@pytest.fixture
def without_time(check):
    return {**check, "time": None}


def test_the_page_accounts_for_every_row(check, take_apart):
    page = take_apart(check_page(check))
    page.check()
    assert "The data can be used; look at what is marked below." in page.text
    for shown in ("1,000", "970", "20", "10", "97.0%"):
        assert shown in page.text
    assert "2025-01-01 08:00 to 2025-04-07 UTC, 97 days." in page.text
    assert page.elements["svg"] == 2


def test_findings_stand_with_their_level(check, take_apart):
    page = take_apart(check_page(check))
    for level in ("look", "ok"):
        assert ("class", f"tag {level}") in page.attributes
    assert all(finding["sentence"] in page.text for finding in check["findings"])


def test_reasons_show_rows_and_what_stood_there(check, take_apart):
    text = take_apart(check_page(check)).text
    assert "no_user_id" in text
    assert "row 7; row 1,200: 'x'" in text
    assert "The quarantine file holds every such row whole." in text


def test_columns_are_described(check, take_apart):
    text = take_apart(check_page(check)).text
    assert "CustomerID" in text
    assert "1,234,567.5" in text
    assert "POST, D" in text


def test_sizes_of_what_the_shop_lacks_are_left_out(check, take_apart):
    page = take_apart(check_page(check))
    assert "baskets" in page.text
    assert "exposures" not in page.text.split("Definitions")[0]


def test_without_a_clock_there_is_no_chart(without_time, take_apart):
    page = take_apart(check_page(without_time))
    page.check()
    assert "Only the order of events is known." in page.text
    assert page.elements["svg"] == 0


def test_one_month_is_no_chart(check, take_apart):
    check["time"]["months"] = check["time"]["months"][:1]
    assert take_apart(check_page(check)).elements["svg"] == 0


def test_an_empty_table(check, take_apart):
    empty = copy.deepcopy(check)
    table = empty["tables"][0]
    table |= {"n_read": 0, "n_accepted": 0, "n_quarantined": 0, "n_duplicates": 0}
    table |= {"reasons": [], "columns": []}
    empty |= {"level": "stop", "time": None}
    empty["shop"] = dict.fromkeys(empty["shop"], 0) | {"events": []}
    page = take_apart(check_page(empty))
    page.check()
    assert "Results from these data would mislead" in page.text
    assert "No row was set aside." in page.text
    assert "There are no events." in page.text


def test_what_stood_in_a_file_is_text(check, take_apart, evil):
    reason = check["tables"][0]["reasons"][0]
    reason["examples"][0]["value"] = evil
    reason["column"] = evil
    check["tables"][0]["columns"][0]["odd_values"] = [evil]
    check["findings"][0]["sentence"] = evil
    check["tables"][0]["file"] = evil
    page = take_apart(check_page(check))
    page.check()
    assert page.text.count(evil) >= 5


def test_the_check_of_a_real_file(tmp_path, take_apart):
    from datetime import UTC, datetime

    from unsung.workflows.prepare import read_shop

    lines = ["user_id,item_id,timestamp"]
    lines += [f"u{day % 3},i{day % 5},2025-{1 + day % 3:02}-{1 + day % 28:02}" for day in range(40)]
    (tmp_path / "orders.csv").write_text("\n".join([*lines, ",i1,2025-01-01", "u1,i1,soon"]))
    (tmp_path / "shop.toml").write_text('[interactions]\npath = "orders.csv"\n')
    found = read_shop(tmp_path, now=datetime(2026, 1, 1, tzinfo=UTC))
    page = take_apart(check_page(found.check))
    page.check()
    assert "orders.csv" in page.text
    assert "no_user_id" in page.text
