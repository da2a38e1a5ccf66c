"""How long a running service takes: lists, events, and from an event to the list that heeds it.

    python benchmarks/latency.py BUNDLE [--seconds 20]

Starts ``unsung serve`` on this machine, asks it over plain sockets (see ``http_load.py``) and
prints one JSON document. The load runs beside the service: on two cores, figures with two workers
and many clients are lower bounds of what the service can do.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import threading
import time
from collections import Counter
from itertools import count
from pathlib import Path
from typing import Any

from http_load import EVENTS, Connection, Server, batch, for_seconds, lists, load, request


def asked_by(server: Server, clients: int, seconds: float) -> dict[str, Any]:
    """Lists of ten, of one customer after another, and which rungs of the ladder made them."""
    rungs: Counter[str] = Counter()

    def note(status: int, body: bytes) -> None:
        rungs[json.loads(body)["rung"] if status == 200 else "refused"] += 1

    seen = asyncio.run(load(server.port, lists(), clients, for_seconds(seconds), note))
    threading.Event().wait(1)  # what was given up at the deadline ends
    return {**seen.summary(), "rungs": dict(rungs)}


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
    for workers in (1, 2):
        with tempfile.TemporaryDirectory() as folder:
            store = Path(folder) / "shop.db"
            with Server(bundle, store, workers, most_waiting=64) as server:
                asked_by(server, 2, 3)  # so that nothing is done for the first time
                lists_of = {c: asked_by(server, c, seconds) for c in (1, 4, 16)}
                found[f"lists, {workers} workers"] = {
                    f"{c} clients": v for c, v in lists_of.items()
                }
                if workers == 1:
                    found |= of_one_worker(server.port, seconds)
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
