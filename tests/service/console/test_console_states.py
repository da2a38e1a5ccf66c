"""What pages say in states that aren't the usual one: under load, to viewers, of nothing."""

import json
import re

import pytest

pytestmark = pytest.mark.browser
PICTURE = "https://pictures.example/a.png"


def reader(page):
    """Somebody who may look at everything and change nothing."""
    session = json.dumps({"name": "mei", "scopes": ["read"]})
    page.route("**/v1/session", lambda route: route.fulfill(body=session))


def test_a_quick_answer_is_not_taken_for_an_unknown_visitor(visit, settle):
    """The deadline comes first, once: the list says so, and is asked for again."""
    hurried = []

    def under_load(page):
        def answer(route):
            found = route.fetch()
            told = found.json()
            if not hurried and page.locator("#events li").count():
                hurried.append(told["rung"])
                told |= {"rung": "popular", "known": False}
            route.fulfill(response=found, json=told)

        page.route("**/v1/recommendations", answer)

    page = visit("/try", prepare=under_load)
    assert page.get_by_text("Nothing is known of this visitor").is_visible()
    page.locator(".tile .buy button").nth(1).click()
    page.get_by_text("A quick answer").wait_for()
    assert not page.get_by_text("Nothing is known of this visitor").count()
    page.wait_for_function("() => !document.body.textContent.includes('A quick answer')")
    assert not page.get_by_text("Nothing is known of this visitor").count()
    assert hurried


@pytest.mark.parametrize("path", ["/try", "/customers?user=u1", "/gems", "/models"])
def test_who_may_only_look_is_offered_nothing_else(visit, whole, path):
    page = visit(path, prepare=reader)
    controls = "#shelf button, #fresh, #ours li button, #wishes button, #interests button"
    for more in (controls, ".gem .start, #rollback, #versions button"):
        assert [one for one in page.locator(more).all() if one.is_visible()] == []
    if path in ("/try", "/customers?user=u1"):
        assert page.get_by_text("You may look, but").first.is_visible()
    for switch in page.get_by_role("switch").all():
        assert switch.is_disabled()
    assert whole(page, (1440, "light", "en-GB")) == []


def test_words_find_the_item_to_ask_about(visit, settle):
    page = visit("/customers?user=u1")
    page.fill("#why-item", "plain teapot")
    page.locator("#ask-why button").click()
    page.locator("#why-not a[href='/items/teapot']").wait_for()
    assert "plain teapot" in page.locator("#why-not .answer").inner_text()


def test_an_item_that_is_not_there_has_one_answer(visit):
    page = visit("/items/nowhere", ready="#missing a")
    assert page.locator("h1").inner_text() == "There is no such item"
    assert page.locator("main .card:visible").count() == 1
    assert page.locator("#missing a").get_attribute("href") == "/items?query=nowhere"


def test_figures_that_are_not_known_are_no_blanks(visit):
    def refuse(page):
        page.route("**/v1/diagnosis/overview", lambda route: route.fulfill(status=500, body="{}"))

    page = visit("/", ready="#lorenz .state", prepare=refuse)
    assert page.locator(".figure .value").all_inner_texts() == ["–"] * 6


def test_letting_a_version_serve_is_asked_for_by_its_name(visit):
    sent = []

    def two(page):
        def answer(route):
            if route.request.method == "POST":
                sent.append(route.request.post_data)
                return route.fulfill(status=409, body='{"error": {"code": "conflict"}}')
            found = route.fetch()
            told = found.json()
            told["models"].append({**told["models"][0], "version": "v-next", "path": "/b/v-next"})
            return route.fulfill(response=found, json=told)

        page.route("**/v1/models", answer)

    page = visit("/models", prepare=two)
    page.get_by_role("button", name="Let v-next serve").click()
    dialog = page.get_by_role("dialog")
    assert "v-next" in dialog.inner_text()
    dialog.get_by_role("button", name="Close").click()
    assert not sent
    page.get_by_role("button", name="Let v-next serve").click()
    for _ in range(2):
        dialog.locator(".primary").click()
        dialog.locator(".state").wait_for()
    assert dialog.locator(".state").count() == 1


def test_a_long_history_and_week_go_on_in_place(visit, settle):
    def long(page):
        def history(route):
            found = route.fetch()
            told = found.json()
            told["history"] = told["history"][:1] * 150
            told["n_items"] = 150
            route.fulfill(response=found, json=told)

        def week(route):
            most = 100 if "most=100" in route.request.url else 8
            found = route.fetch()
            rows = [{"item_id": "urn", "title": "Urn", "buyers": 3, "before": 1}] * most
            gained = {"n_items": 120, "items": rows}
            route.fulfill(response=found, json=found.json() | {"gained": gained})

        page.route(re.compile("/v1/users/u1$"), history)
        page.route(re.compile("/v1/week"), week)

    page = visit("/customers?user=u1", prepare=long)
    rows = page.locator("#history li")
    assert rows.count() == 25
    page.get_by_role("button", name="Show 100 more").click()
    assert rows.count() == 125
    page.get_by_role("button", name="Show 25 more").click()
    assert rows.count() == 150
    assert not page.locator("#history button").count()
    page = visit("/", prepare=long)
    page.get_by_role("button", name="96 more").click()
    page.get_by_text("The first 100 of 120.").wait_for()
    assert page.locator("[data-part=gained] li").count() == 100


@pytest.mark.parametrize(
    ("asked", "position"), [("x", None), ("-1", "0"), ("99", None), ("0.6", "1")]
)
def test_an_address_of_any_dial_is_a_position(visit, asked, position):
    page = visit(f"/try?dial={asked}", ready="#list ol")
    label = page.locator("#dial-label").inner_text()
    assert "NaN" not in label
    if position is not None:
        assert page.locator("#dial").input_value() == position


@pytest.mark.parametrize("there", [True, False])
def test_an_item_s_picture_stands_over_its_initials(visit, there):
    dot = (
        "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><rect width='9' height='9'/>"
        "</svg>"
    )

    def loaded(route):
        if there:
            route.fulfill(body=dot, content_type="image/svg+xml")
        else:
            route.abort()

    def pictured(page):
        def answer(route):
            found = route.fetch()
            told = found.json()
            told["attributes"]["image"] = PICTURE
            route.fulfill(response=found, json=told)

        page.route(re.compile("/v1/items/teapot$"), answer)
        page.route(PICTURE, loaded)

    page = visit("/items/teapot", prepare=pictured)
    thumb = page.locator(".title .thumb")
    assert thumb.inner_text() != ""
    assert thumb.bounding_box()["width"] == 56
    page.wait_for_function(
        "(n) => document.querySelectorAll('.title .thumb img').length === n",
        arg=int(there),
    )
