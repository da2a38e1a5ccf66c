"""What the service is told and what it answers, as values."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One place of a list.

    Parameters
    ----------
    rank : int
        From 1.
    item_id, title : str
    score : float
        Comparable within the list alone.
    segment : str
        ``head``, ``tail``, ``fresh`` or ``cold``.
    reasons : tuple of str
        As sentences, where they were asked for.
    """

    rank: int
    item_id: str
    title: str
    score: float
    segment: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recommendations:
    """A list; it can be empty, and is then still a list.

    Parameters
    ----------
    items : tuple of Recommendation
    request_id : str
        To be sent with the events that the list leads to; empty for a fallback.
    model, policy, rung : str
        What made it.
    fallback : bool
        Whether the service couldn't be asked in time: show what you showed before.
    """

    items: tuple[Recommendation, ...] = ()
    request_id: str = ""
    model: str = ""
    policy: str = ""
    rung: str = "empty"
    fallback: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a customer, or an anonymous session, did with an item.

    Parameters
    ----------
    item_id, event : str
    user_id, session_id : str, optional
        One of the two.
    timestamp : str, optional
        ISO 8601 with a zone; now, if not given.
    weight, price, quantity : float, optional
    basket_id, request_id : str, optional
    event_id : str
        Made up where not given, so that an event that is sent again counts once.
    """

    item_id: str
    event: str
    user_id: str | None = None
    session_id: str | None = None
    timestamp: str = field(default_factory=lambda: datetime.now(UTC).isoformat())
    weight: float | None = None
    price: float | None = None
    quantity: float | None = None
    basket_id: str | None = None
    request_id: str | None = None
    event_id: str = field(default_factory=lambda: uuid4().hex)

    def as_json(self) -> dict[str, Any]:
        """What is known of it."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a batch: all of it is on the service's disk.

    Parameters
    ----------
    accepted, duplicates, suppressed : int
        New rows; rows that were known; rows of erased customers, which aren't stored.
    """

    accepted: int
    duplicates: int
    suppressed: int


FALLBACK = Recommendations(fallback=True)
"""What a shop gets where the service doesn't answer."""


def recommendations_of(body: Mapping[str, Any]) -> Recommendations:
    """A list from the service's answer; a KeyError or TypeError where it is another thing."""
    return Recommendations(
        tuple(_recommendation(item) for item in body["items"]),
        body["request_id"],
        body["model"],
        body["policy"],
        body["rung"],
    )


def received_of(body: Mapping[str, Any]) -> Received:
    """What became of a batch, from the service's answer."""
    return Received(body["accepted"], body["duplicates"], body["suppressed"])


def _recommendation(item: Mapping[str, Any]) -> Recommendation:
    reasons = tuple(reason["text"] for reason in item["reasons"])
    return Recommendation(
        item["rank"], item["item_id"], item["title"], item["score"], item["segment"], reasons
    )
