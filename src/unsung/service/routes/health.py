"""Whether the process lives, and whether it can do its work."""

import asyncio
import time
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from unsung.service.access import needs
from unsung.service.context import Context, now_us
from unsung.service.metrics import exposition

router = APIRouter(tags=["health"])
PATIENCE_S: Final = 1.0
KEPT_S: Final = 1.0
"""So long an answer holds: anybody may ask, and each answer writes to the store."""
STUCK: Final = f"The store doesn't answer within {PATIENCE_S:g} s; see the log."


class Readiness:
    """Whether a process can do its work, found out once for all who ask in the meantime.

    Parameters
    ----------
    context : Context
    """

    def __init__(self, context: Context) -> None:
        self._context, self._asked = context, 0.0
        self._asking: asyncio.Task[dict[str, Any]] | None = None

    async def found(self) -> dict[str, Any]:
        """The answer of the last second, or a new one; a TimeoutError where it doesn't come."""
        now, asking = time.monotonic(), self._asking
        if asking is None or (asking.done() and now - self._asked >= KEPT_S):
            work = self._context.work(lambda: _readiness(self._context))
            asking, self._asked = asyncio.create_task(work), now
            self._asking = asking
        return await asyncio.wait_for(asyncio.shield(asking), PATIENCE_S)


@router.get("/health/live", dependencies=[needs("public")])
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@router.get("/health/ready", dependencies=[needs("public")])
async def ready(request: Request) -> JSONResponse:
    """The process can recommend and store, or why not (503), as of the last second."""
    readiness: Readiness = request.app.state.readiness
    try:
        found = await readiness.found()
    except TimeoutError:
        found = {"status": "not ready", "reasons": [STUCK], "codes": ["stuck"], "model": None}
    return JSONResponse(found, 200 if found["status"] == "ready" else 503)


def _readiness(context: Context) -> dict[str, Any]:
    shop, reasons, codes = context.shop, [], []
    if shop.served is None:
        reasons.append(shop.problem)
        codes.append("model")
    shop.catch_up(now_us())
    if not shop.can_write():
        reasons.append("The store can't be written; see the log.")
        codes.append("store")
    status = "ready" if not reasons else "not ready"
    model = None if shop.served is None else shop.served.version
    return {"status": status, "reasons": reasons, "codes": codes, "model": model}


@router.get("/metrics", dependencies=[needs("read")], include_in_schema=False)
async def metrics() -> Response:
    """Counts and times in the Prometheus text format, over all workers."""
    text, content_type = exposition()
    return Response(text, headers={"Content-Type": content_type})
