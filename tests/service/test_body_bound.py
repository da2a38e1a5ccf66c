"""Bodies that are bombs are refused before anything is made of them."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsung.service.body_bound import MOST_DEPTH, BodyBound, depth_exceeds


def in_thread(job):
    """What a coroutine gives, run where no loop can be running: Playwright leaves one behind."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, job).result()


LEAVES = st.none() | st.integers() | st.text(alphabet='[]{}"\\a,:')
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def depth_of(value: object) -> int:
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    return 0


@given(VALUES, st.integers(0, 6))
def test_depth_is_that_of_the_parsed_value(value, most):
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)):
        assert depth_exceeds(text.encode(), most) == (depth_of(value) > most)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b'[{"a":' * 4_000_000])
def test_deep_bodies_are_seen(body):
    assert depth_exceeds(body, MOST_DEPTH)


def test_wide_bodies_are_not_deep():
    assert not depth_exceeds(b"[" + b"[]," * 300_000 + b"[]]", MOST_DEPTH)


@pytest.mark.parametrize("unit", ["[", '{"a":', '["[",'])
def test_a_deep_body_is_refused_in_the_one_shape(client, unit):
    headers = {"Content-Type": "application/json"}
    answer = client.post("/v1/events", content=unit * 100_000, headers=headers)
    assert answer.status_code == 422
    assert "within one another" in answer.json()["error"]["message"]


def statuses(body_bound: BodyBound, messages: list[dict], headers: list) -> list[int]:
    """What is answered to a body that comes in pieces; without a next piece it is waited for."""
    sent: list[dict] = []

    async def receive() -> dict:
        return messages.pop(0) if messages else await asyncio.Event().wait()

    async def send(message: dict) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    in_thread(body_bound(scope, receive, send))
    return [message["status"] for message in sent if message["type"] == "http.response.start"]


async def never(*_):
    raise AssertionError("the application had better not see this")


JSON = (b"content-type", b"application/json")
CHUNKED = (b"transfer-encoding", b"chunked")


def piece(size: int) -> dict:
    return {"type": "http.request", "body": b"1" * size, "more_body": True}


def test_a_body_that_does_not_end_is_let_go():
    assert statuses(BodyBound(never, 100, 0.01), [piece(1)], [JSON, CHUNKED]) == [408]


def test_a_body_without_end_is_cut():
    bound = BodyBound(never, 100)
    assert statuses(bound, [piece(60), piece(60)], [JSON, CHUNKED]) == [413]


def test_who_goes_away_is_not_served():
    gone = {"type": "http.disconnect"}
    assert statuses(BodyBound(never, 100), [piece(6), gone], [JSON, CHUNKED]) == [400]


@pytest.mark.parametrize("told", [b"101", b"-1", b"1e3", b"9" * 30, b""])
def test_a_length_that_is_none_is_refused(told):
    headers = [JSON, (b"content-length", told)]
    assert statuses(BodyBound(never, 100), [], headers) == [413]


def many(n: int) -> str:
    return ",".join(f'"f{place}":1' for place in range(n))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"events": [' + "1," * 500_000 + "1]}", "parts"),
        ('{"events": [' + "{}," * 60_000 + "{}]}", "see fields"),
        ("{" + many(400_000) + "}", "see fields"),
        ('{"items": [{"item_id": "i",' + many(200) + "}]}", "see fields"),
    ],
)
def test_wide_bodies_get_few_errors(client, text, said):
    path = "/v1/items" if '"items"' in text else "/v1/events"
    answer = client.post(path, content=text, headers={"Content-Type": "application/json"})
    error = answer.json()["error"]
    assert answer.status_code == 422
    assert said in error["message"]
    assert len(answer.content) < 10_000
