"""Hidden gems: items that promise more than they sell."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from unsung.operations.gems import gems_frame, gems_of
from unsung.operations.table_csv import as_csv
from unsung.service.access import needs
from unsung.service.answers_json import as_json
from unsung.service.context import Context, Here, now_us
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
    return as_json(await context.work(lambda: _found(context, k, in_stock_only=in_stock_only)))


@router.get("/gems.csv", response_class=Response)
async def gems_csv(context: Here, in_stock_only: bool = True) -> Response:
    """All gems as a file for spreadsheets, in which no cell is a formula."""
    found = await context.work(lambda: _found(context, 1_000, in_stock_only=in_stock_only))
    headers = {"Content-Disposition": 'attachment; filename="gems.csv"'}
    return Response(as_csv(gems_frame(found)), headers=headers, media_type="text/csv")


def _found(context: Context, k: int, *, in_stock_only: bool) -> dict[str, Any]:
    context.shop.catch_up(now_us())
    found = gems_of(context.shop.model(), k, in_stock_only=in_stock_only)
    if found is None:
        raise NotFoundError("This model knows no gems: its shop's history was too short.")
    return found
