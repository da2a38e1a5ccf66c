"""A shop that asks is never held up, and what it tells is told once."""

import asyncio
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from unsung.client import AsyncClient, Client, Event, Recommendations, ServiceError


def in_thread(job):
    """What a coroutine gives, run where no loop can be running: Playwright leaves one behind."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, job).result()


LIST = {
    "request_id": "r1",
    "user_id": "u1",
    "known": True,
    "model": "m1",
    "policy": "undialled",
    "rung": "full",
    "items": [
        {
            "rank": 1,
            "item_id": "i1",
            "title": "Rake",
            "score": 0.5,
            "segment": "tail",
            "undialled_rank": 1,
            "reasons": [{"kind": "item", "amount": 1.0, "text": "much bought"}],
        }
    ],
}
RECEIVED = {"accepted": 1, "duplicates": 0, "suppressed": 0}
REFUSED = {"error": {"code": "conflict", "message": "It is known.", "request_id": "r9"}}


class Waiting:
    """The asynchronous client as an ordinary one."""

    def __init__(self, url: str, **settings) -> None:
        self._client = AsyncClient(url, **settings)

    def __getattr__(self, name: str):
        def call(*given, **named):
            return in_thread(getattr(self._client, name)(*given, **named))

        return call


class Service:
    """Answers with what it is told to, the last of it again and again; keeps what it is asked."""

    def __init__(self, *answers) -> None:
        self.answers, self.asked = list(answers), []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    def body(self) -> dict:
        return json.loads(self.asked[-1].content)


def said(body: object, status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=body, headers=headers)


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch):
    monkeypatch.setattr("unsung.client.exchange.PAUSE_S", 0.0)


@pytest.fixture(params=[Client, Waiting])
def client_of(request):
    def made(service: Service, **settings):
        transport = httpx.MockTransport(service)
        return request.param("http://shop", transport=transport, **{"timeout_s": 5, **settings})

    return made


def test_a_list(client_of):
    service = Service(said(LIST))
    found = client_of(service, key="unsung_k").recommend("u/1", 3, explain=True, brand=["a", "b"])
    (item,) = found.items
    assert (item.item_id, item.segment, item.reasons) == ("i1", "tail", ("much bought",))
    assert (found.request_id, found.rung, found.fallback) == ("r1", "full", False)
    url = str(service.asked[0].url)
    assert url == "http://shop/v1/users/u%2F1/recommendations?k=3&explain=true&brand=a&brand=b"
    assert service.asked[0].headers["authorization"] == "Bearer unsung_k"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("late"),
        said(REFUSED, 503),
        said(REFUSED, 500),
        said(REFUSED, 401),
        httpx.Response(200, text="<html>"),
        said({"items": 3}),
        said([]),
    ],
)
def test_a_list_never_fails(client_of, answer):
    service = Service(answer)
    client = client_of(service)
    assert client.recommend("u1") == Recommendations(fallback=True)
    assert client.recommend_for(query="a rake") == Recommendations(fallback=True)
    assert len(service.asked) == 2  # a page waits: nothing is tried again


def test_a_service_that_hangs_is_not_waited_for():
    gate = threading.Event()

    def hanging(_: httpx.Request) -> httpx.Response:
        gate.wait()
        return said(LIST)

    client = Client("http://shop", timeout_s=0.05, transport=httpx.MockTransport(hanging))
    assert [client.recommend("u1").fallback for _ in range(20)] == [True] * 20
    gate.set()
    client.close()

    async def never(_: httpx.Request) -> httpx.Response:
        return await asyncio.Event().wait()

    waiting = Waiting("http://shop", timeout_s=0.05, transport=httpx.MockTransport(never))
    assert waiting.recommend("u1").fallback


@pytest.mark.parametrize(
    "first", [httpx.ConnectError("refused"), said(REFUSED, 503), said(REFUSED, 429)]
)
def test_what_does_no_harm_twice_is_sent_again(client_of, first):
    service = Service(first, said(RECEIVED))
    event = Event("i1", "purchase", user_id="u1")
    assert client_of(service).events([event]).accepted == 1
    one, other = (json.loads(request.content) for request in service.asked)
    assert one == other
    assert one["events"][0]["event_id"] == event.event_id


def test_a_refusal_is_raised_with_its_reason(client_of):
    service = Service(said(REFUSED, 409))
    with pytest.raises(ServiceError, match="It is known") as caught:
        client_of(service).events([Event("i1", "purchase", user_id="u1")])
    error = caught.value
    assert (error.status, error.code, error.request_id) == (409, "conflict", "r9")
    assert len(service.asked) == 1


def test_an_end_is_made_of_trying(client_of):
    service = Service(httpx.ConnectError("refused"))
    with pytest.raises(ServiceError, match="can't be reached"):
        client_of(service).merge("s1", "u1")
    assert len(service.asked) == 3
    long = Service(said(REFUSED, 429, **{"Retry-After": "60"}))
    with pytest.raises(ServiceError):
        client_of(long).consent("u1", profiling=False)
    assert len(long.asked) == 1


def test_an_erasure_is_asked_once(client_of):
    service = Service(said(REFUSED, 503))
    with pytest.raises(ServiceError):
        client_of(service).erase("u1")
    assert len(service.asked) == 1


def test_the_other_calls_say_what_they_mean(client_of):
    service = Service(said({"items": [{"item_id": "i2"}]} | RECEIVED))
    client = client_of(service)
    client.choose("u1", "like", "i1", active=False)
    assert service.body() == {"kind": "like", "subject": "i1", "active": False}
    client.consent("u1", profiling=False)
    assert service.body() == {"profiling": False}
    assert client.similar("i1", 4, discover=True) == ["i2"]
    assert str(service.asked[-1].url).endswith("/v1/items/i1/similar?k=4&discover=true")
    assert client.items([{"item_id": "i1", "in_stock": False}]).accepted == 1
    assert service.body() == {"items": [{"item_id": "i1", "in_stock": False}]}
    client.merge("s1", "u1")
    assert service.body() == {"session_id": "s1", "user_id": "u1"}
    client.recommend_for(session_id="s1", items=["i1"], k=3)
    assert service.body() == {"session_id": "s1", "items": ["i1"], "k": 3}


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_no_slip_hides_behind_fallbacks(kind):
    with pytest.raises(ValueError, match="no address"):
        kind("127.0.0.1:8000")


def test_clients_close_themselves():
    with Client("http://shop", transport=httpx.MockTransport(Service(said(LIST)))) as client:
        assert client.recommend("u1").items

    async def used() -> bool:
        transport = httpx.MockTransport(Service(said(LIST)))
        async with AsyncClient("http://shop", transport=transport, timeout_s=5) as client:
            return bool((await client.recommend("u1")).items)

    assert in_thread(used())


def test_the_client_loads_nothing_of_the_rest():
    code = (
        "import sys, unsung.client; "
        "print([n for n in sys.modules if n.startswith('unsung.') and 'client' not in n "
        "or n in ('numpy', 'pandas', 'fastapi')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
