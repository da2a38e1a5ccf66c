"""How memory and time of a server process grow with the catalogue.

    python benchmarks/sizing.py [--sizes 1000x50000,10000x300000,100000x1000000] [--lists 60]
        [--bundles FOLDER]

Each size is ITEMSxINTERACTIONS of a made shop (see ``made_bundle.py``); bundles are kept in a
folder where one is named. Each is opened by a process of its own as a server process opens it, with
the blend alone and whole, and asked for lists of ten of different customers, twice: for the first
time, and again with scores made anew; then with the scores that are kept. HTTP comes on top. Prints
one JSON document: megabytes on the disk and resident, milliseconds of processor time a list, and
the kilobytes an item that follow from the first and the last size.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from made_bundle import make_bundle

from unsung.operations import kept_scores
from unsung.operations.answers import Query
from unsung.operations.running import RunningShop
from unsung.store.database import open_store

SIZES = "1000x50000,10000x300000,100000x1000000"


def resident_mb() -> int:
    """Of this process."""
    return round(psutil.Process().memory_info().rss / 1e6)


def opened(bundle: Path, rung: Any, n_lists: int) -> dict[str, Any]:
    """What a bundle takes in this process."""
    failed: list[str] = []
    found: dict[str, Any] = {"before_mb": resident_mb()}
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(str(Path(folder) / "shop.db"))
        shop = RunningShop(store, lambda place, _: failed.append(place), rung)
        shop.start(bundle, time.time_ns() // 1_000)
        found["opened_mb"] = resident_mb()
        users = shop.model().bundle.model.state.users.values
        chosen = np.random.default_rng(0).choice(users, n_lists, replace=False)
        queries = [Query(str(user)) for user in chosen]

        def asked() -> float:
            begun = time.process_time()
            for query in queries:
                shop.answer(query, time.time_ns() // 1_000)
            return round((time.process_time() - begun) / n_lists * 1e3, 2)

        asked_for = kept_scores.KEPT_US
        kept_scores.KEPT_US = -1  # type: ignore[misc]
        found |= {"first_ms": asked(), "anew_ms": asked()}
        kept_scores.KEPT_US = asked_for  # type: ignore[misc]
        asked()
        found |= {"kept_ms": asked(), "asked_mb": resident_mb()}
        store.close()
    assert not failed, failed
    return found


def measured(size: str, folder: Path, n_lists: int) -> dict[str, Any]:
    """One size: its bundle, and both rungs, each in a process of its own."""
    n_items, n_rows = map(int, size.split("x"))
    bundle = folder / size
    if not bundle.exists():
        make_bundle(n_items, n_rows, bundle)
    on_disk = sum(file.stat().st_size for file in bundle.rglob("*") if file.is_file())
    row: dict[str, Any] = {"items": n_items, "interactions": n_rows}
    row["bundle_mb"] = round(on_disk / 1e6)
    for rung in ("blend", "full"):
        command = [sys.executable, __file__, "--one", bundle, rung, "--lists", str(n_lists)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        row[rung] = json.loads(said)
    print(row, file=sys.stderr, flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", default=SIZES)
    parser.add_argument("--lists", type=int, default=60)
    parser.add_argument("--bundles", type=Path)
    parser.add_argument("--one", nargs=2)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(opened(Path(asked.one[0]), asked.one[1], asked.lists)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.bundles or Path(scratch)
        rows = [measured(size, folder, asked.lists) for size in asked.sizes.split(",")]
    found: dict[str, Any] = {"rows": rows}
    if len(rows) > 1:
        small, large = rows[0], rows[-1]
        more = large["full"]["opened_mb"] - small["full"]["opened_mb"]
        found["kb an item"] = round(1e3 * more / (large["items"] - small["items"]), 1)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
