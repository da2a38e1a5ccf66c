"""What every request passes: an id, headers, an answer whatever happens, a line in the log."""

import time
from collections.abc import Callable, Iterable
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unsung.service.problems import problem
from unsung.service.request_ids import give_request_id

Log = Callable[..., None]
Defect = Callable[[str, Exception], None]

HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
}
"""On every answer; pages load nothing but what this server has, and item pictures by https."""

METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
"""A log names these alone: a caller may make up others."""


_OURS: Final = [
    (name.lower().encode(), value.encode())
    for name, value in {**HEADERS, "Cache-Control": "no-store"}.items()
]
_ID: Final = b"x-request-id"


def with_ours(headers: Iterable[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
    """An answer's headers with the request's id, and ours where it has none of that name."""
    given = [header for header in headers if header[0] != _ID]
    names = {name for name, _ in given}
    ours = [header for header in _OURS if header[0] not in names]
    return [*given, *ours, (_ID, request_id.encode())]


class Envelope:
    """Gives each request its id, headers and log line.

    Parameters
    ----------
    app : ASGI application
    log : callable
        Called with ``method, path, status, ms, request_id``; the path is the route's pattern, so
        that no id of a customer gets into a log.
    defect : callable
        Told of errors that nobody meant: the request's id and the error.
    """

    def __init__(self, app: ASGIApp, log: Log, defect: Defect) -> None:
        self.app, self.log, self.defect = app, log, defect

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an HTTP request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id, began, status = give_request_id(scope), time.perf_counter(), 0

        async def with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = with_ours(message.get("headers", ()), request_id)
            await send(message)

        try:
            await self.app(scope, receive, with_headers)
        except Exception as error:
            self.defect(request_id, error)
            if not status:
                message = "Something failed that shouldn't; the log has it under this request id."
                await problem(Request(scope), 500, message)(scope, receive, with_headers)
        finally:
            route = scope.get("route")
            self.log(
                method=scope["method"] if scope["method"] in METHODS else "OTHER",
                path=getattr(route, "path", "(none)"),
                status=status or 499,  # the caller went away
                ms=round((time.perf_counter() - began) * 1e3, 2),
                request_id=request_id,
            )
