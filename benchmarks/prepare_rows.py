"""How long and how much memory a shop of N interactions takes, from its file to segments.

    python benchmarks/prepare_rows.py --rows 10000000 --format parquet

Rows are drawn from a seed: items by a power law, 1 % of rows broken in known ways, 2 % repeated.
Prints one JSON object: rows, seconds of each step, peak memory of the process, counts.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from unsung.data.build import build_dataset
from unsung.data.engine.base import Engine
from unsung.data.engine.duckdb_engine import DuckDBEngine
from unsung.data.engine.spark_engine import SparkEngine
from unsung.data.preparation import prepare_tables
from unsung.data.settings import ShopSettings, Source

BLOCK = 500_000
BAD_SHARE, REPEATED_SHARE = 0.01, 0.02
START = np.datetime64("2024-01-01T00:00:00", "s").astype(np.int64)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def blocks(n_rows: int, seed: int) -> Iterator[pa.Table]:
    """The shop's order lines, all text, as a CSV would have them."""
    rng = np.random.default_rng(seed)
    n_items, n_users = max(n_rows // 100, 10), max(n_rows // 20, 10)
    for start in range(0, n_rows, BLOCK):
        n = min(BLOCK, n_rows - start)
        item = np.minimum(rng.zipf(1.3, n), n_items)
        # Four lines a basket; a basket has one user and one moment.
        basket = start // 4 + np.sort(rng.integers(0, n // 4 + 1, n))
        user, moment = basket * 7_919 % n_users, START + basket * 104_729 % (2 * 365 * 86_400)
        columns = {
            "user_id": np.char.add("u", user.astype(str)).astype(object),
            "item_id": np.char.add("sku-", item.astype(str)).astype(object),
            "timestamp": np.datetime_as_string(moment.astype("datetime64[s]")).astype(object),
            "price": (1 + item % 5_000 / 100).round(2).astype(str).astype(object),
            "quantity": rng.integers(1, 5, n).astype(str).astype(object),
            "basket_id": np.char.add("b", (user * 97 + moment // 86_400).astype(str)).astype(
                object
            ),
        }
        bad = np.flatnonzero(rng.random(n) < BAD_SHARE)
        spoilt = [("user_id", ""), ("timestamp", "soon"), ("price", "-1"), ("quantity", "many")]
        for number, (name, text) in enumerate(spoilt):
            columns[name][bad[number :: len(spoilt)]] = text
        good = np.setdiff1d(np.arange(n), bad)
        repeats = rng.choice(good[:-1], int(n * REPEATED_SHARE), replace=False)
        for values in columns.values():
            values[repeats + 1] = values[repeats]
        yield pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def write_shop(path: Path, n_rows: int, seed: int) -> None:
    writer = None
    for table in blocks(n_rows, seed):
        if writer is None:
            kind = pa_csv.CSVWriter if path.suffix == ".csv" else pq.ParquetWriter
            writer = kind(path, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def make_engine(arguments: argparse.Namespace, folder: Path) -> Engine:
    if arguments.engine == "spark":
        return SparkEngine(folder, master=f"local[{arguments.threads}]")
    return DuckDBEngine(folder, memory_limit=arguments.memory_limit, threads=arguments.threads)


def run(arguments: argparse.Namespace, folder: Path) -> dict[str, object]:
    seconds: dict[str, float] = {}
    cpu_seconds: dict[str, float] = {}
    began = [time.perf_counter(), time.process_time()]

    def lap(name: str) -> None:
        now = [time.perf_counter(), time.process_time()]
        seconds[name], cpu_seconds[name] = (
            round(b - a, 1) for a, b in zip(began, now, strict=True)
        )
        began[:] = now

    settings = ShopSettings(
        folder=str(folder), interactions=Source(path=f"interactions.{arguments.format}")
    )
    engine = make_engine(arguments, folder / "engine")
    lap("start")
    prepared = prepare_tables(settings, folder / "work", now=NOW, engine=engine)
    engine.close()
    lap("prepare")
    dataset = build_dataset(prepared, settings)
    lap("build")
    buyers = np.sort(dataset.as_of().buyers)[::-1]
    head = buyers[: int(np.ceil(len(buyers) * 0.2))]
    lap("segment")
    table = prepared.tables["interactions"]
    return {
        "rows": arguments.rows,
        "format": arguments.format,
        "engine": arguments.engine,
        "threads": arguments.threads,
        "memory_limit": arguments.memory_limit,
        "seconds": round(sum(seconds.values()), 1),
        "seconds_by_step": seconds,
        "cpu_seconds_by_step": cpu_seconds,
        "peak_rss_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "accepted": table.n_accepted,
        "quarantined": table.n_quarantined,
        "duplicates": table.n_duplicates,
        "users": dataset.n_users,
        "items": dataset.n_items,
        "head_items": len(head),
        "head_share_of_buyers": round(float(head.sum() / buyers.sum()), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--format", choices=("parquet", "csv"), default="parquet")
    parser.add_argument("--engine", choices=("duckdb", "spark"), default="duckdb")
    parser.add_argument("--memory-limit", default="2GB")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=20260301)
    parser.add_argument("--shop", type=Path, help="write the shop only, to this folder")
    parser.add_argument("--read", type=Path, help="a folder that --shop wrote")
    arguments = parser.parse_args()
    if arguments.shop is not None:
        arguments.shop.mkdir(parents=True, exist_ok=True)
        write_shop(
            arguments.shop / f"interactions.{arguments.format}", arguments.rows, arguments.seed
        )
        return
    with tempfile.TemporaryDirectory(prefix="unsung-rows-") as name:
        folder = Path(name)
        made = folder / f"interactions.{arguments.format}"
        if arguments.read is None:
            write_shop(made, arguments.rows, arguments.seed)
        else:
            made.symlink_to((arguments.read / made.name).resolve())
        json.dump(run(arguments, folder), sys.stdout, indent=2)
        print()


if __name__ == "__main__":
    main()
