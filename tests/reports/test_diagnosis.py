import copy
from dataclasses import replace

import pytest

from unsung.reports.diagnosis import ITEMS_PER_SEGMENT, as_of_words, diagnosis_page
from unsung.workflows.diagnose import diagnose


def test_the_page_says_what_the_diagnosis_says(diagnosis, take_apart):
    page = take_apart(diagnosis_page(diagnosis))
    page.check()
    for sentence in diagnosis["summary"]:
        assert sentence in page.text
    assert "everything before 2025-04-07, 00:00 UTC" in page.text
    assert diagnosis["tail_definition"] in page.text
    assert page.headings[:2] == ["Diagnosis", "Who gets the sales"]
    # Five charts, each for a narrow and a wide column.
    assert page.elements["svg"] == 10
    for row in diagnosis["tables"]["items"]["rows"]:
        assert row["title"] in page.text


def test_every_number_leads_to_its_definition(diagnosis, take_apart):
    page = take_apart(diagnosis_page(diagnosis))
    titles = {value for name, value in page.attributes if name == "title"}
    for table in ("segments", "bands", "drift"):
        columns = diagnosis["tables"][table]["columns"]
        assert {columns[key] for key in columns if key != "purchases_share"} <= titles
    for key in ("gini", "zero_sale_items", "zero_exposure_items", "effective_items"):
        assert diagnosis["figures"][key]["definition"] in titles


def test_fresh_and_established_tail_stand_apart(diagnosis, take_apart):
    text = take_apart(diagnosis_page(diagnosis)).text
    assert "established tail, of sales" in text
    assert "fresh, of sales" in text


def test_without_dates_the_page_says_why_there_are_no_months(toy_shop, settings, take_apart):
    orderly = toy_shop.with_interactions(toy_shop.interactions, has_clock=False)
    page = take_apart(diagnosis_page(diagnose(orderly, settings).to_json()))
    page.check()
    assert "order without dates" in page.text
    assert "The data have an order but no dates." in page.text
    assert page.elements["svg"] == 4


def test_a_shop_without_sales_has_a_page_without_charts(toy_shop, settings, take_apart):
    none = toy_shop.with_interactions(toy_shop.interactions.take(slice(0, 0)))
    page = take_apart(diagnosis_page(diagnose(none, settings).to_json()))
    page.check()
    assert page.elements["svg"] == 0
    assert "Nothing happened before the moment." in page.text


def test_a_shop_without_items(toy_shop, settings, take_apart):
    derived = replace(toy_shop, catalogue_is_derived=True)
    none = derived.with_interactions(toy_shop.interactions.take(slice(0, 0)))
    page = take_apart(diagnosis_page(diagnose(none, settings).to_json()))
    page.check()
    assert "No item was listed before the moment." in page.text


def test_items_outside_the_head_come_first_and_their_number_is_limited(diagnosis, take_apart):
    row = next(r for r in diagnosis["tables"]["items"]["rows"] if r["segment"] == "tail")
    many = copy.deepcopy(diagnosis)
    many["tables"]["items"]["rows"] += tuple(
        {**row, "item_id": f"i{at}", "title": f"Title number {at} end"}
        for at in range(ITEMS_PER_SEGMENT + 50)
    )
    page = take_apart(diagnosis_page(many))
    page.check()
    assert f"Title number {ITEMS_PER_SEGMENT - 6} end" in page.text
    assert f"Title number {ITEMS_PER_SEGMENT + 1} end" not in page.text
    assert "'unsung diagnose --json' gives all" in page.text
    assert page.text.index("Title number 1 end") < page.text.index("Red enamel kettle")


def test_titles_are_text(toy_shop, settings, take_apart, evil):
    titles = [f"{evil}{'很长的标题' * 40}"] * toy_shop.n_items
    shop = replace(toy_shop, catalogue=toy_shop.catalogue.assign(title=titles))
    page = take_apart(diagnosis_page(diagnose(shop, settings).to_json()))
    page.check()
    assert evil in page.text


def test_an_item_without_a_title_is_called_by_its_id(toy_shop, settings, take_apart):
    bare = replace(toy_shop, catalogue=toy_shop.catalogue[["item_id"]])
    assert "birdbath" in take_apart(diagnosis_page(diagnose(bare, settings).to_json())).text


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (None, "order without dates"),
        ("2025-04-07T00:00:00.000001+00:00", "everything before 2025-04-07, 00:00 UTC"),
    ],
)
def test_moments_in_words(moment, words):
    assert as_of_words(moment) == words
