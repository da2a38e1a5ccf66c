"""Answers as JSON: models for the OpenAPI page, and a fast way to write the hot ones."""

from typing import Any

import msgspec
from pydantic import BaseModel, Field
from starlette.responses import Response


class ReasonAnswer(BaseModel):
    """One part of a score."""

    kind: str = Field(examples=["history"])
    amount: float = Field(description="Share of the score.")
    item_id: str | None = Field(description="The item of the customer's history.")
    words: list[str] = Field(description="What both items' texts say.")
    text: str = Field(examples=["goes with Red lantern (both: lantern)"])


class RecommendationAnswer(BaseModel):
    """One place of a list."""

    rank: int = Field(examples=[1])
    item_id: str = Field(examples=["i42"])
    title: str = Field(examples=["Paper lantern"])
    score: float = Field(description="Comparable within the list alone.")
    segment: str = Field(examples=["tail"], description="head, tail (established), fresh or cold.")
    undialled_rank: int = Field(description="Where it would stand if the dial stood at 0.")
    reasons: list[ReasonAnswer] = []


class ListAnswer(BaseModel):
    """A list, and where it comes from."""

    request_id: str = Field(description="Send it with the events that the list leads to.")
    user_id: str | None = Field(examples=["u17"])
    known: bool = Field(description="Whether the customer's own history counted.")
    items: list[RecommendationAnswer]
    model: str = Field(examples=["20261124T164525Z-ef5c1176"])
    policy: str = Field(examples=["quota 2/2"])
    rung: str = Field(examples=["full"], description="How much of the model answered.")


class ListsAnswer(BaseModel):
    """Lists of several customers."""

    lists: list[ListAnswer]


class FoundAnswer(BaseModel):
    """An item that was found."""

    item_id: str
    title: str
    score: float
    segment: str


class FoundListAnswer(BaseModel):
    """Items, best first."""

    items: list[FoundAnswer]


class ItemAnswer(BaseModel):
    """What is known of an item."""

    item_id: str
    title: str
    segment: str
    buyers: int = Field(description="Distinct customers who bought it.")
    in_stock: bool
    attributes: dict[str, Any]
    document: str = Field(description="What the model reads of it.")
    reviews: dict[str, Any] | None = Field(
        default=None, description="What its reviews said as of the fit; none without reviews."
    )
    title_advice: dict[str, Any] | None = Field(
        default=None,
        description="As of the fit, for an item outside the head without a title or with a short "
        "one: what titles of items that sell state and its own doesn't, a better title made of "
        "what the catalogue and reviews say, and what is foretold of such titles.",
    )


class ReceivedAnswer(BaseModel):
    """What became of a batch: everything in it is on the disk."""

    accepted: int = Field(description="New rows.")
    duplicates: int = Field(description="Rows that were stored before, with the same content.")
    suppressed: int = Field(default=0, description="Rows of erased customers: not stored.")


class DialAnswer(BaseModel):
    """Where the dial stands and how far it may go."""

    position: int
    n_positions: int
    strengths: list[float] = Field(description="Of the method, at positions 1 to n_positions.")
    policy: str
    certificate: dict[str, Any] | None
    frontier: Any = Field(description="What each setting would cost and bring, from the fit.")
    history: list[dict[str, Any]]


class ModelsAnswer(BaseModel):
    """The models that the service knows."""

    serving: str | None
    models: list[dict[str, Any]]
    history: list[dict[str, Any]]


class WarmUpItemAnswer(BaseModel):
    """An item of a warm-up."""

    item_id: str
    title: str
    spent: int = Field(description="Impressions.")
    outcomes: int = Field(description="Impressions that led to a click or purchase in time.")
    state: str = Field(examples=["warming"], description="warming, graduate or stop.")
    decided: int | None = Field(description="Microseconds since 1970 UTC.")


class WarmUpAnswer(BaseModel):
    """A budget, what was spent of it and what came of that."""

    warm_up_id: str
    note: str
    who: str
    starts: int = Field(description="Microseconds since 1970 UTC, as all times here.")
    ends: int
    impressions: int = Field(description="The budget.")
    spent: int
    outcomes: int
    offers: int = Field(description="Lists of the last 24 hours that it could have been in.")
    drawing: bool = Field(description="Whether lists get its items now.")
    per_request: int
    benchmark: float
    floor: float
    level: float
    outcome_hours: float
    state: str = Field(examples=["running"], description="running or ended.")
    reason: str = Field(description="decided, spent, over or stopped; empty while it runs.")
    ended: int | None
    ended_by: str
    items: list[WarmUpItemAnswer]


class WarmUpsAnswer(BaseModel):
    """Warm-ups, the newest first."""

    warm_ups: list[WarmUpAnswer]


class DriftAnswer(BaseModel):
    """The service day by day beside its model's fit."""

    model: str
    days: list[dict[str, Any]] = Field(
        description="Each day's date with its figures: events, targets and lists, "
        "new_user_share, new_item_share, tail_share, response_rate, hit_rate."
    )
    recent: dict[str, Any] = Field(
        description="The same from the first day with anything on to yesterday, a day."
    )
    fit: dict[str, Any] = Field(description="What a day is held against.")
    catalogue: dict[str, dict[str, float]] = Field(
        description="Shares of items with a price, a title, a description: at the fit and now."
    )
    compared: list[dict[str, Any]] = Field(
        description="What there is enough of: its name, now, fit, and whether it moved."
    )
    warnings: list[str]


class ExperimentsAnswer(BaseModel):
    """The second model, and the trials before."""

    current: dict[str, Any] | None = Field(description="The trial under way.")
    loaded: bool = Field(description="Whether the process that answers has its model.")
    overlap: dict[str, float] | None = Field(
        description="Of a shadow: lists made, and their items' and first items' share in common."
    )
    history: list[dict[str, Any]]


class SessionAnswer(BaseModel):
    """Who somebody is to the service."""

    name: str = Field(examples=["mei"])
    role: str | None = Field(default=None, description="Of an account that signs in.")
    scopes: list[str] = Field(default=[], examples=[["read", "write"]])
    expires: int | None = Field(default=None, description="Microseconds since 1970 UTC.")


def as_json(value: Any, status: int = 200) -> Response:
    """A response of dataclasses, dicts and lists."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")
