"""Logs and metrics tell what happened, never who a customer is nor what opens a door."""

import io
import json
import time

import pytest
import structlog

from unsung.operations.accounts import make_account
from unsung.operations.api_keys import make_key
from unsung.service.logs import logger, set_up_logs
from unsung.store.database import open_store

CANARY = "canary-7f3a"
PASSWORD = f"{CANARY} is my word"


@pytest.fixture
def key(tmp_path) -> str:
    store = open_store(str(tmp_path / "shop.db"))
    key, _ = make_key(store, "all", ["admin"], None, "test", time.time_ns() // 1_000)
    make_account(store, "mei", PASSWORD, "admin", "test", time.time_ns() // 1_000)
    store.close()
    return key


def use_everything(client, headers: dict[str, str]) -> None:
    """Ask every kind of route for, or with, the canary."""
    user = f"/v1/users/{CANARY}"
    event = {"user_id": CANARY, "item_id": "rake", "event": "purchase", "event_id": CANARY}
    calls = [
        ("POST", "/v1/events", {"events": [event]}),
        ("POST", "/v1/events", {"events": [event | {"item_id": "hoe"}]}),
        ("POST", "/v1/events", {"events": [event | {"timestamp": CANARY}]}),
        ("POST", "/v1/reviews", {"reviews": [{"review_id": CANARY, "item_id": CANARY}]}),
        ("POST", "/v1/sessions", {"session_id": CANARY, "user_id": CANARY}),
        ("POST", "/v1/recommendations", {"query": CANARY}),
        ("POST", "/v1/recommendations", {"session_id": CANARY, "items": [CANARY]}),
        ("POST", "/v1/recommendations/batch", {"user_ids": [CANARY]}),
        ("POST", "/v1/session", {"name": "mei", "password": PASSWORD}),
        ("POST", "/v1/session", {"name": CANARY, "password": CANARY * 2}),
        ("POST", f"{user}/choices", {"kind": "dislike", "subject": CANARY}),
        ("PUT", f"{user}/consent", {"profiling": True}),
        ("POST", "/v1/models", {"path": f"/{CANARY}"}),
        *(("GET", user + rest, None) for rest in ("", "/recommendations", "/export")),
        *(("GET", path, None) for path in (f"/v1/items?query={CANARY}", f"/{CANARY}")),
        (CANARY.upper(), f"/{CANARY}", None),
        ("POST", f"{user}/erase", None),
    ]
    for method, path, body in calls:
        assert client.request(method, path, json=body, headers=headers).status_code < 500
        client.request(method, path, json=body, headers={"X-Api-Key": CANARY})


def test_no_customer_key_or_password_in_logs_and_metrics(start, key, monkeypatch, capfd):
    written = io.StringIO()
    monkeypatch.setattr("unsung.service.logs.sys.stderr", written)
    set_up_logs("debug")
    try:
        client = start()
        use_everything(client, {"Authorization": f"Bearer {key}"})

        def defect(*_):
            raise ValueError(CANARY)

        monkeypatch.setattr("unsung.service.routes.users.customer_page", defect)
        headers = {"Authorization": f"Bearer {key}"}
        assert client.get(f"/v1/users/{CANARY}", headers=headers).status_code == 500
        metrics = client.get("/metrics", headers=headers).text
    finally:
        structlog.reset_defaults()
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    out, err = capfd.readouterr()
    for text in (written.getvalue(), metrics, out, err):
        assert CANARY not in text.lower()
        assert key not in text
    requests = [line for line in lines if line["event"] == "request"]
    assert {"method", "path", "status", "ms", "request_id"} <= set(requests[0])
    assert {line["event"] for line in lines} >= {"request", "defect"}
    assert "/v1/users/{user_id}/recommendations" in {line["path"] for line in requests}


def test_lines_below_the_level_are_left_out(monkeypatch):
    written = io.StringIO()
    monkeypatch.setattr("unsung.service.logs.sys.stderr", written)
    set_up_logs("warning")
    try:
        logger().info("little")
        logger().warning("much", place="here")
    finally:
        structlog.reset_defaults()
    (line,) = map(json.loads, written.getvalue().splitlines())
    assert (line["event"], line["level"], line["place"]) == ("much", "warning", "here")
