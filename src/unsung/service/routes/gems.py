"""Hidden gems: items that promise more than they sell."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from unsung.operations.gems import gems_of
from unsung.service.access import needs
from unsung.service.answers_json import as_json
from unsung.service.context import Here, now_us
from unsung.service.problems import NotFoundError

router = APIRouter(prefix="/v1", tags=["gems"], dependencies=[needs("read")])


@router.get("/gems", response_model=dict[str, Any])
async def gems(
    context: Here,
    k: Annotated[int, Query(ge=1, le=1_000)] = 50,
    in_stock_only: bool = True,
) -> Response:
    """Items of the established tail that promise more buyers than those that sell like them.

    Each comes with what is expected of it, why, who would buy it, what holds it back and what to
    do; `back_test` says what became of the gems that would have been named in earlier windows.
    """

    def find() -> dict[str, Any] | None:
        context.shop.catch_up(now_us())
        return gems_of(context.shop.model(), k, in_stock_only=in_stock_only)

    found = await context.work(find)
    if found is None:
        raise NotFoundError("This model knows no gems: its shop's history was too short.")
    return as_json(found)
