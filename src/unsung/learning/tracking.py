"""Where training curves go, beside the record."""

from pathlib import Path
from typing import Any, Protocol

from unsung.errors import InputError, MissingExtraError


class Tracker(Protocol):
    """Takes named values, step by step."""

    def log(self, step: int, values: dict[str, float]) -> None:
        """Take note of values after a step."""
        ...

    def close(self) -> None:
        """Write what is still held."""
        ...


class NoTracker:
    """Takes no note of anything."""

    def log(self, step: int, values: dict[str, float]) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class TensorBoardTracker:
    """Event files that ``tensorboard --logdir`` draws."""

    def __init__(self, folder: Path) -> None:
        try:
            from tensorboard.summary import Writer
        except ImportError:
            raise MissingExtraError("Tracking with TensorBoard", "train") from None
        folder.mkdir(parents=True, exist_ok=True)
        self._writer = Writer(str(folder))

    def log(self, step: int, values: dict[str, float]) -> None:
        """Add a point to the curve of each name."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Flush and close the event file."""
        self._writer.close()


class WandbTracker:
    """A run of Weights & Biases, kept offline: ``wandb sync`` sends it, and nothing else does."""

    def __init__(self, folder: Path, name: str, config: dict[str, Any]) -> None:
        try:
            import wandb
        except ImportError:
            raise MissingExtraError("Tracking with wandb", "wandb") from None
        folder.mkdir(parents=True, exist_ok=True)
        self._run = wandb.init(
            mode="offline", project="unsung", name=name, dir=str(folder), config=config
        )

    def log(self, step: int, values: dict[str, float]) -> None:
        """Add values to the run."""
        self._run.log(values, step=step)

    def close(self) -> None:
        """Finish the run."""
        self._run.finish()


def open_tracker(kind: str, folder: Path | None, name: str, config: dict[str, Any]) -> Tracker:
    """The tracker of a training.

    Parameters
    ----------
    kind : str
        ``none``, ``tensorboard`` or ``wandb``.
    folder : Path, optional
        Of the training; logs go into its folder ``logs``.
    name : str
        What the run is called.
    config : dict
        Settings, shown beside the curves.

    Raises
    ------
    InputError
        Where there is no folder for logs.
    MissingExtraError
        Where the tracker isn't installed.
    """
    if kind == "none":
        return NoTracker()
    if folder is None:
        raise InputError(f"Tracking with {kind} needs a folder; give one, or take tracker 'none'.")
    if kind == "wandb":
        return WandbTracker(folder / "logs", name, config)
    return TensorBoardTracker(folder / "logs")
