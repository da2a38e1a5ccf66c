"""The blend's budget for the tail: its loss as it is, or at the upper end of its interval.

    UNSUNG_DATA=... python benchmarks/weighing.py [--shops online_retail ...] [--budget .08]

Every scorer has its default settings. Weights are learnt on the validation part (at most 1,500
users) and measured on the test part (at most 4,000): NDCG at 10 over all and on the established
tail. With the pretrained encoder; the linear model of Amazon Beauty takes a minute or two.
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
from unsung.pipeline.components import default_components, make_component
from unsung.pipeline.rules import Rules
from unsung.popularity.segments import TAIL, segment_items
from unsung.recommenders.weights import learn_weights
from unsung.workflows.content import ContentBuilder
from unsung.workflows.encoder import find_encoder
from unsung.workflows.prepare import Shop, read_shop
from unsung.workflows.testing import Split, described_window
from unsung.workflows.validation import Judge
from unsung.workflows.weighing import Weighing

K = 10
FREE = frozenset({"popular_log"})


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
) -> tuple[Weighing, np.ndarray]:
    window = described_window(split, builder).sampled(most, np.random.default_rng(0))
    fitted = [
        make_component(c).fit(window.fit_state, rng=np.random.default_rng(0))
        for c in default_components(window.fit_state, window.days)
    ]
    judge = Judge(window, K, Rules(repeats=shop.settings.repeats, in_stock_only=False))
    segments = segment_items(window.fit_state, shop.settings.segments)
    return Weighing(fitted, judge, shop.settings.segments, each), segments == TAIL


def as_it_is(weighing: Weighing, budget: float) -> dict[str, float]:
    """Weights with most tail whose loss, without its interval, is within the budget.

    Budgets of the cautious rule are tried upwards; the last whose loss is small enough counts.
    """
    best = learn_weights(weighing.scores, weighing.relevance, weighing.tail, free=FREE)
    least = (1 - budget) * best.relevance
    kept = best.weights
    for share in np.linspace(budget, 3 * budget, 13):
        learnt = learn_weights(
            weighing.scores, weighing.relevance, weighing.tail, free=FREE, budget=float(share)
        )
        if learnt.relevance >= least:
            kept = learnt.weights
    return kept


def blended(weighing: Weighing, weights: dict[str, float]) -> np.ndarray:
    return np.asarray(sum(np.float32(weights[n]) * s for n, s in weighing.scores.items()))


def measure(weighing: Weighing, tail: np.ndarray, weights: dict[str, float]) -> dict[str, Any]:
    hits = weighing._hits(blended(weighing, weights))
    return {
        "ndcg": round(float(np.nanmean(ndcg_at_k(hits))), 4),
        "ndcg_tail": round(float(np.nanmean(ndcg_at_k(hits.within(tail)))), 4),
        "weights": weights,
    }


def compare(name: str, budget: float) -> dict[str, Any]:
    folder = (
        demo_shop_folder() if name == "online_retail" else Path(os.environ["UNSUNG_DATA"], name)
    )
    shop, builder = read_shop(folder), ContentBuilder(find_encoder("auto"))
    validation, test = parts_of(shop)
    learning, _ = weighing_of(shop, validation, builder, 1500, 100)
    testing, tail = weighing_of(shop, test, builder, 4000, 300)
    cautious = learn_weights(
        learning.scores, learning.relevance, learning.tail, free=FREE, budget=budget
    )
    return {
        "upper end": measure(testing, tail, cautious.weights),
        "as it is": measure(testing, tail, as_it_is(learning, budget)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shops", nargs="*", default=["online_retail"])
    parser.add_argument("--budget", type=float, default=0.08)
    options = parser.parse_args()
    print(json.dumps({n: compare(n, options.budget) for n in options.shops}, indent=2))


if __name__ == "__main__":
    main()
