import itertools

import pytest

from unsung.reports.fit import fit_report_page

HEADINGS = {
    "check": "The data",
    "diagnosis": "Who gets the sales",
    "evaluation": "Recommenders side by side",
    "chosen": "Chosen settings",
    "notes": "Bear in mind",
}


@pytest.fixture
def parts(check, diagnosis, evaluation):
    return {
        "check": check,
        "diagnosis": diagnosis,
        "evaluation": evaluation,
        "chosen": evaluation["chosen"],
        "notes": ["Not tested on last week."],
    }


def test_all_parts_stand_in_one_page(parts, take_apart):
    page = take_apart(fit_report_page({"shop": "Toy", **parts}))
    page.check()
    assert set(HEADINGS.values()) <= set(page.headings)
    assert "Toy, everything before 2025-04-07, 00:00 UTC." in page.text
    assert "Not tested on last week." in page.text


@pytest.mark.parametrize("absent", list(itertools.combinations(HEADINGS, 2)), ids="-".join)
def test_absent_parts_are_left_out(parts, take_apart, absent):
    given = {name: None if name in absent else part for name, part in parts.items()}
    page = take_apart(fit_report_page({"shop": "Toy", **given}))
    page.check()
    for name, heading in HEADINGS.items():
        assert (heading in page.headings) == (name not in absent)


def test_nothing_but_a_name(take_apart):
    page = take_apart(fit_report_page({"shop": "Toy"}))
    page.check()
    assert page.headings == ["Fit report", "Definitions"]
