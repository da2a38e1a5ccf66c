"""Reproduce the reference rows of Online Retail and Amazon Beauty at their given settings.

    python benchmarks/reproduce.py [--beauty FOLDER]

Online Retail is the demo shop of the package: train before 2011-11-11, test from then on. The
reference rows read item titles from the whole file and keep every weight, so this script does as
well; the product itself takes titles from before the cut-off and keeps the 500 largest weights an
item (the rows marked "as the product does it"). Prints one JSON document.
"""

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from unsung.data.demo import demo_shop_folder
from unsung.data.settings import SegmentSettings
from unsung.data.splits import split_by_time, split_leave_one_out
from unsung.data.state import ShopState
from unsung.evaluation.evaluate import evaluate_lists
from unsung.evaluation.items import ItemTable
from unsung.pipeline.components import ComponentSettings, make_component
from unsung.pipeline.recommend import recommend_lists
from unsung.pipeline.rules import Rules
from unsung.popularity.segments import (
    FINE_BAND_EDGES,
    FINE_BAND_NAMES,
    SEGMENT_NAMES,
    popularity_bands,
    segment_items,
)
from unsung.recommenders.content_profile import EncoderProfileSettings, TermProfileSettings
from unsung.recommenders.linear import LinearSettings
from unsung.recommenders.popular import PopularSettings
from unsung.text.term_vectors import TermSettings
from unsung.workflows.content import ContentBuilder
from unsung.workflows.encoder import find_encoder
from unsung.workflows.prepare import read_shop

METRICS = (
    "ndcg_at_k",
    "hr_at_k",
    "not_head_ndcg_at_k",
    "head_ndcg_at_k",
    "catalogue_coverage_at_k",
    "exposure_gini",
    "tail_ndcg_at_k",
    "fresh_ndcg_at_k",
    "effective_items",
)
ALL = 100_000
HALF_LIFE_6 = float(np.log(0.5) / np.log(0.6))
HALF_LIFE_7 = float(np.log(0.5) / np.log(0.7))

RETAIL: dict[str, ComponentSettings] = {
    "most popular": PopularSettings(),
    "trend, half-life 14 days": PopularSettings(half_life_days=14),
    "TF-IDF profile, half-life 60 days": TermProfileSettings(half_life=60, neighbours=ALL),
    "EASE lambda 300": LinearSettings(l2=300, term_weight=0, half_life=60, neighbours=ALL),
    "EASE + TF-IDF Gram 20": LinearSettings(l2=300, term_weight=20, half_life=60, neighbours=ALL),
    "EASE + TF-IDF Gram 50": LinearSettings(l2=300, term_weight=50, half_life=60, neighbours=ALL),
    "frozen MiniLM profile, temperature .2": EncoderProfileSettings(half_life=60, neighbours=ALL),
}
BEAUTY: dict[str, ComponentSettings] = {
    "TF-IDF profile, decay .7": TermProfileSettings(half_life=HALF_LIFE_7),
    "EASE + TF-IDF Gram 5, lambda 100, decay .6": LinearSettings(
        dense_items=15_000, l2=100, term_weight=5, half_life=HALF_LIFE_6
    ),
}


def figure(value: float) -> float | None:
    """Four digits; None where a metric isn't defined, which JSON has no number for."""
    return None if np.isnan(value) else round(value, 4)


def measure(
    settings: ComponentSettings, fit_state: ShopState, state: ShopState, users, targets
) -> dict[str, float]:
    """Fit one scorer and judge its lists of ten."""
    begun = time.perf_counter()
    scorer = make_component(settings).fit(fit_state, rng=np.random.default_rng(0))
    fitted = time.perf_counter()
    lists = recommend_lists(scorer, state, users, 10, Rules(in_stock_only=False))
    segments = segment_items(fit_state, SegmentSettings())
    items = ItemTable(
        segments=segments,
        buyers=fit_state.buyers,
        n_training_users=fit_state.n_users,
        segment_names=SEGMENT_NAMES,
        bands=popularity_bands(fit_state.buyers, fit_state.listed, FINE_BAND_EDGES),
        band_names=FINE_BAND_NAMES,
    )
    found = evaluate_lists(lists, targets, items, k=10)
    slots = {name: found.cuts["segment"][name]["slot_share"] for name in ("tail", "fresh")}
    outside = slots["tail"] + slots["fresh"]
    return {
        **{metric: figure(found.summary[metric]) for metric in METRICS},
        "fresh_share_of_tail_slots": round(slots["fresh"] / outside, 3) if outside else None,
        "fit_s": round(fitted - begun, 2),
        "lists_s": round(time.perf_counter() - fitted, 2),
    }


def retail() -> dict[str, dict[str, float]]:
    """The rows of the demo shop, as published and as the product does it."""
    dataset = read_shop(demo_shop_folder()).dataset
    cutoff = pd.Timestamp("2011-11-11", tz="UTC").value // 1_000
    split = split_by_time(dataset, cutoff)
    encoder = find_encoder()
    whole = dataset.as_of()
    told = replace(split.state, catalogue=whole.catalogue, listed=whole.listed)
    rows = {}
    for note, base, keep in (("", told, ALL), (", as the product does it", split.state, 500)):
        state, _, _ = ContentBuilder(encoder).build(base)
        for name, settings in RETAIL.items():
            changed = settings
            if hasattr(settings, "neighbours"):
                changed = settings.model_copy(update={"neighbours": keep})
            rows[name + note] = measure(changed, state, state, split.users, split.targets)
            print(name + note, rows[name + note], file=sys.stderr)
    return rows


def beauty(folder: Path) -> dict[str, dict[str, float]]:
    """Strict leave-one-out: fitted on all but the last two items of every user."""
    split = split_leave_one_out(read_shop(folder).dataset)
    fit_state, _, _ = ContentBuilder(terms=TermSettings(min_documents=2)).build(split.fit_state)
    state = split.state.with_content(fit_state.content)
    rows = {}
    for name, settings in BEAUTY.items():
        rows[name] = measure(settings, fit_state, state, split.users, split.targets)
        print(name, rows[name], file=sys.stderr)
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--beauty", type=Path, help="folder of amazon_beauty_2014_5core")
    options = parser.parse_args()
    found = {"online_retail": retail()}
    if options.beauty:
        found["amazon_beauty_2014_5core"] = beauty(options.beauty)
    print(json.dumps(found, indent=2))
