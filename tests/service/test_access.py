"""Nobody gets in who shouldn't: keys, scopes, other sites, and how often."""

import json
import time
from urllib.parse import quote

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from unsung.errors import InputError
from unsung.operations.accounts import make_account
from unsung.operations.api_keys import end_key, make_key
from unsung.service.access import api_routes, check_scopes, scope_of
from unsung.service.app import check_address
from unsung.service.settings import ServiceSettings
from unsung.store.database import open_store
from unsung.store.keys import keys as stored_keys

SCOPES = ("read", "write", "admin")
# What is open to everybody; a new public route has to be put here.
PUBLIC = {
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/docs"),
    ("POST", "/v1/session"),
    ("DELETE", "/v1/session"),
}
ADMIN = {
    ("GET", "/v1/users/{user_id}/export"),
    ("POST", "/v1/users/{user_id}/erase"),
    ("POST", "/v1/models"),
    ("POST", "/v1/models/rollback"),
    ("POST", "/v1/experiments"),
    ("POST", "/v1/experiments/end"),
    ("GET", "/v1/experiments/{name}/assignments"),
}


def now_us() -> int:
    return time.time_ns() // 1_000


def as_key(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def given(tmp_path):
    """A key of each scope, made before the service begins."""
    store = open_store(str(tmp_path / "shop.db"))
    made = {scope: make_key(store, scope, [scope], None, "test", now_us()) for scope in SCOPES}
    yield {scope: key for scope, (key, _) in made.items()}
    store.close()


def routes_of(app: FastAPI) -> list[tuple[str, APIRoute]]:
    return [
        (method, route)
        for route in api_routes(app.routes)
        if route.path.startswith(("/v1", "/health", "/metrics"))
        for method in sorted(route.methods)
    ]


def test_each_route_lets_in_its_own_scope_and_admins_alone(given, start):
    client = start()
    found = routes_of(client.app)
    assert len(found) > 25
    for method, route in found:
        path = route.path.format(
            user_id="u9", item_id="rake", job_id="j", name="n", version="v", warm_up_id="w"
        )
        needed = scope_of(route)
        for scope, headers in [
            *((scope, as_key(key)) for scope, key in given.items()),
            ("none", {}),
            ("unknown", as_key("unsung_" + "x" * 43)),
        ]:
            status = client.request(method, path, headers=headers).status_code
            case = f"{method} {route.path} with {scope}: {status}"
            if needed == "public" or scope in ("admin", needed):
                assert status not in (401, 403) or path == "/v1/session", case
            elif scope in ("none", "unknown"):
                assert status == 401, case
            else:
                assert status == 403, case


def test_no_route_is_open_to_pages_of_other_sites(client):
    other = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    for method, route in routes_of(client.app):
        path = route.path.format(
            user_id="u9", item_id="rake", job_id="j", name="n", version="v", warm_up_id="w"
        )
        body = {"name": "n", "password": "p"} if path == "/v1/session" else None
        answer = client.request(method, path, headers=other, json=body)
        case = f"{method} {route.path}: {answer.status_code}"
        assert not [name for name in answer.headers if name.startswith("access-control")], case
        assert answer.headers["x-frame-options"] == "DENY", case
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], case
        if method not in ("GET", "HEAD"):
            assert answer.status_code == 403, case


def test_what_is_open_and_what_takes_an_admin(client):
    declared = {(method, route.path): scope_of(route) for method, route in routes_of(client.app)}
    assert {r for r, s in declared.items() if s == "public"} <= PUBLIC
    assert {r for r, s in declared.items() if s == "admin"} >= ADMIN
    changing = {r for r in declared if r[0] in ("PUT", "DELETE", "PATCH")} - PUBLIC
    assert {declared[r] for r in changing} <= {"write", "admin"}


def test_a_route_without_a_scope_stops_the_start():
    app, bare = FastAPI(), APIRouter()

    @bare.get("/v1/bare")
    async def forgotten() -> None: ...

    app.include_router(bare)
    with pytest.raises(RuntimeError, match="/v1/bare"):
        check_scopes(app)


def test_keys_are_kept_as_hashes_and_end(given, start, tmp_path):
    client = start()
    path = "/v1/dial"
    assert client.get(path, headers=as_key(given["read"])).status_code == 200
    assert client.get(path, headers={"X-Api-Key": given["read"]}).status_code == 200
    store = client.app.state.context.shop.store
    held = b"".join(file.read_bytes() for file in tmp_path.glob("shop.db*"))
    assert not [scope for scope, key in given.items() if key.encode() in held]
    read = next(key for key in stored_keys(store) if key.scopes == ("read",))
    end_key(store, read.key_id, "test", now_us())
    # Another process that hasn't asked yet; this one asks again within seconds.
    assert start().get(path, headers=as_key(given["read"])).status_code == 401


def test_an_expired_key_opens_nothing(tmp_path, start):
    store = open_store(str(tmp_path / "shop.db"))
    key, _ = make_key(store, "old", ["admin"], 1, "test", now_us() - 2 * 86_400_000_000)
    store.close()
    assert start().get("/v1/dial", headers=as_key(key)).status_code == 401


def test_a_known_key_works_while_the_store_does_not(given, start, monkeypatch):
    client = start()
    headers, path = as_key(given["read"]), "/v1/users/u1/recommendations"
    assert client.get(path, headers=headers).status_code == 200
    monkeypatch.setattr("unsung.service.access.KEPT_S", -1.0)

    monkeypatch.setattr("unsung.service.access.find_key", lambda *_: broken_store())
    assert client.get(path, headers=headers).status_code == 200
    assert client.get(path, headers=as_key(given["write"])).status_code == 503


def broken_store():
    from unsung.errors import StoreError

    raise StoreError("The store can't be used now; try again.")


def test_without_keys_this_machine_alone_may_do_everything(client):
    assert client.get("/v1/dial").status_code == 200
    led_here = client.get("/v1/dial", headers={"Host": "shop.example"})
    assert led_here.status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://shop.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "http://127.0.0.1"}, 200),
        ({}, 200),
    ],
)
def test_another_sites_page_changes_nothing(client, headers, status):
    assert client.put("/v1/dial", json={"position": 0}, headers=headers).status_code == status
    assert client.get("/v1/dial", headers=headers).json()["position"] == (0 if status == 200 else 2)


def test_an_address_that_others_reach_asks_for_a_key_or_an_account(tmp_path, bundles):
    base = {"bundle": bundles[0], "store": str(tmp_path / "shop.db")}
    public = ServiceSettings(**base, host="0.0.0.0")
    check_address(ServiceSettings(**base, host="127.0.0.1"))
    with pytest.raises(InputError, match="unsung keys add"):
        check_address(public)
    store = open_store(public.store)
    make_account(store, "mei", "a sentence of mine", "viewer", "test", now_us())
    store.close()
    check_address(public)


def test_rates_are_exact_over_all_processes(given, start):
    limits = {"requests_per_s": 0.001, "burst": 5}
    workers = [start(**limits), start(**limits)]
    statuses = [
        workers[n % 2].get("/v1/dial", headers=as_key(given["read"])).status_code for n in range(8)
    ]
    assert statuses == [200] * 5 + [429] * 3
    refused = workers[0].get("/v1/dial", headers=as_key(given["read"]))
    assert 900 <= int(refused.headers["retry-after"]) <= 1_000
    assert refused.json()["error"]["code"] == "too_many_requests"
    # Another key has its own bucket, and health has none.
    assert workers[0].get("/v1/dial", headers=as_key(given["admin"])).status_code == 200
    assert workers[0].get("/health/live").status_code == 200


def test_a_store_that_cannot_count_stops_no_list(start, monkeypatch):
    client = start(requests_per_s=0.001, burst=1)
    monkeypatch.setattr("unsung.service.limits.take", lambda *_: broken_store())
    path = "/v1/users/u1/recommendations"
    assert [client.get(path).status_code for _ in range(3)] == [200] * 3


@pytest.mark.parametrize(
    "text",
    [
        "'; DROP TABLE events; --",
        "../../../../etc/passwd",
        "{{7*7}}${7*7}<%= 7*7 %>",
        "%00",
        "a/../../b",
        "\u202e\u200b",
        "$(id)`id`",
    ],
)
def test_hostile_text_is_text(client, text):
    event = {"user_id": text, "item_id": text, "event": "purchase"}
    assert client.post("/v1/events", json={"events": [event]}).status_code == 200
    for path in (
        "/v1/users/{}/recommendations",
        "/v1/users/{}",
        "/v1/items/{}",
        "/v1/items/{}/similar",
    ):
        answer = client.get(path.format(quote(text, safe="")))
        assert answer.status_code < 500
        assert "root:" not in answer.text
        assert "49" not in json.dumps(answer.json().get("error", {}).get("message", ""))
    found = client.get("/v1/items", params={"query": text})
    assert found.status_code == 200
    assert client.post("/v1/models", json={"path": text.replace("\0", "")}).status_code == 422
    for path in ("/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/%2e%2e/settings.py"):
        assert client.get(path).status_code == 404
