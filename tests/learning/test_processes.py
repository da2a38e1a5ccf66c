"""Several processes learn what one would."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file

from unsung.errors import InputError
from unsung.learning.loop import train
from unsung.learning.processes import Processes, find_device, gather, n_examples

PROGRAM = Path(__file__).with_name("pair_training.py")


class Named(NamedTuple):
    rows: np.ndarray
    scale: float


@dataclass(frozen=True)
class Kept:
    rows: np.ndarray
    name: str


@given(n_rows=st.integers(0, 40), n=st.integers(1, 5))
def test_shares_are_the_batch_and_weigh_as_much(n_rows, n):
    batch = np.arange(n_rows)
    shares = [Processes(rank, n).share(batch) for rank in range(n)]
    weights = [Processes(rank, n).weight(batch) for rank in range(n)]
    if n_rows >= n:
        assert np.concatenate(shares).tolist() == batch.tolist()
        means = [share.mean() for share in shares]
        assert np.dot(means, weights) / n == pytest.approx(batch.mean())
    else:
        assert all(share.tolist() == batch.tolist() for share in shares)
        assert weights == [1.0] * n


@pytest.mark.parametrize(
    "batch",
    [
        np.arange(4),
        (np.arange(4), np.arange(8).reshape(4, 2)),
        [np.arange(4), 0.5],
        {"rows": np.arange(4), "nested": (np.arange(4), None)},
        Named(np.arange(4), 0.5),
        Kept(np.arange(4), "kept"),
    ],
    ids=lambda batch: type(batch).__name__,
)
def test_batches_of_every_form_are_shared(batch):
    share = Processes(1, 2).share(batch)
    assert type(share) is type(batch)
    assert (n_examples(batch), n_examples(share)) == (4, 2)


@pytest.mark.train
def test_tensors_are_shared_too():
    import torch

    assert Processes(1, 2).share(torch.arange(3)).tolist() == [1, 2]
    assert n_examples("no rows") == 0


@pytest.mark.train
def test_alone_nothing_is_gathered():
    import torch

    vectors = torch.zeros(3, 2)
    everything, start = gather(vectors)
    assert everything is vectors
    assert start == 0


@pytest.mark.train
def test_devices(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert find_device("auto") == find_device("cpu") == "cpu"
    with pytest.raises(InputError, match="no CUDA device; take device 'auto'"):
        find_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert find_device("auto") == find_device("cuda") == "cuda:3"
    assert find_device("cpu") == "cpu"


@pytest.mark.train
def test_two_processes_give_the_weights_of_one(pairs, pair_training, layered_model, tmp_path):
    # Batches of 7 and 3: shares of unlike size, and the same negatives for each pair as alone.
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    program = [PROGRAM, layered_model, tmp_path, "--dropout", "0", "--batch-size", "7"]
    command = [*launcher, "--nproc-per-node", "2", *program]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    alone, settings = pairs(dropout=0, batch_size=7)
    before = pair_training.weights(alone)
    record = train(alone, settings, validate=alone.log_share)
    two = load_file(tmp_path / "weights.safetensors")
    for name, weight in pair_training.weights(alone).items():
        # Attention doesn't depend on it: AdamW scales up what is rounding error.
        if "key.bias" in name:
            continue
        np.testing.assert_allclose(two[name], weight, atol=2e-5, err_msg=name)
    name = "text.encoder.layer.2.output.dense.weight"
    assert abs(two[name] - before[name]).max() > 1e-3
    written = json.loads((tmp_path / "record.json").read_text())
    losses = [point["loss"] for point in written["points"]]
    assert losses == pytest.approx([point["loss"] for point in record.points], abs=1e-4)
