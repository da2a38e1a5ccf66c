"""The catalogue: search, an item's page, what goes with it, and new items."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from unsung.operations import search
from unsung.operations.item_page import item_page
from unsung.popularity.segments import SEGMENT_NAMES
from unsung.service.access import needs
from unsung.service.answers_json import (
    FoundListAnswer,
    ItemAnswer,
    ReceivedAnswer,
    as_json,
)
from unsung.service.bodies import Id, ItemsBody
from unsung.service.context import Here, now_us
from unsung.service.limits import check_rows
from unsung.service.problems import NotFoundError
from unsung.service.slashed import SlashedRoute
from unsung.store.items import Item, put_items

router = APIRouter(prefix="/v1", tags=["items"], route_class=SlashedRoute)
K = Annotated[int, Query(ge=1, le=200)]
ItemId = Annotated[Id, Path(examples=["i42"])]
BEYOND_HEAD = ("tail", "fresh", "cold")


@router.get("/items", response_model=FoundListAnswer, dependencies=[needs("read")])
async def find(
    context: Here,
    query: Annotated[str, Query(min_length=1, max_length=1_000, examples=["red lantern"])],
    k: K = 20,
) -> Response:
    """Find items by words, part of a word, an id, or a wish."""
    found = await context.work(lambda: search.find_items(context.shop.model(), query, k))
    return as_json({"items": found})


@router.post("/items", response_model=ReceivedAnswer, dependencies=[needs("write")])
async def put(context: Here, body: ItemsBody) -> Response:
    """Add items, or change some of the values of known ones; a new item can be listed at once."""
    check_rows(context, body.items)
    items = [Item(item.item_id, item.attributes()) for item in body.items]
    await context.work(lambda: put_items(context.shop.store, items, now_us()))
    return as_json({"accepted": len(items), "duplicates": 0, "suppressed": 0})


@router.get("/items/{item_id}", response_model=ItemAnswer, dependencies=[needs("read")])
async def item(context: Here, item_id: ItemId) -> Response:
    """What is known of an item, and what the model reads of it."""

    def page() -> dict[str, Any] | None:
        context.shop.catch_up(now_us())
        return item_page(context.shop.model(), item_id)

    found = await context.work(page)
    if found is None:
        raise NotFoundError(f"There is no item {item_id}.")
    return as_json(found)


@router.get(
    "/items/{item_id}/similar", response_model=FoundListAnswer, dependencies=[needs("read")]
)
async def similar(
    context: Here,
    item_id: ItemId,
    k: K = 10,
    discover: Annotated[
        bool, Query(description="Only items beyond the head: others to discover.")
    ] = False,
) -> Response:
    """Items that are bought with one, or are like it in words or meaning."""
    segments = BEYOND_HEAD if discover else SEGMENT_NAMES
    served = context.shop.model()
    if served.shop.whole.items.find(item_id) < 0:
        raise NotFoundError(f"There is no item {item_id}.")
    found = await context.work(lambda: search.similar_items(served, item_id, k, now_us(), segments))
    return as_json({"items": found})
