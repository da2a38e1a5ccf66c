"""The second stage on the demo shop: what it finds, and what each family of features is worth.

    python benchmarks/ranker.py [--seeds 5] [--ablation-seeds 2] [--out FILE]

Everything is chosen on 2011-10-14 to 11-10: settings and weights of the blend, and how much the
established tail is lifted. Tested on 2011-11-11 to 12-09. Prints one JSON document: mean and
standard deviation over seeds of the second stage, with and without the lift, beside the blend and
the baselines; each family left out (in the first stage, in the text of the linear model and in the
features), with paired intervals over users; how well the probabilities hold, by segment.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from unsung.data.demo import demo_shop_folder
from unsung.data.splits import Windows, choose_windows, split_by_time
from unsung.evaluation.classification import brier_score, calibration_error
from unsung.evaluation.evaluate import Evaluation, evaluate_lists
from unsung.evaluation.items import ItemTable
from unsung.evaluation.significance import paired_difference, summarise_seeds
from unsung.pipeline.components import (
    ComponentSettings,
    baseline_components,
    default_components,
    make_component,
)
from unsung.pipeline.recommend import recommend_lists
from unsung.pipeline.rules import Rules
from unsung.pipeline.two_stage import FirstStageSettings, TwoStage
from unsung.popularity.segments import (
    FINE_BAND_EDGES,
    FINE_BAND_NAMES,
    SEGMENT_NAMES,
    popularity_bands,
    segment_items,
)
from unsung.recommenders.base import Scorer
from unsung.recommenders.linear import LinearSettings
from unsung.recommenders.ranker import RankerSettings
from unsung.workflows.content import ContentBuilder
from unsung.workflows.encoder import find_encoder
from unsung.workflows.prepare import Shop, read_shop
from unsung.workflows.second_stage import Trial, choose_boost, train_ranker
from unsung.workflows.tune import TuneSettings, tune
from unsung.workflows.validation import ValidationWindow
from unsung.workflows.windows import (
    LabelWindow,
    Recipe,
    SecondStageSettings,
    Stage,
    WindowRows,
    label_windows,
)

K = 10
METRICS = (
    "ndcg_at_k",
    "hr_at_k",
    "head_ndcg_at_k",
    "tail_ndcg_at_k",
    "fresh_ndcg_at_k",
    "cold_ndcg_at_k",
    "catalogue_coverage_at_k",
    "effective_items",
)
RULES = Rules(in_stock_only=False)
FAMILIES = {
    "linear": ("linear",),
    "terms": ("terms",),
    "encoder": ("encoder",),
    "terms and encoder": ("terms", "encoder"),
    "trend": ("trend", "trend_fast", "trend_log", "popular_log"),
    "item": ("item",),
    "user": ("user",),
    "pair": ("pair",),
    "blend as a feature": ("blend",),
}
PEOPLE = 2000


class Bench:
    """The demo shop, its windows, and first stages as of their starts."""

    def __init__(self, shop: Shop, settings: SecondStageSettings) -> None:
        self.shop, self.settings = shop, settings
        self.windows: Windows = choose_windows(shop.dataset)
        self.length = self.windows.test_start - self.windows.validation_start
        self.content = ContentBuilder(find_encoder())
        self.test = split_by_time(shop.dataset, self.windows.test_start, self.windows.end)
        self.validation = self._validation()

    def _validation(self) -> ValidationWindow:
        windows = self.windows
        split = split_by_time(self.shop.dataset, windows.validation_start, windows.test_start)
        state, _, _ = self.content.build(split.state)
        return ValidationWindow(state, state, split.users, split.targets, windows.window_days)

    def recipe(self) -> Recipe:
        """Components and weights as the validation window chooses them."""
        choice = tune(
            self.validation,
            default_components(self.validation.fit_state, self.validation.days),
            TuneSettings(),
            self.shop.settings.segments,
            RULES,
            rng=np.random.default_rng(0),
        )
        first = FirstStageSettings(candidates=self.settings.candidates)
        return Recipe(choice.components, choice.learnt.weights, self.content, first)

    def stages(self, recipe: Recipe, starts: list[int]) -> dict[int, Stage]:
        """First stages, fitted with what was known at each start."""
        rng = np.random.default_rng(0)
        return {s: Stage.as_of(self.shop.dataset.as_of(s), recipe, rng=rng) for s in starts}

    def trial(self, recipe: Recipe, without: tuple[str, ...] = ()) -> Trial:
        """How a second stage is trained, with some families left out."""
        settings = self.settings.model_copy(update={"without": without})
        return Trial(self.shop.dataset, recipe, settings, RULES, K, 0.08)

    def rows(self, trial: Trial, stages: dict[int, Stage], end: int, seed: int) -> list[WindowRows]:
        """What the windows before a moment teach."""
        rng = np.random.default_rng(seed)
        found = label_windows(self.shop.dataset, end, self.length, trial.settings.windows)
        return [
            trial.rows_of(window, stages[window.start], rng, lambda *_: None) for window in found
        ]

    def judge(self, scorer: Scorer, stage: Stage) -> Evaluation:
        """Lists on the test window, measured."""
        state = stage.state
        items = ItemTable(
            segments=segment_items(state, self.shop.settings.segments),
            buyers=state.buyers,
            n_training_users=int((np.diff(state.pairs.indptr) > 0).sum()),
            segment_names=SEGMENT_NAMES,
            bands=popularity_bands(state.buyers, state.listed, FINE_BAND_EDGES),
            band_names=FINE_BAND_NAMES,
        )
        lists = recommend_lists(scorer, state, self.test.users, K, RULES)
        return evaluate_lists(lists, self.test.targets, items, k=K, name=scorer.name)


def without_families(recipe: Recipe, left_out: tuple[str, ...]) -> Recipe:
    """The same recipe without some scorers, the linear model without their text."""

    def reduced(component: ComponentSettings) -> ComponentSettings:
        if not isinstance(component, LinearSettings):
            return component
        weights = {f"{name}_weight": 0.0 for name in ("terms", "encoder") if name in left_out}
        weights = {name.replace("terms_", "term_"): value for name, value in weights.items()}
        return component.model_copy(update=weights)

    kept = tuple(reduced(c) for c in recipe.components if c.name not in left_out)
    return replace(recipe, components=kept)


def figures(evaluation: Evaluation) -> dict[str, float | None]:
    """The metrics of a table, and where the places go."""
    found = {metric: evaluation.summary[metric] for metric in METRICS}
    cuts = evaluation.cuts["segment"]
    shares = {f"{name}_slot_share": cuts[name]["slot_share"] for name in ("head", "tail", "fresh")}
    return {
        name: None if np.isnan(value) else round(float(value), 4)
        for name, value in {**found, **shares}.items()
    }


def over_seeds(evaluations: list[Evaluation]) -> dict[str, Any]:
    """Mean and standard deviation of every metric."""
    summaries = summarise_seeds(evaluations)
    return {
        metric: {"mean": round(summaries[metric].mean, 4), "sd": round(summaries[metric].sd, 4)}
        for metric in METRICS
        if not np.isnan(summaries[metric].mean)
    }


def calibration(bench: Bench, stage: Stage, two_stage: TwoStage) -> dict[str, dict[str, float]]:
    """How the probabilities of the test window's candidates hold, buyers or not."""
    state, first = stage.state, stage.first
    eligible = np.flatnonzero(np.diff(state.pairs.indptr) > 0).astype(np.int32)
    users = np.sort(np.random.default_rng(0).choice(eligible, PEOPLE, replace=False))
    segments = segment_items(state, bench.shop.settings.segments)
    told, came, kind = [], [], []
    for part in first.batches(state, len(users)):
        prepared = first.prepare(state, users[part])
        features = prepared.features.select(two_stage.ranker.names)
        row, place = np.nonzero(prepared.candidates >= 0)
        item = prepared.candidates[row, place]
        log_odds = two_stage.ranker.predict(features.values[features.valid])
        told.append(1 / (1 + np.exp(-log_odds)))
        at = np.searchsorted(bench.test.users, users[part])
        known = np.append(bench.test.users, -1)[at] == users[part]
        bought = np.zeros((len(known), state.n_items), dtype=bool)
        bought[known] = bench.test.targets[at[known]].toarray() > 0
        came.append(bought[row, item])
        kind.append(segments[item])
    probability, happened, segment = (np.concatenate(parts) for parts in (told, came, kind))
    cuts = {"all": np.ones(len(segment), dtype=bool)}
    cuts |= {name: segment == code for code, name in enumerate(SEGMENT_NAMES)}
    return {
        name: {
            "candidates": int(inside.sum()),
            "observed": round(float(happened[inside].mean()), 5),
            "said": round(float(probability[inside].mean()), 5),
            "ece": round(calibration_error(happened[inside], probability[inside]), 5),
            "brier": round(brier_score(happened[inside], probability[inside]), 5),
        }
        for name, inside in cuts.items()
        if inside.any()
    }


def ablation(
    bench: Bench, recipe: Recipe, full: list[Evaluation], seeds: int
) -> dict[str, dict[str, Any]]:
    """Each family left out, without any lift of the tail: the difference that it makes."""
    found = {}
    rng = np.random.default_rng(0)
    for name, left_out in FAMILIES.items():
        reduced = without_families(recipe, left_out)
        stages = bench.stages(reduced, bench_starts(bench)[1:])
        trial, test_stage = bench.trial(reduced, left_out), stages[bench.windows.test_start]
        others = []
        for seed in range(seeds):
            rows = bench.rows(trial, stages, bench.windows.test_start, seed)
            ranker = train_ranker(rows, trial, rng=np.random.default_rng(seed))
            others.append(bench.judge(TwoStage(test_stage.first, ranker), test_stage))
        found[name] = {metric: lost(full[:seeds], others, metric, rng) for metric in METRICS[:5]}
        print(name, found[name]["ndcg_at_k"], flush=True)
    return found


def lost(
    full: list[Evaluation], others: list[Evaluation], metric: str, rng: np.random.Generator
) -> dict[str, float]:
    """Mean over seeds of a metric, and of what is lost a user, with its interval."""
    a, b = (np.mean([e.per_user[metric] for e in runs], axis=0) for runs in (full, others))
    difference = paired_difference(a, b, rng=rng)
    return {
        "without": round(float(np.nanmean(b)), 4),
        "lost": round(difference.mean_difference, 4),
        "low": round(difference.low, 4),
        "high": round(difference.high, 4),
    }


def bench_starts(bench: Bench) -> list[int]:
    """Starts of the windows that are learnt from, and of the test."""
    first = label_windows(
        bench.shop.dataset, bench.windows.validation_start, bench.length, bench.settings.windows
    )
    return [w.start for w in first] + [bench.windows.validation_start, bench.windows.test_start]


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--ablation-seeds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    settings = SecondStageSettings(ranker=RankerSettings(n_threads=options.threads))
    bench = Bench(read_shop(demo_shop_folder()), settings)
    recipe = bench.recipe()
    stages = bench.stages(recipe, bench_starts(bench))
    trial, tested = bench.trial(recipe), stages[bench.windows.test_start]
    before = stages[bench.windows.validation_start]
    plain, lifted, boosts = [], [], []
    for seed in range(options.seeds):
        rows = bench.rows(trial, stages, bench.windows.validation_start, seed)
        chooser = train_ranker(rows, trial, rng=np.random.default_rng(seed))
        boosts.append(choose_boost(TwoStage(before.first, chooser), bench.validation, trial))
        latest = LabelWindow(bench.windows.validation_start, bench.windows.test_start)
        rng = np.random.default_rng(seed + 100)
        rows = [*rows[1:], trial.rows_of(latest, before, rng, lambda *_: None)]
        ranker = train_ranker(rows, trial, rng=np.random.default_rng(seed))
        plain.append(bench.judge(TwoStage(tested.first, ranker), tested))
        lifted.append(bench.judge(TwoStage(tested.first, ranker, boosts[-1]), tested))
        print(seed, boosts[-1], figures(plain[-1]), figures(lifted[-1]), flush=True)
    blend = bench.judge(tested.first.blend, tested)
    baselines = {}
    for component in baseline_components(tested.state, bench.validation.days):
        scorer = make_component(component).fit(tested.state, rng=np.random.default_rng(0))
        baselines[component.name] = figures(bench.judge(scorer, tested))
    rng = np.random.default_rng(0)
    report = {
        "second stage": over_seeds(plain),
        "second stage, tail lifted": over_seeds(lifted),
        "lifts": boosts,
        "places": {"plain": figures(plain[0]), "lifted": figures(lifted[0])},
        "blend": figures(blend),
        "baselines": baselines,
        "lifted against blend": {m: lost(lifted, [blend], m, rng) for m in METRICS[:5]},
        "calibration": calibration(bench, tested, TwoStage(tested.first, ranker)),
        "ablation": ablation(bench, recipe, plain, options.ablation_seeds),
    }
    text = json.dumps(report, indent=1)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
