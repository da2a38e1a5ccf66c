"""The loop learns, stops when it should, and leaves the best weights."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from unsung.errors import UnsungError
from unsung.learning.loop import train

pytestmark = pytest.mark.train


def fixed(values):
    """A validation that gives one value after the other."""
    left = iter(values)
    return lambda: next(left)


def test_ten_pairs_are_learned_by_heart(pairs):
    task, settings = pairs(top_layers=2, dropout=0, epochs=150, batch_size=10, validate_every=50)
    settings = settings.model_copy(update={"head_learning_rate": 3e-3})
    record = train(task, settings, validate=task.log_share)
    assert record.points[0]["loss"] > 4
    assert record.points[-1]["loss"] < 0.05
    assert record.best_value > -0.05
    assert record.examples == 1500


@pytest.mark.parametrize("trained", ["all", "lora"])
def test_every_way_of_training_learns(pairs, trained):
    task, settings = pairs(trained=trained, dropout=0, epochs=30, batch_size=10, learning_rate=1e-2)
    record = train(task, settings)
    assert record.points[-1]["loss"] < 0.5 * record.points[0]["loss"]


def test_frozen_is_really_frozen(pairs, pair_training):
    task, settings = pairs(max_steps=3, weight_decay=0.5)
    before = pair_training.weights(task)
    train(task, settings)
    after = pair_training.weights(task)
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert {name.partition("head")[0] or "head" for name in changed if "layer.2." not in name} == {
        "head"
    }
    assert any("layer.2." in name for name in changed)


def test_lora_leaves_a_plain_encoder_and_changes_what_it_adapts(pairs, pair_training):
    task, settings = pairs(trained="lora", max_steps=3)
    plain, _ = pairs(trained="heads")
    train(task, settings)
    before, after = pair_training.weights(plain), pair_training.weights(task)
    assert before.keys() == after.keys()
    changed = {n for n in before if n.startswith("text") and (before[n] != after[n]).any()}
    assert len(changed) == 3 * 6
    assert all(name.endswith(".weight") and "LayerNorm" not in name for name in changed)


def test_heads_alone_train(pairs, pair_training):
    task, settings = pairs(trained="heads", epochs=3)
    before = pair_training.weights(task)
    record = train(task, settings)
    after = pair_training.weights(task)
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed == {"head.weight", "head.bias"}
    assert record.n_trainable == 8 * 8 + 8


def test_the_same_seed_gives_the_same_weights(pairs, pair_training):
    import torch

    def trained(seed):
        task, settings = pairs(seed=seed, max_steps=4)
        torch.rand(seed + 3)  # what was drawn before doesn't matter
        train(task, settings)
        return b"".join(w.tobytes() for w in pair_training.weights(task).values())

    assert trained(1) == trained(1)
    assert trained(1) != trained(2)


def test_biases_and_normalisation_don_t_decay(pairs):
    task, settings = pairs(max_steps=1, learning_rate=1e-3, head_learning_rate=1e-3)
    task.loss = lambda batch: sum(p.sum() * 0 for p in task.module.parameters() if p.requires_grad)
    before = {n: p.detach().clone() for n, p in task.module.named_parameters()}
    train(task, settings.model_copy(update={"weight_decay": 0.5, "warmup_share": 0.0}))
    for name, parameter in task.module.named_parameters():
        decayed = parameter.requires_grad and parameter.ndim > 1
        expected = before[name] * (1 - 1e-3 * 0.5) if decayed else before[name]
        np.testing.assert_allclose(parameter.detach(), expected, rtol=1e-6)


def test_gradients_are_clipped_together(pairs, monkeypatch):
    import torch

    lengths = []
    step = torch.optim.AdamW.step

    def measured(self, *args, **kwargs):
        gradients = [p.grad for g in self.param_groups for p in g["params"] if p.grad is not None]
        lengths.append(float(torch.sqrt(sum((g**2).sum() for g in gradients))))
        return step(self, *args, **kwargs)

    monkeypatch.setattr(torch.optim.AdamW, "step", measured)
    for clip_norm in (0.0, 0.25):
        task, settings = pairs(max_steps=3, clip_norm=clip_norm)
        train(task, settings)
    free, clipped = lengths[:3], lengths[3:]
    assert min(free) > 0.5
    assert clipped == pytest.approx([0.25] * 3, rel=1e-3)


def test_the_language_model_and_heads_have_their_own_rates(pairs, pair_training):
    def moved(**fields):
        task, settings = pairs(max_steps=2, **fields)
        before = pair_training.weights(task)
        train(task, settings)
        after = pair_training.weights(task)
        return {n: abs(after[n] - before[n]).max() for n in ("head.bias",)} | {
            "text": max(abs(after[n] - before[n]).max() for n in before if n.startswith("text"))
        }

    slow, fast = moved(head_learning_rate=1e-4), moved(head_learning_rate=1e-2)
    assert fast["head.bias"] > 20 * slow["head.bias"]
    assert 0.1 < fast["text"] / slow["text"] < 10


def test_early_stopping_keeps_the_best(pairs, pair_training):
    seen = []
    task, settings = pairs(epochs=9, validate_every=1, patience=2)
    values = fixed([0.1, 0.2, 0.5, 0.4, 0.5])

    def validate():
        seen.append(pair_training.weights(task))
        return values()

    record = train(task, settings, validate=validate)
    assert (record.stopped, record.best_step, record.best_value) == ("early", 2, 0.5)
    assert [v["step"] for v in record.validations] == [0, 1, 2, 3, 4]
    for name, weight in pair_training.weights(task).items():
        assert np.array_equal(weight, seen[2][name])
    assert not task.module.training


def test_a_training_that_doesn_t_help_leaves_the_first_weights(pairs, pair_training):
    task, settings = pairs(epochs=2)
    before = pair_training.weights(task)
    record = train(task, settings, validate=fixed([0.3, 0.2, 0.1]))
    assert (record.best_step, record.stopped) == (0, "finished")
    for name, weight in pair_training.weights(task).items():
        assert np.array_equal(weight, before[name])


def test_the_record_is_whole_and_plain(pairs, tmp_path):
    reports = []
    task, settings = pairs(epochs=2.5)
    record = train(
        task,
        settings,
        validate=task.log_share,
        folder=tmp_path,
        progress=lambda *report: reports.append(report),
    )
    values = record.to_json()
    assert json.loads((tmp_path / "record.json").read_text()) == json.loads(json.dumps(values))
    assert values["n_steps"] == 8  # 2.5 epochs of 3 batches
    assert [point["step"] for point in values["points"]] == list(range(1, 9))
    assert [v["step"] for v in values["validations"]] == [0, 3, 6, 8]
    assert values["metric"] == "log share"
    assert values["settings"]["epochs"] == 2.5
    assert values["examples_per_s"] > 0
    assert values["n_trainable"] < values["n_parameters"]
    assert reports == [("training pairs", step, 8) for step in range(9)]


def test_so_many_steps_and_no_more(pairs):
    task, settings = pairs(max_steps=2)
    record = train(task, settings)
    assert (record.stopped, record.best_step, record.validations) == ("steps", 2, [])


def test_a_loss_that_is_no_number_says_what_to_do(pairs):
    task, settings = pairs()
    honest = task.loss
    task.loss = lambda batch: honest(batch) * float("nan")
    with pytest.raises(UnsungError, match="loss of pairs is nan at step 0; train with a lower"):
        train(task, settings)


def test_a_validation_that_is_no_number_is_an_error(pairs):
    task, settings = pairs()
    with pytest.raises(UnsungError, match="log share of pairs is nan"):
        train(task, settings, validate=lambda: float("nan"))


def test_an_epoch_shorter_than_it_says_is_an_error(pairs):
    task, settings = pairs(epochs=2)
    task.n_steps = lambda: 4
    with pytest.raises(UnsungError, match=r"gave 3 batches in epoch 0, and says .* has 4"):
        train(task, settings)


def test_nothing_to_train_is_an_error(pairs):
    task, settings = pairs(trained="heads")
    task.module.requires_grad_(False)
    with pytest.raises(UnsungError, match="no weights that train"):
        train(task, settings)


def test_the_code_of_the_page_on_fine_tuning_runs(tmp_path, monkeypatch):
    page = Path(__file__).parents[2] / "docs/explanation/fine-tuning.md"
    (code,) = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    monkeypatch.chdir(tmp_path)
    titles = ["Red enamel kettle", "Red enamel teapot", "Garden spade", "Garden rake"]
    names = {"titles": titles, "pairs": np.array([[0, 1], [2, 3]])}
    exec(compile(code, page.name, "exec"), names)
    assert names["record"].stopped == "finished"
    assert (tmp_path / "next-title/record.json").exists()
    assert list((tmp_path / "next-title/logs").iterdir())
