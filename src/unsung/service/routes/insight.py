"""What pages say beyond lists: the week, an item's traffic and words, a customer's tastes."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from unsung.operations import tastes, traffic, week
from unsung.service.access import needs
from unsung.service.answers_json import as_json
from unsung.service.bodies import FiltersBody, Id, UserId
from unsung.service.context import Context, Here, now_us
from unsung.service.problems import NotFoundError
from unsung.service.routes.recommendations import rules_of
from unsung.service.slashed import SlashedRoute

router = APIRouter(
    prefix="/v1", tags=["browsing"], dependencies=[needs("read")], route_class=SlashedRoute
)
Item = Annotated[Id, Path(examples=["i42"])]
User = Annotated[UserId, Path(examples=["u17"])]


@router.get("/week", response_model=dict[str, Any])
async def this_week(context: Here, most: Annotated[int, Query(ge=1, le=100)] = 8) -> Response:
    """What changed in the last seven days: gains, first sales, new items, segment moves."""

    def found() -> dict[str, Any]:
        context.shop.catch_up(now_us())
        return week.week_of(context.shop, now_us(), most)

    return as_json(await context.work(found))


@router.get("/items/{item_id}/traffic", response_model=dict[str, Any])
async def item_traffic(
    context: Here, item_id: Item, days: Annotated[int, Query(ge=1, le=92)] = traffic.DAYS
) -> Response:
    """How often an item was shown, what that led to and what was sold, day by day."""
    _known(context, item_id)
    shop = context.shop
    return as_json(await context.work(lambda: traffic.item_traffic(shop, item_id, now_us(), days)))


@router.get("/items/{item_id}/terms", response_model=dict[str, Any])
async def item_terms(context: Here, item_id: Item) -> Response:
    """The words that stand for an item in the model, by weight."""
    _known(context, item_id)
    served = context.shop.model()
    return as_json({"terms": await context.work(lambda: traffic.item_terms(served, item_id))})


@router.get("/users/{user_id}/interests", response_model=dict[str, Any])
async def interests(context: Here, user_id: User) -> Response:
    """A customer's interests in words, by weight; none for those who opted out."""

    def found() -> dict[str, Any]:
        context.shop.catch_up(now_us())
        return {"interests": tastes.interests_of(context.shop, user_id, now_us())}

    return as_json(await context.work(found))


@router.get("/users/{user_id}/why-not/{item_id}", response_model=dict[str, Any])
async def why_not(
    context: Here, user_id: User, item_id: Item, k: Annotated[int, Query(ge=1, le=50)] = 10
) -> Response:
    """Why an item isn't in a customer's list: a code, its place, and the parts of its score."""
    rules = rules_of(context, FiltersBody())

    def found() -> dict[str, Any]:
        context.shop.catch_up(now_us())
        return tastes.why_not(context.shop, user_id, item_id, rules, k, now_us())

    return as_json(await context.work(found))


def _known(context: Context, item_id: str) -> None:
    if context.shop.model().shop.whole.items.find(item_id) < 0:
        raise NotFoundError(f"There is no item {item_id}.")
