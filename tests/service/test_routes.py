"""What every route answers when all is well."""

from unsung.store.exposures import exposures_of_request


def test_lists_say_where_they_come_from_and_are_logged(client, shop):
    body = client.get("/v1/users/u1/recommendations?k=5&explain=true").json()
    assert body["known"]
    assert (body["rung"], body["policy"]) == ("full", "segment_weight 2/2")
    assert body["model"] == shop.served.version
    assert [item["rank"] for item in body["items"]] == [1, 2, 3, 4, 5]
    assert all(item["reasons"] for item in body["items"])
    shop.flush()
    logged = exposures_of_request(shop.store, body["request_id"])
    assert [(e.rank, e.item_id) for e in logged] == [
        (item["rank"], item["item_id"]) for item in body["items"]
    ]
    assert {(e.user_id, e.policy, e.model, e.rung) for e in logged} == {
        ("u1", body["policy"], body["model"], "full")
    }
    # A list without chance shows each of its items for certain.
    assert {e.logging_propensity for e in logged} == {1.0}


def test_filters(client):
    path = "/v1/users/u1/recommendations"
    query = {"k": 20, "category": "garden", "max_price": 15, "exclude": ["spade", "rake"]}
    items = client.get(path, params=query).json()["items"]
    assert {item["item_id"] for item in items} == {"hoe", "trowel", "gnome"}
    bought = {row["item_id"] for row in client.get("/v1/users/u1").json()["history"]}
    shown = client.get(path, params={"k": 20, "repeats": "show"}).json()["items"]
    hidden = client.get(path, params={"k": 20, "repeats": "hide"}).json()["items"]
    assert bought <= {item["item_id"] for item in shown}
    assert not bought & {item["item_id"] for item in hidden}


def test_a_basket_and_a_wish(client):
    basket = client.post("/v1/recommendations", json={"items": ["rake", "spade"], "k": 3}).json()
    nobody = client.post("/v1/recommendations", json={"k": 3}).json()
    assert basket["known"]
    assert not nobody["known"]
    wish = client.post("/v1/recommendations", json={"query": "a rake", "k": 3}).json()
    assert wish["items"][0]["item_id"] == "rake"
    assert wish["rung"] == "text"


def test_a_batch_is_its_lists_one_by_one(client):
    body = client.post("/v1/recommendations/batch", json={"user_ids": ["u1", "u2"], "k": 4}).json()
    for got in body["lists"]:
        one = client.get(f"/v1/users/{got['user_id']}/recommendations?k=4").json()
        assert got["items"] == one["items"]
    assert [got["user_id"] for got in body["lists"]] == ["u1", "u2"]


def test_items(client):
    page = client.get("/v1/items/rake").json()
    assert (page["title"], page["in_stock"]) == ("Plain rake for every day", True)
    assert page["buyers"] > 0
    similar = client.get("/v1/items/rake/similar?k=4").json()["items"]
    assert len(similar) == 4
    assert "rake" not in {item["item_id"] for item in similar}
    beyond = client.get("/v1/items/rake/similar?k=4&discover=true").json()["items"]
    assert {item["segment"] for item in beyond} <= {"tail", "fresh", "cold"}


def test_a_customers_own_data(client):
    page = client.get("/v1/users/u1").json()
    assert page["known"]
    assert page["n_items"] == 6
    export = client.get("/v1/users/u1/export").json()
    assert len(export["model"]["interactions"]) == 6
    assert {"events", "choices", "reviews", "exposures"} <= set(export["store"])


def test_the_dial_goes_where_it_is_certified_and_back(client):
    first = client.get("/v1/dial").json()
    assert (first["position"], first["n_positions"]) == (2, 2)
    assert first["certificate"]["claim"] == "so much"
    put = client.put("/v1/dial", json={"position": 0, "note": "a try"}).json()
    assert (put["position"], put["policy"]) == (0, "undialled")
    assert put["history"][0]["who"] == "local"
    lists = client.get("/v1/users/u1/recommendations").json()
    assert lists["policy"] == "undialled"
    client.put("/v1/dial", json={"position": 1})
    undone = client.post("/v1/dial/undo").json()
    assert undone["position"] == 0
    refused = client.put("/v1/dial", json={"position": 3})
    assert refused.status_code == 422
    assert "certified" in refused.json()["error"]["message"]
    assert client.get("/v1/dial").json()["position"] == 0


def test_documents_of_the_fit(client):
    for name in ("diagnosis", "quality", "evaluation"):
        assert client.get(f"/v1/{name}").json() == {"n_items": 20}
    assert client.get("/v1/training").status_code == 404
    report = client.get("/v1/reports/before-after")
    assert report.text.startswith("<!doctype html>")
    assert "script" not in report.headers["content-security-policy"]


def test_health_metrics_and_pages(client):
    assert client.get("/health/live").json() == {"status": "live"}
    ready = client.get("/health/ready").json()
    assert (ready["status"], ready["reasons"]) == ("ready", [])
    client.get("/v1/users/u1/recommendations")
    text = client.get("/metrics").text
    assert 'unsung_lists_total{rung="full"}' in text
    assert "/v1/users/{user_id}/recommendations" in text
    assert "/v1/events" in client.get("/docs").text
    assert client.get("/static/api.css").status_code == 200


def test_every_answer_has_the_headers_of_safety(client):
    for path in ("/docs", "/v1/dial", "/v1/nothing", "/health/live"):
        headers = client.get(path).headers
        assert headers["x-frame-options"] == "DENY"
        assert "'unsafe" not in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers


def test_ids_with_slashes_are_listed_exported_and_erased(client):
    user, path = "a/b", "/v1/users/a%2Fb"
    body = {"user_id": user, "item_id": "rake", "event": "purchase"}
    assert client.post("/v1/events", json={"events": [body]}).json()["accepted"] == 1
    for query in ("", "?k=5", "?explain=true"):
        listed = client.get(f"{path}/recommendations{query}").json()
        assert (listed["user_id"], listed["known"]) == (user, True)
    page = client.get(path)
    assert page.status_code == 200
    choice = {"kind": "dislike", "subject": "hoe"}
    assert client.post(f"{path}/choices", json=choice).json()["user_id"] == user
    exported = client.get(f"{path}/export").json()
    assert exported["store"]["events"][0]["item_id"] == "rake"
    assert client.post(f"{path}/erase").status_code == 200
    assert client.get(f"{path}/recommendations").json()["known"] is False


def test_an_id_that_ends_as_an_address_does_is_an_id(client):
    for kind in ("export", "recommendations"):
        body = {"user_id": f"a/{kind}", "item_id": "rake", "event": "purchase"}
        client.post("/v1/events", json={"events": [body]})
        listed = client.get(f"/v1/users/a%2F{kind}/recommendations").json()
        assert (listed["user_id"], listed["known"]) == (f"a/{kind}", True)
        assert "items" not in client.get(f"/v1/users/a%2F{kind}").json()
    assert client.get("/v1/users/a%00b%2Fc/recommendations").status_code in (404, 422)


def test_items_with_slashes_have_their_page(client, shop):
    item = {"item_id": "x/1", "title": "Enamel teapot", "category": "tea"}
    assert client.post("/v1/items", json={"items": [item]}).json()["accepted"] == 1
    # The test's own limit ends this.
    while shop.served.shop.whole.items.find("x/1") < 0:
        pass
    assert client.get("/v1/items/x%2F1").json()["item_id"] == "x/1"
    assert client.get("/v1/items/x%2F1/similar").status_code == 200
    assert client.get("/v1/users/u1/why-not/x%2F1").status_code == 200
    assert client.get("/v1/items/y%2F1").status_code == 404
