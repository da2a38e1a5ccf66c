"""The pages, their style sheet and their modules."""

import asyncio
import contextlib
import hashlib
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Final

import jinja2
from fastapi import APIRouter, FastAPI, Path, Query, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from unsung.errors import UnsungError
from unsung.operations.shop_facts import diagnosis_overview
from unsung.service.access import needs
from unsung.service.console.chart_script import ChartScript, default_cache
from unsung.service.console.language import COOKIE, LANGUAGES, NAMES, language_of, messages
from unsung.service.context import Context
from unsung.service.problems import NotFoundError
from unsung.service.routes import browsing

_HERE: Final = files("unsung.service.console")
_KINDS: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_EVERYWHERE: Final = ("ui", "segment", "reason", "metric", "attribute")
"""First parts of the messages that every page is sent beside its own."""
CHARTS: Final = "charts.js"
CHARTED: Final = frozenset({"tail", "dial", "item", "models"})
"""Pages with charts."""
_IMPORT: Final = re.compile(rb"""^import .* from "\./([\w.]+)";$""", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """One page of the console.

    Parameters
    ----------
    name : str
        Of its template, its module and its messages.
    path : str
    parent : str
        The page of the navigation that it belongs to.
    """

    name: str
    path: str
    parent: str = ""


# A page that comes later stands here when it is there: the navigation is made from this.
PAGES: Final = (
    Page("tail", "/"),
    Page("dial", "/dial"),
    Page("gems", "/gems"),
    Page("items", "/items"),
    Page("item", "/items/{item_id:path}", "items"),
    Page("customers", "/customers"),
    Page("models", "/models"),
    Page("try", "/try"),
)
NAVIGATION: Final = tuple(page for page in PAGES if not page.parent)


@asynccontextmanager
async def _charts(app: FastAPI) -> AsyncIterator[None]:
    app.state.charts = ChartScript(default_cache())
    app.state.charts.begin()
    context: Context = app.state.context
    warming = asyncio.create_task(context.work(lambda: _warm(context)))
    yield
    await asyncio.gather(warming, return_exceptions=True)


def _warm(context: Context) -> None:
    """Read what the first page shows before anybody waits for it; without a model there is none."""
    with contextlib.suppress(UnsungError):
        diagnosis_overview(context.shop.model())


router = APIRouter(include_in_schema=False, dependencies=[needs("public")], lifespan=_charts)


def add_console(app: FastAPI) -> None:
    """Add the pages and what they read.

    Parameters
    ----------
    app : FastAPI
    """
    app.include_router(browsing.router)
    app.include_router(router)


@router.api_route("/console/{build}/{name}", methods=["GET", "HEAD"])
async def asset(request: Request, name: Annotated[str, Path(max_length=64)]) -> Response:
    """A file of the pages; its address changes whenever any of them does."""
    if name == CHARTS:
        return _chart_script(request)
    found = _assets().get(name)
    if found is None:
        raise NotFoundError("There is no such file.")
    kind = _KINDS[name.rpartition(".")[2]]
    return Response(found, headers={"Cache-Control": _FOR_EVER}, media_type=kind)


def _chart_script(request: Request) -> Response:
    charts: ChartScript = request.app.state.charts
    made = charts.compressed()
    if made is None:
        status = 500 if charts.failed else 503
        return Response("", status, headers={"Retry-After": "1"}, media_type=_KINDS["js"])
    if request.method == "HEAD":
        return Response("", media_type=_KINDS["js"])
    headers = {"Cache-Control": _FOR_EVER, "Content-Encoding": "gzip"}
    return Response(made, headers=headers, media_type=_KINDS["js"])


def _show(page: Page) -> Any:
    async def show(
        request: Request,
        lang: Annotated[str | None, Query(max_length=8)] = None,
    ) -> Response:
        cookie, accepted = request.cookies.get(COOKIE), request.headers.get("accept-language")
        language = language_of(lang, cookie, accepted)
        ready = page.name in CHARTED and request.app.state.charts.compressed() is not None
        text = render(page, language, charts=ready)
        answer = HTMLResponse(text, headers={"Vary": "Accept-Language, Cookie"})
        if lang in LANGUAGES:
            answer.set_cookie(
                COOKIE, language, max_age=31_536_000, httponly=True, samesite="strict"
            )
        return answer

    return show


for _page in PAGES:
    router.add_api_route(_page.path, _show(_page), methods=["GET"], name=f"console-{_page.name}")


def render(page: Page, language: str, *, charts: bool = False) -> str:
    """A page's HTML: everything but the shop's data, which its module asks the API for.

    Parameters
    ----------
    page : Page
    language : str
    charts : bool
        Whether the charts' script is wanted and there: then it comes beside the data.
    """
    words = messages(language)
    spoken = {
        key: text
        for key, text in words.items()
        if key.partition(".")[0] in (*_EVERYWHERE, page.name)
    }
    return (
        _environment()
        .get_template(f"{page.name}.html")
        .render(
            page=page,
            current=page.parent or page.name,
            language=language,
            languages=[(name, NAMES[name]) for name in LANGUAGES],
            navigation=NAVIGATION,
            build=_build(),
            charts=charts,
            modules=modules_of(f"{page.name}.js"),
            t=words.__getitem__,
            messages=_as_script(spoken),
        )
    )


def _as_script(value: Any) -> Markup:
    """JSON that can stand in an element of HTML."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 - no element can end in it


@cache
def modules_of(name: str) -> tuple[str, ...]:
    """A module, the frame's, and all that they import: what a page asks for at once.

    Parameters
    ----------
    name : str
        Of the page's module.

    Examples
    --------
    >>> modules_of("items.js")
    ('api.js', 'dom.js', 'frame.js', 'items.js', 'words.js')
    """
    found: set[str] = set()
    wanted = {name, "frame.js"}
    while wanted:
        found |= wanted
        named = {one.decode() for module in wanted for one in _IMPORT.findall(_assets()[module])}
        wanted = named - found
    return tuple(sorted(found))


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("unsung.service.console"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _assets() -> dict[str, bytes]:
    found = _HERE.joinpath("assets").iterdir()
    return {file.name: file.read_bytes() for file in found if file.name[0] != "."}


@cache
def _build() -> str:
    whole = hashlib.sha256()
    for name, content in sorted(_assets().items()):
        whole.update(name.encode() + content)
    return whole.hexdigest()[:12]
