"""A customer's own data and wishes."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.responses import Response

from unsung.operations.customers import customer_page, erase_customer, export_customer
from unsung.service.access import Admin, Write, needs
from unsung.service.answers_json import as_json
from unsung.service.bodies import ChoiceBody, ConsentBody, UserId
from unsung.service.context import Here, now_us
from unsung.service.slashed import SlashedRoute
from unsung.store.choices import Choice, set_choice

router = APIRouter(prefix="/v1/users", tags=["customers"], route_class=SlashedRoute)
User = Annotated[UserId, Path(examples=["u17"])]


@router.get("/{user_id}", response_model=dict[str, Any], dependencies=[needs("read")])
async def user(context: Here, user_id: User) -> Response:
    """A customer's history and wishes, as lists are made from them."""

    def page() -> dict[str, Any]:
        context.shop.catch_up(now_us())
        return customer_page(context.shop, user_id, now_us())

    return as_json(await context.work(page))


@router.post("/{user_id}/choices", response_model=dict[str, str])
async def choose(context: Here, user_id: User, body: ChoiceBody, _: Write) -> Response:
    """Like, dislike or hide something, or take it back; the next list heeds it."""
    choice = Choice(user_id, body.kind, body.subject, body.active, now_us())
    await context.work(lambda: set_choice(context.shop.store, choice))
    return as_json({"user_id": user_id, "kind": body.kind, "subject": body.subject})


@router.put("/{user_id}/consent", response_model=dict[str, Any])
async def consent(context: Here, user_id: User, body: ConsentBody, _: Write) -> Response:
    """Whether a customer's doings may be used; without consent lists are everybody's."""
    choice = Choice(user_id, "profiling", "", body.profiling, now_us())
    await context.work(lambda: set_choice(context.shop.store, choice))
    return as_json({"user_id": user_id, "profiling": body.profiling})


@router.get("/{user_id}/export", response_model=dict[str, Any])
async def export(context: Here, user_id: User, caller: Admin) -> Response:
    """Everything that is kept of a customer, table by table."""
    return as_json(
        await context.work(lambda: export_customer(context.shop, user_id, caller.name, now_us()))
    )


@router.post("/{user_id}/erase", response_model=dict[str, Any])
async def erase(context: Here, user_id: User, caller: Admin) -> Response:
    """Erase a customer; the receipt says what is gone and what goes with the next fit."""
    return as_json(
        await context.work(lambda: erase_customer(context.shop, user_id, caller.name, now_us()))
    )
