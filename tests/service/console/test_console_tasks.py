"""Each page's main task in a real browser: in both languages, schemes and widths."""

import csv
import re

import pytest

pytestmark = pytest.mark.browser


def see_the_tail(page, settle):
    """Read what is wrong, open a definition and a table of numbers, go on to the dial."""
    assert page.locator("#steps .step").count() == 4
    figures = page.locator(".figure")
    assert figures.count() == 6
    for figure in figures.all():
        assert figure.locator(".value").inner_text() not in ("", "–")
    first = figures.first
    assert not first.locator("details p").is_visible()
    first.locator("summary").click()
    assert first.locator("details p").is_visible()
    page.locator("#lorenz + details summary").click()
    assert page.locator("#lorenz + details tbody tr").first.is_visible()
    assert page.locator("#split .stack").count() >= 4
    assert page.locator("#months svg, #gini svg").count() == 2


def turn_the_dial(page, settle):
    """Turn, apply with a note, and undo."""
    slider = page.locator("#turn input[type=range]")
    before = slider.input_value()
    other = "1" if before == "2" else "2"
    tiles = page.locator("#effects .value").all_inner_texts()
    slider.focus()
    page.keyboard.press("ArrowLeft" if before == "2" else "ArrowRight")
    page.wait_for_url(re.compile(f"position={other}"))
    settle(page)
    assert page.locator("#effects .value").all_inner_texts() != tiles
    page.fill("#note", "<i>why</i>")
    page.locator("#turn .primary").click()
    page.locator("#history tbody td", has_text="<i>why</i>").first.wait_for()
    settle(page)
    page.locator("#undo").click()
    page.wait_for_function(f"() => document.querySelector('#turn input').value === '{before}'")
    settle(page)
    assert page.locator("#frontier svg").is_visible()


def find_gems(page, settle):
    """Sort, filter, choose two, give them a budget, and stop it."""
    shown = page.locator(".gem").count()
    page.locator("#sort").select_option("expected")
    assert "sort=expected" in page.url
    page.locator("#words").fill("script")
    page.wait_for_url(re.compile("words=script"))
    assert 0 < page.locator(".gem").count() < shown
    with page.expect_download() as download:
        page.locator("#export").click()
    table = list(csv.DictReader(download.value.path().open(encoding="utf-8-sig")))
    assert len(table) == page.locator(".gem").count()
    page.locator("#words").fill("")
    page.wait_for_function(f"() => document.querySelectorAll('.gem').length === {shown}")
    for place in (0, 1):
        page.locator(".tick input").nth(place).check()
    page.locator("#warm-chosen").click()
    dialog = page.get_by_role("dialog")
    assert dialog.locator("li").count() == 2
    dialog.locator("[name=impressions]").fill("40")
    dialog.locator("[name=note]").fill("<b>Spring</b>")
    dialog.locator(".primary").click()
    begun = page.locator("#warm-ups > .warm-up", has_text="<b>Spring</b>").first
    begun.wait_for()
    assert begun.locator("tbody tr").count() == 2
    begun.locator("button").click()
    page.wait_for_selector("#warm-ups details")
    settle(page)


def search_items(page, settle):
    """Sort, filter, export, and find by words."""
    page.locator("th button").nth(2).click()
    page.locator("th[aria-sort=descending]").wait_for()
    settle(page)
    buyers = [int(cell) for cell in page.locator("tbody td:nth-child(3)").all_inner_texts()]
    assert buyers == sorted(buyers, reverse=True)
    page.locator("#segments input[value=head]").check(force=True)
    page.wait_for_url(re.compile("segment=head"))
    settle(page)
    assert page.locator("tbody .segment.head").count() == page.locator("tbody tr").count() > 0
    with page.expect_download() as download:
        page.locator("#export").click()
    assert download.value.suggested_filename == "catalogue.csv"
    page.locator("#segments input[value=head]").uncheck(force=True)
    page.fill("#query", "teapot")
    page.locator("a[href='/items/teapot']").wait_for()
    settle(page)


def read_an_item(page, settle):
    """What it is, why it is there, what drives it, what goes with it, what reviews say."""
    for part in ("#facts dl", "#why", "#outlook", "#document pre", "#similar li", "#discover li"):
        assert page.locator(part).first.is_visible()
    assert page.locator("#terms dt").count() > 0
    assert page.locator("#reviews .aspects li").count() == 3
    page.locator("#similar a").first.click()
    page.wait_for_url(re.compile("/items/(?!teapot)"))
    page.locator("#facts dl").wait_for()
    settle(page)


def look_at_a_customer(page, settle):
    """The list with its reasons, beside another; why not; not interested; opt-out."""
    assert page.locator("#ours .parts .line").count() > 0
    assert page.locator("#popular li").count() > 0
    page.locator("[data-beside=shown]").click()
    page.locator("#popular .state, #popular li").first.wait_for()
    settle(page)
    page.fill("#why-item", "nothing")
    page.locator("#ask-why button").click()
    page.locator("#why-not .answer").wait_for()
    first = page.locator("#ours .name").first.inner_text()
    page.locator("#ours li button").first.click()
    page.locator("#wishes li").wait_for()
    settle(page)
    assert first not in page.locator("#ours .name").all_inner_texts()
    page.locator("#wishes button").click()
    page.locator("#wishes p").wait_for()
    settle(page)
    page.get_by_role("switch").uncheck(force=True)
    page.wait_for_function("() => !document.querySelector('#habits .pips')")
    settle(page)
    page.get_by_role("switch").check(force=True)
    page.locator("#habits .pips").first.wait_for()
    settle(page)


def compare_models(page, settle):
    """What serves, how it compares, how it learnt, what the data are like."""
    assert page.locator("#health .status.good").is_visible()
    assert page.locator("#versions .status.good").count() == 1
    assert page.locator("#versions td.number").first.inner_text() != "–"
    assert page.locator("#report .effect").count() > 3
    assert page.locator("#training svg").count() == 2
    assert page.locator("#findings li").count() == 4
    assert page.locator("#rows .share").count() == 3
    assert page.locator("#drift").is_visible()
    page.locator("#versions summary").click()
    assert page.locator("#versions .events li").first.is_visible()


def try_the_window(page, settle):
    """Buy and look; the list follows; begin anew."""
    before = page.locator("#list .name").all_inner_texts()
    assert page.locator("#list .segment").count() == len(before)
    page.locator(".tile .buy button").nth(1).click()
    page.locator("#events li").wait_for()
    page.locator("#took", has_text=re.compile(r"\d")).wait_for()
    settle(page)
    assert page.locator("#list .name").all_inner_texts() != before
    page.locator(".tile .picture").first.click()
    page.locator("#events li").nth(1).wait_for()
    page.locator("#dial").press("ArrowLeft")
    page.wait_for_url(re.compile("dial="))
    settle(page)
    page.locator("#fresh").click()
    page.wait_for_function("() => !document.querySelector('#events li')")
    settle(page)


TASKS = {
    "/": see_the_tail,
    "/dial": turn_the_dial,
    "/gems": find_gems,
    "/items": search_items,
    "/items/teapot": read_an_item,
    "/customers?user=u1": look_at_a_customer,
    "/models": compare_models,
    "/try": try_the_window,
}
LOOKS = ((1440, "light", "en-GB"), (390, "dark", "zh-CN"))


@pytest.mark.parametrize("look", LOOKS, ids=["wide-light-en", "narrow-dark-zh"])
@pytest.mark.parametrize("path", TASKS)
def test_a_page_is_whole_and_does_what_it_is_for(visit, whole, settle, path, look):
    page = visit(path, look)
    assert whole(page, look) == []
    TASKS[path](page, settle)
    assert whole(page, look) == []


@pytest.mark.parametrize("look", [(1440, "dark", "zh-CN"), (390, "light", "en-GB")])
@pytest.mark.parametrize("path", ["/dial", "/gems"])
def test_pages_are_whole_in_the_other_looks(visit, whole, path, look):
    assert whole(visit(path, look), look) == []
