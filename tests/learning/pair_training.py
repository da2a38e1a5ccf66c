"""A small training for tests: ten pairs of titles that are to be near each other.

As a program: ``pair_training.py MODEL FOLDER [--die-at STEP]`` trains in ``FOLDER`` and writes the
weights to ``FOLDER/weights.safetensors``. With ``--die-at`` the process kills itself in that step,
as the power may fail.
"""

import argparse
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from unsung.learning.batches import shuffled_batches
from unsung.learning.layers import load_encoder
from unsung.learning.loop import train
from unsung.learning.processes import gather
from unsung.learning.settings import FineTuneSettings
from unsung.learning.tower import TextTower

WORDS = ["red", "blue", "lamp", "tea", "pot", "garden", "spade"]
PAIRS = [
    ("red lamp", "blue pot"),
    ("tea pot", "garden"),
    ("spade", "red"),
    ("blue", "lamp lamp"),
    ("garden lamp", "tea"),
    ("red spade", "pot"),
    ("blue garden", "tea spade"),
    ("lamp", "red red blue"),
    ("pot pot", "blue spade"),
    ("tea tea", "red garden pot"),
]
N = len(PAIRS)


class PairTask:
    """Each left title is to find its right one among those of the batch."""

    name = "pairs"
    metric = "log share"

    def __init__(self, settings: FineTuneSettings, die_at: int | None = None) -> None:
        self.settings = settings
        self.encoder = load_encoder(settings)
        texts = [left for left, _ in PAIRS] + [right for _, right in PAIRS]
        self.tower = TextTower(self.encoder, texts, settings)
        self.module = torch.nn.ModuleDict({"text": self.tower.module, "head": head()})
        self.fingerprint = self.tower.fingerprint
        self.die_at = die_at
        self.n_losses = 0

    def n_steps(self) -> int:
        return -(-N // self.settings.batch_size)

    def batches(self, epoch: int, rng: np.random.Generator) -> Iterator[Any]:
        for rows in shuffled_batches(N, self.settings.batch_size, rng):
            yield {"left": rows, "right": rows + N}

    def loss(self, batch: dict[str, np.ndarray]) -> torch.Tensor:
        if self.n_losses == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.n_losses += 1
        left = self.module["head"](self.tower.vectors(batch["left"]))
        right, start = gather(self.tower.vectors(batch["right"]))
        targets = torch.arange(start, start + len(left))
        return torch.nn.functional.cross_entropy(left @ right.T * 20, targets)

    def log_share(self) -> float:
        """Mean logarithm of the probability of the right title among all ten."""
        vectors = torch.from_numpy(self.tower.encode())
        with torch.no_grad():
            scores = self.module["head"](vectors[:N]) @ vectors[N:].T * 20
        return float(torch.log_softmax(scores, 1).diagonal().mean())


def settings_for(model: str | Path, **fields: Any) -> FineTuneSettings:
    """Four epochs of three steps, with a checkpoint after every other step."""
    usual = {
        "top_layers": 1,
        "batch_size": 4,
        "learning_rate": 3e-3,
        "epochs": 4,
        "patience": 99,
        "checkpoint_every": 2,
        "device": "cpu",
    }
    given = {name: fields[name] for name in fields if name in FineTuneSettings.model_fields}
    return FineTuneSettings(model=str(model), **{**usual, **given})


def head() -> torch.nn.Linear:
    layer = torch.nn.Linear(8, 8)
    with torch.no_grad():
        layer.weight.copy_(torch.eye(8))
        layer.bias.zero_()
    return layer


def weights(task: PairTask) -> dict[str, np.ndarray]:
    return {name: p.detach().numpy().copy() for name, p in task.module.named_parameters()}


def main() -> None:
    from safetensors.numpy import save_file

    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--die-at", type=int)
    options = parser.parse_args()
    torch.set_num_threads(1)
    task = PairTask(settings_for(**vars(options)), options.die_at)
    train(task, task.settings, validate=task.log_share, folder=options.folder)
    if os.environ.get("RANK", "0") == "0":
        save_file(weights(task), options.folder / "weights.safetensors")


if __name__ == "__main__":
    main()
