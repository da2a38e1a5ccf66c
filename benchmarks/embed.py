"""How fast titles are embedded, and how near attacked titles stay to their clean selves.

    UNSUNG_DATA=... python benchmarks/embed.py [--threads 2]

Prints JSON: seconds of a first export; texts a second, and a CPU second, of ONNX and torch on the
distinct titles of Online Retail; the largest difference between both; the cosine of attacked and
clean titles (the encoder normalises both).
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from unsung.learning.encoder import TorchEncoder
from unsung.learning.export import export_onnx
from unsung.learning.weights import find_weights
from unsung.text.normalise import normalise
from unsung.text.onnx_encoder import OnnxEncoder, embed

LOOKALIKES = str.maketrans("aceopxyABCEHKMOPTX", "асеорхуАВСЕНКМОРТХ")
ZERO_WIDTH = "\u200b\u200c\u200d\ufeff\u00ad"
BIDI = "\u200e\u200f\u202a\u202b\u202d\u2066\u2067\u2069"
RATES = (0.1, 0.3, 1.0)


def homoglyphs(title: str, rate: float, rng: np.random.Generator) -> str:
    return "".join(c.translate(LOOKALIKES) if rng.random() < rate else c for c in title)


def inserted(signs: str) -> Callable[[str, float, np.random.Generator], str]:
    def attack(title: str, rate: float, rng: np.random.Generator) -> str:
        hidden = (signs[rng.integers(len(signs))] if rng.random() < rate else "" for _ in title)
        return "".join(map("".join, zip(title, hidden, strict=True)))

    return attack


def overridden(title: str, rate: float, rng: np.random.Generator) -> str:
    """Store words backwards below an override that shows them forwards."""
    turned = [f"\u202e{w[::-1]}\u202c" if rng.random() < rate else w for w in title.split()]
    return " ".join(turned)


ATTACKS = {
    "homoglyphs": homoglyphs,
    "zero_width": inserted(ZERO_WIDTH),
    "bidi_marks": inserted(BIDI),
    "bidi_override": overridden,
}


def robustness(encoder: OnnxEncoder, titles: Sequence[str], seed: int) -> dict[str, dict]:
    rng = np.random.default_rng(seed)
    clean = encoder.encode(titles)
    spelled = np.array([normalise(title) for title in titles])
    found = {}
    for name, attack in ATTACKS.items():
        for rate in RATES:
            attacked = [attack(title, rate, rng) for title in titles]
            cosine = (encoder.encode(attacked) * clean).sum(axis=1)
            same = np.array([normalise(text) for text in attacked]) == spelled
            found[f"{name} {rate}"] = {
                "lowest_cosine": round(float(cosine.min()), 4),
                "mean_cosine": round(float(cosine.mean()), 4),
                "restored_share": round(float(same.mean()), 4),
            }
    return found


def speed(encoder: OnnxEncoder | TorchEncoder, titles: Sequence[str]) -> dict[str, float]:
    encoder.encode(titles[:64])
    start, cpu = time.perf_counter(), time.process_time()
    embed(titles, encoder)
    return {
        "texts_per_s": round(len(titles) / (time.perf_counter() - start)),
        "texts_per_cpu_s": round(len(titles) / (time.process_time() - cpu)),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--attacked", type=int, default=1000)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    lines = pd.read_parquet(
        Path(os.environ["UNSUNG_DATA"], "online_retail/online_retail.parquet"),
        columns=["Description"],
    )
    titles = sorted(lines["Description"].dropna().unique())
    start = time.perf_counter()
    for title in titles:
        normalise(title)
    normalised_per_s = len(titles) / (time.perf_counter() - start)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        source = TorchEncoder.load(find_weights())
        loaded = time.perf_counter()
        export_onnx(source, Path(folder, "encoder"))
        exported = time.perf_counter()
        encoder = OnnxEncoder(Path(folder, "encoder"), threads=options.threads)
        report = {
            "titles": len(titles),
            "threads": options.threads,
            "normalised_per_s": round(normalised_per_s),
            "load_torch_s": round(loaded - start, 1),
            "export_s": round(exported - loaded, 1),
            "onnx": speed(encoder, titles),
            "torch": speed(source, titles),
            "largest_difference": float(
                np.abs(encoder.encode(titles) - source.encode(titles)).max()
            ),
            "attacked_titles": robustness(encoder, titles[:: len(titles) // options.attacked], 1),
        }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
