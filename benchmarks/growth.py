"""Time and memory of a whole fit as catalogue and traffic grow, and of a list afterwards.

    python benchmarks/growth.py [--sizes 1000x100000,10000x1000000,100000x10000000]
        [--encoder auto] [--lists 50] [--budget 150]

Each size is ITEMSxINTERACTIONS: a made shop whose customers (one for a hundred interactions) buy in
baskets from a few of its topics, whose titles are words of these topics, whose popularity falls by
a power law, and a tenth of whose items came in its last tenth. ``unsung fit`` runs on it in a
process of its own; lists of ten are made one customer at a time by another process. Prints one JSON
document with seconds, peak memory, milliseconds a list, the size of the bundle, and the exponents
by which time and memory grow with the interactions. The shop is made up: nothing is learned here
about how good the lists are.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SIZES = "1000x100000,10000x1000000,100000x10000000"
WORDS_A_TOPIC, WORDS_A_TITLE, TOPICS_A_USER = 30, 6, 3
DAYS, LINES_A_BASKET = 360, 5
TITLE_LETTERS = np.array(list("bcdfgklmnprstvz")), np.array(list("aeiou"))
LISTS = """
import json, sys, time
from pathlib import Path
import numpy as np
from unsung.pipeline.bundle import load_bundle
begun = time.perf_counter()
bundle = load_bundle(Path(sys.argv[1]))
read = time.perf_counter() - begun
users = bundle.model.state.users.values
seconds = []
for user in np.random.default_rng(0).choice(users, int(sys.argv[2]) + 5):
    begun = time.perf_counter()
    bundle.recommend(str(user))
    seconds.append(time.perf_counter() - begun)
print(json.dumps({"read_s": read, "list_ms": 1e3 * float(np.median(seconds[5:]))}))
"""


def made_words(n: int, rng: np.random.Generator) -> np.ndarray:
    """Distinct words of three syllables."""
    consonants, vowels = TITLE_LETTERS
    found: set[str] = set()
    while len(found) < n:
        letters = zip(rng.choice(consonants, (n, 3)), rng.choice(vowels, (n, 3)), strict=True)
        found |= {"".join(np.ravel(np.column_stack(pair))) for pair in letters}
    return np.array(sorted(found))[rng.permutation(len(found))[:n]]


def write_shop(folder: Path, n_items: int, n_rows: int, rng: np.random.Generator) -> None:
    """``items.parquet`` and ``interactions.parquet``."""
    n_topics, n_users = max(n_items // 50, 8), max(n_rows // 100, 50)
    words = made_words(n_topics * WORDS_A_TOPIC, rng).reshape(n_topics, WORDS_A_TOPIC)
    topic = np.sort(rng.integers(0, n_topics, n_items))
    word = rng.integers(0, WORDS_A_TOPIC, (n_items, WORDS_A_TITLE))
    titles = [" ".join(row) for row in words[topic[:, None], word]]
    ids = np.char.add("sku-", np.arange(n_items).astype(str))
    category = np.char.add("topic ", topic.astype(str))
    pq.write_table(
        pa.table({"item_id": ids, "title": titles, "category": category}), folder / "items.parquet"
    )
    first_day = np.where(rng.random(n_items) < 0.1, rng.integers(DAYS * 9 // 10, DAYS, n_items), 0)
    weight = 1 / (1 + rng.permutation(n_items)) ** 0.8
    begin = np.searchsorted(topic, np.arange(n_topics + 1))
    # Drawing within a topic: a place on the running sum of its weights.
    running = np.concatenate([[0.0], np.cumsum(weight)])
    taste = rng.integers(0, n_topics, (n_users, TOPICS_A_USER))
    n_baskets = n_rows // LINES_A_BASKET
    user = np.repeat(rng.integers(0, n_users, n_baskets), LINES_A_BASKET)
    day = np.repeat(rng.integers(0, DAYS, n_baskets), LINES_A_BASKET)
    chosen = taste[user, rng.integers(0, TOPICS_A_USER, len(user))]
    low, high = running[begin[chosen]], running[begin[chosen + 1]]
    item = np.searchsorted(running, low + (high - low) * rng.random(len(user)), side="right") - 1
    there = (high > low) & (day >= first_day[item.clip(0, n_items - 1)])
    second = np.repeat(rng.integers(0, 86_400, n_baskets), LINES_A_BASKET)
    moment = np.datetime64("2025-01-01T00:00:00") + (day * 86_400 + second).astype("timedelta64[s]")
    columns = {
        "user_id": np.char.add("u", user[there].astype(str)),
        "item_id": ids[item[there]],
        "timestamp": moment[there].astype("datetime64[us]"),
        "basket_id": np.repeat(np.arange(n_baskets), LINES_A_BASKET)[there].astype(str),
    }
    pq.write_table(pa.table(columns), folder / "interactions.parquet")


def watched(command: list[str]) -> tuple[float, float, str]:
    """Seconds, peak MiB and output of a process that has to succeed."""
    begun = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, text=True)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            raise SystemExit(
                f"{command[1:4]} ended with {process.returncode}:\n{err.read()[-3000:]}"
            )
        scale = 2**20 if sys.platform == "darwin" else 2**10
        return time.perf_counter() - begun, usage.ru_maxrss / scale, out.read()


def measured(size: str, options: argparse.Namespace) -> dict[str, Any]:
    n_items, n_rows = map(int, size.split("x"))
    with tempfile.TemporaryDirectory() as scratch:
        shop, bundle = Path(scratch) / "shop", Path(scratch) / "bundle"
        shop.mkdir()
        write_shop(shop, n_items, n_rows, np.random.default_rng(0))
        unsung = [sys.executable, "-m", "unsung", "fit", str(shop), "--out", str(bundle)]
        flags = ["--encoder", options.encoder, "--budget", str(options.budget)]
        fit_s, fit_mib, _ = watched(unsung + flags)
        lists = [sys.executable, "-c", LISTS, str(bundle), str(options.lists)]
        _, lists_mib, said = watched(lists)
        size_mib = sum(file.stat().st_size for file in bundle.rglob("*") if file.is_file()) / 2**20
    row = {"items": n_items, "interactions": n_rows, "fit_s": fit_s, "fit_mib": fit_mib}
    row |= json.loads(said) | {"lists_mib": lists_mib, "bundle_mib": size_mib}
    row = {name: round(value, 2) for name, value in row.items()}
    print(row, file=sys.stderr, flush=True)
    return row


def exponents(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Slopes of the logarithms over the logarithm of the interactions."""
    size = np.log([row["interactions"] for row in rows])
    return {
        name: round(float(np.polyfit(size, np.log([row[name] for row in rows]), 1)[0]), 2)
        for name in ("fit_s", "fit_mib", "list_ms", "lists_mib", "bundle_mib")
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default=SIZES)
    parser.add_argument("--encoder", default="auto")
    parser.add_argument("--lists", type=int, default=50)
    parser.add_argument("--budget", type=float, default=150)
    options = parser.parse_args()
    rows = [measured(size, options) for size in options.sizes.split(",")]
    found = {"rows": rows, "exponents": exponents(rows) if len(rows) > 1 else None}
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
