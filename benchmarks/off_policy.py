"""Off-policy estimates on the Open Bandit sample, where both policies were logged.

    UNSUNG_DATA=... python benchmarks/off_policy.py

For each campaign: the Thompson policy's clicks a slot from the uniformly random log, the random
policy's from the Thompson log, each beside what that policy earned itself. The Thompson policy
doesn't look at the user, so its propensities are the means of those logged by item and position.
The reward model of DR is each item's click rate on the other half of the log, shrunk by 100 slots.
Prints JSON.
"""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd

from unsung.evaluation.off_policy import LoggedSlots, PolicyValue, RewardModel, estimate_policy
from unsung.statistics.intervals import wilson_interval

CELL = ["position", "item_id"]
SHRINKAGE = 100


def propensities(log: pd.DataFrame) -> pd.Series:
    """A policy's probability of each item in each position."""
    mean = log.groupby(CELL)["propensity_score"].mean()
    return mean / mean.groupby("position").sum()


def reward_model(log: pd.DataFrame, policy: pd.Series) -> RewardModel:
    """Click rates, each half of the log judged by the other one."""
    half = np.arange(len(log)) % 2
    logged, target = np.zeros(len(log)), np.zeros(len(log))
    items = policy.index.get_level_values("item_id")
    for side in (0, 1):
        other = log[half != side]
        base = other["click"].mean()
        clicks = other.groupby("item_id")["click"].agg(["sum", "size"])
        rate = (clicks["sum"] + SHRINKAGE * base) / (clicks["size"] + SHRINKAGE)
        rate = rate.reindex(items.unique()).fillna(base)
        mean = (policy * rate.reindex(items).to_numpy()).groupby("position").sum()
        logged[half == side] = rate.reindex(log["item_id"][half == side])
        target[half == side] = mean.reindex(log["position"][half == side])
    return RewardModel(logged, target)


def told(log: pd.DataFrame, policy: pd.Series, truth: pd.DataFrame) -> dict[str, object]:
    """Every estimate beside what the policy earned."""
    shown = policy.reindex(pd.MultiIndex.from_frame(log[CELL])).fillna(0).to_numpy()
    slots = LoggedSlots(
        log["click"].to_numpy(float),
        log["propensity_score"].to_numpy(float),
        shown,
        np.arange(len(log)),
    )
    found = estimate_policy(
        slots, rng=np.random.default_rng(0), reward_model=reward_model(log, policy)
    )
    overlap = found["ips"].overlap
    own = wilson_interval(int(truth["click"].sum()), len(truth))
    return {
        "truth": round(float(truth["click"].mean()), 5),
        "truth_interval": [round(end, 5) for end in own],
        "effective_slots": round(overlap.effective_slots, 1),
        "largest_weight": round(overlap.largest_weight, 1),
        "mean_weight": round(overlap.mean_weight, 3),
        **{
            name: [round(each, 5) for each in (value.value, value.low, value.high)]
            if isinstance(value, PolicyValue)
            else f"refused: {value.reason}"
            for name, value in found.items()
        },
    }


def main() -> None:
    folder = Path(os.environ["UNSUNG_DATA"], "open_bandit_sample")
    found = {}
    for campaign in ("men", "women", "all"):
        random, thompson = (
            pd.read_parquet(folder / f"{name}_{campaign}.parquet") for name in ("random", "bts")
        )
        found[campaign] = {
            "Thompson from the random log": told(random, propensities(thompson), thompson),
            "random from the Thompson log": told(thompson, propensities(random), random),
        }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
