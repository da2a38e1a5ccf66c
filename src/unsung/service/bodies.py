"""What requests carry, as the OpenAPI page shows it."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

ID_CHARACTERS = 256
SESSION = "session:"
"""What the ids of anonymous sessions begin with in the store, so that none is a customer's."""
MOST_ROWS = 50_000
"""Rows of one body, whatever the settings allow."""
MOST_FIELDS = 200
AHEAD_S = 86_400
"""How far a sender's clock may run ahead."""


def _storable(value: str) -> str:
    if "\0" in value:
        raise ValueError("holds a NUL character")
    return value


Id = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=256),
    AfterValidator(_storable),
]


def _no_session(value: str) -> str:
    if value.startswith(SESSION):
        raise ValueError(f"may not begin with '{SESSION}'; send it as session_id")
    return value


UserId = Annotated[Id, AfterValidator(_no_session)]
Finite = Annotated[float, Field(allow_inf_nan=False, ge=-1e12, le=1e12)]
"""Models count in 32 bits; beyond this bound their sums would have no value."""

Price = Annotated[float, Field(allow_inf_nan=False, ge=0, le=1e12)]


def _with_zone(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("has to be a time with a zone, such as 2026-03-01T10:00:00Z")
    return value


Moment = Annotated[datetime, AfterValidator(_with_zone)]


class Bounded(BaseModel):
    """A part of a body with at most ``MOST_FIELDS`` fields."""

    @model_validator(mode="before")
    @classmethod
    def _has_few_fields(cls, value: Any) -> Any:
        # Before each of a million unknown fields gets an error of its own.
        if isinstance(value, dict) and len(value) > MOST_FIELDS:
            raise ValueError(f"has more than {MOST_FIELDS} fields")
        return value


class Body(Bounded):
    """A body in which no unknown field goes by unnoticed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EventBody(Body):
    """One thing that a customer did with an item."""

    event_id: Id | None = Field(
        default=None,
        description="Your id of the event: sent again, it counts once. Made up where not given.",
        examples=["order-1042-line-3"],
    )
    user_id: UserId | None = Field(default=None, examples=["u17"])
    session_id: Id | None = Field(
        default=None, description="An anonymous visitor, in place of user_id.", examples=["s-8f2"]
    )
    item_id: Id = Field(examples=["i42"])
    event: Annotated[str, StringConstraints(min_length=1, max_length=64)] = Field(
        examples=["purchase"]
    )
    timestamp: Moment | None = Field(
        default=None,
        description="With a zone; that of its arrival where not given, the first where sent again.",
        examples=["2026-03-01T10:00:00Z"],
    )
    weight: Finite | None = Field(default=None, description="In place of the weight of its kind.")
    price: Price | None = Field(default=None, examples=[4.95])
    quantity: Finite | None = Field(default=None, examples=[2])
    basket_id: Id | None = Field(default=None, examples=["order-1042"])
    request_id: Id | None = Field(
        default=None, description="Of the answer whose recommendation led to it."
    )


class EventsBody(Body):
    """A batch: stored whole or not at all."""

    events: list[EventBody] = Field(min_length=1, max_length=MOST_ROWS, fail_fast=True)


class ItemBody(Bounded):
    """An item; attributes of your own are welcome as further fields."""

    model_config = ConfigDict(extra="allow", frozen=True)

    item_id: Id = Field(examples=["i900"])
    title: str | None = Field(default=None, examples=["Red paper lantern with stars"])
    description: str | None = None
    category: str | None = Field(default=None, examples=["Lanterns"])
    brand: str | None = None
    price: Price | None = Field(default=None, examples=[2.5])
    image: str | None = None
    seller_id: str | None = None
    created_at: Moment | None = None
    in_stock: bool | None = Field(default=None, examples=[True])

    def attributes(self) -> dict[str, Any]:
        """Columns that were given; a null takes a value away."""
        given = self.model_dump(exclude_unset=True, exclude={"item_id"})
        if isinstance(self.created_at, datetime):
            given["created_at"] = micros(self.created_at)
        return given


class ItemsBody(Body):
    """A batch of items: new ones, or new values of known ones."""

    items: list[ItemBody] = Field(min_length=1, max_length=MOST_ROWS, fail_fast=True)


class ReviewBody(Body):
    """What a customer wrote of an item."""

    review_id: Id = Field(examples=["r-77"])
    user_id: UserId | None = None
    item_id: Id = Field(examples=["i42"])
    rating: Finite | None = Field(default=None, examples=[4])
    title: str | None = None
    text: str | None = Field(default=None, examples=["Keeps the tea warm for an hour."])
    timestamp: Moment | None = None


class ReviewsBody(Body):
    """A batch of reviews."""

    reviews: list[ReviewBody] = Field(min_length=1, max_length=MOST_ROWS, fail_fast=True)


class FiltersBody(Body):
    """Which items may be listed."""

    categories: list[str] = Field(default=[], max_length=100)
    brands: list[str] = Field(default=[], max_length=100)
    exclude: list[Id] = Field(default=[], max_length=1_000, description="Item ids.")
    exclude_brands: list[str] = Field(default=[], max_length=100)
    min_price: Finite | None = None
    max_price: Finite | None = None
    in_stock_only: bool = True
    repeats: Literal["hide", "show"] | None = Field(
        default=None, description="Whether bought items come again; as the shop is set."
    )


class ListQuery(Body):
    """What a list may be asked for in the address."""

    k: int = Field(default=10, ge=1, le=1_000, description="Length of the list.")
    explain: bool = Field(default=False, description="Say why, from the score's own parts.")
    dial: int | None = Field(
        default=None, ge=0, description="Position of the dial; where it stands if not given."
    )
    category: list[str] = Field(default=[], max_length=100, description="Only these.")
    brand: list[str] = Field(default=[], max_length=100, description="Only these.")
    exclude: list[Id] = Field(default=[], max_length=1_000, description="Item ids to leave out.")
    min_price: Finite | None = None
    max_price: Finite | None = None
    in_stock_only: bool = True
    repeats: Literal["hide", "show"] | None = None

    def filters(self) -> FiltersBody:
        """The same as filters of a body."""
        return FiltersBody(
            categories=self.category,
            brands=self.brand,
            exclude=self.exclude,
            min_price=self.min_price,
            max_price=self.max_price,
            in_stock_only=self.in_stock_only,
            repeats=self.repeats,
        )


class RecommendBody(Body):
    """A request for somebody who isn't a known customer, or with more than a URL can hold."""

    user_id: UserId | None = None
    session_id: Id | None = Field(default=None, examples=["s-8f2"])
    items: list[Id] = Field(
        default=[], max_length=200, description="A basket, or items that were looked at."
    )
    query: str | None = Field(
        default=None, max_length=1_000, description="Words or a wish.", examples=["garden party"]
    )
    k: int = Field(default=10, ge=1, le=1_000)
    explain: bool = False
    dial: int | None = Field(
        default=None, ge=0, description="Position of the dial; where it stands if not given."
    )
    filters: FiltersBody = FiltersBody()


class BatchBody(Body):
    """Lists for many customers at once."""

    user_ids: list[UserId] = Field(min_length=1, max_length=1_000, fail_fast=True)
    k: int = Field(default=10, ge=1, le=100)
    dial: int | None = Field(default=None, ge=0)
    filters: FiltersBody = FiltersBody()


class ChoiceBody(Body):
    """What a customer says of an item, a brand, a word, or of being known at all."""

    kind: Literal["like", "dislike", "not_interested", "hide_brand", "hide_term"]
    subject: Annotated[str, StringConstraints(min_length=1, max_length=256)] = Field(
        examples=["i42"]
    )
    active: bool = Field(default=True, description="False takes it back.")


class ConsentBody(Body):
    """Whether a customer's doings may be used to recommend."""

    profiling: bool


class SessionBody(Body):
    """A session that turned out to be a customer's."""

    session_id: Id
    user_id: UserId


class DialBody(Body):
    """Where to put the dial."""

    position: int = Field(ge=0, description="0 is undialled; every further one is certified.")
    note: str = Field(default="", max_length=1_000, examples=["Spring: more of the garden range"])


Rate = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]


class WarmUpBody(Body):
    """A budget of impressions for items that few have seen."""

    items: list[Id] = Field(min_length=1, max_length=200, examples=[["i42", "i43"]])
    impressions: int = Field(ge=1, le=10_000_000, description="The budget.", examples=[2_000])
    days: float = Field(default=14, gt=0, le=365, description="How long it runs at most.")
    per_request: int = Field(default=1, ge=1, le=3, description="Slots of a list: 4, 8 and 12.")
    min_per_item: int = Field(default=0, ge=0, le=10_000_000)
    max_per_item: int | None = Field(default=None, ge=1, le=10_000_000)
    max_per_user: int | None = Field(default=3, ge=1, le=1_000)
    benchmark: Rate | None = Field(
        default=None,
        description="Clicks and purchases per impression to beat; measured where not given.",
        examples=[0.02],
    )
    floor: Rate | None = Field(
        default=None, description="Below it an item is stopped; a quarter of the benchmark."
    )
    level: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    outcome_hours: float = Field(
        default=24, gt=0, le=720, description="How long a click or purchase counts."
    )
    note: str = Field(default="", max_length=1_000)


class LoadBody(Body):
    """A bundle to serve."""

    path: str = Field(max_length=4_096, examples=["/srv/shop/bundle"])


class SecondBody(Body):
    """A model to be put beside the active one."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", examples=["spring"])
    kind: Literal["shadow", "experiment"]
    path: str = Field(max_length=4_096, examples=["/srv/shop/next"])
    share: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="Of the customers who see its lists, in an experiment.",
    )


class ReasonBody(Body):
    """Why something ends."""

    reason: str = Field(default="", max_length=500, examples=["enough customers"])


def micros(moment: datetime) -> int:
    """Microseconds since 1970 UTC."""
    return round(moment.astimezone(UTC).timestamp() * 1e6)
