"""How long a list takes: the command from a cold start, and one user inside Python.

    python benchmarks/recommend.py BUNDLE [--unsung .venv/bin/unsung]

``--unsung`` names the command of the install that is measured, such as one without torch. Prints
JSON: medians and largest values over ``runs`` calls of the command and over 300 users in Python.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import unsung

N_USERS = 300


def timed(call: Callable[[], object], times: int) -> dict[str, float]:
    """Median and largest wall time in milliseconds."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        call()
        taken.append((time.perf_counter() - begun) * 1000)
    return {"median_ms": round(statistics.median(taken), 2), "max_ms": round(max(taken), 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--unsung", default=str(Path(sys.executable).with_name("unsung")))
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    bundle = unsung.load_bundle(options.bundle)
    users = iter([str(user) for user in bundle.model.state.users.values[: N_USERS + 50]] * 2)

    def command(*words: str) -> Callable[[], object]:
        return lambda: subprocess.run(
            [options.unsung, *words], check=True, stdout=subprocess.DEVNULL
        )

    someone = str(bundle.model.state.users.values[0])
    recommend = command("recommend", str(options.bundle), "--user", someone)
    bundle.recommend(someone)
    found = {
        "bundle": {"items": bundle.model.state.n_items, "users": bundle.model.state.n_users},
        "unsung --help": timed(command("--help"), options.runs),
        "unsung recommend, cold": timed(recommend, options.runs),
        "one user in Python": timed(lambda: bundle.recommend(next(users)), N_USERS),
        "one user in Python, explained": timed(
            lambda: bundle.recommend(next(users), explain=True), 50
        ),
    }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
