"""What an item's reviews say and how a customer buys, over HTTP."""

from starlette.testclient import TestClient


def test_a_customer_page_says_how_they_buy(client: TestClient) -> None:
    page = client.get("/v1/users/u1").json()
    found = page["behaviour"]
    assert found["stage"] in {"new", "active", "slipping", "lapsed"}
    assert found["rfm"]["purchase_days"] >= 1
    taste = found["taste"]
    assert 0 <= taste["low"] <= taste["tail_share"] <= taste["high"] <= 1


def test_somebody_unknown_is_a_visitor(client: TestClient) -> None:
    found = client.get("/v1/users/nobody-yet").json()["behaviour"]
    assert (found["stage"], found["rfm"], found["taste"]["name"]) == ("visitor", None, "mixed")


def test_who_opts_out_is_not_described(client: TestClient) -> None:
    client.put("/v1/users/u1/consent", json={"profiling": False})
    assert client.get("/v1/users/u1").json()["behaviour"] is None


def test_an_item_without_reviews_says_so(client: TestClient) -> None:
    listed = client.get("/v1/users/u1/recommendations").json()["items"]
    page = client.get(f"/v1/items/{listed[0]['item_id']}").json()
    assert page["reviews"] is None
