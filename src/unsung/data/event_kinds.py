"""What the kinds of events say, as the shop was read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class EventKinds:
    """What each kind of event weighs, and which one the shop wants more of.

    A bundle keeps it, so that an event that comes later means what it meant at the fit.

    Parameters
    ----------
    weights : mapping of str to float
        Kinds that aren't in it mean nothing to the shop.
    target : str
        The event that makes a user a buyer of an item.

    Examples
    --------
    >>> kinds = EventKinds({"purchase": 1.0, "view": 0.1}, "purchase")
    >>> EventKinds.from_json(kinds.to_json()) == kinds
    True
    """

    weights: Mapping[str, float]
    target: str

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"weights": dict(self.weights), "target": self.target}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "EventKinds":
        """The kinds of ``to_json``; a KeyError or ValueError where they can't be that."""
        weights = {str(kind): float(weight) for kind, weight in values["weights"].items()}
        return cls(weights, str(values["target"]))
