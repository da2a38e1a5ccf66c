"""Warm-ups over HTTP: started, seen in lists and exposures, clicked, stopped, written down."""

import pytest

from unsung.store.audit import entries
from unsung.store.exposures import exposures_of_request
from unsung.store.warm_up_ledger import add_offers

K = 6


@pytest.fixture
def spare(client) -> str:
    """An item that the list of u1 hasn't, and that they haven't bought."""
    asked = {"k": 20}
    every = client.get("/v1/users/u1/preview", params=asked).json()["items"]
    return every[K + 2]["item_id"]


@pytest.fixture
def started(client, spare) -> dict:
    body = {"items": [spare], "impressions": 30, "benchmark": 0.1, "note": "Spring"}
    answer = client.post("/v1/warm-ups", json=body)
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["warm_ups"]
    return found


def opened(shop, warm_up_id: str) -> None:
    """Let it have seen enough lists to know which to take."""
    from unsung.service.context import now_us

    bucket = now_us() // 600_000_000 * 600_000_000
    add_offers(shop.store, {(warm_up_id, bucket, -200): 60}, now_us())
    shop.warm_up.look(now_us(), at_once=True)


def test_a_budget_is_started_spent_and_stopped(client, shop, spare, started):
    assert (started["state"], started["spent"], started["drawing"]) == ("running", 0, True)
    assert started["floor"] == pytest.approx(0.025)
    opened(shop, started["warm_up_id"])
    found = client.get("/v1/users/u1/recommendations", params={"k": K}).json()
    assert found["items"][3]["item_id"] == spare
    assert [item["rank"] for item in found["items"]] == list(range(1, K + 1))
    shop.flush()
    logged = exposures_of_request(shop.store, found["request_id"])
    assert [(one.rank, one.item_id) for one in logged] == [
        (item["rank"], item["item_id"]) for item in found["items"]
    ]
    click = {
        "user_id": "u1", "item_id": spare, "event": "view", "request_id": found["request_id"]
    }  # fmt: skip
    assert client.post("/v1/events", json={"events": [click]}).json()["accepted"] == 1
    (now,) = client.get("/v1/warm-ups").json()["warm_ups"]
    assert (now["spent"], now["outcomes"], now["items"][0]["outcomes"]) == (1, 1, 1)
    # Looking isn't showing.
    client.get("/v1/users/u3/preview")
    stopped = client.post(f"/v1/warm-ups/{now['warm_up_id']}/stop").json()["warm_ups"][0]
    assert (stopped["state"], stopped["reason"], stopped["ended_by"]) == (
        "ended",
        "stopped",
        "local",
    )
    assert stopped["spent"] == 1
    later = client.get("/v1/users/u3/recommendations", params={"k": K}).json()
    assert spare not in [item["item_id"] for item in later["items"]] or shop.warm_up.idle
    assert [entry.action for entry in entries(shop.store)] == [
        "warm-up started",
        "warm-up stopped",
    ]


def test_many_lists_at_once_are_warmed_one_by_one(client, shop, started):
    opened(shop, started["warm_up_id"])
    users = [f"u{n}" for n in range(12)]
    lists = client.post("/v1/recommendations/batch", json={"user_ids": users, "k": K}).json()
    assert len({one["request_id"] for one in lists["lists"]}) == 12
    (now,) = client.get("/v1/warm-ups").json()["warm_ups"]
    assert 1 <= now["spent"] <= 12


def test_what_can_t_be_started_says_why(client, started):
    again = client.post(
        "/v1/warm-ups", json={"items": [started["items"][0]["item_id"]], "impressions": 5,
                              "benchmark": 0.1}
    )  # fmt: skip
    assert again.status_code == 409
    nothing = client.post("/v1/warm-ups", json={"items": ["no"], "impressions": 5})
    assert nothing.json()["error"]["message"] == "There is no item no."
    assert client.post("/v1/warm-ups/nothing/stop").status_code == 404
    usual = client.get("/v1/warm-ups/usual-rate").json()
    assert usual["benchmark"] is None
