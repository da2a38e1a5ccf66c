"""How far the service has moved away from what its model was fitted on."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from unsung.operations.drift import MOST_DAYS, drift_of
from unsung.service.access import needs
from unsung.service.answers_json import DriftAnswer, as_json
from unsung.service.context import Here, now_us

router = APIRouter(prefix="/v1", tags=["shop"])


@router.get("/drift", response_model=DriftAnswer, dependencies=[needs("read")])
async def drift(
    context: Here, days: Annotated[int, Query(ge=1, le=MOST_DAYS, examples=[14])] = 14
) -> Response:
    """Events, new customers and items, the tail's places and hit rates by day, beside the fit's."""

    def found() -> dict[str, object]:
        return drift_of(context.shop.store, context.shop.model(), days, now_us())

    return as_json(await context.work(found))
