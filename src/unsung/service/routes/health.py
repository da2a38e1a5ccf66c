"""Whether the process lives, and whether it can do its work."""

import asyncio
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from unsung.service.access import needs
from unsung.service.context import Here, now_us
from unsung.service.metrics import exposition

router = APIRouter(tags=["health"])
PATIENCE_S: Final = 1.0
STUCK: Final = f"The store doesn't answer within {PATIENCE_S:g} s; see the log."


@router.get("/health/live", dependencies=[needs("public")])
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@router.get("/health/ready", dependencies=[needs("public")])
async def ready(context: Here) -> JSONResponse:
    """The process can recommend and store, or why not (503)."""
    try:
        found = await asyncio.wait_for(context.work(lambda: _readiness(context)), PATIENCE_S)
    except TimeoutError:
        found = {"status": "not ready", "reasons": [STUCK], "codes": ["stuck"], "model": None}
    return JSONResponse(found, 200 if found["status"] == "ready" else 503)


def _readiness(context: Here) -> dict[str, Any]:
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
