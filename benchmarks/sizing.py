"""How memory and time of a running service grow with the catalogue and with the traffic.

    python benchmarks/sizing.py [--sizes 1000x50000,10000x300000,100000x1000000] [--seconds 10]
        [--bundles FOLDER]

Each size is ITEMSxINTERACTIONS of a made shop (see ``made_bundle.py``); bundles are kept in a
folder where one is named. ``unsung serve`` runs one worker on each, with the blend alone and whole;
one client asks for lists of ten, of one customer after another, so that no answer was made before,
then of twenty customers again and again, whose scores are kept. Prints one JSON document: megabytes
on the disk, resident after the start and after the load, processor time a list, percentiles, and
the kilobytes an item that follow from the first and the last size.
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from http_load import Server, for_seconds, load, request
from latency import cpu_s
from made_bundle import make_bundle

SIZES = "1000x50000,10000x300000,100000x1000000"


def of_customers(n_users: int) -> Iterator[bytes]:
    """Requests for lists, of one customer of the made shop after another."""
    order = np.random.default_rng(0).permutation(n_users)
    for number in cycle(order.tolist()):
        yield request("GET", f"/v1/users/u{number}/recommendations")


def served(bundle: Path, rung: str, n_users: int, seconds: float) -> dict[str, Any]:
    """What one worker takes."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "shop.db"
        with Server(bundle, store, most_waiting=64, deadline_ms=10_000, best_rung=rung) as server:
            begun = server.memory_mb()
            asked = of_customers(n_users)
            asyncio.run(load(server.port, asked, 1, for_seconds(2)))
            before = cpu_s(server)
            seen = asyncio.run(load(server.port, asked, 1, for_seconds(seconds)))
            cost = (cpu_s(server) - before) / max(len(seen.seconds.get(200, ())), 1)
            after = server.memory_mb()
            before = cpu_s(server)
            same = asyncio.run(load(server.port, of_customers(20), 1, for_seconds(seconds / 2)))
            again = (cpu_s(server) - before) / max(len(same.seconds.get(200, ())), 1)
    return {
        **seen.summary(),
        "cpu_ms": round(cost * 1e3, 2),
        "cpu_ms_asked_again": round(again * 1e3, 2),
        "start_mb": round(begun),
        "loaded_mb": round(after),
    }


def measured(size: str, folder: Path, seconds: float) -> dict[str, Any]:
    """One size: its bundle, and both rungs."""
    n_items, n_rows = map(int, size.split("x"))
    bundle = folder / size
    if not bundle.exists():
        make_bundle(n_items, n_rows, bundle)
    on_disk = sum(file.stat().st_size for file in bundle.rglob("*") if file.is_file())
    row: dict[str, Any] = {"items": n_items, "interactions": n_rows}
    row["bundle_mb"] = round(on_disk / 1e6)
    for rung in ("blend", "full"):
        row[rung] = served(bundle, rung, max(n_rows // 100, 50), seconds)
        print(row, flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", default=SIZES)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--bundles", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.bundles or Path(scratch)
        rows = [measured(size, folder, asked.seconds) for size in asked.sizes.split(",")]
    found: dict[str, Any] = {"rows": rows}
    if len(rows) > 1:
        small, large = rows[0], rows[-1]
        more = large["full"]["start_mb"] - small["full"]["start_mb"]
        found["kb an item"] = round(1e3 * more / (large["items"] - small["items"]), 1)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
