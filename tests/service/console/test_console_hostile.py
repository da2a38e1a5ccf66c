"""Forty payloads through every text that a page shows: none runs, even without the pages' policy.

The real service answers; on the way to the browser each of its texts is replaced. The browser's
Content-Security-Policy is switched off, so that it is the pages alone that have to withstand.
"""

import itertools
import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest

pytestmark = pytest.mark.browser

HERE = Path(__file__).parent
PAYLOADS = json.loads(HERE.joinpath("hostile.json").read_text("utf-8"))
SINKS = HERE.joinpath("sinks.js").read_text("utf-8")
SMUGGLED = HERE.joinpath("smuggled.js").read_text("utf-8")
ALL = " ".join(PAYLOADS)
# Ids go into addresses, and addresses have bounds: of the payloads they take one at a time.
IDS = frozenset({"item_id", "user_id", "warm_up_id", "version", "path", "subject", "examples"})
# Words of the program's own that say how a page is made; the last test replaces them, too.
STEERS = frozenset(
    {
        "action",
        "after",
        "as_of",
        "band",
        "before",
        "best_baseline",
        "chosen",
        "code",
        "codes",
        "created",
        "date",
        "day",
        "definition",
        "end",
        "error",
        "from",
        "intent",
        "kind",
        "level",
        "method",
        "metric",
        "month",
        "months",
        "name",
        "reason",
        "role",
        "rung",
        "scopes",
        "segment",
        "serves",
        "stage",
        "start",
        "state",
        "status",
        "task",
        "to",
        "window",
    }
)
PAGES = {
    "/": ("#steps h3, #steps", "#zero .region, #zero li"),
    "/dial": ("#history tbody", "#preview .customer"),
    "/gems": (".gem", "#warm-ups .warm-up"),
    "/items": ("#table tbody", "#found"),
    "/items/teapot": ("#similar li", "#reviews .aspects"),
    "/customers?user=u1": ("#ours li", "#interests dt"),
    "/models": ("#versions tbody", "#rows h3"),
    "/try": ("#list li", "#shelf .tile"),
}
"""Page -> what is there when its texts are."""
WANTED = {
    "/": {
        "never_sold[].title",
        "shop",
        "tables.outlook.rows[].title",
        "tables.outlook.rows[].for_sales",
        "gems[].title",
    },
    "/dial": {"history[].note", "history[].who", "items[].title"},
    "/gems": {
        "gems[].title",
        "gems[].item_id",
        "gems[].obstacles[].sentence",
        "gems[].similar[].title",
        "gems[].audience.examples[]",
        "gems[].reviews.praised[].phrase",
        "warm_ups[].note",
        "warm_ups[].who",
        "warm_ups[].items[].title",
    },
    "/items": {"items[].title", "items[].item_id"},
    "/items/teapot": {
        "title",
        "item_id",
        "document",
        "attributes.brand",
        "attributes.category",
        "reviews.praised[].phrase",
        "reviews.praised[].quote",
        "title_advice.suggestion",
        "reviews.criticised[].quote",
        "terms[].term",
        "items[].title",
    },
    "/customers?user=u1": {
        "user_id",
        "history[].title",
        "interests[].term",
        "items[].title",
        "items[].reasons[].words[]",
        "choices[].subject",
        "policy",
    },
    "/models": {
        "models[].version",
        "models[].path",
        "history[].who",
        "findings[].sentence",
        "tables[].file",
        "assumptions[]",
        "note",
        "target",
    },
    "/try": {"items[].title"},
}
"""Page -> fields that it has to show: a test of texts that nobody shows would prove nothing."""
TRAP = """
  window.ran = [];
  const set = (value) => window.ran.push(value);
  Object.defineProperty(window, "hacked", { set, get: () => window.ran[0] });
"""


@pytest.fixture(scope="module")
def filled(address, browser):
    """The shop with a note beside the dial, a warm-up and a wish, so that they can be replaced."""
    context = browser.new_context()
    asked = context.request
    for position in (1, 0):
        asked.put(f"{address}/v1/dial", data={"position": position, "note": "so"})
    warm_up = {"items": ["rake"], "impressions": 9, "days": 1, "benchmark": 0.1, "note": "n"}
    asked.post(f"{address}/v1/warm-ups", data=warm_up)
    wish = {"kind": "hide_term", "subject": "hose", "active": True}
    asked.post(f"{address}/v1/users/u1/choices", data=wish)
    yield address
    wish["active"] = False
    asked.post(f"{address}/v1/users/u1/choices", data=wish)
    asked.post(f"{address}/v1/dial/undo")
    context.close()


def fetched(route):
    """An answer and its body: once more where the browser let go of it before it was read."""
    from playwright.sync_api import Error

    try:
        found = route.fetch()
        return found, found.body()
    except Error:
        found = route.fetch()
        return found, found.body()


@pytest.fixture
def exposed(browser, filled):
    """Opens a page whose API says what a function makes of every text; and what it asked for."""
    contexts, elsewhere = [], []

    def opened(path, change=None):
        context = browser.new_context(bypass_csp=True, viewport={"width": 1440, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.add_init_script(TRAP)
        page.set_default_timeout(60_000)

        def answer(route):
            if not route.request.url.startswith((filled, "blob:", "data:")):
                elsewhere.append(route.request.url)
                route.abort()
                return
            if change is None or "/v1/" not in route.request.url:
                route.continue_()
                return
            found, body = fetched(route)
            if "json" in found.headers.get("content-type", "") and found.ok:
                body = json.dumps(change(json.loads(body), "")).encode()
            route.fulfill(status=found.status, headers=found.headers, body=body)

        page.route("**/*", answer)
        page.goto(filled + path)
        return page

    opened.elsewhere = elsewhere
    yield opened
    for context in contexts:
        context.close()


def some(rows, most=5):
    """The first rows, and those with reviews: each text once or more, and no page of megabytes."""
    return rows[:most] + [
        one for one in rows[most:] if isinstance(one, dict) and one.get("reviews")
    ]


def replaced(fields, kept, most):
    """A function that replaces the texts of an answer, and notes the fields that it replaced."""
    turns = itertools.cycle(PAYLOADS)

    def change(value, path):
        last = path.rpartition(".")[2].removesuffix("[]")
        if isinstance(value, dict):
            return {key: change(one, f"{path}.{key}".lstrip(".")) for key, one in value.items()}
        if isinstance(value, list):
            return [change(one, f"{path}[]") for one in some(value, most)]
        # Whom a page asks for next is left alone: no customer is called so.
        if not isinstance(value, str) or last in kept or path == "users[].user_id":
            return value
        text = next(turns) if last in IDS else ALL
        number = fields.setdefault(path, len(fields))
        return f"{text}\u27e6{number}\u27e7"

    return change


SHOWN = """() => [...document.body.querySelectorAll("*")].flatMap((node) => [
  ...[...node.attributes].map((one) => one.value),
  ...[...node.childNodes].filter((one) => one.nodeType === 3).map((one) => one.textContent),
  node.value ?? "",
]).join("\\n")"""


def unharmed(page, elsewhere):
    assert page.evaluate("window.ran") == []
    assert page.evaluate(SMUGGLED) == []
    assert not [url for url in elsewhere if "evil" in url]


def quiet(page):
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("path", PAGES)
def test_forty_payloads_in_every_text_of_a_page_stay_text(exposed, path):
    fields = {}
    # Six lists stand side by side on the dial's page, two dozen tiles in the window.
    page = exposed(path, replaced(fields, STEERS, 3 if path in ("/dial", "/try") else 12))
    for there in PAGES[path]:
        page.locator(there).first.wait_for()
    quiet(page)
    unharmed(page, exposed.elsewhere)
    seen = {int(number) for number in re.findall("\u27e6(\\d+)\u27e7", page.evaluate(SHOWN))}
    shown = {field for field, number in fields.items() if number in seen}
    missing = {want for want in WANTED[path] if not any(field.endswith(want) for field in shown)}
    assert missing == set(), sorted(shown)
    text = page.evaluate("document.body.textContent")
    assert all(payload in text for payload in PAYLOADS)


@pytest.mark.parametrize("start", ["javascript:void(window.hacked=1)//", "https://evil.example/x"])
@pytest.mark.parametrize("path", ["/models", "/gems", "/items/teapot"])
def test_no_text_becomes_an_address(exposed, path, start):
    page = exposed(path, lambda value, _: swapped(value, start))
    page.locator("main .card:visible").first.wait_for()
    quiet(page)
    unharmed(page, exposed.elsewhere)


def swapped(value, text):
    """An answer in which every text, the program's own words too, is another one."""
    if isinstance(value, dict):
        return {key: swapped(one, text) for key, one in value.items()}
    if isinstance(value, list):
        return [swapped(one, text) for one in some(value)]
    return text if isinstance(value, str) else value


@pytest.mark.parametrize("path", PAGES)
def test_not_even_the_program_s_own_words_can_do_harm(exposed, path):
    """A page may fail at words that it doesn't know; it may not run them."""
    page = exposed(path, lambda value, _: swapped(value, ALL))
    page.locator("main").wait_for()
    quiet(page)
    unharmed(page, exposed.elsewhere)


ADDRESSES = (
    "/items?query={}",
    "/items?reason={}&sort={}",
    "/gems?words={}&held={}&sort={}",
    "/customers?user={}&why={}",
    "/try?query={}&dial={}",
    "/dial?position={}",
    "/items/{}",
)


@pytest.mark.parametrize("form", ADDRESSES)
def test_what_an_address_says_stays_text(exposed, form):
    page = exposed(form.replace("{}", quote(ALL, safe="")))
    page.locator("main .card:visible").first.wait_for()
    quiet(page)
    unharmed(page, exposed.elsewhere)


def test_each_payload_bites_where_a_page_is_careless(browser):
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    loads = []
    page.route("**/evil.example/**", lambda route: (loads.append(1), route.abort()))
    page.route("http://careless.test/?*", lambda route: route.abort())
    page.route("http://careless.test/", lambda route: route.fulfill(body="<!doctype html><p>x"))
    page.add_init_script(TRAP.replace("window.ran.push", "top.ran.push"))
    page.goto("http://careless.test/")
    harmless = []
    for number, payload in enumerate(PAYLOADS, 1):
        page.evaluate("top.ran.length = 0")
        page.evaluate(SINKS, payload)
        if not page.evaluate("top.ran.length") and not loads:
            harmless.append(number)
        loads.clear()
    context.close()
    assert harmless == []
