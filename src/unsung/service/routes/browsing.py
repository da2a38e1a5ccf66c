"""What the console looks at beside the shop's own routes: tables, samples, previews."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.responses import Response

from unsung.operations import answers, browsing, shop_facts, shown, versions
from unsung.operations.table_csv import as_csv
from unsung.service.access import needs
from unsung.service.answers_json import ListAnswer, as_json
from unsung.service.bodies import Body, FiltersBody, Id, UserId
from unsung.service.context import Context, Here, now_us
from unsung.service.problems import NotFoundError
from unsung.service.routes.recommendations import rules_of
from unsung.service.slashed import SlashedRoute

router = APIRouter(
    prefix="/v1", tags=["browsing"], dependencies=[needs("read")], route_class=SlashedRoute
)
User = Annotated[UserId, Path(examples=["u17"])]
Segment = Literal["head", "tail", "fresh", "cold"]


class CatalogueQuery(Body):
    """Which part of the catalogue is wanted."""

    query: str = Field(default="", max_length=1_000, description="Words, or a wish.")
    segment: list[Segment] = Field(default=[], description="Only these; all where not given.")
    reason: str = Field(default="", max_length=64, description="Code of a reason.")
    sort: browsing.Column = "relevance"
    descending: bool = True
    offset: int = Field(default=0, ge=0)
    limit: int = Field(default=25, ge=1, le=200)

    def page(self) -> browsing.Page:
        """The same for the operation."""
        return browsing.Page(
            self.query,
            self.segment,
            self.reason,
            self.sort,
            self.descending,
            self.offset,
            self.limit,
        )


@router.get("/shop", response_model=dict[str, Any])
async def shop(context: Here) -> Response:
    """Name, size and kinds of events of the shop that is served."""
    return as_json(await context.work(lambda: shop_facts.shop_facts(context.shop.model())))


@router.get("/diagnosis/overview", response_model=dict[str, Any])
async def overview(context: Here) -> Response:
    """The diagnosis without its table of every item."""
    return as_json(await context.work(lambda: shop_facts.diagnosis_overview(context.shop.model())))


@router.get("/shown", response_model=dict[str, Any])
async def places(context: Here, days: Annotated[int, Query(ge=1, le=92)] = shown.DAYS) -> Response:
    """Who gets the places of lists, by segment and popularity band: of late, and in the test."""
    return as_json(await context.work(lambda: shown.shown_of(context.shop, now_us(), days)))


@router.get("/versions", response_model=dict[str, Any])
async def figures_of_versions(context: Here) -> Response:
    """The figures that each known model was tested with, side by side."""
    return as_json(await context.work(lambda: versions.figures_of(context.shop.store)))


@router.get("/catalogue", response_model=dict[str, Any])
async def catalogue(context: Here, asked: Annotated[CatalogueQuery, Query()]) -> Response:
    """The catalogue as a table: filtered, sorted, a page at a time."""

    def page() -> dict[str, Any]:
        context.shop.catch_up(now_us())
        return browsing.catalogue_page(context.shop.model(), asked.page())

    return as_json(await context.work(page))


@router.get("/catalogue.csv", response_class=Response)
async def catalogue_file(context: Here, asked: Annotated[CatalogueQuery, Query()]) -> Response:
    """The same as a CSV file, whole; no cell of it is a formula to a spreadsheet."""

    def text() -> bytes:
        return as_csv(browsing.catalogue_frame(context.shop.model(), asked.page()))

    headers = {"Content-Disposition": 'attachment; filename="catalogue.csv"'}
    return Response(await context.work(text), headers=headers, media_type="text/csv")


@router.get("/items/{item_id}/insight", response_model=dict[str, Any])
async def insight(context: Here, item_id: Annotated[Id, Path(examples=["i42"])]) -> Response:
    """Why an item is where it is, and what its text makes likely."""
    served = context.shop.model()
    if served.shop.whole.items.find(item_id) < 0:
        raise NotFoundError(f"There is no item {item_id}.")
    return as_json(await context.work(lambda: shop_facts.item_insight(served, item_id)))


@router.get("/users", response_model=dict[str, Any])
async def users(
    context: Here,
    query: Annotated[str, Query(max_length=256, description="What the id begins with.")] = "",
    k: Annotated[int, Query(ge=1, le=50)] = 3,
) -> Response:
    """Customers to look at: by the beginning of their id, or a few with unlike histories."""
    served = context.shop.model()
    found = await context.work(lambda: browsing.sample_customers(served, query.strip(), k))
    return as_json({"users": found})


@router.get("/users/{user_id}/preview", response_model=ListAnswer)
async def preview(
    context: Here,
    user_id: User,
    k: Annotated[int, Query(ge=1, le=50)] = 10,
    dial: Annotated[int | None, Query(ge=0)] = None,
    explain: bool = False,
) -> Response:
    """The list that a customer would get; it isn't noted as shown."""
    query = answers.Query(user_id, k, rules_of(context, FiltersBody()), explain, dial)
    found = await context.work(lambda: context.shop.answer(query, now_us()))
    return as_json(_as_list(found, user_id))


@router.get("/users/{user_id}/popular", response_model=ListAnswer)
async def popular(
    context: Here, user_id: User, k: Annotated[int, Query(ge=1, le=50)] = 10
) -> Response:
    """What most-popular would show a customer, to look at beside their list."""
    found = await context.work(lambda: browsing.popular_for(context.shop, user_id, k, now_us()))
    return as_json(_as_list(found, user_id))


@router.get("/users/{user_id}/shown", response_model=dict[str, Any])
async def shown_last(context: Here, user_id: User) -> Response:
    """The list that a customer was shown last, to look at beside the one of now."""
    return as_json(await context.work(lambda: shown.last_list(context.shop, user_id)))


@router.get("/reports/before-after/figures", response_model=dict[str, Any])
async def before_after(context: Here) -> Response:
    """The figures of the before/after report."""
    return as_json(await context.work(lambda: _figures(context)))


def _figures(context: Context) -> dict[str, Any]:
    folder = context.shop.model().bundle.folder
    if "before-after.json" not in folder:
        raise NotFoundError("This model has no report: its shop had nobody to test it on.")
    found: dict[str, Any] = folder.read_json("before-after.json")
    return found


def _as_list(found: answers.Answer, user_id: str) -> dict[str, object]:
    return {
        "request_id": "",
        "user_id": user_id,
        "known": found.known,
        "items": found.items,
        "model": found.model,
        "policy": found.policy,
        "rung": found.rung,
    }
