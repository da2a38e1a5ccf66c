"""Hidden gems: items that promise more than they sell."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from unsung.operations.gems import Sort, gems_frame, gems_of
from unsung.operations.table_csv import as_csv
from unsung.service.access import needs
from unsung.service.answers_json import as_json
from unsung.service.context import Context, Here, now_us
from unsung.service.problems import NotFoundError

router = APIRouter(prefix="/v1", tags=["gems"], dependencies=[needs("read")])


@dataclass(frozen=True)
class Asked:
    """Which gems, and in which order."""

    in_stock_only: Annotated[bool, Query(description="Without what can't be bought now.")] = True
    words: Annotated[
        str, Query(max_length=200, description="In titles; or an item's whole id.")
    ] = ""
    held_back_by: Annotated[
        str, Query(max_length=100, description="Code of what holds an item back.")
    ] = ""
    sort: Annotated[
        Sort,
        Query(description="By the excess over what sells alike, expected buyers, or audience."),
    ] = "score"


@router.get("/gems", response_model=dict[str, Any])
async def gems(
    context: Here,
    asked: Annotated[Asked, Depends()],
    k: Annotated[int, Query(ge=1, le=1_000)] = 50,
) -> Response:
    """Items of the established tail that promise more buyers than those that sell like them.

    Each comes with what is expected of it, why, who would buy it, what holds it back and what to
    do; `back_test` says what became of the gems that would have been named in earlier windows.
    """
    return as_json(await context.work(lambda: _found(context, k, asked)))


@router.get("/gems.csv", response_class=Response)
async def gems_csv(context: Here, asked: Annotated[Asked, Depends()]) -> Response:
    """Gems as a file for spreadsheets, in which no cell is a formula."""
    found = await context.work(lambda: _found(context, 1_000, asked))
    headers = {"Content-Disposition": 'attachment; filename="gems.csv"'}
    return Response(as_csv(gems_frame(found)), headers=headers, media_type="text/csv")


def _found(context: Context, k: int, asked: Asked) -> dict[str, Any]:
    context.shop.catch_up(now_us())
    found = gems_of(context.shop.model(), k, **asdict(asked))
    if found is None:
        raise NotFoundError("This model knows no gems: its shop's history was too short.")
    return found
