"""Removing a user or an item from the linear model, and adding a day: seconds, and what differs.

    UNSUNG_DATA=... python benchmarks/forget.py [--shops online_retail ...]

For each shop the model is fitted, brought up to date after a change, and fitted anew after the same
change. Prints one JSON document: seconds of the new fit and of the update, items that were solved
again, and the largest difference of a weight. Online Retail is small enough to be solved as a
whole, so there both are the same computation; `--dense-items 2` solves it item by item as well.
Only term vectors are used.
"""

import argparse
import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from unsung.data.demo import demo_shop_folder
from unsung.data.joining import state_without_users
from unsung.data.state import ShopState
from unsung.recommenders.linear import Linear, LinearSettings
from unsung.schema import DAY_US
from unsung.workflows.content import ContentBuilder
from unsung.workflows.prepare import read_shop


def state_of(name: str) -> ShopState:
    folder = (
        demo_shop_folder() if name == "online_retail" else Path(os.environ["UNSUNG_DATA"], name)
    )
    described, _, _ = ContentBuilder().build(read_shop(folder).dataset.as_of())
    return described


def changes(state: ShopState) -> dict[str, tuple[ShopState, ShopState]]:
    """What happens -> the shop before and after it."""
    sizes = np.diff(state.pairs.indptr)
    typical = int(np.argsort(sizes, kind="stable")[len(sizes) * 3 // 4])
    gone = np.arange(state.n_users) == typical
    rows = state.interactions
    item = int(np.argsort(state.buyers, kind="stable")[state.n_items * 3 // 4])
    without_item = replace(state, interactions=rows.take(rows.item_index != item))
    found = {
        f"a user with {sizes[typical]} items goes": (state, state_without_users(state, gone)),
        f"an item with {state.buyers[item]} buyers goes": (state, without_item),
    }
    if state.has_clock:
        last = rows.timestamp < rows.timestamp.max() - DAY_US
        day = replace(state, interactions=rows.take(last))
        found[f"a day with {int((~last).sum())} events comes"] = (day, state)
    return found


def measure(before: ShopState, after: ShopState, settings: LinearSettings) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    fitted = Linear(settings).fit(before, rng=rng)
    solved: list[int] = []

    def progress(stage: str, done: int = 0, total: int = 0) -> None:
        if stage == "solving item by item" and done == total:
            solved.append(total)

    start = time.perf_counter()
    updated = fitted.refreshed(before, after, progress=progress)
    middle = time.perf_counter()
    anew = Linear(settings).fit(after, rng=rng)
    end = time.perf_counter()
    difference = abs(updated.weights - anew.weights).max()
    moved = abs(updated.weights - fitted.weights).max()
    return {
        "update_s": round(middle - start, 2),
        "fit_s": round(end - middle, 2),
        "solved_again": solved[0] if solved else after.n_items,
        "of": after.n_items,
        "largest_difference": float(difference),
        "largest_change": float(moved),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shops", nargs="*", default=["online_retail"])
    parser.add_argument("--dense-items", type=int, default=LinearSettings().dense_items)
    options = parser.parse_args()
    settings = LinearSettings(dense_items=options.dense_items)
    found = {}
    for name in options.shops:
        cases = changes(state_of(name))
        found[name] = {what: measure(*states, settings) for what, states in cases.items()}
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
