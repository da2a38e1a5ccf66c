import pytest

from unsung.popularity.diagnosis import Table
from unsung.reports.outlook import ITEMS_SHOWN, demand_classes, outlook_section
from unsung.reports.page import render
from unsung.workflows.outlook_diagnosis import CALIBRATION_COLUMNS, COLUMNS, MODEL_COLUMNS


def plain(table: Table) -> dict:
    return {"definition": table.definition, "columns": table.columns, "rows": list(table.rows),
            "note": table.note}  # fmt: skip


@pytest.fixture
def tables():
    items = [
        {
            "item_id": f"i{number}", "title": "red lamp" if number else "", "buyers": number,
            "p_tail": number / 250, "demand": 200.0 - number, "for_sales": "red",
            "for_tail": "lamp",
        }
        for number in range(200)
    ]  # fmt: skip
    models = [
        {**dict.fromkeys(MODEL_COLUMNS, 0.5), "label": label, "chosen": label == "term vectors"}
        for label in ("the same for every item", "term vectors")
    ]
    models[0]["spearman"] = None
    bins = [{"items": 9, "predicted": share, "observed": share / 2} for share in (0.1, 0.4, 0.9)]
    return {
        "outlook": plain(Table("What texts make likely.", COLUMNS, tuple(items))),
        "outlook_models": plain(Table("On 27 items.", MODEL_COLUMNS, tuple(models))),
        "outlook_calibration": plain(Table("On 27 items.", CALIBRATION_COLUMNS, tuple(bins))),
    }


def page_of(tables, take_apart):
    page = take_apart(render("Diagnosis", "Toy", "Toy", [outlook_section(tables)]))
    page.check()
    return page


def test_charts_come_first_then_items_then_how_good_it_is(tables, take_apart):
    page = page_of(tables, take_apart)
    # Two charts, each for a narrow and a wide column.
    assert page.elements["svg"] == 4
    assert page.headings[1:] == [
        "Items without a history", "Said and seen", "Expected buyers",
        "What to expect, item by item", "How well texts foretell", *page.headings[6:],
    ]  # fmt: skip
    assert f"The {ITEMS_SHOWN} with most expected buyers of 200" in page.text
    assert "term vectors" in page.text
    assert "in use" in page.text


def test_every_column_leads_to_its_definition(tables, take_apart):
    titles = {value for name, value in page_of(tables, take_apart).attributes if name == "title"}
    assert set(COLUMNS.values()) <= titles
    assert {MODEL_COLUMNS[key] for key in ("pr_auc_rare", "brier", "ece", "spearman")} <= titles


def test_without_items_the_sentence_says_why(tables, take_apart):
    tables["outlook"] = plain(Table("What.", COLUMNS, (), "There is no outlook: too few items."))
    page = page_of(tables, take_apart)
    assert "There is no outlook: too few items." in page.text
    assert page.elements["svg"] == 0


def test_one_bin_is_no_calibration(tables, take_apart):
    tables["outlook_calibration"]["rows"] = tables["outlook_calibration"]["rows"][:1]
    assert page_of(tables, take_apart).elements["svg"] == 2


def test_every_item_is_in_one_class(tables):
    rows = tables["outlook"]["rows"]
    classes = demand_classes(rows)
    assert sum(row["items"] for row in classes) == 200
    assert classes[-1] == {"label": "50+", "items": 151}
    edges = demand_classes([{"demand": value} for value in (0.0, 1.0, 1.99, 50.0)])
    assert [row["items"] for row in edges] == [1, 2, 0, 0, 0, 0, 1]
