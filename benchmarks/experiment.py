"""What an experiment's readout claims, checked on real users with arms that chance gave them.

    python benchmarks/experiment.py [--shop SHOP] [--days 56] [--looks 20] [--runs 250]

Every run deals the shop's users (the demo shop's, where none is named) into two arms.

* A/A: nothing is done, so every "caused" is false. Counted: one look at the end by the
  fixed-horizon interval (5 % is right), the same interval at every look (what peeking does to it),
  and the always-valid interval at every look (at most 5 % is right); with everybody exposed at the
  start and with users who come in over the first half.
* Planted: every purchase of a treated user is doubled with a probability that the sample-size
  function says is seen in 80 % of experiments. Counted: how often it is.

Prints JSON with 95 % intervals of the shares (Wilson).
"""

import argparse
import json
import time
from collections import Counter
from pathlib import Path

import numpy as np

from unsung.data.demo import demo_shop_folder
from unsung.evaluation.experiment import Trial, compare_arms, foretold_share
from unsung.popularity.segments import segment_items
from unsung.schema import DAY_US
from unsung.statistics.intervals import wilson_interval
from unsung.statistics.power import detectable_lift
from unsung.workflows.experiment_metrics import Span, metrics_before, user_metrics
from unsung.workflows.prepare import Shop, read_shop

METRICS = ("tail_purchases", "purchases", "orders", "revenue")
PLANTED = ("tail_purchases", "purchases", "orders")
ARMS = ("control", "unsung")
LEVEL = 0.95
Looks = list[tuple[np.ndarray, dict[str, np.ndarray]]]


class Past:
    """A past window of a shop as an experiment would have seen it, look by look."""

    def __init__(self, shop: Shop, days: float, n_looks: int, rng: np.random.Generator) -> None:
        dataset = shop.dataset
        self.start = dataset.end - int(days * DAY_US)
        self.users = np.unique(dataset.interactions.user_index)
        segments = segment_items(dataset.as_of(self.start), shop.settings.segments)
        self.before = metrics_before(dataset, self.users, self.start, days, segments)
        ends = self.start + np.arange(1, n_looks + 1) * days / n_looks * DAY_US
        at_once = np.full(len(self.users), self.start)
        gradual = self.start + (rng.random(len(self.users)) * days / 2 * DAY_US).astype(np.int64)
        self.looks = {
            name: [self._look(shop, segments, since, int(end)) for end in ends]
            for name, since in (("at once", at_once), ("gradually", gradual))
        }

    def _look(
        self, shop: Shop, segments: np.ndarray, since: np.ndarray, end: int
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        span = Span(self.users, since, end)
        values = user_metrics(shop.dataset, span, segments)
        return (end - since) / DAY_US, {name: values[name] for name in METRICS}

    def trial(
        self, arm: np.ndarray, days: np.ndarray, values: dict[str, np.ndarray], planned: float
    ) -> Trial:
        """What is known at one look, of those who have come in."""
        trial = Trial(ARMS, arm, days, values, self.before, planned)
        return trial.take(days > 0)


def rejections(
    past: Past, looks: Looks, arm: np.ndarray, planned: float
) -> dict[str, dict[str, bool]]:
    """By metric: what one look at the end and a look at every time reject."""
    found = [
        {e.metric: e for e in compare_arms(past.trial(arm, *look, planned), METRICS, level=LEVEL)}
        for look in looks
    ]
    alpha = 1 - LEVEL
    return {
        metric: {
            "fixed, one look": found[-1][metric].fixed_p_value <= alpha,
            "fixed, every look": any(look[metric].fixed_p_value <= alpha for look in found),
            "always valid, last look": found[-1][metric].p_value <= alpha,
            "always valid, every look": any(look[metric].p_value <= alpha for look in found),
        }
        for metric in METRICS
    }


def with_more(
    looks: Looks, treated: np.ndarray, lifts: dict[str, float], rng: np.random.Generator
) -> Looks:
    """The same looks where treated users buy more: each purchase doubled with a probability."""
    changed = [(days, dict(values)) for days, values in looks]
    for metric, lift in lifts.items():
        seen = np.zeros(len(treated))
        extra = np.zeros(len(treated))
        for at, (_, values) in enumerate(looks):
            new = np.maximum(values[metric] - seen, 0).astype(np.int64)
            extra += treated * rng.binomial(new, lift)
            seen = values[metric]
            changed[at][1][metric] = values[metric] + extra
    return changed


def counted(runs: list[dict[str, dict[str, bool]]], metrics: tuple[str, ...]) -> dict[str, object]:
    """Share of runs with a rejection, with its interval."""
    shares: dict[str, object] = {}
    for metric in metrics:
        counts: Counter[str] = Counter()
        for run in runs:
            counts.update({kind: int(rejects) for kind, rejects in run[metric].items()})
        shares[metric] = {
            kind: {
                "share": n / len(runs),
                "interval": [round(end, 4) for end in wilson_interval(n, len(runs))],
            }
            for kind, n in counts.items()
        }
    return shares


def dealt(n: int, rng: np.random.Generator) -> np.ndarray:
    """Two arms of equal size."""
    return rng.permutation(np.arange(n) % 2)


def errors(past: Past, runs: int, planned: float, rng: np.random.Generator) -> dict[str, object]:
    """How often something is found where nothing was done."""
    n = len(past.users)
    return {
        name: counted(
            [rejections(past, looks, dealt(n, rng), planned) for _ in range(runs)], METRICS
        )
        for name, looks in past.looks.items()
    }


def power(past: Past, runs: int, planned: float, rng: np.random.Generator) -> dict[str, object]:
    """How often an effect is found that the plan says is found in 80 %."""
    n, looks = len(past.users), past.looks["at once"]
    last = looks[-1][1]
    planted = {}
    for kind in ("fixed", "always valid"):
        lifts = {}
        for name in PLANTED:
            share = foretold_share(name, last[name], past.before)
            variation = float(last[name].std() * share**0.5 / last[name].mean())
            lifts[name] = detectable_lift(n, variation, always_valid=kind != "fixed")
        found = []
        for _ in range(runs):
            arm = dealt(n, rng)
            found.append(rejections(past, with_more(looks, arm == 1, lifts, rng), arm, planned))
        planted[f"the lift that the {kind} interval is promised to see in 80 %"] = {
            "lift": {name: round(lift, 4) for name, lift in lifts.items()},
            **counted(found, PLANTED),
        }
    return planted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shop", type=Path, default=demo_shop_folder())
    parser.add_argument("--days", type=float, default=56.0)
    parser.add_argument("--looks", type=int, default=20)
    parser.add_argument("--runs", type=int, default=250)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    begun = time.perf_counter()
    rng = np.random.default_rng(options.seed)
    past = Past(read_shop(options.shop), options.days, options.looks, rng)
    planned = len(past.users) * options.days
    found = {
        "users": len(past.users),
        "days": options.days,
        "looks": options.looks,
        "runs": options.runs,
        "A/A": errors(past, options.runs, planned, rng),
        "planted": power(past, options.runs // 2, planned, rng),
        "seconds": round(time.perf_counter() - begun),
    }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
