"""How long a running service takes: lists, events, and from an event to the list that heeds it.

    python benchmarks/latency.py BUNDLE [--seconds 20]

Starts ``unsung serve`` on this machine, whole and with the blend alone, and a bare endpoint beside
them (``bare_peer.py``), asks each over plain sockets (see ``http_load.py``) and prints one JSON
document. The load runs beside the service: on two cores, figures with two workers
and many clients are lower bounds of what the service can do.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from http_load import EVENTS, Connection, Seen, Server, batch, for_seconds, lists, load, request


class Peer(Server):
    """The bare endpoint on the same server."""

    def __init__(self, bundle: Path, store: Path, workers: int = 1) -> None:
        super().__init__(bundle, store, workers)
        script = str(Path(__file__).with_name("bare_peer.py"))
        self.command = [sys.executable, script, str(self.port), str(workers)]


def asked_by(server: Server, clients: int, seconds: float) -> dict[str, Any]:
    """Lists of ten, of one customer after another, and which rungs of the ladder made them."""
    rungs: Counter[str] = Counter()
    before = cpu_s(server)
    seen = asyncio.run(load(server.port, lists(), clients, for_seconds(seconds), _noting(rungs)))
    answered = sum(rungs.values())
    threading.Event().wait(1)  # what was given up at the deadline ends
    cost = (cpu_s(server) - before) / max(answered, 1)
    return {**seen.summary(), "cpu_ms": round(cost * 1e3, 2), "rungs": dict(rungs)}


def asked_at(server: Server, per_s: float, seconds: float, clients: int = 8) -> dict[str, Any]:
    """The same where so many requests a second are sent, whether the last were answered or not.

    A request that has to wait for a free connection counts from when it was due.
    """
    rungs: Counter[str] = Counter()
    seen, note, asked = Seen(), _noting(rungs), lists()
    begun = time.perf_counter()

    async def client(number: int) -> None:
        connection = Connection(server.port)
        for turn in count():
            due = begun + (turn * clients + number) / per_s
            if due > begun + seconds:
                break
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            status, body = await connection.ask(next(asked))
            seen.note(status, time.perf_counter() - due)
            note(status, body)
        connection.close()

    async def every() -> None:
        await asyncio.gather(*(client(number) for number in range(clients)))

    asyncio.run(every())
    seen.took_s = time.perf_counter() - begun
    return {**seen.summary(), "rungs": dict(rungs)}


def _noting(rungs: Counter[str]) -> Callable[[int, bytes], None]:
    def note(status: int, body: bytes) -> None:
        rungs[json.loads(body)["rung"] if status == 200 else "refused"] += 1

    return note


def cpu_s(server: Server) -> float:
    """Processor time that all processes of a server took so far."""
    return sum(sum(each.cpu_times()[:2]) for each in server.processes())


async def ingested(port: int, seconds: float) -> float:
    """Events a second that one client has acknowledged, in batches of a hundred."""
    connection, begun = Connection(port), time.perf_counter()
    for number in count():
        status, _ = await connection.ask(batch(number))
        assert status == 200
        took = time.perf_counter() - begun
        if took >= seconds:
            connection.close()
            return EVENTS * (number + 1) / took
    raise AssertionError


async def heeded(port: int, tries: int, item: str) -> list[float]:
    """Seconds from sending a purchase until the customer's list leaves the item out."""
    connection, seconds = Connection(port), []
    for number in range(tries):
        user = f"latency-{number}"
        event = {"events": [{"user_id": user, "item_id": item, "event": "purchase"}]}
        begun = time.perf_counter()
        status, _ = await connection.ask(request("POST", "/v1/events", event))
        assert status == 200
        status, body = await connection.ask(request("GET", f"/v1/users/{user}/recommendations"))
        seconds.append(time.perf_counter() - begun)
        found = json.loads(body)
        assert found["known"], found["rung"]
        assert item not in {one["item_id"] for one in found["items"]}
    connection.close()
    return seconds


async def listed_after(port: int, number: int) -> float:
    """Seconds from sending a new item until it is known."""
    connection, begun = Connection(port), time.perf_counter()
    item = {"item_id": f"latency-item-{number}", "title": "Red paper lantern with stars"}
    status, _ = await connection.ask(request("POST", "/v1/items", {"items": [item]}))
    assert status == 200
    status = 404
    while status == 404:
        status, _ = await connection.ask(request("GET", f"/v1/items/{item['item_id']}"))
    connection.close()
    return time.perf_counter() - begun


async def best_seller(port: int) -> str:
    """What somebody unknown is shown first."""
    connection = Connection(port)
    _, body = await connection.ask(request("GET", "/v1/users/nobody/recommendations?k=1"))
    connection.close()
    return str(json.loads(body)["items"][0]["item_id"])


def measured(bundle: Path, seconds: float) -> dict[str, Any]:
    found: dict[str, Any] = {}
    kinds = {
        "whole model": lambda store, n: Server(bundle, store, n, most_waiting=64),
        "blend alone": lambda store, n: Server(
            bundle, store, n, most_waiting=64, best_rung="blend"
        ),
        "bare peer": lambda store, n: Peer(bundle, store, n),
    }
    for workers in (1, 2):
        for kind, started in kinds.items():
            with (
                tempfile.TemporaryDirectory() as folder,
                started(Path(folder) / "shop.db", workers) as server,
            ):
                of_server = lists_of(server, seconds, paced=workers == 1)
                found[f"{kind}, {workers} workers"] = of_server
                if workers == 1 and kind == "whole model":
                    found |= of_one_worker(server.port, seconds)
    return found


def lists_of(server: Server, seconds: float, *, paced: bool) -> dict[str, Any]:
    asked_by(server, 2, 3)  # so that nothing is done for the first time
    found = {f"{clients} clients": asked_by(server, clients, seconds) for clients in (1, 4, 16)}
    if paced:
        found |= {f"{rate} a second": asked_at(server, rate, seconds) for rate in (50, 200)}
    return found


def of_one_worker(port: int, seconds: float) -> dict[str, Any]:
    item = asyncio.run(best_seller(port))
    heed = asyncio.run(heeded(port, 100, item))
    items = [asyncio.run(listed_after(port, number)) for number in range(10)]
    return {
        "event to list, ms": {
            "median": round(statistics.median(heed) * 1e3, 1),
            "largest": round(max(heed) * 1e3, 1),
        },
        "item to known, s": {
            "median": round(statistics.median(items), 2),
            "largest": round(max(items), 2),
        },
        "events a second": round(asyncio.run(ingested(port, seconds))),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--seconds", type=float, default=20)
    asked = parser.parse_args()
    print(json.dumps(measured(asked.bundle, asked.seconds), indent=2))


if __name__ == "__main__":
    main()
