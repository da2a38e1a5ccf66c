"""Variants and duplicates among real titles: pairs to judge, time and memory.

    UNSUNG_DATA=... python benchmarks/variants.py [--titles 100000] [--pairs]

* With ``--pairs``: 200 pairs of listings that ``group_variants`` takes for one product, as the rows
  of a table: 80 of Online Retail, 60 of Amazon Beauty, 60 of Amazon 2023. A group is drawn, then
  two of its items, from a fixed seed.
* Otherwise: the items of each catalogue that share a group, and the time and the peak of memory
  for many titles (the three catalogues' titles, with made-up brands, as often as needed).

Prints a table or JSON.
"""

import argparse
import json
import os
import resource
import time
from pathlib import Path

import numpy as np
import pandas as pd

from unsung.text.near_duplicates import group_variants

SEED = 20261124
PAIRS = {"Online Retail": 80, "Beauty": 60, "Amazon 2023": 60}


def catalogues(folder: Path) -> dict[str, tuple[list[str], list[str | None] | None]]:
    lines = pd.read_parquet(
        folder / "online_retail/online_retail.parquet", columns=["StockCode", "Description"]
    ).dropna()
    lines = lines[lines["StockCode"].str.match(r"\d{5}")]
    titles = lines["Description"].str.strip()
    # Notes of the stock-keeper are in lower case; titles aren't.
    retail = sorted(titles[titles.str.isupper()].unique())
    beauty = pd.read_parquet(folder / "amazon_beauty_2014_5core/items.parquet")
    newer = pd.read_parquet(folder / "amazon_2023_beauty_health_handmade/items.parquet")
    brands = [brand if isinstance(brand, str) else None for brand in newer["brand"]]
    return {
        "Online Retail": (retail, None),
        "Beauty": (beauty["title"].fillna("").tolist(), None),
        "Amazon 2023": (newer["title"].fillna("").tolist(), brands),
    }


def print_pairs(folder: Path) -> None:
    rng = np.random.default_rng(SEED)
    number = 0
    for name, (titles, brands) in catalogues(folder).items():
        found = group_variants(titles, brands)
        groups = np.flatnonzero(np.bincount(found.group) > 1)
        for group in rng.permutation(groups)[: PAIRS[name]]:
            pair = rng.choice(np.flatnonzero(found.group == group), 2, replace=False)
            first, second = (titles[item].replace("|", "/") for item in pair)
            number += 1
            print(f"| {number} | {first} | {second} | {found.relation(*pair)} |")


def measure(folder: Path, n_titles: int) -> dict:
    made: list[str] = []
    brands: list[str] = []
    shares = {}
    for name, (titles, given) in catalogues(folder).items():
        grouped = np.bincount(group_variants(titles, given).group)
        shares[name] = {
            "items": len(titles),
            "items_in_groups": int(grouped[grouped > 1].sum()),
            "groups": int((grouped > 1).sum()),
        }
        made += titles
    distinct = list(dict.fromkeys(filter(None, made)))
    while len(brands) < n_titles:
        brands += [f"brand {len(brands) // len(distinct)}"] * len(distinct)
    titles = (distinct * (n_titles // len(distinct) + 1))[:n_titles]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    group_variants(titles, brands[:n_titles])
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "catalogues": shares,
        "titles": n_titles,
        "seconds": round(seconds, 1),
        "peak_mb": round(after / 1024),
        "peak_mb_before": round(before / 1024),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--titles", type=int, default=100_000)
    parser.add_argument("--pairs", action="store_true")
    options = parser.parse_args()
    folder = Path(os.environ["UNSUNG_DATA"])
    if options.pairs:
        print_pairs(folder)
    else:
        print(json.dumps(measure(folder, options.titles), indent=2))


if __name__ == "__main__":
    main()
