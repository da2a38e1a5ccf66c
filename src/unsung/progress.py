"""How long work tells a caller where it stands; the terminal and the service draw it."""

from typing import Protocol


class Progress(Protocol):
    """A callback: ``progress(stage, done, total)``.

    ``stage`` is a short present participle ("reading orders.csv"); ``total`` is 0 where it is
    not known. A stage is finished when ``done == total > 0``.
    """

    def __call__(self, stage: str, done: int = 0, total: int = 0) -> None:
        """Take note of where the work stands."""
        ...


def silent(stage: str, done: int = 0, total: int = 0) -> None:
    """Ignore progress (the default of every function that takes one)."""
