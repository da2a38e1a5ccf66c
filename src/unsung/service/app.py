"""The application, made by a function from its settings."""

import asyncio
import contextlib
import traceback
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from unsung.errors import InputError, UnsungError
from unsung.operations.running import RunningShop
from unsung.service import metrics
from unsung.service.access import Access, check_scopes, needs
from unsung.service.api_page import api_page
from unsung.service.body_bound import BodyBound
from unsung.service.console import add_console
from unsung.service.context import Context, now_us
from unsung.service.logs import logger
from unsung.service.middleware import Envelope
from unsung.service.origin import is_loopback
from unsung.service.plain_lists import add_plain_lists
from unsung.service.problems import RESPONSES, add_handlers
from unsung.service.routes import (
    drift,
    experiments,
    feedback,
    gems,
    health,
    insight,
    items,
    jobs,
    recommendations,
    session,
    shop,
    users,
    warm_ups,
)
from unsung.service.settings import ServiceSettings
from unsung.service.shedding import Shed
from unsung.service.watch import watch
from unsung.store.database import open_store
from unsung.store.keys import keys
from unsung.store.people import accounts

ANSWERING_THREADS: Final = 2
WORKING_THREADS: Final = 8
MINUTE_S: Final = 60.0
"""How often it is asked whether a refit is due, and whether figures drift."""
TICK_S: Final = 0.25
"""How often exposures are written and new items looked for."""
_ROUTERS: Final = (
    health,
    recommendations,
    items,
    insight,
    gems,
    warm_ups,
    feedback,
    users,
    shop,
    experiments,
    drift,
    jobs,
    session,
)


def create_app(settings: ServiceSettings, on_model: Callable[[], None] = lambda: None) -> FastAPI:
    """The service as an ASGI application.

    Parameters
    ----------
    settings : ServiceSettings
    on_model : callable
        Called whenever another model has begun to serve.

    Returns
    -------
    app : FastAPI
        Opens the store and loads the model when it starts, not now.

    Raises
    ------
    RuntimeError
        Where a route declares no scope.
    """
    app = FastAPI(
        title="Unsung",
        version=version("unsung"),
        summary="Recommendations that give the rest of the catalogue its chance.",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(settings, on_model),
        responses=RESPONSES,
    )
    for routes in _ROUTERS:
        app.include_router(routes.router)
    add_console(app)

    @app.get("/docs", include_in_schema=False, dependencies=[needs("public")])
    async def docs() -> HTMLResponse:
        return HTMLResponse(api_page(app.openapi()))

    app.mount("/static", StaticFiles(packages=[("unsung.service", "static")]), name="static")
    add_handlers(app)
    add_plain_lists(app)
    app.add_middleware(Shed, most=settings.most_waiting)
    app.add_middleware(BodyBound, most_bytes=settings.most_body_bytes)
    app.add_middleware(Envelope, log=_noted, defect=_defect)
    check_scopes(app)
    return app


def check_address(settings: ServiceSettings) -> None:
    """Refuse an address that others can reach as long as there is neither key nor account.

    Raises
    ------
    InputError
        Saying how to make a key.
    """
    if is_loopback(settings.host):
        return
    store = open_store(settings.store)
    try:
        usable = [key for key in keys(store) if key.revoked is None]
        people = [account for account in accounts(store) if account.active]
    finally:
        store.close()
    if not usable and not people:
        raise InputError(
            f"{settings.host} can be reached by others, and there is no API key yet; make one with "
            f"'unsung keys add --store {settings.store}', or listen on 127.0.0.1."
        )


def _noted(*, method: str, path: str, status: int, ms: float, request_id: str) -> None:
    metrics.note_request(method, path, status, ms / 1e3)
    logger().info("request", method=method, path=path, status=status, ms=ms, request_id=request_id)


def _reported(place: str, error: Exception) -> None:
    metrics.FAILURES.labels(place).inc()
    # Messages of other people's errors can hold values; their kind is enough to go on.
    said = str(error) if isinstance(error, UnsungError) else ""
    logger().warning("failed", place=place, kind=type(error).__name__, message=said)


def _exposed(fate: str, count: int) -> None:
    metrics.EXPOSURES.labels(fate).inc(count)


def _defect(request_id: str, error: Exception) -> None:
    where = traceback.extract_tb(error.__traceback__)[-6:]
    lines = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in where]
    metrics.FAILURES.labels("defect").inc()
    logger().error("defect", kind=type(error).__name__, request_id=request_id, where=lines)


def _lifespan(
    settings: ServiceSettings, on_model: Callable[[], None]
) -> Callable[[FastAPI], contextlib.AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        store = open_store(settings.store)
        running = RunningShop(store, _reported, settings.best_rung, on_model, _exposed)
        context = Context(
            settings,
            running,
            ThreadPoolExecutor(ANSWERING_THREADS, "unsung-answer"),
            ThreadPoolExecutor(WORKING_THREADS, "unsung-work"),
        )
        app.state.context = context
        app.state.readiness = health.Readiness(context)
        app.state.access = Access(context, open_without_keys=is_loopback(settings.host))
        await context.work(lambda: _begin(running, settings.bundle))
        regular = (
            _regularly(context, TICK_S, "exposures", lambda _: running.flush()),
            _regularly(context, TICK_S, "refresh", running.refresh, running.tend_warm_ups),
            _regularly(context, MINUTE_S, "watch", partial(watch, context)),
        )
        tasks = [asyncio.create_task(work) for work in regular]
        yield
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await context.work(running.flush)
        for pool in (context.answering, context.working):
            # What has begun ends first: it holds connections of the store.
            await asyncio.to_thread(pool.shutdown, wait=True, cancel_futures=True)
        store.close()

    return lifespan


def _begin(running: RunningShop, bundle: Path) -> None:
    """Begin to serve; without a model say why."""
    try:
        running.start(bundle, now_us())
    except UnsungError as error:
        running.problem = str(error)
        _reported("model", error)


async def _regularly(
    context: Context, seconds: float, place: str, *works: Callable[[int], object]
) -> None:
    """Do some work again and again, however it ended the last time: until the service stops."""

    def once() -> None:
        for work in works:
            try:
                work(now_us())
            except Exception as error:  # the next time may do better, and must come
                _reported(place, error)

    while True:
        await asyncio.sleep(seconds)
        await context.work(once)
