"""The data check: counts that add up, and one sentence for each thing to look at."""

import json
from itertools import product

import numpy as np
import pytest

from unsung.data.build import build_dataset
from unsung.data.checks import check_report
from unsung.data.inspection import find_gaps

USERS, DAYS = 120, 60


@pytest.fixture
def check(prepare):
    def run(tables, **keywords):
        prepared, shop = prepare(tables, **keywords)
        return check_report(prepared, build_dataset(prepared, shop))

    return run


def lines(skip=(), extra=()):
    """Everybody buys ten times, every item sells, and there are twenty sales a day."""
    days = ((n, d) for n, d in product(range(USERS), range(DAYS)) if (n + d) % 6 == 0)
    rows = [
        f"u{n},i{number % 60},{np.datetime64('2025-01-01') + d},2,b{n}"
        for number, (n, d) in enumerate(days)
        if d not in skip
    ]
    return "user_id,item_id,timestamp,quantity,basket_id\n" + "\n".join([*rows, *extra]) + "\n"


ITEMS = "item_id,title,description,category,price\n" + "".join(
    f"i{n},Thing {n},Fine,c,2\n" for n in range(60)
)


def codes(report, level=None):
    return {f.code for f in report.findings if level in (None, f.level)}


def test_a_clean_shop(check):
    report = check({"interactions": lines(), "items": ITEMS})
    assert (report.level, codes(report)) == ("ok", {"clean"})
    assert report.shop.n_users == report.shop.n_buyers == USERS
    assert report.shop.n_items == report.shop.n_sold_items == 60
    assert report.shop.n_baskets == USERS
    (event,) = report.shop.events
    assert (event.kind, event.n_rows, event.is_target) == ("purchase", 1_200, True)
    assert report.time.n_days == DAYS
    assert [(m.month, m.n_rows) for m in report.time.months] == [
        ("2025-01", 620),
        ("2025-02", 560),
        ("2025-03", 20),
    ]
    assert report.time.start.startswith("2025-01-01T00:00:00")


def test_the_report_is_plain_json(check):
    report = check({"interactions": lines(extra=["u0,i0,x,1,b"]), "items": ITEMS})
    shown = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert shown["format"] == 1
    assert list(shown) == ["format", "level", "findings", "tables", "shop", "time", "catalogue"]
    for table in shown["tables"]:
        total = table["n_accepted"] + table["n_quarantined"] + table["n_duplicates"]
        assert table["n_read"] == total
    (reason,) = shown["tables"][1]["reasons"]
    assert reason["examples"] == [
        {"source_file": "interactions.csv", "source_row": 1_201, "value": "x"}
    ]
    column = {c["column"]: c for c in shown["tables"][1]["columns"]}["timestamp"]
    assert column["minimum"] == "2025-01-01T00:00:00+00:00"
    assert (column["kind"], column["odd_values"]) == ("time", ["x"])


def test_broken_rows(check):
    report = check({"interactions": lines(extra=["u0,i0,x,1,b"] * 3)})
    (finding,) = [f for f in report.findings if f.code == "unreadable_time"]
    assert finding.level == "look"
    assert finding.sentence.startswith("Set aside from interactions.csv: 3 of 1,203 rows (0.2 %),")
    assert report.level == "look"


def test_mostly_broken_tables_stop(check):
    report = check({"interactions": lines(extra=["u0,i0,x,1,b"] * 1_300)})
    assert report.level == "stop"
    assert report.findings[0].code == "mostly_broken"
    assert "[interactions.columns]" in report.findings[0].sentence


def test_rows_without_a_user_never_stop(check):
    report = check({"interactions": lines(extra=[",i0,2025-01-02,1,b"] * 1_300)})
    assert report.level == "look"
    assert "shows demand for the item" in report.findings[0].sentence


def test_duplicates(check):
    again = ["u0,i7,2025-01-01,2,b0"] * 31
    report = check({"interactions": lines(extra=again)})
    (finding,) = [f for f in report.findings if f.code == "duplicates"]
    assert finding.level == "look"
    assert finding.sentence.startswith("Duplicates in interactions.csv: 30 of 1,231 rows")


def test_gaps(check):
    report = check({"interactions": lines(skip=range(20, 26))})
    (gap,) = report.time.gaps
    assert (gap.start, gap.end, gap.n_days) == ("2025-01-21", "2025-01-26", 6)
    assert "gap" in codes(report, "look")


def test_weekly_rest_is_no_gap():
    week = [20, 20, 20, 20, 20, 0, 0]
    assert find_gaps(np.array(week * 10), 0) == ()
    closed = np.array(week * 10)
    closed[14:18] = 0
    (gap,) = find_gaps(closed, 0)
    assert (gap.start, gap.end, gap.n_busy_days) == ("1970-01-13", "1970-01-18", 4)


def test_quiet_shops_have_no_gaps():
    assert find_gaps(np.array([1, 0, 0, 0, 2, 0, 0, 1] * 4), 0) == ()
    assert find_gaps(np.array([5]), 0) == ()


def test_the_catalogue(check):
    items = ITEMS.replace("i0,Thing 0,Fine,c,2", "i0,,,,").replace("i1,Thing 1,", "i1,thing  2,")
    items = items.replace("i3,Thing 3,Fine,c,2\n", "") + "I 4,Other,Fine,c,2\nnew,New,Fine,c,2\n"
    report = check({"interactions": lines(), "items": items})
    catalogue = report.catalogue
    assert set(catalogue.without_text.examples) == {"i0", "i3"}
    assert set(catalogue.without_price.examples) == {"i0", "i3"}
    assert set(catalogue.without_category.examples) == {"i0", "i3"}
    assert catalogue.not_in_catalogue.examples == ("i3",)
    assert set(catalogue.never_sold.examples) == {"I 4", "new"}
    assert catalogue.duplicate_titles.examples == ("i1 | i2",)
    assert catalogue.alike_items.examples == ("I 4 | i4",)
    assert catalogue.alike_users.n == 0
    assert "never_sold" in codes(report, "ok")
    assert {"items_without_text", "alike_item_ids", "not_in_catalogue"} <= codes(report)


def test_users_that_look_alike(check):
    report = check({"interactions": lines(extra=["U1,i0,2025-01-02,1,b"])})
    assert report.catalogue.alike_users.examples == ("U1 | u1",)
    assert "alike_user_ids" in codes(report, "look")


def test_shops_without_clock_purchases_or_known_reviews(check):
    report = check(
        {
            "interactions": "user_id,item_id,position,event\nu,i,0,view\nv,j,0,view\n",
            "reviews": "item_id,text\nghost,Nice\n",
            "exposures": "item_id,timestamp\nghost,2025-01-02\ni,2025-01-02\n",
        }
    )
    assert report.time is None
    assert {"no_clock", "no_target_events", "unknown_items", "small"} <= codes(report, "look")
    assert report.shop.n_reviews_of_unknown_items == 1
    assert report.shop.n_exposures_of_unknown_items == 1


def test_reviews_without_a_time(check):
    report = check({"interactions": lines(), "reviews": "item_id,text\ni1,Nice\n"})
    assert "reviews_without_time" in codes(report, "look")


def test_one_user_is_too_small(check):
    report = check({"interactions": "user_id,item_id,timestamp\nu,i,2025-01-02\n"})
    assert "too_small" in codes(report, "stop")


def test_every_sentence_ends(check):
    report = check({"interactions": lines(extra=["u0,i0,x,1,b"] * 3), "items": ITEMS + "i1,x,,,\n"})
    for finding in report.findings:
        assert finding.sentence[0].isupper() or finding.sentence[0].isdigit()
        assert finding.sentence.endswith(".")
        assert ".." not in finding.sentence
