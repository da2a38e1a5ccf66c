"""What the interest encoder adds: pretrained against fine-tuned, cut by cut, on the test part.

    UNSUNG_DATA=... python benchmarks/interest.py [--shops online_retail ...] [--seeds 3]
        [--epochs 2] [--top-layers 2] [--max-tokens 64] [--learning-rate 1e-4]
        [--temperature 0.1] [--sources order linear] [--folder FOLDER]

Everything is chosen on the validation part (early stopping, the share of the way between the two
encoders, whether the fine-tuned one is kept, temperatures); the test part is measured once a seed.
Two scorers are measured with each encoder: the encoder profile alone, and the linear model with
term vectors and encoder vectors. Differences are paired over users, with 95 % bootstrap intervals.
Prints one JSON document, and each part on stderr as soon as it is known. With a folder, what was
trained there before isn't trained again, and a training that was killed goes on. Amazon Beauty has
no clock and is tested strictly by leave-one-out; its linear models take a minute or two each.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unsung.data.demo import demo_shop_folder
from unsung.data.settings import SegmentSettings
from unsung.data.splits import choose_windows, split_by_time, split_leave_one_out
from unsung.evaluation.evaluate import Evaluation, evaluate_lists
from unsung.evaluation.items import ItemTable
from unsung.evaluation.significance import paired_difference
from unsung.pipeline.components import ComponentSettings, make_component
from unsung.pipeline.recommend import recommend_lists
from unsung.pipeline.rules import Rules
from unsung.popularity.segments import SEGMENT_NAMES, segment_items
from unsung.recommenders.base import Recommender
from unsung.recommenders.content_profile import EncoderProfileSettings
from unsung.recommenders.linear import LinearSettings
from unsung.schema import DAY_US
from unsung.text.base import TextEncoder
from unsung.text.onnx_encoder import OnnxEncoder
from unsung.text.term_vectors import TermSettings
from unsung.workflows.content import ContentBuilder
from unsung.workflows.encoder import find_encoder
from unsung.workflows.interest import InterestSettings, learn_interest
from unsung.workflows.prepare import read_shop
from unsung.workflows.validation import Judge, ValidationWindow

K = 10
RULES = Rules(in_stock_only=False)
METRICS = ("ndcg_at_k", *(f"{name}_ndcg_at_k" for name in SEGMENT_NAMES), "not_head_ndcg_at_k")
SUMMARIES = ("catalogue_coverage_at_k", "effective_items", "hr_at_k")
TEMPERATURES = (0.1, 0.2, 0.3)
GRAM_TEMPERATURES = (0.1, 0.2)
DECAY_6 = float(np.log(0.5) / np.log(0.6))
DECAY_7 = float(np.log(0.5) / np.log(0.7))


@dataclass(frozen=True)
class Plan:
    """How a shop is measured: half-lives and the linear model's weights as in earlier tables."""

    profile_half_life: float
    linear: LinearSettings


def plan(half_life: float, l2: float, weight: float, profile: float | None = None) -> Plan:
    linear = LinearSettings(
        l2=l2, term_weight=weight, encoder_weight=weight, half_life=half_life, neighbours=500
    )
    return Plan(profile or half_life, linear)


PLANS = {
    "online_retail": plan(60, 300, 20),
    "amazon_beauty_2014_5core": plan(DECAY_6, 100, 5, DECAY_7),
    "amazon_2023_beauty_health_handmade": plan(365, 100, 5),
    "amazon_musical_instruments_2014_5core": plan(365, 100, 5),
}


@dataclass(frozen=True, eq=False)
class Part:
    """Validation or test part of a shop, before items are described."""

    split: Any
    days: float

    def window(self, builder: ContentBuilder) -> ValidationWindow:
        fit_state, _, _ = builder.build(self.split.fit_state)
        state = self.split.state.with_content(fit_state.content)
        return ValidationWindow(fit_state, state, self.split.users, self.split.targets, self.days)


def parts_of(name: str) -> tuple[Part, Part]:
    """Validation and test part."""
    folder = Path(os.environ.get("UNSUNG_DATA", "")) / name
    dataset = read_shop(demo_shop_folder() if name == "online_retail" else folder).dataset
    if not dataset.has_clock:
        held = (split_leave_one_out(dataset, holdout=part) for part in ("validation", "test"))
        validation, test = (Part(split, 28.0) for split in held)
        return validation, test
    found = choose_windows(dataset)
    days = (found.test_start - found.validation_start) / DAY_US
    return (
        Part(split_by_time(dataset, found.validation_start, found.test_start), days),
        Part(split_by_time(dataset, found.test_start, found.end), days),
    )


def evaluated(scorer: Recommender, window: ValidationWindow) -> Evaluation:
    lists = recommend_lists(scorer, window.state, window.users, K, RULES)
    items = ItemTable(
        segments=segment_items(window.fit_state, SegmentSettings()),
        buyers=window.fit_state.buyers,
        n_training_users=window.fit_state.n_users,
        segment_names=SEGMENT_NAMES,
    )
    return evaluate_lists(lists, window.targets, items, k=K)


def chosen(
    candidates: list[ComponentSettings], validation: ValidationWindow, test: ValidationWindow
) -> tuple[ComponentSettings, Evaluation]:
    """The settings that validation prefers, measured on the test part."""
    judge = Judge(validation.sampled(3000, np.random.default_rng(0)), K, RULES)
    best: tuple[float, ComponentSettings, Recommender] | None = None
    for settings in candidates:
        scorer = make_component(settings).fit(validation.fit_state, rng=np.random.default_rng(0))
        value = judge.ndcg(scorer)
        if best is None or value > best[0]:
            best = (value, settings, scorer)
    assert best is not None
    _, settings, scorer = best
    if test.fit_state.has_clock:  # strict leave-one-out fits both on the same rows
        scorer = make_component(settings).fit(test.fit_state, rng=np.random.default_rng(0))
    return settings, evaluated(scorer, test)


def with_encoder(
    name: str, parts: tuple[Part, Part], encoder: TextEncoder, say: Callable[[str], None]
) -> dict[str, Any]:
    builder = ContentBuilder(encoder, terms=TermSettings(min_documents=2))
    windows = tuple(part.window(builder) for part in parts)
    wanted = PLANS[name]
    profiles: list[ComponentSettings] = [
        EncoderProfileSettings(half_life=wanted.profile_half_life, temperature=t)
        for t in TEMPERATURES
    ]
    linear: list[ComponentSettings] = [
        wanted.linear.model_copy(update={"temperature": t}) for t in GRAM_TEMPERATURES
    ]
    found = {}
    for label, some in {"profile": profiles, "linear": linear}.items():
        found[label] = chosen(some, windows[0], windows[1])
        summary = {metric: round(found[label][1].summary[metric], 4) for metric in METRICS}
        say(f"{name}, {label}, {encoder.name}: {json.dumps(summary)}")
    return found


def compared(before: Evaluation, after: Evaluation) -> dict[str, Any]:
    rows = {}
    for metric in METRICS:
        if metric not in before.per_user or before.counts[metric] < 2:
            continue
        found = paired_difference(
            after.per_user[metric], before.per_user[metric], rng=np.random.default_rng(0)
        )
        rows[metric] = {
            "frozen": round(before.summary[metric], 4),
            "fine_tuned": round(after.summary[metric], 4),
            "difference": round(found.mean_difference, 4),
            "interval": [round(found.low, 4), round(found.high, 4)],
            "p_value": round(found.p_value, 4),
            "n": found.n,
        }
    for metric in SUMMARIES:
        rows[metric] = {
            "frozen": round(before.summary[metric], 4),
            "fine_tuned": round(after.summary[metric], 4),
        }
    return rows


def measure(
    name: str, settings: InterestSettings, seeds: int, folder: Path, say: Callable[[str], None]
) -> dict[str, Any]:
    """One shop: the pretrained encoder once, the fine-tuned one for every seed."""
    parts = parts_of(name)
    pretrained = find_encoder()
    assert pretrained is not None
    builder = ContentBuilder(pretrained, terms=TermSettings(min_documents=2))
    window = parts[0].window(builder)
    before: dict[str, Any] = {}
    runs = []
    for seed in range(seeds):
        training = settings.training.model_copy(update={"seed": seed})
        begun = time.perf_counter(), time.process_time()
        interest = learn_interest(
            window,
            builder,
            settings.model_copy(update={"training": training}),
            folder=folder / name / str(seed),
            progress=stages(say),
        )
        run: dict[str, Any] = {
            "seed": seed,
            "seconds": round(time.perf_counter() - begun[0], 1),
            "cpu_seconds": round(time.process_time() - begun[1], 1),
            "kept": interest.record["kept"],
            "sentence": interest.record["sentence"],
            "share": interest.record["share"],
            "positives": interest.record["positives"],
            "validation": interest.record["cuts"],
            "shares": interest.record["shares"],
            "training": {
                field: interest.record["training"][field]
                for field in ("n_steps", "best_step", "stopped", "validations", "examples_per_s")
            },
        }
        say(f"{name}, seed {seed}, trained: {json.dumps(run)}")
        if interest.folder is not None:
            before = before or with_encoder(name, parts, pretrained, say)
            after = with_encoder(name, parts, OnnxEncoder(interest.folder), say)
            run["test"] = {s: compared(before[s][1], after[s][1]) for s in after}
            run["chosen"] = {
                s: {"frozen": before[s][0].temperature, "fine_tuned": after[s][0].temperature}
                for s in after
            }
            say(f"{name}, seed {seed}, tested: {json.dumps(run['test'])}")
        runs.append(run)
    return {"runs": runs, "mean": averaged(runs)}


def stages(say: Callable[[str], None]) -> Callable[[str, int, int], None]:
    """A ``Progress`` that says where a stage begins, and every tenth of it."""

    def progress(stage: str, done: int, total: int) -> None:
        if total < 10 or done % (total // 10) == 0:
            say(f"{stage} {done}/{total}")

    return progress


def averaged(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean and spread over the seeds whose fine-tuned encoder was kept."""
    kept = [run["test"] for run in runs if "test" in run]
    if not kept:
        return {}
    return {
        scorer: {
            metric: {
                "frozen": kept[0][scorer][metric]["frozen"],
                "fine_tuned": round(float(np.mean(values)), 4),
                "sd": round(float(np.std(values, ddof=1)), 4) if len(values) > 1 else None,
                "n_seeds": len(values),
            }
            for metric in kept[0][scorer]
            for values in [[test[scorer][metric]["fine_tuned"] for test in kept]]
        }
        for scorer in kept[0]
    }


def timed(line: str) -> None:
    print(time.strftime("%H:%M:%S"), line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shops", nargs="+", choices=PLANS, default=list(PLANS))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=float)
    parser.add_argument("--top-layers", type=int)
    parser.add_argument("--max-tokens", type=int)
    parser.add_argument("--max-items", type=int)
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--temperature", type=float)
    parser.add_argument("--sources", nargs="+", choices=["baskets", "order", "linear"])
    parser.add_argument("--folder", type=Path, help="for encoders and checkpoints; kept")
    options = parser.parse_args()
    usual = InterestSettings()

    def changed(part: str, *fields: str) -> Any:
        given = {f: getattr(options, f) for f in fields if getattr(options, f) is not None}
        return getattr(usual, part).model_copy(update=given)

    training = changed("training", "epochs", "top_layers", "max_tokens", "learning_rate")
    associations = changed("associations", "max_items", "sources")
    parts = {"training": training, "associations": associations}
    settings = usual.model_copy(update={**parts, "objective": changed("objective", "temperature")})
    with tempfile.TemporaryDirectory() as scratch:
        where = options.folder or Path(scratch)
        found = {
            shop: measure(shop, settings, options.seeds, where, timed) for shop in options.shops
        }
    print(json.dumps({"settings": settings.model_dump(mode="json"), "shops": found}, indent=2))
