"""The pages in a real browser: they fit, sort, filter, and run nothing that a shop names."""

from dataclasses import replace

import pytest

from unsung.reports.check import check_page
from unsung.reports.diagnosis import diagnosis_page
from unsung.reports.evaluation import evaluation_page
from unsung.workflows.diagnose import diagnose

pytestmark = pytest.mark.browser

ROWS = "#items-table tbody tr:visible"


@pytest.fixture
def opened(page, tmp_path):
    """Open a page from a file; complaints of the browser are collected."""
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
    page.on(
        "request",
        lambda request: request.url.startswith("file:") or complaints.append(request.url),
    )

    def open_page(html, width=1200):
        path = tmp_path / "page.html"
        path.write_text(html, encoding="utf-8")
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(path.as_uri())
        return page

    yield open_page
    assert complaints == []


def width_of(page):
    return page.evaluate("document.documentElement.scrollWidth")


def test_pages_fit_a_phone(opened, diagnosis, evaluation, check):
    for html in (diagnosis_page(diagnosis), evaluation_page(evaluation), check_page(check)):
        assert width_of(opened(html, width=360)) == 360


def test_a_long_word_does_not_widen_the_page(opened, toy_shop, settings):
    titles = ["长" * 300, "w" * 300] * 5
    shop = replace(toy_shop, catalogue=toy_shop.catalogue.assign(title=titles))
    html = diagnosis_page(diagnose(shop, settings).to_json())
    assert width_of(opened(html, width=360)) == 360
    assert width_of(opened(html, width=1200)) == 1200


def test_one_drawing_of_each_chart_is_shown(opened, diagnosis):
    html = diagnosis_page(diagnosis)
    for width in (360, 1200):
        page = opened(html, width)
        assert page.locator("figure").count() == 5
        assert page.locator("figure svg:visible").count() == 5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_take_the_colours_of_the_scheme(opened, page, diagnosis, scheme):
    page.emulate_media(color_scheme=scheme)
    opened(diagnosis_page(diagnosis))
    drawn = page.locator("#diagnosis ~ .charts path[fill^='var(--']:visible").first
    fill = drawn.evaluate("node => getComputedStyle(node).fill")
    asked = drawn.evaluate(
        "node => { const probe = document.createElement('i');"
        "probe.style.color = node.getAttribute('fill'); document.body.append(probe);"
        "return getComputedStyle(probe).color; }"
    )
    assert fill == asked
    assert fill != "rgb(0, 0, 0)"


def test_rows_are_filtered_by_text_and_by_menu(opened, diagnosis):
    page = opened(diagnosis_page(diagnosis))
    assert page.locator(ROWS).count() == 10
    page.get_by_label("Filter the rows by text").fill("tea")
    assert page.locator(ROWS).count() == 4
    assert page.locator("#items-table-tools output").inner_text() == "4 of 10 rows"
    page.get_by_role("combobox", name="Segment").select_option("cold")
    assert page.locator(ROWS).count() == 1
    page.get_by_label("Filter the rows by text").fill("")
    page.get_by_role("combobox", name="Segment").select_option("")
    page.get_by_role("combobox", name="Reason").select_option("new")
    assert [r.split("\t")[0] for r in page.locator(ROWS).all_inner_texts()] == [
        "Stone bird bath for the garden"
    ]


def test_columns_sort_by_number_and_by_word(opened, diagnosis):
    page = opened(diagnosis_page(diagnosis))
    table = page.locator("#items-table")
    buyers = "#items-table tbody td[data-label=buyers]"
    table.get_by_role("button", name="sort by buyers").click()
    assert page.locator(buyers).all_inner_texts() == list("5333211000")
    table.get_by_role("button", name="sort by buyers").click()
    assert page.locator(buyers).all_inner_texts() == list("0001123335")
    assert page.locator("#items-table th[aria-sort=ascending]").count() == 1
    table.get_by_role("button", name="sort by title").click()
    titles = page.locator("#items-table tbody th").all_inner_texts()
    assert titles == sorted(titles, reverse=True)


def test_empty_cells_sort_last_both_ways(opened, evaluation):
    evaluation["models"][0]["summary"]["tail_ndcg_at_k"] = None
    evaluation["models"].append({**evaluation["models"][1], "name": "more terms"})
    page = opened(evaluation_page(evaluation))
    button = page.locator("#metrics").get_by_role("button", name="sort by NDCG, established tail")
    for _ in range(2):
        button.click()
        assert page.locator("#metrics tbody th").all_inner_texts()[-1] == "popular"


def test_a_word_leads_to_its_definition(opened, diagnosis):
    page = opened(diagnosis_page(diagnosis))
    page.locator(".figures a", has_text="Gini").click()
    target = page.locator("dt:target + dd")
    assert "Gini coefficient of distinct buyers" in target.inner_text()


def test_without_script_the_page_is_complete(browser, tmp_path, diagnosis):
    path = tmp_path / "page.html"
    path.write_text(diagnosis_page(diagnosis), encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(path.as_uri())
    assert page.locator(ROWS).count() == 10
    assert page.locator(".tools:visible").count() == 0
    context.close()


def test_nothing_that_a_shop_names_runs(opened, toy_shop, settings, evaluation, check, evil):
    shop = replace(toy_shop, catalogue=toy_shop.catalogue.assign(title=[evil] * 10))
    page = opened(diagnosis_page(diagnose(shop, settings).to_json()))
    page.get_by_label("Filter the rows by text").fill("<script>")
    assert page.locator(ROWS).count() == 10
    for model in evaluation["models"]:
        model["name"] += evil
    opened(evaluation_page(evaluation))
    check["tables"][0]["file"] = evil
    opened(check_page(check))
