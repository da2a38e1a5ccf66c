"""The dial's part of the page, with a certificate and with a refusal."""

import re

import pytest

from unsung.reports.dial import dial_sections
from unsung.reports.fit import fit_report_page
from unsung.reports.page import render


def row(method, strength, loss, tail, dominated=False):
    return {
        "method": method, "strength": strength, "loss": loss, "aplt_tail": tail,
        "aplt_fresh": 0.1, "tail_ndcg_at_k": 0.02, "catalogue_coverage_at_k": 0.2,
        "effective_items": 150.0, "captured_value_at_k": 0.05, "dominated": dominated,
    }  # fmt: skip


@pytest.fixture
def dial():
    positions = [
        {"name": f"tail_weight {s}", "strength": s, "p_value": p, "t_test_p_value": p,
         "loss": loss, "loss_low": loss - 0.01, "loss_high": loss + 0.01, "certified": p <= 0.05,
         "tail_share": tail}
        for s, p, loss, tail in (
            (0.1, 0.001, 0.002, 0.1), (0.2, 0.04, 0.01, 0.16), (0.4, 0.3, 0.03, 0.2)
        )
    ]  # fmt: skip
    return {
        "k": 10, "budget": 0.05, "level": 0.95, "method": "tail_weight", "most_lost": 0.4,
        "counts": {"selection": 200, "calibration": 340},
        "certified": "tail_weight 0.2",
        "sentences": ["At least 95 % of the undialled lists', with 95 % confidence."],
        "positions": positions, "undialled_tail": 0.07, "back_test": None,
        "frontier": [
            row("undialled", 0.0, 0.0, 0.07),
            row("tail_weight", 0.2, 0.01, 0.17),
            row("quota", 0.2, 0.02, 0.15, dominated=True),
            row("quota", 1.0, 0.6, 1.0),
        ],
    }  # fmt: skip


def test_the_page_says_what_is_certified_and_what_it_costs(dial):
    html = render("Fit report", "Shop", "", dial_sections(dial))
    assert "with 95 % confidence" in html
    assert len(re.findall(r">\s*certified\s*<", html)) >= 3
    assert "16.0%" in html
    # Beaten settings are left out of the table.
    assert "quota" in html
    assert "15.0%" not in html


def test_a_refusal_is_a_page_too(dial):
    nothing = [{**position, "certified": False} for position in dial["positions"]]
    told = {**dial, "certified": None, "positions": nothing, "sentences": ["Nothing is certified."]}
    assert "Nothing is certified." in render("Fit report", "Shop", "", dial_sections(told))


def test_without_a_dial_there_is_no_section(dial):
    assert dial_sections(None) == []
    assert "The dial" in fit_report_page({"shop": "Shop", "dial": dial})
    assert "The dial" not in fit_report_page({"shop": "Shop"})
