import re

import pytest

from unsung.reports.fit import fit_report_page
from unsung.reports.page import render
from unsung.reports.training import before_after_sections


def row(metric, before, after, low, high, scorer="encoder"):
    return {
        "scorer": scorer,
        "metric": metric,
        "before": before,
        "after": after,
        "difference": after - before,
        "low": low,
        "high": high,
        "n": 400,
    }


@pytest.fixture
def training():
    record = {
        "model": "all-MiniLM-L6-v2",
        "trained": "top",
        "n_parameters": 22_713_216,
        "n_trainable": 3_549_312,
        "points": [{"step": s, "loss": 4 - s / 100} for s in range(0, 200, 10)],
        "validations": [{"step": s, "value": 0.06 + s / 10_000} for s in (0, 50, 100)],
        "best_step": 100,
        "seconds": 41.2,
        "examples_per_s": 154.6,
    }
    return {
        "sentences": ["The fine-tuned encoder is kept: it is at least as good on every cut."],
        "k": 10,
        "validation": [row("ndcg_at_k", 0.05, 0.06, 0.004, 0.016)],
        "test": [
            row("ndcg_at_k", 0.0686, 0.0741, 0.001, 0.01),
            row("tail_ndcg_at_k", 0.029, 0.028, -0.004, 0.002),
            row("fresh_ndcg_at_k", 0.065, 0.06, -0.009, -0.001),
            row("exposure_gini", 0.8, 0.75, None, None),
            row("ndcg_at_k", 0.1, 0.11, 0.005, 0.015, scorer="linear"),
        ],
        "runs": [{"label": "Interest encoder", "metric": "NDCG@10", "training": record}],
        "notes": ["Trained on what was known before 2011-08-19."],
    }


def page_of(training):
    return render("Report", "shop", "now", before_after_sections(training))


def test_the_section_tells_what_changed(training, take_apart):
    page = take_apart(page_of(training))
    page.check()
    assert "The fine-tuned encoder is kept" in page.text
    assert (
        "3,549,312 of 22,713,216 weights trained (top) in 41 s, 155 examples a second" in page.text
    )
    assert "Dashed: step 100, whose weights were kept." in page.text
    # Two scorers and two curves, each drawn narrow and wide.
    assert page.elements["svg"] == 8


def test_only_what_an_interval_settles_is_marked(training):
    table = page_of(training).split('id="before-after-test"', 1)[1].split("</table>", 1)[0]
    marked = re.findall(r'class="n best"[^>]*>([^<]+)<', table)
    assert marked == ["0.0741", "0.0650", "0.1100"]


def test_what_was_decided_without_a_test_rests_on_the_validation(training, take_apart):
    del training["test"]
    page = take_apart(page_of(training))
    assert "On the validation window." in page.text
    assert "Before and after, on the test" not in page.text


def test_nothing_fine_tuned_nothing_told():
    assert before_after_sections(None) == []


def test_the_report_of_a_fit_has_it(training, take_apart):
    page = take_apart(fit_report_page({"shop": "Tea & Co", "training": training}))
    page.check()
    assert "What fine-tuning changed" in page.headings
