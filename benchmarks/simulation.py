"""What policies do to the demo shop over months of recommend, choose and refit.

    python benchmarks/simulation.py [--months 6] [--seeds 3] [--first-slot 20] [--page FILE]

Shoppers choose by a logit over latent classes, fitted to the shop's past by maximum likelihood and
tested on a later window; four worlds, in three of which something that speaks for the dial is not
so. The refit of each month is the linear model and the trend, not the second stage. Prints one JSON
document: what `unsung simulate --json` prints, without the paths.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from unsung.data.demo import demo_shop_folder
from unsung.reports.simulation import simulation_page
from unsung.workflows.prepare import read_shop
from unsung.workflows.simulation import SimulationSettings, simulate
from unsung.workflows.simulation_record import simulation_record


def say(text: str, done: int = 0, total: int = 0) -> None:
    """Progress on stderr."""
    print(time.strftime("%H:%M:%S"), text, done, total, file=sys.stderr, flush=True)


def main() -> None:
    """Run it and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-slot", type=float, default=20.0)
    parser.add_argument("--page", type=Path)
    options = parser.parse_args()
    shop = read_shop(demo_shop_folder())
    settings = SimulationSettings(
        months=options.months, seeds=options.seeds, first_slot=options.first_slot
    )
    begun = time.perf_counter()
    found = simulate(shop.dataset, shop.settings, settings, progress=say)
    record = simulation_record(found)
    if options.page:
        options.page.write_text(simulation_page(record), encoding="utf-8")
    record.pop("paths")
    print(json.dumps({**record, "seconds": round(time.perf_counter() - begun)}, indent=1))


if __name__ == "__main__":
    main()
