"""How fast the language model is fine-tuned, and how fast short titles are embedded.

    python benchmarks/finetune.py [--threads 2] [--steps 20] [--repeats 3]

Prints JSON, medians over repeats: pairs a second of a contrastive training of the top two layers
with 64 pairs a step, with the frozen layers kept and computed in every step, for the titles of
Online Retail (10 tokens in the mean) and for documents cut at 32 tokens; titles a second of torch,
ONNX and ONNX in 8-bit integers, and what the latter change.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from unsung.data.demo import demo_shop_folder
from unsung.learning.batches import shuffled_batches
from unsung.learning.export import export_onnx
from unsung.learning.layers import load_encoder
from unsung.learning.loop import train
from unsung.learning.processes import gather
from unsung.learning.quantise import quantise
from unsung.learning.settings import FineTuneSettings
from unsung.learning.tower import TextTower
from unsung.text.base import TextEncoder
from unsung.text.onnx_encoder import OnnxEncoder, embed

TEMPERATURE = 0.05
BATCH = 64


class NeighbouringTitles:
    """Each text is to find the one after it among those of the batch."""

    name = "neighbouring titles"
    metric = ""

    def __init__(self, texts: Sequence[str], settings: FineTuneSettings) -> None:
        start = time.perf_counter()
        self.tower = TextTower(load_encoder(settings), texts, settings)
        self.prepared_s = time.perf_counter() - start
        self.module = self.tower.module
        self.fingerprint = self.tower.fingerprint
        self.n = len(texts) - 1

    def n_steps(self) -> int:
        return self.n // BATCH

    def batches(self, _: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        return shuffled_batches(self.n, BATCH, rng, drop_last=True)

    def loss(self, rows: np.ndarray) -> torch.Tensor:
        left = self.tower.vectors(rows)
        right, start = gather(self.tower.vectors(rows + 1))
        targets = torch.arange(start, start + len(left))
        return torch.nn.functional.cross_entropy(left @ right.T / TEMPERATURE, targets)


def pairs_per_s(texts: Sequence[str], steps: int, repeats: int, **fields: object) -> dict:
    found, prepared, tokens = [], [], 0.0
    for _ in range(repeats):
        settings = FineTuneSettings(batch_size=BATCH, max_steps=steps, epochs=100, **fields)
        task = NeighbouringTitles(texts, settings)
        found.append(train(task, settings).examples_per_s)
        prepared.append(task.prepared_s)
        tokens = float(task.tower.texts.lengths.mean())
    return {
        "pairs_per_s": round(statistics.median(found), 1),
        "prepared_s": round(statistics.median(prepared), 1),
        "mean_tokens": round(tokens, 1),
        "texts_kept": task.tower.n_kept,
    }


def texts_per_s(encoder: TextEncoder, titles: Sequence[str], repeats: int) -> float:
    encoder.encode(titles[:BATCH])

    def once() -> float:
        start = time.perf_counter()
        embed(titles, encoder)
        return len(titles) / (time.perf_counter() - start)

    return round(statistics.median(once() for _ in range(repeats)), 1)


def embedding(titles: Sequence[str], threads: int, repeats: int) -> dict:
    source = load_encoder(FineTuneSettings())
    with tempfile.TemporaryDirectory() as folder:
        plain = export_onnx(source, Path(folder, "float32"))
        small = Path(folder, "int8")
        # Measured whether or not it would be kept.
        record = quantise(plain, small, titles, titles, min_overlap=0.0)
        encoders: dict[str, Callable[[], TextEncoder]] = {
            "torch": lambda: source,
            "onnx": lambda: OnnxEncoder(plain, threads=threads),
            "onnx_int8": lambda: OnnxEncoder(small, threads=threads),
        }
        speed = {name: texts_per_s(make(), titles, repeats) for name, make in encoders.items()}
    return {"titles_per_s": speed, "int8": record.to_json()}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--titles", type=int, default=2000)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    lines = pd.read_parquet(demo_shop_folder() / "online_retail.parquet", columns=["Description"])
    titles = sorted(lines["Description"].dropna().unique())[: options.titles]
    documents = [
        " ".join(titles[(i + k) % len(titles)] for k in range(5)) for i in range(len(titles))
    ]
    ways = {"kept": {}, "not_kept": {"kept_mb": 0}}
    report = {
        "threads": options.threads,
        "steps": options.steps,
        "repeats": options.repeats,
        "titles": len(titles),
        "fine_tuning": {
            f"{name}, frozen layers {way}": pairs_per_s(
                texts, options.steps, options.repeats, **fields
            )
            for name, texts in {"titles": titles, "documents of 32 tokens": documents}.items()
            for way, fields in ways.items()
        },
        **embedding(titles, options.threads, options.repeats),
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
