"""The training loop: one for every task, interruptible at any step."""

import itertools
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from unsung.artifacts.files import write_json
from unsung.errors import UnsungError
from unsung.learning.checkpoints import (
    Checkpoint,
    read_checkpoint,
    weights_fingerprint,
    write_checkpoint,
)
from unsung.learning.layers import merge_adapters
from unsung.learning.processes import Processes, find_device, joined, n_examples
from unsung.learning.randomness import torch_draws
from unsung.learning.records import TrainingRecord
from unsung.learning.schedules import learning_rate_factor
from unsung.learning.settings import FineTuneSettings
from unsung.learning.tracking import NoTracker, open_tracker
from unsung.progress import Progress, silent

if TYPE_CHECKING:
    import torch

RECORD_FILE = "record.json"
MAX_POINTS = 200
"""Points of a training curve, about."""
# Settings that change where a training runs or what it writes, and not what it learns.
FREE_SETTINGS = {"device", "tracker", "checkpoint_every"}


class Task(Protocol):
    """What is to be learned.

    Attributes may be plain ones; they are only read.
    """

    @property
    def name(self) -> str:
        """What is learned, in a word or two: ``interest``."""
        ...

    @property
    def module(self) -> "torch.nn.Module":
        """The language model and all that stands on it.

        Parameters that require a gradient train: those of a transformer with ``learning_rate``,
        all others with ``head_learning_rate``.
        """
        ...

    @property
    def metric(self) -> str:
        """What ``validate`` measures, higher being better: ``NDCG@10``."""
        ...

    @property
    def fingerprint(self) -> str:
        """Of the data: a checkpoint of other data isn't gone on from."""
        ...

    def n_steps(self) -> int:
        """Batches of one epoch, the same for every epoch."""
        ...

    def batches(self, epoch: int, rng: np.random.Generator) -> Iterator[Any]:
        """Batches of an epoch, all drawn from ``rng``, which depends on seed and epoch alone.

        A batch is an array with one row an example, or a tuple, dict or dataclass of such arrays:
        several processes share its rows.
        """
        ...

    def loss(self, batch: Any) -> "torch.Tensor":
        """Mean loss over a batch's examples, through which gradients flow."""
        ...


def train(
    task: Task,
    settings: FineTuneSettings,
    *,
    validate: Callable[[], float] | None = None,
    folder: Path | None = None,
    progress: Progress = silent,
) -> TrainingRecord:
    """Train a task's module, and leave the best weights in it.

    Parameters
    ----------
    task : Task
    settings : FineTuneSettings
    validate : callable, optional
        Value of the module as it is, higher being better; called before the first step too, so
        that a training that doesn't help leaves the weights it began with. Without it, the last
        weights are left.
    folder : Path, optional
        Gets ``checkpoint.safetensors``, ``record.json`` and ``logs``. Where a checkpoint of the
        same training stands there already, it goes on from it and ends with the same weights as
        if it hadn't been interrupted.
    progress : Progress

    Returns
    -------
    record : TrainingRecord

    Raises
    ------
    InputError
        Where the checkpoint in ``folder`` is of another training.
    UnsungError
        Where the loss stops being a number.

    Notes
    -----
    AdamW, without decay on vectors (biases, normalisation). Adapters are merged into the weights
    at the end, and the module is left in evaluation mode.

    References
    ----------
    Loshchilov and Hutter, Decoupled Weight Decay Regularization, ICLR 2019, arXiv:1711.05101.
    """
    with joined(settings.device) as processes:
        training = _Training(task, settings, validate, folder, processes)
        training.run(progress)
        return training.record


class _Training:
    def __init__(
        self,
        task: Task,
        settings: FineTuneSettings,
        validate: Callable[[], float] | None,
        folder: Path | None,
        processes: Processes,
    ) -> None:
        self.task, self.settings, self.validate = task, settings, validate
        self.folder, self.processes = folder, processes
        module = task.module.to(find_device(settings.device))
        self.trained = {n: p for n, p in module.named_parameters() if p.requires_grad}
        if not self.trained:
            raise UnsungError(f"The task {task.name} has no weights that train.")
        self.optimiser = _optimiser(module, self.trained, settings)
        self.per_epoch = task.n_steps()
        self.n_steps = max(round(self.per_epoch * settings.epochs), 1)
        if settings.max_steps is not None:
            self.n_steps = min(self.n_steps, settings.max_steps)
        self.validate_every = settings.validate_every or self.per_epoch
        self.step = 0
        self.losses: list[float] = []
        self.best: dict[str, torch.Tensor] = {}
        self.record = TrainingRecord(
            task=task.name,
            model=settings.model,
            trained=settings.trained,
            settings=settings,
            n_parameters=sum(p.numel() for p in module.parameters()),
            n_trainable=sum(p.numel() for p in self.trained.values()),
            n_steps=self.n_steps,
            metric=task.metric if validate is not None else "",
        )
        self.identity = self._identity() if folder is not None else {}
        self.tracker = (
            open_tracker(settings.tracker, folder, task.name, settings.model_dump(mode="json"))
            if processes.is_first
            else NoTracker()
        )

    def run(self, progress: Progress) -> None:
        """From the start, or the last checkpoint, to the end."""
        stage = f"training {self.task.name}"
        report = progress if self.processes.is_first else silent
        try:
            self._restore()
            if self.step == 0 and not self.record.validations:
                self._validate()
            batches = self._batches()
            while not self.record.stopped:
                report(stage, self.step, self.n_steps)
                self._take_step(next(batches))
                self._after_step()
            report(stage, self.n_steps, self.n_steps)
        finally:
            self.tracker.close()
        self._leave_best()

    def _batches(self) -> Iterator[Any]:
        first, behind = divmod(self.step, self.per_epoch)
        for epoch in itertools.count(first):
            rng = np.random.default_rng([self.settings.seed, epoch])
            found = enumerate(self.task.batches(epoch, rng), 1)
            n_batches = 0
            for n_batches, batch in itertools.islice(found, self.per_epoch):
                if n_batches > behind:
                    yield batch
            if n_batches < self.per_epoch:
                raise UnsungError(
                    f"The task {self.task.name} gave {n_batches} batches in epoch {epoch}, and "
                    f"says that an epoch has {self.per_epoch}."
                )
            behind = 0

    def _take_step(self, batch: Any) -> None:
        import torch

        start = time.perf_counter()
        rate = learning_rate_factor(
            self.step, self.n_steps, self.settings.schedule, self.settings.warmup_share
        )
        for group in self.optimiser.param_groups:
            group["lr"] = group["highest_lr"] * rate
        self.task.module.train()
        self.optimiser.zero_grad(set_to_none=True)
        with torch_draws(self.settings.seed, self.step, self.processes.rank):
            loss = self.task.loss(self.processes.share(batch)) * self.processes.weight(batch)
            loss.backward()  # type: ignore[no-untyped-call]
        value = self.processes.average(self.trained.values(), float(loss.detach()))
        if not math.isfinite(value):
            raise UnsungError(
                f"The loss of {self.task.name} is {value} at step {self.step}; train with a lower "
                f"learning rate than {self.settings.learning_rate:g}."
            )
        if self.settings.clip_norm:
            torch.nn.utils.clip_grad_norm_(self.trained.values(), self.settings.clip_norm)
        self.optimiser.step()
        self.step += 1
        self.losses.append(value)
        took = time.perf_counter() - start
        self.record.examples += n_examples(batch)
        self.record.training_s += took
        self.record.seconds += took

    def _after_step(self) -> None:
        at_end = self.step == self.n_steps
        if at_end or self.step % math.ceil(self.n_steps / MAX_POINTS) == 0:
            self._note_point()
        validated = at_end or self.step % self.validate_every == 0
        if validated:
            self._validate()
        if at_end:
            whole = self.n_steps == self.settings.max_steps
            self.record.stopped = "steps" if whole else "finished"
        elif self.validate and self.record.n_without_better >= self.settings.patience:
            self.record.stopped = "early"
        if validated or self.step % self.settings.checkpoint_every == 0:
            self._save()

    def _note_point(self) -> None:
        point = {
            "step": self.step,
            "epoch": round(self.step / self.per_epoch, 4),
            "loss": float(np.mean(self.losses)),
            "learning_rate": self.optimiser.param_groups[0]["lr"],
            "elapsed_s": round(self.record.seconds, 3),
        }
        self.losses = []
        self.record.points.append(point)
        shown = {name: point[name] for name in ("loss", "learning_rate")}
        self.tracker.log(self.step, shown)

    def _validate(self) -> None:
        if self.validate is None:
            return
        start = time.perf_counter()
        self.task.module.eval()
        own = float(self.validate()) if self.processes.is_first else None
        value = self.processes.same(own)
        assert value is not None
        if not math.isfinite(value):
            raise UnsungError(f"{self.task.metric} of {self.task.name} is {value}, not a number.")
        best = self.record.best_value
        self.record.validations.append({"step": self.step, "value": value})
        if best is None or value > best:
            self.record.best_step = self.step
            self.best = {n: p.detach().clone() for n, p in self.trained.items()}
        self.record.seconds += time.perf_counter() - start
        self.tracker.log(self.step, {self.task.metric: value})

    def _leave_best(self) -> None:
        if self.validate is None:
            self.record.best_step = self.step
        _set_weights(self.trained, self.best)
        merge_adapters(self.task.module)
        self.task.module.eval()
        if self.folder is not None and self.processes.is_first:
            write_json(self.folder / RECORD_FILE, self.record.to_json())
        self.processes.wait()

    def _identity(self) -> dict[str, str]:
        settings = self.settings.model_dump(mode="json", exclude=FREE_SETTINGS)
        return {
            "task": self.task.name,
            **{f"setting '{name}'": str(value) for name, value in settings.items()},
            "number of steps": str(self.n_steps),
            "validation": self.record.metric,
            "set of data": self.task.fingerprint,
            "set of first weights": weights_fingerprint(self.task.module),
        }

    def _save(self) -> None:
        if self.folder is None:
            return
        if self.processes.is_first:
            tensors: dict[str, torch.Tensor] = {}
            tensors |= {f"weights/{name}": p for name, p in self.trained.items()}
            tensors |= {f"best/{name}": tensor for name, tensor in self.best.items()}
            for name, parameter in self.trained.items():
                moments = self.optimiser.state.get(parameter, {})
                tensors |= {f"{key}/{name}": value for key, value in moments.items()}
            record = self.record.progress_to_json()
            state = {"step": self.step, "losses": self.losses, "record": record}
            write_checkpoint(self.folder, Checkpoint(self.identity, state, tensors))
        self.processes.wait()

    def _restore(self) -> None:
        found = read_checkpoint(self.folder, self.identity) if self.folder is not None else None
        if found is None:
            return
        parts: dict[str, dict[str, torch.Tensor]] = {}
        for key, tensor in found.tensors.items():
            kind, _, name = key.partition("/")
            parts.setdefault(kind, {})[name] = tensor
        _set_weights(self.trained, parts.pop("weights"))
        self.best = parts.pop("best", {})
        for kind, values in parts.items():
            for name, value in values.items():
                parameter = self.trained[name]
                # AdamW counts its steps on the CPU.
                on_device = value if kind == "step" else value.to(parameter.device)
                self.optimiser.state[parameter][kind] = on_device
        self.step, self.losses = found.state["step"], found.state["losses"]
        self.record.go_on_from(found.state["record"])


def _optimiser(
    module: "torch.nn.Module", trained: "dict[str, torch.nn.Parameter]", settings: FineTuneSettings
) -> "torch.optim.Optimizer":
    import torch
    from transformers import PreTrainedModel

    language = {
        id(parameter)
        for part in module.modules()
        if isinstance(part, PreTrainedModel)
        for parameter in part.parameters()
    }
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for parameter in trained.values():
        in_language = id(parameter) in language
        rate = settings.learning_rate if in_language else settings.head_learning_rate
        decay = settings.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": parameters, "lr": rate, "highest_lr": rate, "weight_decay": decay}
            for (rate, decay), parameters in groups.items()
        ]
    )


def _set_weights(
    trained: "dict[str, torch.nn.Parameter]", weights: "dict[str, torch.Tensor]"
) -> None:
    import torch

    with torch.no_grad():
        for name, tensor in weights.items():
            trained[name].copy_(tensor)
