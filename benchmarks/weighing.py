"""The blend's weights as the validation part teaches them, beside every scorer alone.

    UNSUNG_DATA=... python benchmarks/weighing.py [--shops online_retail ...] [--budgets 0 .05]

Every scorer has its default settings. Weights are learnt on the validation part (at most 1,500
users) for each relevance budget and measured on the test part (at most 4,000): NDCG at 10 over all
and by segment. With the pretrained encoder; Amazon Beauty takes some minutes.
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from unsung.data.demo import demo_shop_folder
from unsung.data.splits import choose_windows, split_by_time, split_leave_one_out
from unsung.evaluation.ranking import ndcg_at_k
from unsung.pipeline.components import default_components, default_weights, make_component
from unsung.pipeline.rules import Rules
from unsung.popularity.segments import SEGMENT_NAMES, segment_items
from unsung.progress import silent
from unsung.workflows.content import ContentBuilder
from unsung.workflows.encoder import find_encoder
from unsung.workflows.prepare import Shop, read_shop
from unsung.workflows.testing import Split, described_window
from unsung.workflows.validation import Judge
from unsung.workflows.weighing import Weighing

K = 10


def parts_of(shop: Shop) -> tuple[Split, Split]:
    data, repeats = shop.dataset, shop.settings.repeats
    if not data.has_clock:
        return (
            split_leave_one_out(data, holdout="validation"),
            split_leave_one_out(data, holdout="test"),
        )
    windows = choose_windows(data, min_users=500, repeats=repeats)
    start, test, end = windows.validation_start, windows.test_start, windows.end
    return (
        split_by_time(data, start, test, repeats=repeats),
        split_by_time(data, test, end, repeats=repeats),
    )


def weighing_of(
    shop: Shop, split: Split, builder: ContentBuilder, most: int, each: int
) -> tuple[Weighing, np.ndarray, dict[str, float]]:
    window = described_window(split, builder).sampled(most, np.random.default_rng(0))
    components = default_components(window.fit_state, window.days)
    rng = np.random.default_rng(0)
    fitted = [make_component(c).fit(window.fit_state, rng=rng) for c in components]
    judge = Judge(window, K, Rules(repeats=shop.settings.repeats, in_stock_only=False))
    segments = segment_items(window.fit_state, shop.settings.segments)
    weighing = Weighing(fitted, judge, shop.settings.segments, each)
    return weighing, segments, default_weights(components)


def blended(weighing: Weighing, weights: dict[str, float]) -> np.ndarray:
    return np.asarray(sum(np.float32(weights[n]) * s for n, s in weighing.scores.items()))


def measure(weighing: Weighing, segments: np.ndarray, weights: dict[str, float]) -> dict[str, Any]:
    hits = weighing._hits(blended(weighing, weights))
    cuts = {"ndcg": np.ones(len(segments), bool)}
    cuts |= {name: segments == code for code, name in enumerate(SEGMENT_NAMES)}
    return {name: mean(ndcg_at_k(hits.within(inside))) for name, inside in cuts.items()}


def mean(values: np.ndarray) -> float | None:
    return None if np.isnan(values).all() else round(float(np.nanmean(values)), 4)


def compare(name: str, budgets: list[float]) -> dict[str, Any]:
    folder = (
        demo_shop_folder() if name == "online_retail" else Path(os.environ["UNSUNG_DATA"], name)
    )
    shop, builder = read_shop(folder), ContentBuilder(find_encoder("auto"))
    validation, test = parts_of(shop)
    learning, _, usual = weighing_of(shop, validation, builder, 1500, 100)
    testing, segments, _ = weighing_of(shop, test, builder, 4000, 100)
    found: dict[str, Any] = {
        scorer: measure(testing, segments, dict.fromkeys(testing.scores, 0.0) | {scorer: 1.0})
        for scorer in testing.scores
    }
    for budget in budgets:
        learnt = learning.learn(usual, budget, silent)
        found[f"budget {budget}"] = measure(testing, segments, learnt.weights) | {
            "validation": [round(learnt.relevance, 4), round(learnt.tail, 4)],
            "weights": {scorer: round(weight, 3) for scorer, weight in learnt.weights.items()},
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shops", nargs="*", default=["online_retail"])
    parser.add_argument("--budgets", nargs="*", type=float, default=[0.0, 0.05])
    options = parser.parse_args()
    print(json.dumps({n: compare(n, options.budgets) for n in options.shops}, indent=2))


if __name__ == "__main__":
    main()
