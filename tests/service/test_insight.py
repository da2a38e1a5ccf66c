"""The week, an item's days and words, a customer's tastes: told from the store and the model."""

from dataclasses import replace

import pytest


def test_a_week_without_events_says_so(client):
    week = client.get("/v1/week").json()
    assert (week["buyers"], week["buyers_before"]) == (0, 0)
    assert week["gained"] == week["first_sales"] == {"n_items": 0, "items": []}


def test_a_week_names_gains_first_sales_and_new_items(client, send, shop):
    new = {"item_id": "lamp", "title": "A lamp"}
    assert client.post("/v1/items", json={"items": [new]}).status_code == 200
    send(("u1", "urn", "purchase"), ("u2", "urn", "purchase"), ("u3", "lamp", "purchase"))
    send(("u3", "urn", "view"))
    week = client.get("/v1/week").json()
    assert week["buyers"] == 3
    first, *_ = week["gained"]["items"]
    assert (first["item_id"], first["buyers"], first["before"]) == ("urn", 2, 0)
    assert [one["item_id"] for one in week["first_sales"]["items"]] == ["lamp"]
    assert [one["item_id"] for one in week["new_items"]["items"]] == ["lamp"]
    moves = week["moves"]
    assert moves["n_items"] == sum(kind["n_items"] for kind in moves["kinds"])
    assert all(one["from"] != one["to"] for one in moves["items"])


def test_an_item_s_days_count_what_was_shown_and_what_came_of_it(client, shop):
    found = client.get("/v1/users/u1/recommendations", params={"k": 3}).json()
    shop.flush()
    item = found["items"][0]["item_id"]
    event = {"user_id": "u1", "item_id": item, "event": "purchase"}
    led = {**event, "request_id": found["request_id"]}
    view = {**event, "event": "view"}
    client.post("/v1/events", json={"events": [event, led, view]})
    days = client.get(f"/v1/items/{item}/traffic").json()["days"]
    assert len(days) == 28
    assert [days[-1][name] for name in ("shown", "led", "sales", "other")] == [1, 1, 2, 1]
    assert not any(day["shown"] or day["sales"] for day in days[:-1])
    assert client.get("/v1/items/nothing/traffic").status_code == 404


def test_words_stand_for_items_and_customers(client):
    terms = client.get("/v1/items/kettle/terms").json()["terms"]
    assert "kettle" in [one["term"] for one in terms]
    assert 0.3 < sum(one["share"] for one in terms) <= 1.0001
    words = {one["term"] for one in client.get("/v1/users/u1/interests").json()["interests"]}
    page = client.get("/v1/users/u1").json()
    assert words & {one["item_id"] for one in page["history"]}
    client.put("/v1/users/u1/consent", json={"profiling": False})
    assert client.get("/v1/users/u1/interests").json() == {"interests": []}
    assert client.get("/v1/users/nobody/interests").json() == {"interests": []}


def test_an_interest_that_a_customer_deletes_is_gone_until_it_is_taken_back(client):
    def interests() -> list[str]:
        return [one["term"] for one in client.get("/v1/users/u1/interests").json()["interests"]]

    before = interests()
    choice = {"kind": "hide_term", "subject": before[0]}
    for term in before:
        client.post("/v1/users/u1/choices", json={**choice, "subject": term})
    assert not set(before) & set(interests())
    for term in before:
        client.post("/v1/users/u1/choices", json={**choice, "subject": term, "active": False})
    assert interests() == before


@pytest.fixture
def why(client):
    def ask(item: str, user: str = "u1") -> dict:
        return client.get(f"/v1/users/{user}/why-not/{item}", params={"k": 4}).json()

    return ask


def test_why_an_item_is_not_in_a_list(client, why):
    listed = client.get("/v1/users/u1/preview", params={"k": 20}).json()["items"]
    assert (why(listed[1]["item_id"])["code"], why(listed[1]["item_id"])["rank"]) == ("listed", 2)
    behind = why(listed[8]["item_id"])
    assert behind["code"] == "behind"
    assert behind["rank"] > 4
    assert sum(reason["amount"] for reason in behind["reasons"]) == pytest.approx(
        behind["score"], rel=1e-4
    )
    bought = client.get("/v1/users/u1").json()["history"][0]["item_id"]
    assert why(bought)["code"] == "bought"
    assert why("nothing")["code"] == "unknown"
    hidden = listed[0]["item_id"]
    client.post("/v1/users/u1/choices", json={"kind": "not_interested", "subject": hidden})
    assert why(hidden)["code"] == "hidden"
    gone = {"item_id": listed[2]["item_id"], "in_stock": False}
    client.post("/v1/items", json={"items": [gone]})
    assert why(gone["item_id"])["code"] == "out_of_stock"


def test_an_item_whose_place_the_dial_gave_away_is_told_apart(client, why):
    def listed(dial: int) -> list[str]:
        asked = {"k": 4, "dial": dial}
        preview = client.get(f"/v1/users/{user}/preview", params=asked).json()
        return [one["item_id"] for one in preview["items"]]

    last = client.get("/v1/dial").json()["n_positions"]
    assert client.put("/v1/dial", json={"position": last}).status_code == 200
    moved = 0
    for user in (f"u{n}" for n in range(12)):
        plain, dialled = listed(0), listed(last)
        for place, item in enumerate(plain, 1):
            if item not in dialled:
                found = why(item, user)
                assert (found["code"], found["rank"]) == ("moved_out", place)
                moved += 1
    assert moved > 0


def test_an_item_is_known_though_no_list_can_be_made(client, why, shop):
    class Broken:
        def score(self, *_):
            raise ValueError

    served = shop.served
    served.rungs = tuple(replace(rung, scorer=Broken()) for rung in served.rungs)
    assert why("urn")["code"] == "no_list"
    assert why("nothing")["code"] == "unknown"
