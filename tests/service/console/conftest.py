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
from unsung.pipeline.review_files import write_reviews
from unsung.service.app import create_app
from unsung.service.settings import ServiceSettings
from unsung.text.review_insight import ReviewInsight

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
            "obstacles": [{"code": "seasonal", "sentence": title, "evidence": {}}],
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
    pages = {"report.html": "<!doctype html><title>Report</title>"}
    records = Records({}, {}, files, pages, [partial(write_reviews, reviewed())])
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
