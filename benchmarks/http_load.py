"""A service in processes of its own, and a load that costs little: plain sockets, one a client."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import psutil

START_S = 120
EVENTS = 100


class Server:
    """``unsung serve`` on a free port; ends when the block does.

    Parameters
    ----------
    bundle, store : Path
    workers : int
    settings : values of ServiceSettings
        As environment variables.
    """

    def __init__(self, bundle: Path, store: Path, workers: int = 1, **settings: Any) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.command = [
            *(sys.executable, "-m", "unsung", "serve", bundle, "--store", store),
            *("--port", str(self.port), "--workers", str(workers), "--log-level", "error"),
        ]
        given = {f"UNSUNG_SERVE_{name.upper()}": str(value) for name, value in settings.items()}
        self.environment = {**os.environ, "OMP_NUM_THREADS": "1", **given}
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Server":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start, and wait until it says that it is ready."""
        self.process = subprocess.Popen(
            self.command,
            env=self.environment,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                status, _ = asyncio.run(once(self.port, request("GET", "/health/ready")))
                if status == 200:
                    return
            threading.Event().wait(0.05)
        raise RuntimeError(f"The service wasn't ready within {START_S} s.")

    def kill(self) -> None:
        """End every process of it as a power cut would."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self, number: int) -> float:
        """Send a signal; seconds until the service has ended."""
        assert self.process is not None
        begun = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(60)
        return time.monotonic() - begun

    def processes(self) -> list[psutil.Process]:
        """The server's own process and its workers."""
        assert self.process is not None
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def memory_mb(self) -> float:
        """Resident memory of all its processes."""
        return sum(each.memory_info().rss for each in self.processes()) / 1e6

    def handles(self) -> tuple[int, int]:
        """Open files, and threads."""
        found = self.processes()
        return sum(each.num_fds() for each in found), sum(each.num_threads() for each in found)


def request(method: str, path: str, body: Any = None, headers: str = "") -> bytes:
    """The bytes of a request."""
    data = b"" if body is None else json.dumps(body).encode()
    kind = f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n" if data else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{kind}{headers}\r\n"
    return head.encode() + data


def lists(customers: int = 4_000) -> Iterator[bytes]:
    """Requests for lists, of one customer of the demo shop after another."""
    for number in cycle(range(customers)):
        yield request("GET", f"/v1/users/{12347 + number}/recommendations")


def batch(number: int) -> bytes:
    """A batch of events that can be told from its number alone."""
    rows = [
        {
            "event_id": f"e{number}-{k}",
            "user_id": f"u{(number * 7 + k) % 997}",
            "item_id": f"i{k}",
            "event": "purchase",
            "timestamp": "2026-03-01T10:00:00Z",
            "price": k,
        }
        for k in range(EVENTS)
    ]
    return request("POST", "/v1/events", {"events": rows})


class Connection:
    """One client that asks one thing after another."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, asked: bytes) -> tuple[int, bytes]:
        """Send a request; status and body of the answer."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        try:
            writer.write(asked)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = head.partition("content-length:")[2].partition("\r")[0]
            body = await reader.readexactly(int(length or 0))
        except BaseException:
            self.close()
            raise
        return int(head[9:12]), body

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def once(port: int, asked: bytes) -> tuple[int, bytes]:
    """One request on a connection of its own."""
    connection = Connection(port)
    try:
        return await connection.ask(asked)
    finally:
        connection.close()


@dataclass
class Seen:
    """What a load met with: seconds by status; 0 stands for no answer."""

    seconds: dict[int, list[float]] = field(default_factory=dict)
    took_s: float = 0.0

    def note(self, status: int, seconds: float) -> None:
        """Count an answer."""
        self.seconds.setdefault(status, []).append(seconds)

    def summary(self) -> dict[str, Any]:
        """Counts, requests a second that succeeded, and percentiles in ms."""
        good = self.seconds.get(200, [])
        return {
            "statuses": dict(sorted(Counter({s: len(t) for s, t in self.seconds.items()}).items())),
            "good_per_s": round(len(good) / max(self.took_s, 1e-9), 1),
            **{f"p{p}_ms": percentile(good, p) for p in (50, 99)},
        }


def percentile(seconds: list[float], share: int) -> float | None:
    """A percentile in ms."""
    if len(seconds) < 2:
        return None
    return round(statistics.quantiles(seconds, n=100)[share - 1] * 1e3, 1)


async def load(
    port: int,
    requests: Iterator[bytes],
    clients: int,
    going_on: Callable[[], bool],
    note: Callable[[int, bytes], None] = lambda *_: None,
    pause_s: float = 0.0,
) -> Seen:
    """Let clients ask one thing after another while something goes on.

    A client waits ``pause_s`` after each answer, and .05 s after one that refuses.
    """
    seen, begun = Seen(), time.perf_counter()

    async def client() -> None:
        connection = Connection(port)
        while going_on():
            at = time.perf_counter()
            try:
                status, body = await connection.ask(next(requests))
            except (OSError, asyncio.IncompleteReadError):
                status, body = 0, b""
            seen.note(status, time.perf_counter() - at)
            note(status, body)
            await asyncio.sleep(pause_s if status == 200 else 0.05)
        connection.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    seen.took_s = time.perf_counter() - begun
    return seen


def for_seconds(seconds: float) -> Callable[[], bool]:
    """True for so long."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() < end
