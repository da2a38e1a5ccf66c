"""The Python client against the service itself."""

import json

import httpx
import pytest

from unsung.client import Client, Event


@pytest.fixture
def python(client):
    """The client; its requests go into the application without a network."""

    def passed_on(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        answer = client.request(request.method, request.url.raw_path.decode(), json=body)
        return httpx.Response(answer.status_code, content=answer.content)

    transport = httpx.MockTransport(passed_on)
    with Client("http://127.0.0.1", timeout_s=10, transport=transport) as made:
        yield made


def test_client_and_service_understand_each_other(python):
    found = python.recommend("new", 20, explain=True, category=["garden"])
    assert found.rung == "full"
    assert {"rake", "spade"} <= {item.item_id for item in found.items}
    event = Event("rake", "purchase", user_id="new", request_id=found.request_id)
    assert python.events([event]).accepted == 1
    assert python.events([event]).duplicates == 1
    assert "rake" not in {item.item_id for item in python.recommend("new", 20).items}
    assert python.items([{"item_id": "spade", "in_stock": False}]).accepted == 1
    python.choose("new", "not_interested", "hoe")
    python.consent("new", profiling=True)
    python.merge("s1", "new")
    left = {item.item_id for item in python.recommend("new", 20).items}
    assert not {"rake", "spade", "hoe"} & left
    assert python.recommend_for(query="a trowel", k=3).items[0].item_id == "trowel"
    assert len(python.similar("trowel", 3, discover=True)) <= 3
    assert python.erase("new")["exact"]["store"]["events"] == 1
