"""The short way to a list answers what the documented route answers."""

import pytest

from unsung.service.plain_lists import PlainLists, plain
from unsung.store.exposures import exposures_of_request

PATH = "/v1/users/{}/recommendations"


def without_id(answer) -> dict:
    return {name: value for name, value in answer.json().items() if name != "request_id"}


@pytest.mark.parametrize("user", ["u1", "u2", "nobody%20known", "%C3%A9t%C3%A9"])
def test_both_ways_give_the_same(client, shop, user):
    short = client.get(PATH.format(user) + "?k=7")
    # An unusual spelling is left to the documented route.
    long = client.get(PATH.format(user) + "?k=7&explain=false")
    assert plain(PATH.format(user), b"k=7") is not None
    assert plain(PATH.format(user), b"k=7&explain=false") is None
    assert short.status_code == 200
    assert without_id(short) == without_id(long)
    assert {n: v for n, v in short.headers.items() if n != "x-request-id"} == {
        n: v for n, v in long.headers.items() if n != "x-request-id"
    }
    assert short.json()["request_id"] != long.json()["request_id"]
    shop.flush()
    assert len(exposures_of_request(shop.store, short.json()["request_id"])) == 7


def test_ten_places_where_none_are_asked_for(client):
    assert len(client.get(PATH.format("u1")).json()["items"]) == 10


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (PATH.format("session:x"), b""),
        (PATH.format("a/b"), b""),
        (PATH.format(""), b""),
        (PATH.format("u\0"), b""),
        (PATH.format("u" * 257), b""),
        (PATH.format("u1"), b"k=0"),
        (PATH.format("u1"), b"k=1001"),
        (PATH.format("u1"), b"k=05"),
        (PATH.format("u1"), b"k=5&k=6"),
        (PATH.format("u1"), b"unknown=1"),
        ("/v1/users/u1", b""),
        ("/v1/items", b""),
    ],
)
def test_what_isnt_plain_is_left_alone(path, query):
    assert plain(path, query) is None


def test_refusals_are_the_documented_ones(client):
    wrong = client.get(PATH.format("session:x"))
    assert wrong.status_code == 422
    assert "session_id" in wrong.json()["error"]["fields"][0]["message"]
    assert client.get(PATH.format("u1") + "?k=1001").status_code == 422
    assert client.post(PATH.format("u1")).status_code == 405
    assert client.get(PATH.format("u1"), headers={"host": "shop.example"}).status_code == 401


def test_it_asks_for_the_scope_of_the_documented_route(client):
    first = client.app.router.routes[0]
    assert isinstance(first, PlainLists)
    assert (first.scope, first.path) == ("read", PATH.format("{user_id}"))
