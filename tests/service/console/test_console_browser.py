"""The pages in a real browser beside their main tasks: links, keyboard, states, odd shops."""

import json
import re

import pytest

pytestmark = pytest.mark.browser

PAGES = (
    "/",
    "/dial",
    "/gems",
    "/items",
    "/items/teapot",
    "/customers?user=u1",
    "/models",
    "/try",
)
NARROW = (390, "light", "en-GB")


def test_a_link_carries_the_position_of_the_dial(visit):
    page = visit("/dial?position=1", ready="#preview .first + div ol")
    assert page.get_by_role("slider").input_value() == "1"
    assert "95%" in page.locator("#claim .claim").inner_text()


def test_a_link_carries_the_table_s_state(visit, settle):
    link = "/items?segment=head&sort=buyers&descending=false"
    page = visit(link, ready="#table tbody tr")
    assert page.get_by_label("Head").is_checked()
    assert page.locator("th[aria-sort=ascending]").count() == 1
    assert set(page.locator("tbody tr td:nth-child(2)").all_inner_texts()) == {"Head"}
    page.select_option("#reason", "new")
    page.get_by_role("button", name="Clear the filters").click()
    page.locator("tbody tr").nth(19).wait_for()


def test_a_newcomer_is_led_from_the_problem_to_the_gems(visit, settle):
    page = visit("/", ready="#steps .step")
    page.get_by_role("link", name="Turn the dial").click()
    page.wait_for_selector("#effects .value")
    before = page.locator("#effects .value").all_inner_texts()
    page.get_by_role("slider").press("Home")
    settle(page)
    assert page.locator("#effects .value").all_inner_texts() != before
    page.go_back()
    page.get_by_role("link", name="See the gems").click()
    page.wait_for_selector(".gem h2")
    gems = page.locator(".gem h2 a")
    for place in range(3):
        title = gems.nth(place).inner_text()
        gems.nth(place).click()
        page.wait_for_selector("#facts dd")
        assert page.locator("h1").inner_text() == title
        page.go_back()
        page.wait_for_selector(".gem h2")
    page.goto(page.url.split("/gems")[0])
    page.locator("#steps").get_by_role("link", name="Try it").click()
    page.wait_for_selector("#list li")


def test_language_and_colours_are_chosen_and_kept(browser, address):
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    page = context.new_page()
    page.goto(f"{address}/dial?position=1")
    page.get_by_role("link", name="中文").click()
    page.wait_for_function("() => document.documentElement.lang === 'zh'")
    assert page.locator("h1").inner_text() == "旋钮"
    page.wait_for_function("() => !location.search.includes('lang')")
    assert "position=1" in page.url
    page.get_by_role("button", name="深色").click()
    page.get_by_role("link", name="商品").click()
    page.wait_for_url(re.compile("/items"))
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.locator("h1").inner_text() == "商品"
    context.close()


def test_the_keyboard_skips_to_the_content(visit):
    page = visit("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator("#story[open]").count() == 0
    page.keyboard.press("Enter")
    assert page.locator("#story[open]").count() == 1
    style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert style == "solid"


TABBED = """() => {
  const all = [...document.querySelectorAll("a[href], button, input, select, summary")];
  const open = all.filter((node) => !node.disabled && node.checkVisibility());
  const at = document.activeElement;
  return [open.indexOf(at), open.length, getComputedStyle(at).outlineStyle];
}"""


@pytest.mark.parametrize("path", ["/dial", "/gems"])
def test_the_keyboard_goes_through_a_page_in_the_order_that_it_is_read_in(visit, path):
    page = visit(path)
    page.locator(".skip").focus()
    reached = [page.evaluate(TABBED)]
    while reached[-1][0] < reached[-1][1] - 1:
        page.keyboard.press("Tab")
        reached.append(page.evaluate(TABBED))
        assert len(reached) < 400
    assert [place for place, *_ in reached] == list(range(reached[-1][1]))
    assert {outline for *_, outline in reached} <= {"solid", "auto"}


def test_the_menu_of_a_narrow_page(visit):
    page = visit("/items", NARROW, ready="#table tbody tr")
    assert not page.get_by_role("link", name="The dial").is_visible()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="The dial").click()
    page.wait_for_url(re.compile("/dial"))


def test_a_gem_leads_to_a_customer_it_is_for(visit):
    page = visit("/gems", ready=".gem h2")
    page.locator("#words").fill("no such words")
    page.wait_for_selector("#gems .state")
    page.locator("#words").fill("")
    page.wait_for_selector(".gem")
    assert page.locator("#tried table").is_visible()
    page.locator(".gem a", has_text="u1").first.click()
    page.wait_for_url(re.compile("/customers[?]user=u1"))


def test_an_item_s_page_says_what_its_reviews_say(visit, complaints):
    page = visit("/items/teapot", ready="#similar li")
    said = page.get_by_role("region", name="What reviews say")
    quality, reviews, praise = said.locator(".effect").all()
    assert quality.locator(".value").inner_text() == "4.6 of 5 stars"
    assert "4.4 to 4.8 in 9 of 10 cases" in quality.inner_text()
    assert reviews.locator(".value").inner_text() == "12"
    assert "without words: 2" in reviews.inner_text()
    assert "the same text by several customers: 3" in reviews.inner_text()
    assert praise.locator(".value").inner_text() == "91%"
    praised, criticised = (found.inner_text() for found in said.locator(".run").all())
    assert "7 of 9 reviews that name it" in praised
    assert "<script>window.hacked=1</script>" in praised
    assert "6 of 9 reviews that name it" in criticised
    assert page.evaluate("window.hacked") is None
    assert complaints == []


def test_without_reviews_nothing_is_said_of_them(visit):
    page = visit("/items/saucer", ready="#similar li")
    assert not page.get_by_role("heading", name="What reviews say").is_visible()


def test_a_gem_with_reviews_has_their_voice_on_its_card(visit):
    page = visit("/gems", ready=".gem h2")
    voices = page.locator(".gem", has=page.get_by_role("heading", name="What its reviewers say"))
    assert voices.count() == 1
    assert voices.locator("header a").get_attribute("href") == "/items/teapot"
    assert "Criticised: lid (6 of 9)" in voices.inner_text()


def test_a_customer_s_page_says_how_they_buy(visit, complaints):
    page = visit("/customers?user=u1", ready="#ours ol")
    told = page.locator("#habits")
    stages = (
        "Bought for the first time of late|Buys as usual|Is later than usual|Has stopped buying"
    )
    segment = told.locator("strong").first.inner_text()
    assert re.fullmatch(rf"({stages}), likes (what few buy|what many buy|a mix .*)", segment)
    assert "Prices" not in told.inner_text()  # the shop's events have none
    assert re.search(r"\d+% to \d+% of it from the established tail", told.inner_text())
    scores = told.locator(".pips").all()
    assert len(scores) == 2
    for score in scores:
        lit = int(score.get_attribute("aria-label")[0])
        assert 1 <= lit == score.locator(".on").count() <= 5
    page.goto(page.url.replace("u1", "nobody-yet"))
    page.get_by_text("Has not bought yet").wait_for()
    assert page.locator(".pips").count() == 0
    assert complaints == []


def test_an_interest_is_deleted_by_keyboard_and_taken_back(visit, settle, complaints):
    page = visit("/customers?user=u4", ready="#interests dt")
    first = page.locator("#interests dt").first.inner_text()
    before = page.locator("#ours .name").all_inner_texts()
    page.get_by_role("button", name=f"Delete the interest “{first}”").focus()
    page.keyboard.press("Enter")
    page.locator("#wishes", has_text=f"hides the word {first}").wait_for()
    settle(page)
    assert first not in page.locator("#interests dt").all_inner_texts()
    page.get_by_role("button", name="Take back").click()
    page.locator("#wishes p").wait_for()
    settle(page)
    assert page.locator("#interests dt").first.inner_text() == first
    assert page.locator("#ours .name").all_inner_texts() == before
    page.get_by_role("switch").uncheck(force=True)
    page.get_by_text("Not told: the customer opted out").wait_for()
    settle(page)
    page.get_by_role("switch").check(force=True)
    page.locator("#habits .pips").first.wait_for()
    assert complaints == []


def answered(path, **values):
    """Has the API answer something of its own at a path, over what it would answer."""

    def prepare(page):
        def answer(route):
            found = route.fetch()
            route.fulfill(response=found, json={**found.json(), **values})

        page.route(path, answer)

    return prepare


DAYS = [
    {
        "day": f"2026-11-{day:02}",
        "events": 300 + day,
        "lists": 90,
        "new_user_share": 0.1,
        "new_item_share": 0.5,
        "tail_share": 0.2 if day % 2 else None,
        "hit_rate": 0.02,
    }
    for day in range(1, 20)
]


def test_what_moved_since_the_fit_is_said_and_drawn(visit, whole):
    moved = [{"name": "new_item_share", "now": 0.5, "fit": 0.1, "moved": True}]
    there = answered("**/v1/drift?*", days=DAYS, recent=DAYS[0], compared=moved)
    page = visit("/models", ready="#drift .drifts", prepare=there)
    told = page.locator("#drift .status.bad").inner_text()
    assert told == "Moved far from the fit: events on items new to the model."
    page.locator("#drift svg").nth(4).wait_for()
    assert whole(page, (1440, "light", "en-GB")) == []


def test_a_catalogue_of_a_hundred_thousand_has_pages(visit, whole):
    row = {"item_id": "last", "title": "The last", "segment": "tail", "buyers": 1, "price": 1.5}
    row |= {"in_stock": True, "p_tail": None, "demand": None, "reasons": []}
    there = answered("**/v1/catalogue?*", n_items=100_000, items=[row] * 25)
    page = visit("/items?offset=99975", ready="#table tbody tr", prepare=there)
    assert page.locator("#pager").inner_text().startswith("99,976–100,000 of 100,000")
    assert page.get_by_role("button", name="Next").is_disabled()
    page.get_by_role("button", name="Previous").click()
    page.wait_for_url(re.compile("offset=99950"))
    page.get_by_role("button", name="Next").wait_for()
    assert whole(page, (1440, "light", "en-GB")) == []


def one_of_each(value):
    """An answer of a shop with a single item: every list has its first alone."""
    if isinstance(value, dict):
        return {key: one_of_each(one) for key, one in value.items()}
    return [one_of_each(one) for one in value[:1]] if isinstance(value, list) else value


@pytest.mark.parametrize("path", ["/gems", "/items", "/customers?user=u1", "/try"])
def test_a_shop_of_one_item_has_pages(visit, whole, path):
    def single(page):
        def answer(route):
            found = route.fetch()
            route.fulfill(response=found, json=one_of_each(found.json()))

        page.route(re.compile(r"/v1/(?!session|dial)"), answer)

    page = visit(path, NARROW, ready="main .card:visible", prepare=single)
    assert whole(page, NARROW) == []


REFUSALS = [
    *((path, 401, "x", "Not open to you") for path in PAGES),
    ("/", 503, "no_model", "No model is in service"),
    ("/items", 503, "overloaded", "The service is busy just now"),
    ("/items", 503, "x", "The service can't do that now"),
    ("/items", 500, "x", "That didn't work"),
]


@pytest.mark.parametrize(("path", "status", "code", "said"), REFUSALS)
def test_pages_without_permission_or_a_model_say_so(visit, path, status, code, said):
    body = json.dumps({"error": {"code": code, "message": "So it is.", "request_id": "1"}})

    def refuse(page):
        page.route("**/v1/**", lambda route: route.fulfill(status=status, body=body))

    page = visit(path, NARROW, ready=".state", prepare=refuse)
    assert page.get_by_text(said).first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.locator("#notices form").count() == (2 if status == 401 else 0)


def test_a_failed_part_is_asked_for_again(visit):
    answers = [500]

    def fail_once(page):
        def answer(route):
            if answers:
                route.fulfill(status=answers.pop())
            else:
                route.continue_()

        page.route("**/v1/catalogue?*", answer)

    page = visit("/items", ready=".state.failed", prepare=fail_once)
    page.get_by_role("button", name="Try again").click()
    page.locator("#table tbody tr").first.wait_for()


def test_a_part_that_takes_long_shows_that_it_is_at_work(visit):
    held = []

    def hold(route):
        held.append(route)

    page = visit("/items", ready="#table tbody tr")
    page.route("**/v1/catalogue?*", hold)
    with page.expect_request("**/v1/catalogue?*"):
        page.fill("#query", "kettle")
        assert page.locator("#table").get_attribute("aria-busy") == "true"
    dimmed = "() => getComputedStyle(document.querySelector('#table > *')).opacity < 1"
    page.wait_for_function(dimmed)
    held[0].fulfill(status=200, body=json.dumps({"n_items": 0, "items": []}))
    page.get_by_text("Nothing fits").wait_for()


def test_charts_wait_for_their_script_with_a_sign_of_life(visit):
    made = []

    def hold(page):
        def answer(route):
            if made:
                route.continue_()
            else:
                route.fulfill(status=503)

        page.route("**/charts.js", answer)

    page = visit("/", ready="#lorenz [role=status]", prepare=hold, settle=False)
    assert page.locator("#lorenz + details").is_visible()
    made.append(True)
    page.locator("#lorenz svg").wait_for()


def test_without_charts_the_numbers_are_there(visit):
    def fail(page):
        page.route("**/charts.js", lambda route: route.fulfill(status=500))

    page = visit("/", ready="#lorenz p", prepare=fail, settle=False)
    assert page.locator("#lorenz + details tbody tr").first.is_visible()
