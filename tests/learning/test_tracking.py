"""Curves land where they were asked for."""

import sys
from types import SimpleNamespace

import pytest

from unsung.errors import InputError, MissingExtraError
from unsung.learning.loop import train
from unsung.learning.settings import FineTuneSettings
from unsung.learning.tracking import open_tracker

pytestmark = pytest.mark.train


def run(pair_training, model, folder, tracker):
    settings = FineTuneSettings(
        model=str(model), trained="heads", batch_size=5, epochs=2, tracker=tracker
    )
    task = pair_training.PairTask(settings)
    return train(task, settings, validate=task.log_share, folder=folder)


def test_tensorboard_reads_the_curves(pair_training, layered_model, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    record = run(pair_training, layered_model, tmp_path, "tensorboard")
    (file,) = (tmp_path / "logs").iterdir()
    assert "tfevents" in file.name
    events = EventAccumulator(str(tmp_path / "logs"))
    events.Reload()

    def curve(name):
        return {e.step: float(make_ndarray(e.tensor_proto)) for e in events.Tensors(name)}

    assert curve("loss") == pytest.approx({p["step"]: p["loss"] for p in record.points})
    assert curve("log share") == pytest.approx({v["step"]: v["value"] for v in record.validations})
    assert set(events.Tags()["tensors"]) == {"loss", "learning_rate", "log share"}


def test_wandb_is_kept_offline(pair_training, layered_model, tmp_path, monkeypatch):
    logged, finished, begun = [], [], []

    def init(**options):
        begun.append(options)
        return SimpleNamespace(
            log=lambda values, step: logged.append((step, set(values))),
            finish=lambda: finished.append(len(logged)),
        )

    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=init))
    run(pair_training, layered_model, tmp_path, "wandb")
    (options,) = begun
    assert (options["mode"], options["name"]) == ("offline", "pairs")
    assert options["dir"] == str(tmp_path / "logs")
    assert options["config"]["tracker"] == "wandb"
    points = [(step, {"loss", "learning_rate"}) for step in (1, 2, 3, 4)]
    values = [(step, {"log share"}) for step in (0, 2, 4)]
    assert sorted(logged, key=str) == sorted([*points, *values], key=str)
    assert finished == [len(logged)]


def test_an_absent_wandb_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'unsung\[wandb\]'"):
        open_tracker("wandb", tmp_path, "pairs", {})


def test_an_absent_tensorboard_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard.summary", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'unsung\[train\]'"):
        open_tracker("tensorboard", tmp_path, "pairs", {})


def test_curves_need_a_folder():
    with pytest.raises(InputError, match="tensorboard needs a folder"):
        open_tracker("tensorboard", None, "pairs", {})
    open_tracker("none", None, "pairs", {}).log(1, {"loss": 1.0})
