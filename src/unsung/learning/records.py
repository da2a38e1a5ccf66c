"""What a training did, step by step."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from unsung.learning.settings import FineTuneSettings

Stopped = Literal["", "finished", "early", "steps"]


@dataclass
class TrainingRecord:
    """What a training did: curves, validations, and why it ended.

    Parameters
    ----------
    task, model, trained : str
        What was learned, by which language model, and which part of it trained.
    settings : FineTuneSettings
    n_parameters, n_trainable : int
        Numbers in the module, and those of them that train.
    n_steps : int
        Steps of an unbroken training that isn't stopped early.
    metric : str
        What validations measure, higher being better; empty where there were none.
    points : list of dict
        ``step``, ``epoch``, ``loss`` (mean since the point before), ``learning_rate`` and
        ``elapsed_s``.
    validations : list of dict
        ``step`` and ``value``; step 0 is the model before training.
    best_step : int
        Step whose weights were left in the module.
    stopped : str
        ``finished``, ``early`` (no better value for ``patience`` validations) or ``steps``
        (``max_steps``).
    examples : int
    seconds : float
        In all, interruptions not counted.
    training_s : float
        Without validations.
    """

    task: str
    model: str
    trained: str
    settings: FineTuneSettings
    n_parameters: int
    n_trainable: int
    n_steps: int
    metric: str = ""
    points: list[dict[str, float]] = field(default_factory=list)
    validations: list[dict[str, float]] = field(default_factory=list)
    best_step: int = 0
    stopped: Stopped = ""
    examples: int = 0
    seconds: float = 0.0
    training_s: float = 0.0

    @property
    def best_value(self) -> float | None:
        """Value of the validation whose weights were kept."""
        at_best = (v["value"] for v in self.validations if v["step"] == self.best_step)
        return next(at_best, None)

    @property
    def n_without_better(self) -> int:
        """Validations since the best one."""
        return sum(validation["step"] > self.best_step for validation in self.validations)

    @property
    def examples_per_s(self) -> float:
        """Examples a second, validations not counted."""
        return self.examples / self.training_s if self.training_s else 0.0

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            **asdict(self),
            "settings": self.settings.model_dump(mode="json"),
            "best_value": self.best_value,
            "examples_per_s": round(self.examples_per_s, 1),
            "seconds": round(self.seconds, 3),
            "training_s": round(self.training_s, 3),
        }

    def progress_to_json(self) -> dict[str, Any]:
        """What changes from step to step, for a checkpoint."""
        return {name: getattr(self, name) for name in PROGRESS}

    def go_on_from(self, values: dict[str, Any]) -> None:
        """Take over what a checkpoint holds."""
        for name in PROGRESS:
            setattr(self, name, values[name])


PROGRESS = (
    "points",
    "validations",
    "best_step",
    "stopped",
    "examples",
    "seconds",
    "training_s",
)
