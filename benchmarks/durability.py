"""Whether what the store acknowledged outlives its process, and whether this would notice.

    python benchmarks/durability.py kills [--kills 1000] [--batches 13] [--fault FAULT]
    python benchmarks/durability.py sync [--fault FAULT]
    python benchmarks/durability.py all [--kills 1000]

``kills``: a client sends batches of 100 events to a process that stores and acknowledges them,
and resends what it got no answer to, and now and then what it did. The process is killed (SIGKILL)
at a random moment, over and over. Afterwards the store is compared with the client's own log: lost
(acknowledged, not there), duplicated, partial (a part of a batch), phantom (never sent), changed.

``sync``: a kill doesn't test what a power cut does, since the system keeps what was written. Here a
library that is loaded before all others watches write and fdatasync (needs a C compiler and Linux):
after each acknowledgement no file may hold bytes that the disk doesn't.

``all`` also seeds three faults, each of which must be found: ``ack-first`` (acknowledge, then
store), ``no-ids`` (a resent event gets a new id) and ``no-sync`` (commit without waiting for the
disk). Prints one JSON document.
"""

import argparse
import ctypes
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from unsung.store import Event, Store, append_events, changes_after, open_store

BATCH = 100
RESENT_SHARE = 0.1
START_US = 1_767_225_600_000_000
WATCH = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
static char dirty[65536];
static void mark(int fd) {
    struct stat s;
    char link[64], path[4096];
    if (fd < 0 || fd >= 65536 || fstat(fd, &s) != 0 || !S_ISREG(s.st_mode)) return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path);
    // The index of the log is made anew after a crash.
    if (n > 4 && memcmp(path + n - 4, "-shm", 4) == 0) return;
    dirty[fd] = 1;
}
static void clear(int fd) { if (fd >= 0 && fd < 65536) dirty[fd] = 0; }
#define REAL(name) static __typeof__(name) *real; if (!real) real = dlsym(RTLD_NEXT, #name)
ssize_t write(int fd, const void *b, size_t n) { REAL(write); mark(fd); return real(fd, b, n); }
ssize_t pwrite(int fd, const void *b, size_t n, off_t o) {
    REAL(pwrite); mark(fd); return real(fd, b, n, o);
}
ssize_t pwrite64(int fd, const void *b, size_t n, off64_t o) {
    REAL(pwrite64); mark(fd); return real(fd, b, n, o);
}
int fsync(int fd) { REAL(fsync); int r = real(fd); clear(fd); return r; }
int fdatasync(int fd) { REAL(fdatasync); int r = real(fd); clear(fd); return r; }
int close(int fd) { REAL(close); clear(fd); return real(fd); }
int unsynced_files(void) { int n = 0; for (int i = 0; i < 65536; i++) n += dirty[i]; return n; }
"""


def batch_of(number: int) -> list[Event]:
    """The events of a batch: every one of them can be told from its content alone."""
    return [
        Event(
            f"e{number}-{k}",
            f"u{(number * 7 + k) % 997}",
            f"i{k}",
            "view",
            START_US + number,
            price=float(k),
        )
        for k in range(BATCH)
    ]


def store_then_say(store: Store, number: int, say: Callable[[int], None]) -> None:
    """What the service does."""
    append_events(store, batch_of(number), START_US)
    say(number)


def say_then_store(store: Store, number: int, say: Callable[[int], None]) -> None:
    """The fault ``ack-first``."""
    say(number)
    append_events(store, batch_of(number), START_US)


def store_without_ids(store: Store, number: int, say: Callable[[int], None]) -> None:
    """The fault ``no-ids``."""
    unknown = os.urandom(8).hex()
    named = [
        Event(f"{e.event_id}-{unknown}", e.user_id, e.item_id, e.event, e.timestamp, price=e.price)
        for e in batch_of(number)
    ]
    append_events(store, named, START_US)
    say(number)


ANSWERS = {None: store_then_say, "ack-first": say_then_store, "no-ids": store_without_ids}


def serve(url: str, asked: int, answer: int, fault: str | None) -> None:
    """The process that is killed: reads numbers of batches, writes those it acknowledges."""
    store = open_store(url)

    def say(number: int) -> None:
        os.write(answer, b"%d\n" % number)

    with os.fdopen(asked, "rb") as numbers:
        for line in numbers:
            ANSWERS[fault](store, int(line), say)


def one_life(
    url: str, fault: str | None, numbers: Iterator[int], acknowledged: set[int], end: int
) -> int | None:
    """Let a process serve batches and kill it during the last; the batch without an answer."""
    ask_out, ask_in = os.pipe()
    answer_out, answer_in = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ask_in)
        os.close(answer_out)
        serve(url, ask_out, answer_in, fault)
        os._exit(0)
    os.close(ask_out)
    os.close(answer_in)
    took = 0.005
    with os.fdopen(answer_out, "rb", buffering=0) as answers:
        for place in range(end):
            number = next(numbers)
            start = time.perf_counter()
            os.write(ask_in, b"%d\n" % number)
            if place < end - 1:
                acknowledged.add(int(answers.readline()))
                took = time.perf_counter() - start
        # Anywhere in the time that a batch takes, and a little after it.
        threading.Event().wait(random.uniform(0, 1.2 * took))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(ask_in)
        said = answers.readline()
    if said.endswith(b"\n"):
        acknowledged.add(int(said))
        return None
    return number


class Client:
    """Sends batches in order, first what it got no answer to, now and then an old one again."""

    def __init__(self) -> None:
        self.sent = 0
        self.unanswered: int | None = None

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        if self.unanswered is not None:
            number, self.unanswered = self.unanswered, None
            return number
        if self.sent and random.random() < RESENT_SHARE:
            return random.randrange(self.sent)
        self.sent += 1
        return self.sent - 1


def compare(store: Store, client: Client, acknowledged: set[int]) -> dict[str, int]:
    """What the store holds against what was sent and acknowledged."""
    found: Counter[tuple[int, int]] = Counter()
    phantom = changed = last = 0
    complete = False
    while not complete:
        changes = changes_after(store, last, limit=100_000)
        last, complete = changes.last, changes.complete
        for event in changes.events:
            number, k = (int(part) for part in event.event_id[1:].split("-")[:2])
            found[number, k] += 1
            phantom += number >= client.sent
            expected = (f"u{(number * 7 + k) % 997}", f"i{k}", START_US + number, float(k))
            changed += (event.user_id, event.item_id, event.timestamp, event.price) != expected
    stored = Counter(number for number, _ in found)
    return {
        "lost": sum(BATCH - stored[number] for number in acknowledged),
        "duplicated": sum(count - 1 for count in found.values()),
        "partial": sum(count != BATCH for count in stored.values()),
        "phantom": phantom,
        "changed": changed,
        "stored": found.total(),
    }


def kills(url: str, n_kills: int, batches: int, fault: str | None = None) -> dict[str, Any]:
    """Kill a storing process over and over, and compare."""
    start = time.perf_counter()
    open_store(url).close()
    client, acknowledged = Client(), set[int]()
    for _ in range(n_kills):
        end = random.randint(1, 2 * batches - 1)
        client.unanswered = one_life(url, fault, client, acknowledged, end)
    store = open_store(url)
    try:
        result = compare(store, client, acknowledged)
    finally:
        store.close()
    return {
        "kills": n_kills,
        "acknowledged": len(acknowledged) * BATCH,
        **result,
        "seconds": round(time.perf_counter() - start, 1),
    }


def sync(fault: str | None = None, batches: int = 50) -> dict[str, int]:
    """Acknowledgements after which a file holds bytes that the disk doesn't."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder, "watch.so")
        source = Path(folder, "watch.c")
        source.write_text(WATCH, encoding="utf-8")
        compiler = ["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"]
        subprocess.run(compiler, check=True)
        command = [sys.executable, __file__, "watched", f"{folder}/shop.db", str(batches)]
        done = subprocess.run(
            command + (["--fault", fault] if fault else []),
            env={**os.environ, "LD_PRELOAD": str(library)},
            check=True,
            capture_output=True,
        )
    return json.loads(done.stdout)


def watched(path: str, batches: int, fault: str | None) -> dict[str, int]:
    """What runs below the watching library."""
    unsynced_files = ctypes.CDLL(None).unsynced_files
    if fault == "no-sync":
        waiting = Store.writing
        Store.writing = lambda store, **_: waiting(store, durable=False)
    store = open_store(path)
    unsynced = 0
    for number in range(batches):
        append_events(store, batch_of(number), START_US)
        unsynced += unsynced_files() > 0
    store.close()
    return {"acknowledged": batches, "unsynced": unsynced}


def everything(n_kills: int, batches: int) -> dict[str, Any]:
    """The long form."""
    few = max(10, n_kills // 50)
    with tempfile.TemporaryDirectory() as folder:
        url = partial("{}/{}.db".format, folder)
        return {
            "kills": kills(url("good"), n_kills, batches),
            "sync": sync(),
            "faults": {
                "ack-first": kills(url("ack-first"), few, batches, "ack-first"),
                "no-ids": kills(url("no-ids"), few, batches, "no-ids"),
                "no-sync": sync("no-sync"),
            },
        }


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=["kills", "sync", "all", "watched"])
    parser.add_argument("rest", nargs="*")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--batches", type=int, default=13)
    parser.add_argument("--fault", choices=["ack-first", "no-ids", "no-sync"])
    parser.add_argument("--url", help="a store to use, in place of a new SQLite file")
    asked = parser.parse_args()
    if asked.what == "watched":
        result = watched(asked.rest[0], int(asked.rest[1]), asked.fault)
    elif asked.what == "sync":
        result = sync(asked.fault)
    elif asked.what == "all":
        result = everything(asked.kills, asked.batches)
    else:
        with tempfile.TemporaryDirectory() as folder:
            url = asked.url or f"{folder}/shop.db"
            result = kills(url, asked.kills, asked.batches, asked.fault)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
