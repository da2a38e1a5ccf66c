"""What every request passes: an id, a bound on its body, headers, and a line in the log."""

import time
from collections.abc import Callable
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unsung.service.request_ids import give_request_id

Log = Callable[..., None]

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


class Envelope:
    """Gives each request its id, headers and log line.

    Parameters
    ----------
    app : ASGI application
    log : callable
        Called with ``method, path, status, ms, request_id``; the path is the route's pattern, so
        that no id of a customer gets into a log.
    """

    def __init__(self, app: ASGIApp, log: Log) -> None:
        self.app, self.log = app, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an HTTP request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id, began, status = give_request_id(scope), time.perf_counter(), 500

        async def with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self.app(scope, receive, with_headers)
        finally:
            route = scope.get("route")
            self.log(
                method=scope["method"],
                path=getattr(route, "path", "(none)"),
                status=status,
                ms=round((time.perf_counter() - began) * 1e3, 2),
                request_id=request_id,
            )


class TooLargeError(Exception):
    """A body is longer than it may be."""


class BodyBound:
    """Refuses bodies that are too long, before and while they are read; none may be compressed.

    Parameters
    ----------
    app : ASGI application
    most_bytes : int
    """

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self.app, self.most_bytes = app, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an HTTP request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if headers.get(b"content-encoding", b"identity") != b"identity":
            await _refuse(scope, send, 415, "Bodies are taken uncompressed.")
            return
        told = headers.get(b"content-length", b"0")
        if not told.isdigit() or int(told) > self.most_bytes:
            await _refuse(scope, send, 413, self._sentence)
            return
        seen, answered = 0, False

        async def bounded() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.most_bytes:
                raise TooLargeError
            return message

        async def noted(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self.app(scope, bounded, noted)
        except TooLargeError:
            if not answered:
                await _refuse(scope, send, 413, self._sentence)

    @property
    def _sentence(self) -> str:
        return f"The body is longer than {self.most_bytes:,} bytes; send it in several parts."


async def _refuse(scope: Scope, send: Send, status: int, message: str) -> None:
    # Here no route is known yet, so the answer is made by hand in the shape of ``problems``.
    from starlette.requests import Request  # noqa: PLC0415 - a cycle of names, not of modules

    from unsung.service.problems import problem  # noqa: PLC0415

    answer = problem(Request(scope), status, message)

    async def nothing() -> Message:
        return {"type": "http.disconnect"}

    await answer(scope, nothing, send)
