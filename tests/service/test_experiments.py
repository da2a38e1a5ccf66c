"""A second model: seen by nobody, or by the same share of customers everywhere and always."""

import csv
import io
import time
from datetime import UTC, datetime

import pytest

from unsung.data.assignments import read_assignments
from unsung.data.settings import ShopSettings, Source
from unsung.operations.beside import SECOND, arm_of
from unsung.store.exposures import exposures_of_request
from unsung.store.second_models import overlap_with_shadow

USERS = [f"u{n}" for n in range(40)]
PATIENCE_S = 30


def until(holds):
    """Ask until something holds that other threads see to."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        found = holds()
        if found:
            return found
    raise AssertionError("It never came to be.")


@pytest.fixture
def begun(client, bundles):
    """Starts a trial of the second bundle, and waits until this process has its model."""

    def begin(kind: str, name: str = "spring", client=client, **more) -> dict:
        body = {"name": name, "kind": kind, "path": str(bundles[1]), **more}
        answer = client.post("/v1/experiments", json=body)
        assert answer.status_code == 200, answer.text
        return until(lambda: loaded(client))

    return begin


def loaded(client) -> dict | None:
    found = client.get("/v1/experiments").json()
    return found if found["loaded"] else None


def answer_to(client, user: str) -> dict:
    return client.get(f"/v1/users/{user}/recommendations").json()


def shown(shop, said: dict) -> list:
    """The exposures of an answer, which a thread of the service may be writing just now."""

    def rows() -> list:
        shop.flush()
        return exposures_of_request(shop.store, said["request_id"])

    return until(rows)


def test_an_experiment_shows_each_arm_its_own_model(client, shop, begun):
    found = begun("experiment", share=0.5)
    current = found["current"]
    assert (current["name"], current["state"], current["share"]) == ("spring", "running", 0.5)
    arms = {user: arm_of("spring", user, 0.5) for user in USERS}
    assert set(arms.values()) == {"control", "second"}
    models = {"control": current["control"], "second": current["version"]}
    for user, arm in arms.items():
        said = answer_to(client, user)
        assert said["model"] == models[arm]
        rows = shown(shop, said)
        assert {(row.arm, row.model) for row in rows} == {(f"spring/{arm}", models[arm])}


def test_who_asks_for_nobody_or_would_not_be_known_takes_no_part(client, shop, begun):
    begun("experiment", share=0.99)
    user = next(user for user in USERS if arm_of("spring", user, 0.99) == SECOND)
    client.put(f"/v1/users/{user}/consent", json={"profiling": False})
    active = client.get("/v1/models").json()["serving"]
    anybody = client.post("/v1/recommendations", json={}).json()
    for said in (answer_to(client, user), anybody):
        assert said["model"] == active
        assert {row.arm for row in shown(shop, said)} == {None}


def test_the_readout_reads_the_assignments(client, shop, begun, tmp_path):
    begun("experiment", share=0.4)
    for user in USERS:
        answer_to(client, user)
        answer_to(client, user)
    client.post("/v1/recommendations", json={"session_id": "s1"})
    last = answer_to(client, USERS[0])
    assert shown(shop, last)
    answer = client.get("/v1/experiments/spring/assignments")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    settings = ShopSettings(interactions=Source(path="orders.csv"))
    file = tmp_path / "assignments.csv"
    file.write_bytes(answer.content)
    read = read_assignments(file, settings, now=datetime.now(UTC))
    assert dict(zip(read.user_id, read.arm, strict=True)) == {
        user: arm_of("spring", user, 0.4) for user in USERS
    }
    assert (read.n_read, read.n_accepted) == (40, 40)
    assert read.first_exposure is not None
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0].keys() == {"user_id", "arm", "timestamp"}
    assert client.get("/v1/experiments/summer/assignments").status_code == 404


def test_an_arm_hears_of_events_at_once(client, begun):
    begun("experiment", share=0.99)
    user = next(user for user in USERS if arm_of("spring", user, 0.99) == SECOND)
    best = answer_to(client, user)["items"][0]["item_id"]
    event = {"user_id": user, "item_id": best, "event": "purchase"}
    client.post("/v1/events", json={"events": [event]})
    assert best not in [item["item_id"] for item in answer_to(client, user)["items"]]


def test_a_shadow_makes_the_same_lists_and_nobody_sees_them(client, shop, begun):
    version = begun("shadow")["current"]["version"]
    said = [answer_to(client, user) for user in USERS[:5]]
    assert {answer["model"] for answer in said} == {shop.model().version}
    found = until(lambda: written(shop, version, 5))
    assert 0 < found["shared"] <= 1
    overview = client.get("/v1/experiments").json()
    assert overview["overlap"] == found
    assert overview["current"]["share"] == 0


def written(shop, version: str, lists: int) -> dict | None:
    shop.flush()
    found = overlap_with_shadow(shop.store, version)
    return found if found["lists"] >= lists else None


def test_a_shadow_that_can_not_keep_up_is_left_out_and_counted(client, shop, begun, monkeypatch):
    begun("shadow")
    monkeypatch.setattr(shop.beside, "_work", lambda: None)
    for user in USERS * 2:
        assert answer_to(client, user)["items"]
    lines = client.get("/metrics").text.splitlines()
    dropped = next(x for x in lines if x.startswith('unsung_shadow_lists_total{fate="dropped"}'))
    assert float(dropped.split()[1]) >= 16


def test_it_ends_when_somebody_says_so_or_another_model_becomes_active(client, bundles, begun):
    begun("experiment")
    ended = client.post("/v1/experiments/end", json={"reason": "enough seen"}).json()
    assert ended["current"] is None
    assert ended["history"][0]["reason"] == "enough seen"
    active = client.get("/v1/models").json()["serving"]
    assert {answer_to(client, user)["model"] for user in USERS} == {active}
    assert client.post("/v1/experiments/end", json={}).status_code == 422
    begun("experiment", "summer")
    client.post("/v1/models", json={"path": str(bundles[1])})
    found = client.get("/v1/experiments").json()
    assert (found["current"], found["loaded"]) == (None, False)
    assert found["history"][0]["reason"].endswith("became active")


def test_a_restarted_process_has_the_same_trial(start, client, begun):
    begun("experiment", share=0.5)
    first = {user: answer_to(client, user)["model"] for user in USERS}
    other = start()
    until(lambda: loaded(other))
    assert {user: answer_to(other, user)["model"] for user in USERS} == first


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"name": "spring", "kind": "shadow", "path": "/nowhere"}, "no bundle in /nowhere"),
        ({"name": "Spring!", "kind": "shadow", "path": "/x"}, "name"),
        ({"name": "spring", "kind": "experiment", "path": "/x", "share": 1}, "share"),
    ],
)
def test_what_can_not_be_put_beside_is_said(client, body, sentence):
    answer = client.post("/v1/experiments", json=body)
    assert answer.status_code == 422
    assert sentence in answer.text


def test_the_active_model_is_not_put_beside_itself(client, bundles):
    body = {"name": "spring", "kind": "shadow", "path": str(bundles[0])}
    answer = client.post("/v1/experiments", json=body)
    assert answer.status_code == 422
    assert "serves already" in answer.text
