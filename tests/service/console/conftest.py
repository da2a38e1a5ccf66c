"""A shop whose titles are hostile, with everything that a bundle can hold, and its server."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import httpx
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.testclient import TestClient

from unsung.pipeline.bundle import Records, write_bundle
from unsung.pipeline.review_files import ADVICE_FILE, write_reviews
from unsung.service.app import create_app
from unsung.service.settings import ServiceSettings
from unsung.text.review_insight import ReviewInsight

HERE = Path(__file__).parent
PAGES = {
    "/": "#lorenz svg",
    "/dial": "#preview .first + div ol",
    "/gems": ".gem h2",
    "/items": "#table tbody tr",
    "/items/teapot": "#similar li",
    "/customers?user=u1": "#ours ol",
    "/models": "#metrics table",
    "/try": "#list ol",
}
"""Address -> what is there when the page is complete."""
LOOKS = ((1440, "light", "en-GB"), (390, "dark", "zh-CN"))
"""Both widths, schemes and languages."""
BUSY = "() => document.querySelectorAll('[aria-busy=true], .skeleton').length"
# Contrast of every text with what lies behind it, by WCAG 2.1; controls without a name or with an
# order of their own; ids that come twice. What it can't tell (gradients, text on charts) it leaves.
FAULTS = HERE.joinpath("faults.js").read_text("utf-8")
# What reaches beyond the page sideways without being in a part that scrolls of its own.
WIDER = """(width) => [...document.querySelectorAll("body *")]
  .filter((node) => !node.closest(".scroll, .shelf, .unseen, .skip, pre, svg, .numbers"))
  .filter((node) => node.checkVisibility() && node.getBoundingClientRect().right > width + 1)
  .map((node) => node.outerHTML.slice(0, 90))"""
PAYLOADS = (
    "<script>window.hacked=1</script>",
    "<img src=x onerror='window.hacked=2'>",
    '"><svg onload=window.hacked=3>',
    "'-window.hacked=4-'",
    "{{constructor.constructor('window.hacked=5')()}}",
    "</script><script>window.hacked=6</script>",
    "<a href='javascript:window.hacked=7'>x</a>",
    "${window.hacked=8}",
    "&lt;iframe srcdoc='<script>parent.hacked=9</script>'&gt;",
    "</title><style>@import 'https://evil.example/'</style>",
)
"""Ten titles that run, or load something, wherever a page takes them for markup."""
FORMULAS = ("=1+1", "+1+1", "-1+1", "@SUM(A1)", "=HYPERLINK('https://evil.example')")
LONG = ("w" * 300, "长" * 200)


@pytest.fixture(scope="session")
def payloads() -> tuple[str, ...]:
    return PAYLOADS


@pytest.fixture(scope="session")
def formulas() -> tuple[str, ...]:
    return FORMULAS


@pytest.fixture(scope="session")
def documents() -> dict:
    """Documents of a bundle, cut from those of a real shop."""
    return json.loads(Path(__file__).with_name("documents.json").read_text("utf-8"))


def titled(model):
    """The model of the small shop with hostile and overlong titles."""
    titles = list(model.state.catalogue["title"])
    hostile = (*PAYLOADS, *FORMULAS, *LONG)
    titles[: len(hostile)] = hostile
    catalogue = model.state.catalogue.assign(title=titles)
    return replace(model, state=replace(model.state, catalogue=catalogue))


def diagnosed(model, documents) -> dict:
    """The diagnosis with rows of the small shop's own items."""
    tables = {name: dict(table) for name, table in documents["diagnosis.json"]["tables"].items()}
    ids, titles = list(model.state.items.values), list(model.state.catalogue["title"])
    tables["items"]["rows"] = [
        {
            "item_id": item,
            "title": title,
            "segment": segment,
            "buyers": 0 if place < 10 else place,
            "reasons": [{"code": "no_reason", "evidence": {}, "sentence": title}],
        }
        for place, (item, title, segment) in enumerate(
            zip(ids, titles, model.segments, strict=True)
        )
    ]
    tables["outlook"]["rows"] = [
        {**row, "item_id": item, "title": title, "for_sales": title}
        for row, item, title in zip(tables["outlook"]["rows"], ids, titles, strict=False)
    ]
    return {**documents["diagnosis.json"], "shop": PAYLOADS[0], "tables": tables}


def gems_in(model) -> dict:
    """Gems of the small shop's own items, whose titles are hostile."""
    ids, titles = list(model.state.items.values), list(model.state.catalogue["title"])
    near = [{"item_id": ids[0], "title": titles[0], "buyers": 3}]
    gems = [
        {
            "item_id": item,
            "title": title,
            "score": 9.0 - place / 10,
            "expected_buyers": 40.0 - place,
            "expected_of_alike": 12.0,
            "low": 5.0,
            "high": 60.0,
            "recent_buyers": 4,
            "buyers": 0,
            "parts": {"own": 0.3, "similar": 0.2, "price": 0.1, "title": -0.1},
            "similar": near,
            "reason": title,
            "obstacles": [
                {"code": "seasonal", "sentence": title, "evidence": {}},
                {"code": "moonlit", "sentence": title, "evidence": {"moons": 1}},
            ],
            "advice": ["Show it."],
            "audience": {"size": 7, "share": 0.1, "standard_error": 0.0, "examples": ["u1"]},
        }
        for place, (item, title) in enumerate(zip(ids, titles, strict=True))
    ]
    row = {
        "chosen": "50 best",
        "excess": {"gems": 3.0, "trend": 2.0, "total popularity": 0.1, "term vectors": 1.0},
        "best_baseline": "trend",
        "ratio": 1.5,
        "interval": [1.1, 2.0],
        "precision": 0.8,
    }
    tried = {"windows": 3, "definition": "", "rows": [row]}
    return {"format": 1, "window_days": 28.0, "n_items": 9, "gems": gems, "back_test": tried}


def fitting(frontier: dict, strengths: tuple[float, ...]) -> dict:
    """A frontier whose first tested positions are the policy's."""
    factor = strengths[0] / frontier["positions"][0]["strength"]
    moved = {
        name: [{**row, "strength": row["strength"] * factor} for row in frontier[name]]
        for name in ("weaker", "positions", "frontier")
    }
    return {**frontier, **moved}


def advised() -> dict:
    """What the teapot's title lacks, with a hostile suggestion."""
    missing = [{"kind": kind, "share": 0.4, "known": True} for kind in ("colour", "moonlit")]
    return {
        "title": "Teapot",
        "missing": missing,
        "n_sellers": 12,
        "facts": [],
        "suggestion": PAYLOADS[3],
        "effect": {
            "demand": {"before": 2.0, "after": 3.1},
            "p_tail": {"before": 0.8, "after": 0.7},
        },
        "sentence": LONG[0],
    }


def reviewed() -> ReviewInsight:
    """Reviews of the teapot, some of them set aside, with hostile quotes; the others have none."""

    def aspect(phrase: str, quote: str, praised: int, criticised: int) -> dict:
        named = {"n_praised": praised, "n_criticised": criticised, "n_reviews": 9}
        return {"phrase": phrase, "quote": quote, "stars": 0.2, **named}

    record = {
        "n_reviews": 12,
        "set_aside": {"no words": 2, "the same text by several users": 3},
        "quality": {"stars": 4.613, "low": 4.402, "n": 12, "prior": 4.538},
        "praise_share": 0.91,
        "praised": [aspect("spout", PAYLOADS[0], 7, 1), aspect(PAYLOADS[1], LONG[0], 5, 2)],
        "criticised": [aspect("lid", LONG[1], 0, 6)],
        "summary": [PAYLOADS[2]],
    }
    return ReviewInsight({"n_reviews": 12}, {"teapot": record}, None)


@pytest.fixture(scope="session")
def full_bundle(model, documents, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("console") / "bundle"
    shown = titled(model)
    policy = replace(shown.policy, certificate=documents["certificate"])
    files = {name: found for name, found in documents.items() if name.endswith(".json")}
    files["diagnosis.json"] = diagnosed(shown, documents)
    files["gems.json"] = gems_in(shown)
    files[ADVICE_FILE] = {"format": 1, "items": {"teapot": advised()}}
    files["frontier.json"] = fitting(documents["frontier.json"], policy.strengths)
    pages = {"report.html": "<!doctype html><title>Report</title>"}
    tested = documents["evaluation.json"]["models"]
    metrics = {one["name"]: one["summary"] for one in tested}
    records = Records({}, metrics, files, pages, [partial(write_reviews, reviewed())])
    write_bundle(folder, replace(shown, policy=policy), records, created="2026-03-01T10:00:00Z")
    return folder


@pytest.fixture(scope="session")
def serving(full_bundle, tmp_path_factory) -> Iterator[TestClient]:
    store = tmp_path_factory.mktemp("shown") / "shop.db"
    app = create_app(ServiceSettings(bundle=full_bundle, store=str(store), deadline_ms=10_000))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture
def console(serving) -> TestClient:
    """The service with everything that a bundle can hold, for tests that leave it as it is."""
    serving.cookies.clear()
    return serving


@pytest.fixture(scope="session")
def address(full_bundle, tmp_path_factory) -> Iterator[str]:
    """Where a server of the same shop listens."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store = tmp_path_factory.mktemp("served") / "shop.db"
    app = create_app(ServiceSettings(bundle=full_bundle, store=str(store), deadline_ms=10_000))
    server = Server(app, port=port, interface=Interfaces.ASGI)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=(server.serve(),), daemon=True)
    thread.start()
    found, waited = f"http://127.0.0.1:{port}", threading.Event()
    for _ in range(300):
        try:
            if httpx.get(f"{found}/health/ready").status_code == 200:
                break
        except httpx.TransportError:
            waited.wait(0.1)
    yield found
    loop.call_soon_threadsafe(server.stop)
    thread.join(20)
    loop.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complains of, and whoever else is asked for something."""
    return []


@pytest.fixture(scope="session")
def looks(browser):
    """One context a look, for all tests: what a browser has fetched and compiled is kept."""
    made = {}

    def of(look):
        if look not in made:
            width, scheme, locale = look
            size = {"width": width, "height": 900}
            made[look] = browser.new_context(viewport=size, color_scheme=scheme, locale=locale)
        return made[look]

    yield of
    for context in made.values():
        context.close()


@pytest.fixture
def visit(looks, address, complaints):
    """Opens a page with a look; it is closed when the test is over."""
    pages = []

    def opened(path, look=LOOKS[0], ready=None, prepare=None, settle=True):
        page = looks(look).new_page()
        pages.append(page)
        page.set_default_timeout(60_000)
        page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda sent: sent.url.startswith((address, "blob:", "data:"))
                or complaints.append(sent.url))  # fmt: skip
        if prepare is not None:
            prepare(page)
        page.goto(address + path)
        page.wait_for_selector(ready or PAGES[path])
        if settle:
            settled(page)
        return page

    yield opened
    for page in pages:
        page.close()


def settled(page) -> None:
    for _ in range(200):
        if not page.evaluate(BUSY):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"{page.url} stays busy")


@pytest.fixture
def settle():
    """Waits until nothing of a page is on its way any more."""
    return settled


@pytest.fixture
def whole(complaints):
    """Says what is wrong with a page as it is now: layout, contrast, names, complaints."""

    def faults(page, look) -> list[str]:
        width = look[0]
        found = [*page.evaluate(FAULTS), *page.evaluate(WIDER, width), *complaints]
        if page.evaluate("document.documentElement.scrollWidth") != width:
            found.append("the page scrolls sideways")
        if page.evaluate("window.hacked") is not None:
            found.append("something ran")
        if page.locator("html").get_attribute("lang") != look[2][:2]:
            found.append("another language")
        if page.locator("html").get_attribute("data-theme") != look[1]:
            found.append("another scheme")
        return found + ["a part failed"] * page.locator(".state.failed").count()

    return faults
