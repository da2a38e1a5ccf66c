"""Before and after on a page: the verdict, what got worse, and what it rests on."""

import pytest

from unsung.reports.fit import fit_report_page
from unsung.reports.today import today_page, today_sections


def row(metric, before, after, low, high):
    return {
        "metric": metric, "before": before, "after": after, "difference": after - before,
        "low": low, "high": high, "p_value": 0.01, "n": 400,
    }  # fmt: skip


@pytest.fixture
def today():
    segments = [
        {"segment": name, "side": side, "slot_share": 0.25, "hit_share": 0.25,
         "target_share": 0.25, "n_items": 100, "n_reached": 40}
        for side in ("before", "after")
        for name in ("head", "tail", "fresh", "cold")
    ]  # fmt: skip
    return {
        "before": "trend", "after": "dialled", "is_shown": False, "k": 10, "n_users": 400,
        "rows": [
            row("ndcg_at_k", 0.08, 0.14, 0.05, 0.07),
            row("tail_ndcg_at_k", 0.0, 0.02, 0.01, 0.03),
            row("fresh_ndcg_at_k", 0.03, 0.02, -0.02, -0.001),
            row("aplt_tail", 0.01, 0.2, 0.18, 0.2),
        ],
        "lists": [{"metric": "effective_items", "before": 15.0, "after": 190.0}],
        "segments": segments,
        "groups": [{"group": "customers with few items", **row("hr_at_k", 0.1, 0.2, 0, 0.2)}],
        "worse": ["fresh_ndcg_at_k"],
        "verdict": "Unsung's lists find more of what customers went on to buy.",
        "assumptions": ["Trend stands in for today's lists."],
    }  # fmt: skip


def test_the_page_says_it_in_a_sentence_and_what_got_worse(today):
    html = today_page("Gifts", today)
    for said in (
        "find more of what customers went on to buy",
        "What got worse, beyond chance: NDCG, fresh.",
        "stands in for today",
        "customers with few items",
        "Today: trend. Unsung: dialled.",
    ):
        assert said in html


def test_nothing_worse_is_said_too(today):
    assert "Nothing got worse beyond chance." in today_page("Gifts", {**today, "worse": []})


def test_the_shops_own_lists_are_named(today):
    assert "Today: the shop&#39;s own lists." in today_page("Gifts", {**today, "is_shown": True})


def test_it_is_a_part_of_the_report_where_there_is_one(today):
    assert today_sections(None) == []
    assert "Today and with Unsung" in fit_report_page({"shop": "Gifts", "today": today})
    assert "Today and with Unsung" not in fit_report_page({"shop": "Gifts"})
