"""A training that was killed ends with the weights of one that wasn't."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from unsung.errors import BundleError, InputError
from unsung.learning.checkpoints import CHECKPOINT_FILE, read_checkpoint
from unsung.learning.loop import train

pytestmark = pytest.mark.train
PROGRAM = Path(__file__).with_name("pair_training.py")


def interrupted_at(task, step):
    honest, taken = task.loss, []

    def loss(batch):
        if len(taken) == step:
            raise KeyboardInterrupt
        taken.append(step)
        return honest(batch)

    task.loss = loss
    return task


def test_a_killed_training_ends_with_the_same_weights(
    pairs, pair_training, layered_model, tmp_path, one_thread
):
    step = int(np.random.default_rng().integers(2, 12))
    command = [sys.executable, PROGRAM, layered_model, tmp_path, "--die-at", str(step)]
    killed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT_FILE]
    resumed, settings = pairs()
    record = train(resumed, settings, validate=resumed.log_share, folder=tmp_path)
    assert resumed.n_losses < 12
    unbroken, _ = pairs()
    train(unbroken, settings, validate=unbroken.log_share)
    assert record.best_step > 0
    expected, found = pair_training.weights(unbroken), pair_training.weights(resumed)
    for name, weight in expected.items():
        assert found[name].tobytes() == weight.tobytes(), (step, name)


@pytest.mark.parametrize("trained", ["top", "lora"])
@pytest.mark.parametrize("step", [0, 1, 5, 11])
def test_wherever_it_is_interrupted(pairs, pair_training, tmp_path, trained, step):
    def seen(record):
        timeless = [{k: v for k, v in p.items() if k != "elapsed_s"} for p in record.points]
        return timeless, record.validations, record.best_step, record.stopped, record.examples

    task, settings = pairs(trained=trained)
    whole = train(task, settings, validate=task.log_share)
    expected = pair_training.weights(task)
    first, _ = pairs(trained=trained)
    with pytest.raises(KeyboardInterrupt):
        train(interrupted_at(first, step), settings, validate=first.log_share, folder=tmp_path)
    second, _ = pairs(trained=trained)
    record = train(second, settings, validate=second.log_share, folder=tmp_path)
    found = pair_training.weights(second)
    assert all(np.array_equal(found[name], expected[name]) for name in expected)
    assert seen(record) == seen(whole)


def test_a_finished_training_isn_t_repeated(pairs, pair_training, tmp_path):
    task, settings = pairs()
    record = train(task, settings, validate=task.log_share, folder=tmp_path)
    again, _ = pairs()
    repeated = train(interrupted_at(again, 0), settings, validate=lambda: 0.0, folder=tmp_path)
    assert repeated.to_json() == record.to_json()
    before, after = pair_training.weights(task), pair_training.weights(again)
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_a_checkpoint_of_another_training_is_refused(pairs, tmp_path):
    task, settings = pairs(max_steps=3)
    train(task, settings, folder=tmp_path)
    before = (tmp_path / CHECKPOINT_FILE).read_bytes()

    def refused(message, task, settings, **options):
        with pytest.raises(InputError, match=message):
            train(task, settings, folder=tmp_path, **options)

    refused("another setting 'learning_rate'; name another", *pairs(max_steps=3, learning_rate=0.1))
    other, _ = pairs(max_steps=3)
    refused("another validation", other, settings, validate=lambda: 1.0)
    other.fingerprint = "of other texts"
    refused("another set of data", other, settings)
    other, _ = pairs(max_steps=3)
    other.module["head"].bias.data[0] = 1.0
    refused("another set of first weights", other, settings)
    assert (tmp_path / CHECKPOINT_FILE).read_bytes() == before


def test_where_it_runs_may_change(pairs, tmp_path):
    task, settings = pairs(max_steps=3, checkpoint_every=1)
    with pytest.raises(KeyboardInterrupt):
        train(interrupted_at(task, 2), settings, folder=tmp_path)
    other, changed = pairs(max_steps=3, checkpoint_every=9, device="cpu", tracker="tensorboard")
    assert train(other, changed, folder=tmp_path).best_step == 3
    assert other.n_losses == 1


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda _: b"", lambda b: b"\xff" * len(b)])
def test_a_damaged_checkpoint_is_named(pairs, tmp_path, damage):
    task, settings = pairs(max_steps=2)
    train(task, settings, folder=tmp_path)
    path = tmp_path / CHECKPOINT_FILE
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(BundleError, match=r"checkpoint.safetensors can't be read .* begins anew"):
        train(task, settings, folder=tmp_path)


def test_no_checkpoint_is_no_error(tmp_path):
    assert read_checkpoint(tmp_path / "absent", {}) is None


def test_tensors_of_others_are_no_checkpoint(tmp_path):
    from safetensors.numpy import save_file

    save_file({"weights/a": np.zeros(2)}, tmp_path / CHECKPOINT_FILE)
    with pytest.raises(BundleError, match="can't be read"):
        read_checkpoint(tmp_path, {})
    assert load_file(tmp_path / CHECKPOINT_FILE)["weights/a"].shape == (2,)
