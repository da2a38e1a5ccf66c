"""Every error has one shape, says what to do next, and carries the request's id."""

import pytest

from unsung.errors import StoreError
from unsung.store.exposures import exposures_of_request

EVENT = {"user_id": "u1", "item_id": "rake", "event": "purchase"}
SHAPE = {"code", "message", "fields", "request_id"}


def checked(answer, status: int, code: str) -> dict:
    """The error of an answer, after a look at its shape."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()) == {"error"}
    error = answer.json()["error"]
    assert set(error) == SHAPE
    assert error["code"] == code
    assert error["message"][-1] in ".!"
    assert error["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    return error


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/v1/items/nothing", 404, "not_found"),
        ("GET", "/v1/items/nothing/similar", 404, "not_found"),
        ("DELETE", "/v1/items", 405, "not_allowed"),
        ("GET", "/v1/users/u1/recommendations?k=0", 422, "invalid_request"),
        ("GET", "/v1/users/u1/recommendations?k=1000000000", 422, "invalid_request"),
        ("GET", "/v1/users/u1/recommendations?k=ten", 422, "invalid_request"),
        ("GET", "/v1/users/u1/recommendations?max_price=nan", 422, "invalid_request"),
        ("GET", "/v1/users/session:s1/recommendations", 422, "invalid_request"),
        ("GET", f"/v1/users/{'u' * 257}/recommendations", 422, "invalid_request"),
        ("GET", "/v1/items", 422, "invalid_request"),
    ],
)
def test_addresses(client, method, path, status, code):
    checked(client.request(method, path), status, code)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/events", {"events": []}),
        ("/v1/events", {"events": [EVENT | {"weight": "much"}]}),
        ("/v1/events", {"events": [EVENT | {"colour": "red"}]}),
        ("/v1/events", {"events": [EVENT | {"event": "sneeze"}]}),
        ("/v1/events", {"events": [EVENT | {"session_id": "s1"}]}),
        ("/v1/events", {"events": [{"item_id": "rake", "event": "purchase"}]}),
        ("/v1/events", {"events": [EVENT | {"timestamp": "2026-03-01T10:00:00"}]}),
        ("/v1/events", {"events": [EVENT | {"timestamp": "2999-03-01T10:00:00Z"}]}),
        ("/v1/events", {"events": [EVENT | {"user_id": "session:s1"}]}),
        ("/v1/events", {"events": [EVENT | {"item_id": "a\0b"}]}),
        ("/v1/events", {"events": [EVENT] * 5_001}),
        ("/v1/items", {"items": [{"title": "no id"}]}),
        ("/v1/items", {"items": [{"item_id": "i1", "price": -1}]}),
        ("/v1/items", {"items": [{"item_id": "i1", "sizes": ["S", "M"]}]}),
        ("/v1/reviews", {"reviews": [{"item_id": "rake"}]}),
        ("/v1/recommendations", {"user_id": "u1", "session_id": "s1"}),
        ("/v1/recommendations/batch", {"user_ids": ["u"] * 1_001}),
        ("/v1/sessions", {"session_id": "s1"}),
        ("/v1/users/u1/choices", {"kind": "love", "subject": "rake"}),
        ("/v1/models", {"path": "/there/is/nothing"}),
    ],
)
def test_bodies(client, path, body):
    error = checked(client.post(path, json=body), 422, "invalid_request")
    assert error["fields"] or len(error["message"]) > 20


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b'{"events": NaN}', 422),
        (b"[]", 422),
        (b"1" * 5_000, 400),
        (b'{"events": "\xff"}', 400),
        (b'{"events": [{"user_id": "\\ud800", "item_id": "i", "event": "view"}]}', 422),
    ],
)
def test_what_is_no_body(client, text, status):
    headers = {"Content-Type": "application/json"}
    checked(client.post("/v1/events", content=text, headers=headers), status, "invalid_request")


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_bodies_are_plain_json(client, headers):
    checked(client.post("/v1/events", content=b"{}", headers=headers), 415, "not_json")


def test_long_bodies_are_refused(start):
    client = start(most_body_bytes=1_000)
    body = b'{"events": "' + b"x" * 1_000 + b'"}'
    headers = {"Content-Type": "application/json"}
    checked(client.post("/v1/events", content=body, headers=headers), 413, "too_large")
    pieces = iter([body[:600], body[600:]])
    checked(client.post("/v1/events", content=pieces, headers=headers), 413, "too_large")


def test_the_store_that_cannot_be_written(client, shop, monkeypatch):
    def full(*_):
        raise StoreError("The store has no room left; free some and send it again.")

    monkeypatch.setattr("unsung.service.routes.feedback.append_events", full)
    answer = client.post("/v1/events", json={"events": [EVENT]})
    checked(answer, 503, "store_unavailable")
    assert answer.headers["retry-after"] == "1"


def test_a_defect_is_told_by_its_request_id_alone(client, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("u1 has a secret")

    monkeypatch.setattr("unsung.service.routes.users.customer_page", broken)
    answer = client.get("/v1/users/u1")
    checked(answer, 500, "failed")
    assert "secret" not in answer.text


def test_request_ids_are_their_own(client):
    ids = {client.get("/health/live").headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3
    sent = client.get("/health/live", headers={"X-Request-Id": "mine"})
    assert sent.headers["x-request-id"] != "mine"


def test_no_request_spoils_what_others_were_shown(client, shop):
    asked = [client.get(f"/v1/users/{u}/recommendations") for u in ("u1", "%00", "u%00", "%FF")]
    assert {answer.status_code for answer in asked} <= {200, 422}
    shown = [answer.json()["request_id"] for answer in asked if answer.status_code == 200]

    def stored() -> int:
        return sum(len(exposures_of_request(shop.store, request_id)) for request_id in shown)

    # The service writes them too, four times a second; the test's own limit ends this.
    while stored() < 20:
        shop.flush()
    assert stored() == 20
