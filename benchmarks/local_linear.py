"""The linear model item by item against the whole solution, on the validation part.

    UNSUNG_DATA=... python benchmarks/local_linear.py [--shops online_retail ...] [--users 3000]
        [--nearest 50 100 200] [--l2 100] [--text 5]

NDCG at 10 over all and in each segment, coverage, seconds of processor time for the fit, and how
many of a user's ten items both solutions share. No encoder is fine-tuned; nothing is chosen. The
whole solution of Amazon Beauty takes a minute or two. Prints one JSON document.
"""

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from unsung.data.demo import demo_shop_folder
from unsung.data.splits import choose_windows, split_by_time, split_leave_one_out
from unsung.evaluation.hits import find_hits
from unsung.evaluation.ranking import ndcg_at_k
from unsung.pipeline.ranking import top_k
from unsung.pipeline.rules import Rules
from unsung.popularity.segments import SEGMENT_NAMES, segment_items
from unsung.recommenders.linear import Linear, LinearSettings
from unsung.workflows.content import ContentBuilder
from unsung.workflows.encoder import find_encoder
from unsung.workflows.prepare import Shop, read_shop
from unsung.workflows.testing import described_window
from unsung.workflows.validation import Judge

K = 10
WHOLE = 10**6


def shop_of(name: str) -> Shop:
    if name == "online_retail":
        return read_shop(demo_shop_folder())
    return read_shop(Path(os.environ["UNSUNG_DATA"]) / name)


def judge_of(shop: Shop, n_users: int) -> Judge:
    """The validation part, its items described with the pretrained encoder."""
    repeats = shop.settings.repeats
    if shop.dataset.has_clock:
        windows = choose_windows(shop.dataset, min_users=500, repeats=repeats)
        start, end = windows.validation_start, windows.test_start
        split = split_by_time(shop.dataset, start, end, repeats=repeats)
    else:
        split = split_leave_one_out(shop.dataset, holdout="validation")
    window = described_window(split, ContentBuilder(find_encoder("auto")))
    window = window.sampled(n_users, np.random.default_rng(0))
    return Judge(window, K, Rules(repeats=repeats, in_stock_only=False))


def measure(
    judge: Judge, segments: np.ndarray, settings: LinearSettings
) -> tuple[dict[str, Any], np.ndarray]:
    start = time.process_time()
    state = judge.window.fit_state
    fitted = Linear(settings).fit(state, rng=np.random.default_rng(0))
    seconds = time.process_time() - start
    lists = top_k(judge.scores(fitted), K, judge.allowed)
    hits = find_hits(lists, judge.window.targets, K)
    found: dict[str, Any] = {"fit_cpu_s": round(seconds, 1), "weights": int(fitted.weights.nnz)}
    found["ndcg"] = round(float(np.nanmean(ndcg_at_k(hits))), 4)
    for code, name in enumerate(SEGMENT_NAMES):
        values = ndcg_at_k(hits.within(segments == code))
        known = values[~np.isnan(values)]
        found[f"ndcg_{name}"] = round(float(known.mean()), 4) if len(known) else None
    found["coverage"] = round(len(np.unique(lists)) / state.n_items, 3)
    return found, lists


def compare(name: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    shop = shop_of(name)
    judge = judge_of(shop, options.users)
    segments = segment_items(judge.window.fit_state, shop.settings.segments)
    settings = LinearSettings(
        l2=options.l2,
        term_weight=options.text,
        encoder_weight=options.text,
        half_life=56.0 if shop.dataset.has_clock else 1.4,
    )
    rows, whole = [], None
    for nearest in (None, *options.nearest):
        update = {"dense_items": WHOLE} if nearest is None else {"dense_items": 2,
                                                                "nearest": nearest}  # fmt: skip
        found, lists = measure(judge, segments, settings.model_copy(update=update))
        whole = lists if whole is None else whole
        shared = [len(np.intersect1d(a, b)) / K for a, b in zip(lists, whole, strict=True)]
        rows.append({"nearest": nearest or "all", **found, "shared": round(np.mean(shared), 3)})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shops", nargs="*", default=["online_retail"])
    parser.add_argument("--users", type=int, default=3000)
    parser.add_argument("--nearest", type=int, nargs="*", default=[50, 100, 200])
    parser.add_argument("--l2", type=float, default=100.0)
    parser.add_argument("--text", type=float, default=5.0)
    options = parser.parse_args()
    print(json.dumps({name: compare(name, options) for name in options.shops}, indent=2))


if __name__ == "__main__":
    main()
