"""Unsung beside other libraries: the same split, users, candidates and metrics, in one run.

    python benchmarks/peers.py SHOP --peer-python PYTHON [--models als,bpr,...] [--seeds 3]
        [--budget 150] [--threads 2] [--out FILE]

SHOP is ``online_retail`` (the demo shop) or a folder in the one that UNSUNG_DATA names. The peers
run in an environment of their own, each fit in its own process:

    python -m venv peers && peers/bin/pip install implicit==0.7.2 "rectools[torch]==0.19.0"

als, bpr, bm25, cosine (item-kNN): implicit. sasrec: RecTools. ease: the closed form by numpy.
Whatever is tuned has the same seconds for it and is chosen by NDCG@10 on the validation part; a
peer tries settings of its grid in a drawn order, three at least, however long they take. Everything
is reported on the test part once. Rows with the same time are shuffled where there is a clock.
Prints one JSON document; a table goes to stderr.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np

from unsung.data.dataset import Dataset
from unsung.data.demo import demo_shop_folder
from unsung.data.settings import ShopSettings
from unsung.data.splits import choose_windows, split_by_time, split_leave_one_out
from unsung.data.state import ShopState
from unsung.evaluation.evaluate import Evaluation, evaluate_lists
from unsung.evaluation.protocols import PROTOCOLS
from unsung.evaluation.significance import paired_difference
from unsung.workflows.encoder import find_encoder
from unsung.workflows.evaluate import ShopEvaluation, evaluate
from unsung.workflows.fit import fit_settings
from unsung.workflows.prepare import read_shop
from unsung.workflows.testing import Split, item_table, priced_targets

WORKER = Path(__file__).with_name("peer_models.py")
OURS = "unsung"
LEAST_TRIES = 3
CUTS = ("ndcg_at_k", "head_ndcg_at_k", "tail_ndcg_at_k", "fresh_ndcg_at_k", "cold_ndcg_at_k")
FIGURES = (*CUTS, "hr_at_k", "catalogue_coverage_at_k", "effective_items")
WEIGHTS = ("ones", "log")
GRIDS: dict[str, dict[str, Sequence[Any]]] = {
    "als": {
        "factors": (32, 64, 128, 256),
        "regularization": (0.01, 0.1, 1.0, 10.0),
        "alpha": (1.0, 5.0, 20.0),
        "iterations": (15,),
        "weights": WEIGHTS,
    },
    "bpr": {
        "factors": (32, 64, 128),
        "learning_rate": (0.01, 0.05, 0.1),
        "regularization": (0.001, 0.01, 0.1),
        "iterations": (50, 150),
    },
    "bm25": {
        "K": (20, 100, 500),
        "K1": (0.5, 1.2, 3.0),
        "B": (0.2, 0.5, 0.8),
        "weights": WEIGHTS,
    },
    "cosine": {"K": (20, 50, 100, 200, 500), "weights": WEIGHTS},
    "ease": {"regularization": (10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)},
    "sasrec": {
        "n_factors": (64, 128),
        "n_blocks": (1, 2),
        "dropout_rate": (0.1, 0.3),
        "session_max_len": (50, 100),
        "epochs": (5, 15),
        "loss": ("softmax",),
    },
}
DRAWN = ("als", "bpr", "sasrec")
"""Models that another seed makes different."""


@dataclass(frozen=True, eq=False)
class Part:
    """A split, written down for the peers."""

    split: Split
    shop: ShopSettings
    protocol: str
    file: Path

    def judge(self, lists: np.ndarray, name: str) -> Evaluation:
        items = item_table(self.split.fit_state, self.shop)
        targets = priced_targets(self.split)
        return evaluate_lists(lists, targets, items, name=name, protocol=PROTOCOLS[self.protocol])


def written(
    split: Split, shop: ShopSettings, protocol: str, file: Path, *, has_clock: bool
) -> Part:
    rng = np.random.default_rng(0)

    def columns(state: ShopState, name: str) -> dict[str, np.ndarray]:
        rows = state.interactions
        ties = rng.random(len(rows.timestamp)) if has_clock else np.arange(len(rows.timestamp))
        order = np.lexsort((ties, rows.timestamp))
        return {f"{name}_user": rows.user_index[order], f"{name}_item": rows.item_index[order]}

    np.savez(
        file,
        **columns(split.fit_state, "fit"),
        **columns(split.state, "score"),
        users=split.users,
        n_users=split.state.n_users,
        n_items=split.state.n_items,
        k=10,
        hide_seen=shop.repeats == "hide",
    )
    return Part(split, shop, protocol, file)


def both_parts(dataset: Dataset, shop: ShopSettings, folder: Path) -> tuple[Part, Part]:
    """Validation and test, as ``unsung evaluate`` has them."""
    clock = dataset.has_clock
    if clock:
        windows = choose_windows(dataset, min_users=500, repeats=shop.repeats)
        starts = (windows.validation_start, windows.test_start, windows.end)
        splits: list[Split] = [
            split_by_time(dataset, *pair, repeats=shop.repeats) for pair in pairwise(starts)
        ]
    else:
        splits = [split_leave_one_out(dataset, holdout=part) for part in ("validation", "test")]
    protocol = "time" if clock else "leave-one-out"
    files = (folder / "validation.npz", folder / "test.npz")
    validation, test = (
        written(split, shop, protocol, file, has_clock=clock)
        for split, file in zip(splits, files, strict=True)
    )
    return validation, test


@dataclass(frozen=True, eq=False)
class Made:
    """Lists on a part, judged, and what they took."""

    evaluation: Evaluation
    fit_s: float
    lists_s: float
    peak_mib: float


def run_peer(python: str, name: str, part: Part, settings: dict[str, Any], threads: int) -> Made:
    """One fit of a peer, in a process of its own."""
    out = part.file.with_name("lists.npz")
    command = [python, str(WORKER), str(part.file), name, json.dumps(settings), str(out)]
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    environment = os.environ | dict.fromkeys(names, str(threads))
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} with {settings} failed:\n{done.stderr[-2_000:]}")
    with np.load(out) as found:
        figures = [float(found[key]) for key in ("fit_s", "lists_s", "peak_mib")]
        return Made(part.judge(found["lists"], name), *figures)


def tuned(python: str, name: str, part: Part, options: argparse.Namespace) -> dict[str, Any]:
    """The settings that are best on the validation part within the budget."""
    grid = [
        dict(zip(GRIDS[name], values, strict=True)) for values in product(*GRIDS[name].values())
    ]
    np.random.default_rng(0).shuffle(grid)  # type: ignore[arg-type]
    begun, tried = time.monotonic(), []
    for settings in grid:
        if len(tried) >= LEAST_TRIES and time.monotonic() - begun > options.budget:
            break
        made = run_peer(python, name, part, settings | {"seed": 0}, options.threads)
        tried.append((made.evaluation.summary["ndcg_at_k"], settings))
        print(f"{name} {settings}: {tried[-1][0]:.4f}", file=sys.stderr, flush=True)
    best = max(tried, key=lambda trial: trial[0])
    return {
        "settings": best[1],
        "validation_ndcg": round(best[0], 4),
        "tried": len(tried),
        "of": len(grid),
        "tuning_s": round(time.monotonic() - begun),
    }


def peer(name: str, parts: tuple[Part, Part], options: argparse.Namespace) -> dict[str, Any]:
    """A peer tuned and tested."""
    found = tuned(options.peer_python, name, parts[0], options)
    made = [
        run_peer(
            options.peer_python, name, parts[1], found["settings"] | {"seed": s}, options.threads
        )
        for s in range(options.seeds if name in DRAWN else 1)
    ]
    return found | {"made": made}


def ours(shop_folder: Path, options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """What ``unsung evaluate`` finds for each seed: baselines, blend, second stage, what serves."""
    found: dict[str, dict[str, Any]] = {}
    for seed in range(options.seeds):
        begun = time.monotonic()
        trial = one_evaluation(shop_folder, seed, options.budget)
        seconds = time.monotonic() - begun
        print(f"unsung evaluate, seed {seed}: {seconds:.0f} s", file=sys.stderr, flush=True)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        for result in trial.results:
            made = Made(result.evaluation, result.fit_s, result.score_s, peak)
            name = result.evaluation.name
            for row in (name, OURS) if name == trial.serves else (name,):
                found.setdefault(row, {"made": []})["made"].append(made)
        found[OURS].setdefault("evaluate_s", []).append(round(seconds))
        found[OURS].setdefault("serves", []).append(trial.serves)
    return found


def one_evaluation(shop_folder: Path, seed: int, budget_s: float) -> ShopEvaluation:
    read = read_shop(shop_folder)
    flags = {"seed": seed, "evaluation.tuning.budget_s": budget_s, "evaluation.dial.enabled": False}
    settings = fit_settings(read.settings, flags)
    with settings.work_folder() as work:
        return evaluate(
            read.dataset, read.settings, settings.of_encoder(),
            encoder=find_encoder(settings.encoder), work=work, rng=np.random.default_rng(seed),
        )  # fmt: skip


def row_of(name: str, found: dict[str, Any], best: Sequence[Evaluation]) -> dict[str, Any]:
    """Means over the seeds, and what ours is ahead by: users paired, seeds averaged first."""
    made: list[Made] = found.pop("made")
    evaluations = [each.evaluation for each in made]
    figures = {
        figure: [each.summary.get(figure, np.nan) for each in evaluations] for figure in FIGURES
    }
    row = {
        "model": name,
        **{figure: mean_of(values) for figure, values in figures.items()},
        "sd_ndcg": round(float(np.std(figures["ndcg_at_k"])), 4),
        "seeds": len(made),
        "fit_s": round(float(np.median([each.fit_s for each in made])), 2),
        "lists_s": round(float(np.median([each.lists_s for each in made])), 2),
        "peak_mib": round(max(each.peak_mib for each in made)),
        **found,
    }
    row["ours_ahead"] = {cut: ahead(best, evaluations, cut) for cut in CUTS}
    return row


def mean_of(values: Sequence[float]) -> float | None:
    """None where a metric isn't defined, which JSON has no number for."""
    mean = float(np.mean(values))
    return None if np.isnan(mean) else round(mean, 4)


def ahead(best: Sequence[Evaluation], others: Sequence[Evaluation], cut: str) -> list[float] | None:
    """Difference with its 95 % interval; None where nobody has such a target."""
    means = [np.mean([each.per_user[cut] for each in side], axis=0) for side in (best, others)]
    if not np.isfinite(means[0]).any():
        return None
    found = paired_difference(*means, rng=np.random.default_rng(0))
    return [round(value, 4) for value in (found.mean_difference, found.low, found.high)]


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows for a page of the documentation."""
    names = ("model", *FIGURES, "fit_s", "lists_s", "peak_mib")
    lines = ["| " + " | ".join(names) + " |", "| " + " | ".join("---" for _ in names) + " |"]
    lines += ["| " + " | ".join(str(row[name]) for name in names) + " |" for row in rows]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shop")
    parser.add_argument("--peer-python", required=True, help="of the environment with the peers")
    parser.add_argument("--models", default=",".join(GRIDS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--budget", type=float, default=150.0, help="seconds of tuning")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, help="where the JSON goes instead of stdout")
    options = parser.parse_args()
    demo = options.shop == "online_retail"
    folder = demo_shop_folder() if demo else Path(os.environ["UNSUNG_DATA"]) / options.shop
    found = ours(folder, options)
    best = [made.evaluation for made in found[OURS]["made"]]
    read = read_shop(folder)
    with tempfile.TemporaryDirectory() as scratch:
        parts = both_parts(read.dataset, read.settings, Path(scratch))
        for name in filter(None, options.models.split(",")):
            found[f"peer {name}"] = peer(name, parts, options)
    rows = [row_of(name, row, best) for name, row in found.items()]
    record = json.dumps({"shop": options.shop, "rows": rows}, indent=2)
    if options.out:
        options.out.write_text(record + "\n")
    else:
        print(record)
    print(table(rows), file=sys.stderr)


if __name__ == "__main__":
    main()
