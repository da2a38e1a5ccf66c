"""People sign in with a password, and the records say who did what."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from unsung.errors import ConflictError, InputError
from unsung.operations.accounts import disable_account, make_account, open_session
from unsung.service.access import COOKIE
from unsung.store.audit import entries
from unsung.store.database import open_store
from unsung.store.people import find_account

PASSWORD = "a sentence of mine"
OWN = {"Sec-Fetch-Site": "same-origin"}


def now_us() -> int:
    return time.time_ns() // 1_000


@pytest.fixture
def people(tmp_path):
    """An account of each role."""
    store = open_store(str(tmp_path / "shop.db"))
    for role in ("viewer", "merchandiser", "admin"):
        make_account(store, role, PASSWORD, role, "test", now_us())
    yield store
    store.close()


def enter(client, name: str, password: str = PASSWORD):
    return client.post("/v1/session", json={"name": name, "password": password})


def test_a_role_may_do_what_it_is_for(people, start):
    client = start()
    assert client.get("/v1/dial").status_code == 401
    expected = {
        "viewer": (200, 403, 403),
        "merchandiser": (200, 200, 403),
        "admin": (200, 200, 200),
    }
    for role, statuses in expected.items():
        entered = enter(client, role)
        assert (entered.status_code, entered.json()["role"]) == (200, role)
        assert client.get("/v1/session").json()["name"] == role
        got = (
            client.get("/v1/dial").status_code,
            client.put("/v1/dial", json={"position": 1}, headers=OWN).status_code,
            client.get("/v1/users/u1/export").status_code,
        )
        assert got == statuses, role
    history = client.get("/v1/dial").json()["history"]
    assert [entry["who"] for entry in history] == ["admin", "merchandiser"]


def test_the_cookie_is_for_this_server_alone(people, start):
    client = start()
    cookie = enter(client, "viewer").headers["set-cookie"]
    parts = {part.strip().lower() for part in cookie.split(";")}
    assert {"httponly", "samesite=strict", "path=/", "max-age=43200"} <= parts
    assert "secure" not in parts
    there = client.post(
        "/v1/session",
        json={"name": "viewer", "password": PASSWORD},
        headers={"Host": "shop.example"},
    )
    assert "secure" in there.headers["set-cookie"].lower()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://shop.example"}, 403),
        ({"Origin": "http://127.0.0.1"}, 200),
        (OWN, 200),
    ],
)
def test_a_cookie_changes_nothing_for_another_site(people, start, headers, status):
    client = start()
    enter(client, "admin")
    assert client.put("/v1/dial", json={"position": 1}, headers=headers).status_code == status


def test_wrong_names_and_passwords_say_the_same_and_wait(people, start):
    client = start()
    wrong, unknown = enter(client, "viewer", "something else"), enter(client, "nobody")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json()["error"]["message"] == unknown.json()["error"]["message"]
    assert COOKIE not in client.cookies
    statuses = [enter(client, "viewer", "something else").status_code for _ in range(5)]
    assert statuses == [401] * 4 + [429]
    assert int(enter(client, "viewer").headers["retry-after"]) <= 12
    assert enter(client, "admin").status_code == 200


def test_only_so_many_passwords_wait_to_be_checked(people, start, monkeypatch):
    gate, entered = threading.Event(), threading.Semaphore(0)

    def hanging(*_):
        entered.release()
        gate.wait()

    client = start()
    monkeypatch.setattr("unsung.service.routes.session.open_session", hanging)
    signing_in = client.app.state.access.signing_in
    with ThreadPoolExecutor(10) as threads:
        waiting = [threads.submit(enter, client, f"n{n}") for n in range(10)]
        assert all(entered.acquire(timeout=30) for _ in range(2))
        while signing_in._there < 10:  # the test's own limit ends this
            pass
        refused = enter(client, "viewer")
        gate.set()
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert [answer.result().status_code for answer in waiting] == [401] * 10
    assert signing_in._there == 0


def test_who_signs_out_is_out(people, start):
    client = start()
    enter(client, "viewer")
    token = client.cookies[COOKIE]
    assert client.delete("/v1/session", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.delete("/v1/session", headers=OWN).status_code == 204
    again = client.get("/v1/dial", headers={"Cookie": f"{COOKIE}={token}"})
    assert again.status_code == 401


def test_a_disabled_account_is_out_everywhere(people, start):
    client, other = start(), start()
    enter(client, "viewer")
    disable_account(people, "viewer", "test", now_us())
    assert client.get("/v1/dial").status_code == 401
    assert enter(other, "viewer").status_code == 401
    with pytest.raises(InputError, match="no account nobody"):
        disable_account(people, "nobody", "test", now_us())


def test_a_session_ends(people):
    opened = open_session(people, "viewer", PASSWORD, 1.0, now_us())
    assert opened is not None
    _, account, expires = opened
    assert account.name == "viewer"
    assert abs(expires - now_us() - 3_600_000_000) < 60_000_000


def test_an_ended_session_opens_nothing(people, start):
    client = start(session_hours=1e-6)
    enter(client, "viewer")
    assert client.get("/v1/dial").status_code == 401


def test_passwords_are_kept_as_argon2_and_are_long(people):
    assert find_account(people, "viewer").password_hash.startswith("$argon2id$")
    for password in ("short", "x" * 1_025):
        with pytest.raises(InputError, match="12 to 1,024"):
            make_account(people, "new", password, "viewer", "test", now_us())
    with pytest.raises(InputError, match="no role"):
        make_account(people, "new", PASSWORD, "boss", "test", now_us())
    with pytest.raises(ConflictError):
        make_account(people, "viewer", PASSWORD, "viewer", "test", now_us())


def test_the_records_name_people_and_keep_no_password(people, start):
    client = start()
    enter(client, "admin")
    client.put("/v1/dial", json={"position": 1}, headers=OWN)
    said = [(entry.who, entry.action) for entry in entries(people)]
    assert ("test", "account made") in said
    assert said[-2:] == [("admin", "signed in"), ("admin", "dial")]
    assert PASSWORD not in repr(entries(people))
