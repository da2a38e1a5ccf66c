"""The page of a simulation says what the record says."""

import pytest

from unsung.reports.simulation import LABELS, paths_chart, simulation_page


@pytest.fixture
def record():
    def row(policy, metric, **more):
        numbers = {"mean": 12.0, "least": 10.0, "most": 14.0}
        return {"world": "fitted", "policy": policy, "metric": metric, **numbers, **more}

    ends = {"change": 0.123, "low": 0.1, "high": 0.15}
    nothing = {"change": None, "low": None, "high": None}
    policies = ("most_popular", "undialled", "dialled", "term_profile")
    return {
        "shop": "Tea & <b>",
        "verdict": "After 2 months the dialled lists sell more.",
        "months": 2,
        "month_days": 28.0,
        "seeds": 3,
        "k": 10,
        "budget": 0.05,
        "n_shoppers": 1200,
        "n_items": 3600,
        "choice": {},
        "dial": {
            "method": "tail_odds", "strength": 0.3, "loss": 0.04, "undialled_tail": 0.1,
            "tail": 0.25,
        },
        "worlds": {"fitted": "as the shop's past says"},
        "paths": [
            row(policy, metric, month=month)
            for policy in policies
            for metric in LABELS
            for month in (1, 2)
        ],
        "outcomes": [
            row(policy, metric, **(nothing if policy == "undialled" else ends))
            for policy in policies
            for metric in LABELS
        ],
        "assumptions": ["Bands are over seeds."],
    }  # fmt: skip


def test_verdict_numbers_and_assumptions_are_there(record):
    page = simulation_page(record)
    for said in (
        "After 2 months the dialled lists sell more.",
        "Tea &amp; &lt;b&gt;",
        "1,200 shoppers",
        "tail_odds at 0.3",
        "Bands are over seeds.",
        "12.3%",
        "most popular",
    ):
        assert said in page
    assert "<b>" not in page.partition("<body")[2].replace("Tea &amp; &lt;b&gt;", "")


def test_without_intervals_there_is_no_chart_of_changes(record):
    for row in record["outcomes"]:
        row["low"] = None
    assert "Dialled against undialled" not in simulation_page(record)


def test_a_policy_that_was_not_run_has_no_line(record):
    rows = [r for r in record["paths"] if r["policy"] != "term_profile" and r["metric"] == "gini"]
    drawn = paths_chart(rows, "Gini").to_dict()
    assert len(drawn["layer"]) == 6
