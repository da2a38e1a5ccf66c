"""Whatever breaks, a list is answered in time, and the answer says what made it."""

import itertools
import shutil
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from unsung.errors import StoreError
from unsung.operations.ladder import RUNGS
from unsung.service.app import create_app
from unsung.service.settings import ServiceSettings
from unsung.store.database import open_store
from unsung.store.exposures import exposures_of_request

PATH = "/v1/users/u1/recommendations?k=5"
BROKEN = (ValueError("u1"), MemoryError(), KeyError("rake"))


class Broken:
    """A scorer that can't score."""

    name = "broken"

    def __init__(self, error: Exception) -> None:
        self.error = error

    def score(self, *_):
        raise self.error


class Hanging(Broken):
    """A scorer that waits until it is let go."""

    def __init__(self, gate: threading.Event) -> None:
        super().__init__(StoreError("let go"))
        self.gate, self.entered = gate, threading.Semaphore(0)

    def score(self, *_):
        self.entered.release()
        self.gate.wait()
        return super().score()


def put_in(shop, scorers: dict[str, Broken]) -> None:
    """Put other scorers into the ladder."""
    served = shop.served
    served.rungs = tuple(replace(r, scorer=scorers.get(r.name, r.scorer)) for r in served.rungs)


@pytest.fixture
def gate():
    """Lets go, at the latest when the test is over, what hangs on it."""
    event = threading.Event()
    yield event
    event.set()


def test_every_rung_is_reached(client, shop):
    whole = shop.served.rungs
    assert tuple(rung.name for rung in whole) == RUNGS[:-1]
    for n_broken, expected in enumerate(RUNGS):
        shop.served.rungs = whole
        put_in(shop, {name: Broken(BROKEN[n_broken % 3]) for name in RUNGS[:n_broken]})
        answer = client.get(PATH)
        assert answer.status_code == 200
        assert answer.json()["rung"] == expected
        assert bool(answer.json()["items"]) == (expected != "empty")
    assert 'unsung_failures_total{place="category"}' in client.get("/metrics").text


def test_two_broken_rungs_fail_no_request(client, shop):
    whole = shop.served.rungs
    for pair in itertools.combinations(RUNGS[:-1], 2):
        shop.served.rungs = whole
        put_in(shop, {name: Broken(ValueError()) for name in pair})
        expected = next(name for name in RUNGS if name not in pair)
        body = client.get(PATH).json()
        assert (body["rung"], len(body["items"])) == (expected, 5), pair


def test_a_scorer_that_hangs_is_not_waited_for(start, gate):
    client = start(deadline_ms=50)
    put_in(client.app.state.context.shop, {"full": Hanging(gate)})
    # More than there are threads to hang: each is answered while all hang.
    rungs = [client.get(PATH).json()["rung"] for _ in range(6)]
    assert rungs == ["popular"] * 6
    assert client.get("/health/live").status_code == 200
    wish = client.post("/v1/recommendations", json={"query": "a rake"})
    assert wish.json()["rung"] == "popular"


def test_a_deadline_with_a_broken_last_rung_gives_an_empty_list(start, gate):
    client = start(deadline_ms=50)
    broken = {"full": Hanging(gate), "popular": Broken(ValueError())}
    put_in(client.app.state.context.shop, broken)
    body = client.get(PATH).json()
    assert (body["rung"], body["items"]) == ("empty", [])


def test_a_store_that_hangs_holds_up_no_list(start, gate, monkeypatch):
    client = start(deadline_ms=300)

    def hanging(_):
        gate.wait()
        raise StoreError("let go")

    monkeypatch.setattr("unsung.operations.running.change_number", hanging)
    assert [client.get(PATH).status_code for _ in range(6)] == [200] * 6
    monkeypatch.setattr("unsung.operations.running.RunningShop.can_write", hanging)
    ready = client.get("/health/ready")
    assert ready.status_code == 503
    assert "doesn't answer" in ready.json()["reasons"][0]


def test_a_store_that_fails_stops_no_list(client, shop, monkeypatch):
    def failing(_):
        raise StoreError("The store can't be used now; try again.")

    monkeypatch.setattr("unsung.operations.running.change_number", failing)
    assert client.get(PATH).json()["rung"] == "full"


def test_without_a_model_the_service_says_so(start, tmp_path):
    client = start(bundle=tmp_path / "nothing")
    assert client.get("/health/live").status_code == 200
    ready = client.get("/health/ready")
    assert ready.status_code == 503
    assert ready.json()["reasons"]
    assert ready.json()["model"] is None
    body = client.get(PATH).json()
    assert (body["rung"], body["items"]) == ("empty", [])
    refused = client.get("/v1/dial")
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "no_model")
    event = {"user_id": "u1", "item_id": "rake", "event": "purchase"}
    assert client.post("/v1/events", json={"events": [event]}).json()["accepted"] == 1


def test_a_locked_store_is_not_ready(client, tmp_path, monkeypatch):
    monkeypatch.setattr("unsung.service.routes.health.KEPT_S", 0)
    assert client.get("/health/ready").status_code == 200
    other = sqlite3.connect(tmp_path / "shop.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ready = client.get("/health/ready")
    other.execute("ROLLBACK")
    other.close()
    assert ready.status_code == 503
    assert client.get("/health/live").status_code == 200
    assert client.get(PATH).json()["rung"] == "full"


def test_readiness_is_found_out_once_a_second(client, monkeypatch):
    asked = []

    def counted(_):
        asked.append(1)
        return True

    monkeypatch.setattr("unsung.service.routes.health.KEPT_S", 60)
    monkeypatch.setattr("unsung.operations.running.RunningShop.can_write", counted)
    assert [client.get("/health/ready").status_code for _ in range(5)] == [200] * 5
    assert len(asked) == 1


def test_too_much_at_once_is_told_to_come_again(start, gate):
    client = start(most_waiting=2, deadline_ms=10_000)
    hanging = Hanging(gate)
    put_in(client.app.state.context.shop, {"full": hanging})
    with ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(client.get, PATH) for _ in range(2)]
        assert all(hanging.entered.acquire(timeout=30) for _ in waiting)
        refused = client.get(PATH)
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        assert refused.json()["error"]["code"] == "overloaded"
        assert client.get("/health/live").status_code == 200
        assert client.get("/health/ready").status_code == 200
        gate.set()
        assert [answer.result().json()["rung"] for answer in waiting] == ["blend"] * 2
    assert client.get(PATH).status_code == 200


def test_what_was_shown_is_stored_when_the_service_stops(bundles, tmp_path):
    store_url = str(tmp_path / "shop.db")
    settings = ServiceSettings(bundle=bundles[0], store=store_url, deadline_ms=10_000)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        asked = [client.get(PATH).json()["request_id"] for _ in range(5)]
    store = open_store(store_url)
    assert [len(exposures_of_request(store, request_id)) for request_id in asked] == [5] * 5
    store.close()


def test_changes_that_can_t_be_read_stop_no_list(client, monkeypatch):
    def broken(*_):
        raise KeyError("poison")

    monkeypatch.setattr("unsung.operations.running.changes_after", broken)
    body = {"user_id": "u1", "item_id": "rake", "event": "view"}
    assert client.post("/v1/events", json={"events": [body]}).status_code == 200
    assert client.get(PATH).json()["rung"] == "full"
    assert 'unsung_failures_total{place="changes"}' in client.get("/metrics").text


def test_a_wish_that_can_t_be_read_gets_the_usual_list(client, start, tmp_path, monkeypatch):
    def broken(*_):
        raise ValueError("encoder")

    wish = {"query": "a rake", "k": 5, "user_id": "u1"}
    monkeypatch.setattr("unsung.service.routes.recommendations.find_items", broken)
    found = client.post("/v1/recommendations", json=wish)
    assert found.json()["rung"] == "full"
    expected = client.get(PATH).json()["items"]
    assert [i["item_id"] for i in found.json()["items"]] == [i["item_id"] for i in expected]
    empty = start(bundle=tmp_path / "nothing", store=str(tmp_path / "other.db"))
    found = empty.post("/v1/recommendations", json=wish)
    assert (found.status_code, found.json()["rung"]) == (200, "empty")


def test_wishes_hold_for_wishes_in_words_and_at_the_deadline(start, gate):
    def items(answer) -> set[str]:
        return {item["item_id"] for item in answer.json()["items"]}

    client = start()
    wish = {"query": "a rake", "k": 20, "user_id": "u1"}
    assert "rake" in items(client.post("/v1/recommendations", json=wish))
    for kind, subject in (("dislike", "rake"), ("hide_brand", "brand 2")):
        client.post("/v1/users/u1/choices", json={"kind": kind, "subject": subject})
    hidden = {"rake", "teacup", "spoon", "spade", "gnome", "fork"}
    assert not hidden & items(client.get("/v1/users/u1/recommendations?k=20"))
    assert not hidden & items(client.post("/v1/recommendations", json=wish))
    late = start(deadline_ms=50)
    put_in(late.app.state.context.shop, {"full": Hanging(gate)})
    answer = late.get("/v1/users/u1/recommendations?k=20")
    assert answer.json()["rung"] == "popular"
    assert not hidden & items(answer)


def test_exposures_are_written_while_new_items_are_described(start, gate, tmp_path, monkeypatch):
    def hanging(*_):
        gate.wait()

    monkeypatch.setattr("unsung.operations.running.RunningShop.refresh", hanging)
    client = start()
    asked = client.get(PATH).json()["request_id"]
    store = client.app.state.context.shop.store
    # The test's own limit ends this.
    while not exposures_of_request(store, asked):
        pass
    client.get(PATH)
    assert 'unsung_exposures_total{fate="stored"}' in client.get("/metrics").text
    gate.set()


class TestModels:
    def test_another_model_takes_over_and_back(self, client, bundles):
        before = client.get(PATH).json()
        loaded = client.post("/v1/models", json={"path": str(bundles[1])}).json()
        assert loaded["serving"] != before["model"]
        now = client.get(PATH).json()
        assert (now["model"], now["policy"]) == (loaded["serving"], "undialled")
        back = client.post("/v1/models/rollback").json()
        assert back["serving"] == before["model"]
        # Trends are those of the moment: scores may have moved in their last digits.
        for now, then in zip(client.get(PATH).json()["items"], before["items"], strict=True):
            assert now["item_id"] == then["item_id"]
            assert now["score"] == pytest.approx(then["score"], abs=1e-3)
        history = client.get("/v1/models").json()["history"]
        assert history[-1]["action"] == "rolled_back"

    def test_there_has_to_be_something_to_go_back_to(self, client):
        assert client.post("/v1/models/rollback").status_code in (409, 422)

    def test_other_processes_follow(self, start, bundles):
        one, other = start(), start()
        serving = one.post("/v1/models", json={"path": str(bundles[1])}).json()["serving"]
        # The other loads it beside its work; the test's own limit ends this.
        while other.get(PATH).json()["model"] != serving:
            pass

    @pytest.mark.parametrize("name", ["manifest.json", "policy.json"])
    def test_a_damaged_bundle_never_serves(self, client, bundles, tmp_path, name):
        before = client.get(PATH).json()
        bad = shutil.copytree(bundles[0], tmp_path / "bad")
        data = bytearray((bad / name).read_bytes())
        data[len(data) // 2] ^= 1
        (bad / name).write_bytes(data)
        refused = client.post("/v1/models", json={"path": str(bad)})
        assert refused.status_code == 422
        after = client.get(PATH).json()
        assert after["model"] == before["model"]
        # Scores tell the seconds that went by.
        names = [[item["item_id"] for item in body["items"]] for body in (after, before)]
        assert names[0] == names[1]

    def test_no_answer_mixes_two_models(self, client, bundles):
        policies = {}
        with ThreadPoolExecutor(2) as threads:
            swapping = threads.submit(self.swap, client, bundles, 6)
            while not swapping.done():
                answer = client.get(PATH)
                assert answer.status_code == 200
                body = answer.json()
                policies.setdefault(body["model"], set()).add(
                    (body["policy"], tuple(item["item_id"] for item in body["items"]))
                )
            swapping.result()
        assert len(policies) == 2
        assert [len(lists) for lists in policies.values()] == [1, 1]

    @staticmethod
    def swap(client, bundles, times: int) -> None:
        for n in range(times):
            answer = client.post("/v1/models", json={"path": str(bundles[(n + 1) % 2])})
            assert answer.status_code == 200
