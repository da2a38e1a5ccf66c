"""Warm-up budgets: slots of lists for items that few have seen, until they show their worth."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from unsung.operations.warm_ups import (
    Asked,
    known_warm_ups,
    start_budget,
    stop_budget,
    usual_rate,
)
from unsung.service.access import Write, needs
from unsung.service.answers_json import WarmUpsAnswer, as_json
from unsung.service.bodies import Id, WarmUpBody
from unsung.service.context import Context, Here, now_us
from unsung.service.problems import NotFoundError
from unsung.service.request_ids import new_request_id

router = APIRouter(prefix="/v1/warm-ups", tags=["warm-ups"])


@router.get("", response_model=WarmUpsAnswer, dependencies=[needs("read")])
async def listed(context: Here) -> Response:
    """Warm-ups that run and ran, the newest first: what was spent, and what came of it."""
    return as_json(await context.work(lambda: _known(context)))


@router.get("/usual-rate", response_model=dict[str, Any], dependencies=[needs("read")])
async def usual(
    context: Here,
    per_request: Annotated[int, Query(ge=1, le=3)] = 1,
    outcome_hours: Annotated[float, Query(gt=0, le=720)] = 24,
) -> Response:
    """Clicks and purchases per impression of what stood in the same slots in the last 28 days."""
    store = context.shop.store
    found = await context.work(lambda: usual_rate(store, per_request, outcome_hours, now_us()))
    return as_json(found)


@router.post("", response_model=WarmUpsAnswer)
async def start(context: Here, body: WarmUpBody, caller: Write) -> Response:
    """Give items a budget of impressions, spent where most interest is foretold.

    Every server process follows within a second. Items graduate or stop by tests that stay valid
    however often one looks.
    """

    def begin() -> dict[str, Any]:
        shop = context.shop
        asked = Asked(**body.model_dump())
        start_budget(shop.store, shop.model(), asked, new_request_id(), caller.name, now_us())
        shop.warm_up.look(now_us(), at_once=True)
        return _known(context)

    return as_json(await context.work(begin))


@router.post("/{warm_up_id}/stop", response_model=WarmUpsAnswer)
async def stop(context: Here, warm_up_id: Annotated[Id, Path()], caller: Write) -> Response:
    """Spend no more of a budget; what was shown keeps its outcomes."""

    def end() -> dict[str, Any]:
        shop = context.shop
        if not stop_budget(shop.store, warm_up_id, caller.name, now_us()):
            raise NotFoundError(f"No warm-up {warm_up_id} runs.")
        shop.warm_up.look(now_us(), at_once=True)
        return _known(context)

    return as_json(await context.work(end))


def _known(context: Context) -> dict[str, Any]:
    shop = context.shop
    return {"warm_ups": known_warm_ups(shop.store, shop.model(), now_us())}
