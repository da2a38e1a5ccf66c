"""Whether a running service keeps what docs/trust.md promises, against processes of its own.

    python benchmarks/service.py all BUNDLE [--seconds 30] [--kills 50]
    python benchmarks/service.py kills|stop|swap|overload|slow|rates|bombs|leaks BUNDLE

``kills``: SIGKILL while events come in, over and over; the store against the client's own log.
``stop``: TERM and INT while events come in and lists go out. ``swap``: one model after another
under load. ``overload``: up to 64 times the clients that saturate it. ``slow``: 500 clients that
send a byte a second, beside honest ones. ``rates``: a bucket that two workers share. ``bombs``:
long, deep and compressed bodies. ``leaks``: files, threads and memory under load, judged where it
ran for half an hour. Prints one JSON document; exits with 1 where a promise is broken that a slow
machine keeps as well.
"""

import argparse
import asyncio
import json
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from typing import Any

from http_load import (
    EVENTS,
    Connection,
    Seen,
    Server,
    batch,
    for_seconds,
    lists,
    load,
    once,
    percentile,
    request,
)
from service_promises import broken

from unsung.artifacts.folder import Manifest
from unsung.store import changes_after, open_store

SLOW = 500
HONEST_PAUSE_S = 0.05
SAMPLES = 20
"""Looks at the memory while a load goes on."""
PATIENCE_S = 30
"""For the first answer of a service that has just started."""


class Sender:
    """A client that stores batches and keeps its own log of what was acknowledged."""

    def __init__(self) -> None:
        self.sent, self.unanswered = 0, list[int]()
        self.acknowledged = set[int]()

    def next(self) -> int:
        """What got no answer first."""
        if self.unanswered:
            return self.unanswered.pop()
        self.sent += 1
        return self.sent - 1

    async def run(self, port: int, going_on: Any) -> None:
        """Send batches until something ends, or the service is gone."""
        connection = Connection(port)
        while going_on():
            number = self.next()
            try:
                status, _ = await connection.ask(batch(number))
            except (OSError, asyncio.IncompleteReadError):
                self.unanswered.append(number)
                return
            if status == 200:
                self.acknowledged.add(number)
            else:
                self.unanswered.append(number)
                await asyncio.sleep(0.01)
        connection.close()


def compared(store_path: Path, sender: Sender) -> dict[str, int]:
    """What the store holds against what was sent and acknowledged."""
    store, last, complete = open_store(str(store_path)), 0, False
    stored: dict[int, list[int]] = {}
    while not complete:
        changes = changes_after(store, last, limit=100_000)
        last, complete = changes.last, changes.complete
        for event in changes.events:
            number, k = map(int, event.event_id[1:].split("-"))
            stored.setdefault(number, []).append(k)
    store.close()
    return {
        "acknowledged": len(sender.acknowledged) * EVENTS,
        "lost": sum(EVENTS - len(set(stored.get(n, []))) for n in sender.acknowledged),
        "duplicated": sum(len(ks) - len(set(ks)) for ks in stored.values()),
        "partial": sum(len(set(ks)) != EVENTS for ks in stored.values()),
        "phantom": sum(n >= sender.sent for n in stored),
    }


def kills(bundle: Path, folder: Path, n_kills: int) -> dict[str, Any]:
    """End the service by force while events come in."""
    sender, server = Sender(), Server(bundle, folder / "shop.db", workers=2)

    async def killed_midway(*, once_it_works: bool) -> None:
        before, soon = len(sender.acknowledged), for_seconds(PATIENCE_S)
        running = [asyncio.create_task(sender.run(server.port, lambda: True)) for _ in range(4)]
        while once_it_works and len(sender.acknowledged) == before and soon():
            await asyncio.sleep(0.01)
        await asyncio.sleep(random.uniform(0.2, 2))
        server.kill()
        await asyncio.gather(*running)

    for number in range(n_kills):
        server.start()
        # Every other one may come while the service still warms up.
        asyncio.run(killed_midway(once_it_works=number % 2 == 0))
    return {"kills": n_kills, **compared(folder / "shop.db", sender)}


def stop(bundle: Path, folder: Path) -> dict[str, Any]:
    """Ask the service to end while it works."""
    return {
        name: stopped(bundle, folder / f"{name}.db", getattr(signal, name))
        for name in ("SIGTERM", "SIGINT")
    }


def stopped(bundle: Path, path: Path, number: int) -> dict[str, Any]:
    """Seconds until the service has ended after a signal, and what it kept."""
    sender, ended = Sender(), asyncio.Event()

    def going_on() -> bool:
        return not ended.is_set()

    async def ask_and_stop() -> float:
        working = [
            asyncio.create_task(sender.run(server.port, going_on)),
            asyncio.create_task(load(server.port, lists(), 4, going_on)),
        ]
        await asyncio.sleep(1.5)
        took = await asyncio.to_thread(server.stop, number)
        ended.set()
        await asyncio.gather(*working)
        return took

    with Server(bundle, path) as server:
        seconds = asyncio.run(ask_and_stop())
    return {"seconds": round(seconds, 2), **compared(path, sender)}


def other_version(bundle: Path, target: Path) -> Path:
    """The same model under another version."""
    shutil.copytree(bundle, target)
    file = target / "manifest.json"
    manifest = Manifest.from_bytes(file, file.read_bytes())
    file.write_bytes(replace(manifest, created="2026-01-01T00:00:00Z").to_bytes())
    return target


def swap(bundle: Path, folder: Path, times: int, seconds: float) -> dict[str, Any]:
    """Put another model in service again and again while lists go out."""
    paths = [str(bundle.resolve()), str(other_version(bundle, folder / "other"))]
    mixed, models = 0, set[str]()

    def noted(status: int, body: bytes) -> None:
        nonlocal mixed
        if status == 200:
            answer = json.loads(body)
            models.add(answer["model"])
            mixed += len(answer["items"]) != 10

    async def swapped(port: int) -> tuple[Seen, Seen, list[int]]:
        paced = {"clients": 4, "note": noted, "pause_s": 0.02}
        calm = await load(port, lists(), going_on=for_seconds(seconds / 3), **paced)
        done: list[int] = []
        busy = asyncio.create_task(load(port, lists(), going_on=lambda: len(done) < times, **paced))
        for number in range(times):
            body = {"path": paths[(number + 1) % 2]}
            status, _ = await once(port, request("POST", "/v1/models", body))
            done.append(status)
            await asyncio.sleep(seconds / times)
        return calm, await busy, done

    with Server(bundle, folder / "shop.db") as server:
        calm, busy, done = asyncio.run(swapped(server.port))
    return {
        "swaps": sum(status == 200 for status in done),
        "versions": len(models),
        "short_lists": mixed,
        "calm": calm.summary(),
        "busy": busy.summary(),
    }


def overload(bundle: Path, folder: Path, seconds: float) -> dict[str, Any]:
    """More clients than can be served, who don't wait."""
    found: dict[str, Any] = {}
    with Server(bundle, folder / "shop.db") as server:
        asyncio.run(load(server.port, lists(), 8, for_seconds(3)))
        for clients in (8, 16, 64, 256, 512):

            async def measured(clients: int = clients) -> tuple[Seen, Seen]:
                going_on = for_seconds(seconds)
                health = load(
                    server.port, repeat(request("GET", "/health/live")), 1, going_on, pause_s=0.1
                )
                return await asyncio.gather(load(server.port, lists(), clients, going_on), health)

            lists_seen, health_seen = asyncio.run(measured())
            refused = lists_seen.seconds.get(503, [])
            found[str(clients)] = {
                **lists_seen.summary(),
                "refused_p50_ms": percentile(refused, 50),
                "health": health_seen.summary(),
            }
    peak = max(row["good_per_s"] for row in found.values())
    least = min(row["good_per_s"] for row in found.values())
    return {"peak_per_s": peak, "least_share_of_peak": round(least / peak, 2), "clients": found}


async def dribble(port: int, going_on: Any, *, head: bool) -> None:
    """Send a byte a second, of the headers or of a body."""
    whole = batch(0)
    ready = 0 if head else whole.index(b"\r\n\r\n") + 4
    while going_on():
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(whole[:ready])
            for place in range(ready, ready + 60):
                if not going_on():
                    break
                writer.write(whole[place : place + 1])
                await writer.drain()
                await asyncio.sleep(1)
            writer.close()
        except OSError:
            await asyncio.sleep(1)


def slow(bundle: Path, folder: Path, seconds: float) -> dict[str, Any]:
    """Clients that hold their connection and say next to nothing."""

    async def beside(port: int) -> tuple[Seen, Seen]:
        honest = {"clients": 4, "pause_s": HONEST_PAUSE_S}
        alone = await load(port, lists(), going_on=for_seconds(seconds / 3), **honest)
        going_on = for_seconds(seconds)
        holding = [
            asyncio.create_task(dribble(port, going_on, head=bool(n % 2))) for n in range(SLOW)
        ]
        await asyncio.sleep(1)
        found = await load(port, lists(), going_on=going_on, **honest)
        for task in holding:
            task.cancel()
        return alone, found

    with Server(bundle, folder / "shop.db", workers=2) as server:
        alone, found = asyncio.run(beside(server.port))
    return {"slow_clients": SLOW, "alone": alone.summary(), "beside": found.summary()}


def rates(bundle: Path, folder: Path) -> dict[str, Any]:
    """One bucket of 50, asked through two workers by eight clients at once."""
    limits = {"requests_per_s": 0.001, "burst": 50}
    with Server(bundle, folder / "shop.db", workers=2, **limits) as server:

        async def asked() -> Seen:
            left = iter(range(200 + 8))
            return await load(server.port, lists(), 8, lambda: next(left, None) is not None)

        seen = asyncio.run(asked())
    return {"burst": 50, "let_through": len(seen.seconds.get(200, [])), **seen.summary()}


def bombs(bundle: Path, folder: Path) -> dict[str, Any]:
    """Bodies that would cost much if they were believed."""
    kind = "POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    most = 7_900_000

    def body(data: bytes, headers: str = "") -> bytes:
        return f"{kind}{headers}Content-Length: {len(data)}\r\n\r\n".encode() + data

    sent = {
        "told_100_mb": f"{kind}Content-Length: 100000000\r\n\r\n".encode(),
        "chunks_100_mb": f"{kind}Transfer-Encoding: chunked\r\n\r\n".encode()
        + (b"100000\r\n" + b"1" * 0x100000 + b"\r\n") * 9,
        "deep_100k": body(b"[" * 100_000),
        "deep_8_mb": body(b'{"a":' * (most // 5)),
        "wide_8_mb": body(b"[" + b"[]," * (most // 3 - 2) + b"[]]"),
        "wide_rows": body(b'{"events": [' + b"1," * (most // 2 - 10) + b"1]}"),
        "wrong_rows": body(b'{"events": [' + b"{}," * 90_000 + b"{}]}"),
        "wide_object": body(b'{"items": [{"item_id": "i"' + b',"a":1' * (most // 7) + b"}]}"),
        "many_names": body(b"{" + b",".join(b'"%d":1' % n for n in range(most // 11)) + b"}"),
        "gzip": body(b"\x1f\x8b" + b"0" * 100_000, "Content-Encoding: gzip\r\n"),
        "long_number": body(b'{"events": ' + b"1" * 1_000_000 + b"}"),
    }
    found = {}
    with Server(bundle, folder / "shop.db") as server:
        asyncio.run(load(server.port, lists(), 2, for_seconds(2)))
        before = server.memory_mb()
        for name, asked in sent.items():
            begun = time.perf_counter()
            status, _ = asyncio.run(once(server.port, asked))
            found[name] = {"status": status, "ms": round((time.perf_counter() - begun) * 1e3, 1)}
        grown = server.memory_mb() - before
    return {"bombs": found, "grown_mb": round(grown, 1)}


def leaks(bundle: Path, folder: Path, seconds: float) -> dict[str, Any]:
    """Files, threads and memory while a load goes on; growth is that of the last half.

    Caches that fill grow less and less; what leaks goes on.
    """
    with Server(bundle, folder / "shop.db") as server:
        samples: list[tuple[float, float]] = []

        async def looked_at(going_on: Any) -> None:
            while going_on():
                samples.append((time.monotonic(), server.memory_mb()))
                await asyncio.sleep(seconds / SAMPLES)

        async def used(going_on: Any) -> None:
            await asyncio.gather(
                load(server.port, lists(), 4, going_on, pause_s=0.05),
                load(server.port, mixed(), 1, going_on, pause_s=0.05),
                looked_at(going_on),
            )

        asyncio.run(used(for_seconds(seconds / 10)))
        before = server.handles()
        asyncio.run(used(for_seconds(seconds)))
        after = server.handles()
    late = samples[len(samples) // 2 :]
    minutes, megabytes = ([row[part] for row in late] for part in (0, 1))
    slope = statistics.linear_regression([m / 60 for m in minutes], megabytes).slope
    return {
        "seconds": seconds,
        "files": after[0] - before[0],
        "threads": after[1] - before[1],
        "mb": [round(mb) for _, mb in samples],
        "mb_a_minute": round(slope, 2),
    }


def mixed() -> Iterator[bytes]:
    """Searches, items and the dial."""
    while True:
        yield request("GET", "/v1/items?query=lantern&k=5")
        yield request("POST", "/v1/recommendations", {"query": "a present", "k": 5})
        yield request("GET", "/v1/dial")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    names = ["kills", "stop", "swap", "overload", "slow", "rates", "bombs", "leaks"]
    parser.add_argument("what", choices=["all", *names])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--swaps", type=int, default=50)
    asked = parser.parse_args()
    extra = {
        "kills": (asked.kills,),
        "swap": (asked.swaps, asked.seconds * 2),
        "overload": (asked.seconds / 5,),
        "slow": (asked.seconds,),
        "leaks": (asked.seconds,),
    }
    found = {}
    for name in names if asked.what == "all" else [asked.what]:
        with tempfile.TemporaryDirectory() as folder:
            found[name] = globals()[name](asked.bundle, Path(folder), *extra.get(name, ()))
    print(json.dumps(found, indent=2))
    sys.exit("; ".join(broken(found)) or None)


if __name__ == "__main__":
    main()
