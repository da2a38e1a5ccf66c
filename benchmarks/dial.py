"""What a dial certifies on a shop, at several budgets, and what its withheld customers cost.

    UNSUNG_DATA=... python benchmarks/dial.py [--shop online_retail] [--budgets .02 .05]
        [--seeds 3] [--skip teaching]

The shop is tested as a fit tests it, with the pretrained encoder (nothing is fine-tuned) and no
time for trying settings; then the dial is set on the test window's customers at each budget, as a
fit sets it. A seed draws other parts of the customers; the window and its labels are the same.
`teaching`: NDCG on the validation window of a second stage that learnt from all customers of the
window before, from the default share, and from none. Prints one JSON document.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from unsung.data.demo import demo_shop_folder
from unsung.data.splits import TimeSplit, split_by_time
from unsung.evaluation.certificate import Subject
from unsung.pipeline.two_stage import TwoStage
from unsung.recommenders.base import Scorer
from unsung.workflows.dial import BUYERS, DialSettings, Stand, set_dial
from unsung.workflows.encoder import find_encoder
from unsung.workflows.evaluate import EvaluateSettings, ShopEvaluation, evaluate
from unsung.workflows.held_out import HeldOut
from unsung.workflows.latest_window import Latest
from unsung.workflows.prepare import Shop, read_shop
from unsung.workflows.second_stage import train_ranker
from unsung.workflows.testing import TestPart, item_table
from unsung.workflows.tune import TuneSettings
from unsung.workflows.validation import ValidationWindow
from unsung.workflows.windows import LabelWindow, Stage

TEACHING = (1.0, DialSettings().shares[0], 0.0)


def say(text: str, done: int = 0, total: int = 0) -> None:  # noqa: ARG001 - a Progress
    if done == 0:
        print(text, file=sys.stderr, flush=True)


def standing(found: ShopEvaluation, seed: int) -> Stand:
    """What the dial of the latest window is set on, with customers drawn by a seed."""
    rng = np.random.default_rng(seed)
    latest = Latest.of(found, DialSettings(), rng=rng)
    assert latest.parts is not None
    scorer: Scorer = found.stage.first.blend
    ranker = latest.ranker(rng=rng)
    if ranker is not None:
        served = TwoStage(found.stage.first, ranker, found.second.tail_boost)
        scorer = HeldOut(served, latest.parts.teaching)
    trial = found.trial
    return Stand(scorer, found.tested, latest.parts, found.items, trial.rules, trial.k)


def certified(stand: Stand, settings: DialSettings, seed: int) -> dict[str, Any]:
    """What a budget certifies there."""
    subject = Subject("", "", BUYERS, "the test window", stand.k)
    dial = set_dial(stand, subject, settings, rng=np.random.default_rng(seed))
    if dial is None:
        return {"refused": "too few customers"}
    reached = sum(position.certified for position in dial.certificate.positions)
    last = dial.certificate.positions[reached - 1] if reached else None
    refusal = dial.certificate.refusal
    undialled = dial.served[0]
    served = dial.served[dial.choice.start + reached] if reached else undialled
    return {
        **dial.counts,
        "method": dial.choice.settings.name,
        "most_lost": dial.choice.most_lost,
        "certified": None if last is None else last.name,
        "loss": None if last is None else round(last.loss, 4),
        "undialled_tail_share": round(undialled.tail_share, 4),
        "tail_share": round(served.tail_share, 4),
        "undialled_fresh_share": round(undialled.evaluation.summary["aplt_fresh"], 4),
        "fresh_share": round(served.evaluation.summary["aplt_fresh"], 4),
        "groups": {group.name: group.certified for group in dial.certificate.groups[1:]},
        "refusal": None if refusal is None else refusal.sentence,
    }


def teaching(shop: Shop, found: ShopEvaluation, seeds: int) -> dict[str, list[float]]:
    """NDCG on the validation window, by the share of customers that taught in the one before."""
    split, trial = found.split, found.trial
    assert isinstance(split, TimeSplit)
    length = split.end - split.cutoff
    start = split.cutoff - length
    rng = np.random.default_rng(0)
    windows = [LabelWindow(start - length * back, start - length * (back - 1)) for back in (2, 1)]
    stages = [Stage.as_of(shop.dataset.as_of(w.start), trial.recipe, rng=rng) for w in windows]
    judged = Stage.as_of(shop.dataset.as_of(start), trial.recipe, rng=rng)
    later = split_by_time(shop.dataset, start, split.cutoff, repeats=shop.settings.repeats)
    window = ValidationWindow(judged.state, judged.state, later.users, later.targets)
    part = TestPart(window, item_table(judged.state, shop.settings), trial.rules, trial.k, "time")
    values: dict[str, list[float]] = {}
    for share in TEACHING:
        for seed in range(seeds):
            drawn = np.random.default_rng(seed)
            shares = (1.0, share) if share else (1.0,)
            rows = []
            for w, stage, s in zip(windows, stages, shares, strict=False):
                withheld = _withheld(stage, s, drawn)
                rows.append(trial.rows_of(w, stage, np.random.default_rng(seed), say, withheld))
            ranker = train_ranker(rows, trial, rng=np.random.default_rng(seed))
            result = part.judge(TwoStage(judged.first, ranker), None, drawn)
            ndcg = result.evaluation.summary["ndcg_at_k"]
            values.setdefault(f"{share:g}", []).append(round(ndcg, 4))
            print(json.dumps(values), file=sys.stderr, flush=True)
    return values


def _withheld(stage: Stage, share: float, rng: np.random.Generator) -> np.ndarray:
    users = np.arange(stage.state.n_users, dtype=np.int32)
    return users[rng.random(len(users)) >= share]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shop", default="online_retail")
    parser.add_argument("--budgets", type=float, nargs="+", default=[0.02, 0.05])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--skip", default="", help="teaching")
    options = parser.parse_args()
    packaged = options.shop == "online_retail"
    folder = demo_shop_folder() if packaged else Path(os.environ["UNSUNG_DATA"]) / options.shop
    shop = read_shop(folder)
    settings = EvaluateSettings(fine_tune=False, tuning=TuneSettings(budget_s=0))
    found = evaluate(
        shop.dataset, shop.settings, settings, encoder=find_encoder(),
        rng=np.random.default_rng(0), progress=say,
    )  # fmt: skip
    record: dict[str, Any] = {"shop": options.shop, "serves": found.serves, "dial": {}}
    for seed in range(options.seeds):
        stand = standing(found, seed)
        for budget in options.budgets:
            run = certified(stand, DialSettings(budget=budget), seed)
            record["dial"].setdefault(f"{budget:g}", []).append(run)
            print(json.dumps({budget: run}), file=sys.stderr, flush=True)
    if "teaching" not in options.skip and isinstance(found.split, TimeSplit):
        record["teaching"] = teaching(shop, found, options.seeds)
    print(json.dumps(record, indent=2))


if __name__ == "__main__":
    main()
