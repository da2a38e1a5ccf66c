"""What it costs that a list holds one listing of a product: NDCG with the rule and without it.

    python benchmarks/variant_rule.py

The demo shop's last two windows; a blend of default weights on term vectors, fitted once a window,
makes the lists of ten with the rule and without. Prints JSON: NDCG of both, the difference with its
95 % interval over customers, and how many lists hold two listings of a product.
"""

import json

import numpy as np

from unsung.data.demo import demo_shop_folder
from unsung.data.splits import TimeSplit, choose_windows, split_by_time
from unsung.data.state import ItemContent
from unsung.evaluation.hits import find_hits
from unsung.evaluation.ranking import ndcg_at_k
from unsung.pipeline.components import default_components, default_weights
from unsung.pipeline.recommend import recommend_lists
from unsung.pipeline.rules import Rules
from unsung.pipeline.two_stage import FirstStageSettings
from unsung.statistics.intervals import normal_interval
from unsung.workflows.content import ContentBuilder
from unsung.workflows.prepare import read_shop
from unsung.workflows.windows import Recipe

K = 10


def with_two(lists: np.ndarray, variants: np.ndarray) -> float:
    groups = [variants[row[row >= 0]] for row in lists]
    grouped = [group[group >= 0] for group in groups]
    return float(np.mean([len(group) > len(np.unique(group)) for group in grouped]))


def measure(split: TimeSplit) -> dict[str, object]:
    builder = ContentBuilder()
    state, _, _ = builder.build(split.fit_state)
    components = default_components(state)
    recipe = Recipe(components, default_weights(components), builder, FirstStageSettings())
    first = recipe.first_stage().fit(state, rng=np.random.default_rng(0))
    content, values, shares = state.content, {}, {}
    plain = state.with_content(ItemContent(content.terms, content.embeddings))
    for name, of in (("one", state), ("all", plain)):
        lists = recommend_lists(first.blend, of, split.users, K, Rules(in_stock_only=False))
        values[name] = ndcg_at_k(find_hits(lists, split.targets, K))
        shares[name] = round(with_two(lists, content.variants), 4)
    difference = values["one"] - values["all"]
    difference = difference[~np.isnan(difference)]
    low, high = normal_interval(difference)
    return {
        "users": len(split.users),
        "ndcg": {name: round(float(np.nanmean(found)), 4) for name, found in values.items()},
        "difference": [round(float(value), 4) for value in (difference.mean(), low, high)],
        "lists_with_two": shares,
    }


def main() -> None:
    dataset = read_shop(demo_shop_folder()).dataset
    windows = choose_windows(dataset, min_users=100, repeats="hide")
    for name, start, end in (
        ("validation", windows.validation_start, windows.test_start),
        ("test", windows.test_start, windows.end),
    ):
        found = measure(split_by_time(dataset, start, end, repeats="hide"))
        print(json.dumps({name: found}), flush=True)


if __name__ == "__main__":
    main()
