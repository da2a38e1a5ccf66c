"""Work beyond what can be done in time is refused at once, so that the rest gets done."""

from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from unsung.service.problems import OVERLOADED, problem
from unsung.service.request_ids import give_request_id

_NEVER = "/health/"
_ID: Final = "0" * 32
_PARTS: Final = {"type": "http", "headers": [], "state": {"request_id": _ID}}
_MESSAGE: Final = "There is more to do than can be done; try again."
_ANSWER: Final = problem(Request(_PARTS), 503, _MESSAGE, code=OVERLOADED)
"""Made once: who is refused costs those who aren't next to nothing."""


class Shed:
    """Refuses a request with 503 where too many are under way; questions of health never.

    Parameters
    ----------
    app : ASGI application
    most : int
        Requests under way at once, in this process.

    Notes
    -----
    A request counts from the moment when its body is there: slow senders hold nobody up.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app, self.most, self.under_way = app, most, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an HTTP request on, or refuse it."""
        if scope["type"] != "http" or scope["path"].startswith(_NEVER):
            await self.app(scope, receive, send)
            return
        if self.under_way >= self.most:
            await _refuse(scope, send)
            return
        self.under_way += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.under_way -= 1


async def _refuse(scope: Scope, send: Send) -> None:
    body = bytes(_ANSWER.body).replace(_ID.encode(), give_request_id(scope).encode())
    await send({"type": "http.response.start", "status": 503, "headers": list(_ANSWER.raw_headers)})
    await send({"type": "http.response.body", "body": body})
