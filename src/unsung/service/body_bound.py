"""What a body may be: plain JSON, complete in time, neither too long, too deep nor too wide."""

import asyncio
from collections.abc import Mapping
from typing import Final

import numpy as np
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unsung.service.problems import problem

MOST_DEPTH: Final = 32
"""Lists and tables within one another; no body of the API needs five."""
MOST_PARTS: Final = 500_000
"""Brackets and commas in all, those in texts included: what lies between them costs a parser."""
BODY_S: Final = 10.0
"""Who hasn't sent the body by then is let go."""
_PART: Final = 1 << 18
_QUOTE: Final = ord('"')
_OTHERS: Final = bytes(set(range(256)) - set(b'"[]{}'))
_STEPS: Final = np.zeros(256, dtype=np.int32)
_STEPS[list(b"[{")] = 1
_STEPS[list(b"]}")] = -1


class RefusedError(Exception):
    """A body can't be taken.

    Parameters
    ----------
    status : int
    message : str
        What is wrong and what to do next.
    """

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class BodyBound:
    """Reads bodies, and refuses what the application had better not see.

    Parameters
    ----------
    app : ASGI application
    most_bytes : int
    seconds : float
        In which a body has to be complete.
    """

    def __init__(self, app: ASGIApp, most_bytes: int, seconds: float = BODY_S) -> None:
        self.app, self.most_bytes, self.seconds = app, most_bytes, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an HTTP request on with its whole body."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            body = await self._body(dict(scope["headers"]), receive)
        except RefusedError as refused:
            await problem(Request(scope), refused.status, str(refused))(scope, receive, send)
            return
        if body is None:
            await self.app(scope, receive, send)
            return
        waiting = [body]

        async def whole() -> Message:
            if waiting:
                return {"type": "http.request", "body": waiting.pop(), "more_body": False}
            return await receive()

        await self.app(scope, whole, send)

    async def _body(self, headers: Mapping[bytes, bytes], receive: Receive) -> bytes | None:
        if headers.get(b"content-encoding", b"identity") != b"identity":
            raise RefusedError(415, "Bodies are taken uncompressed.")
        told = headers.get(b"content-length", b"0")
        if not told.isdigit() or len(told) > 18 or int(told) > self.most_bytes:
            raise self._too_long()
        if int(told) == 0 and b"transfer-encoding" not in headers:
            return None
        if not _is_json(headers.get(b"content-type", b"")):
            raise RefusedError(415, "Bodies are JSON: send Content-Type: application/json.")
        try:
            async with asyncio.timeout(self.seconds):
                body = await self._read(receive)
        except TimeoutError:
            message = f"The body wasn't complete after {self.seconds:g} s; send it again."
            raise RefusedError(408, message) from None
        if sum(map(body.count, (b"[", b"{", b","))) > MOST_PARTS:
            message = f"The body has more than {MOST_PARTS:,} parts; send several."
            raise RefusedError(422, message)
        if depth_exceeds(body, MOST_DEPTH):
            message = f"The body has more than {MOST_DEPTH} lists and tables within one another."
            raise RefusedError(422, message)
        return body

    async def _read(self, receive: Receive) -> bytes:
        parts, size, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RefusedError(400, "The body ended early.")
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self.most_bytes:
                raise self._too_long()
            more = message.get("more_body", False)
        return b"".join(parts)

    def _too_long(self) -> RefusedError:
        return RefusedError(
            413, f"The body is longer than {self.most_bytes:,} bytes; send it in several parts."
        )


def depth_exceeds(body: bytes, most: int) -> bool:
    """Whether a JSON text nests more than ``most`` lists and tables.

    Parameters
    ----------
    body : bytes
        Where it is no JSON, what comes before the first fault counts, as a parser sees it.
    most : int

    Notes
    -----
    Parsers of JSON call themselves for every level, and run out of stack.

    Examples
    --------
    >>> depth_exceeds(b'[[1, 2], "[[["]', 2), depth_exceeds(b'[[[1]]]', 2)
    (False, True)
    """
    if body.count(b"[") + body.count(b"{") <= most:
        return False
    # First the escaped backslashes, so that one before a closing quote doesn't hide it.
    bare = body.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in body else body
    marks = np.frombuffer(bare.translate(None, _OTHERS), dtype=np.uint8)
    depth, in_text = 0, 0
    for start in range(0, len(marks), _PART):
        part = marks[start : start + _PART]
        quotes = in_text + np.cumsum(part == _QUOTE)
        depths = depth + np.cumsum(np.where(quotes % 2 == 0, _STEPS[part], 0))
        if depths.max() > most:
            return True
        depth, in_text = int(depths[-1]), int(quotes[-1] % 2)
    return False


def _is_json(content_type: bytes) -> bool:
    kind = content_type.partition(b";")[0].strip().lower()
    return kind == b"application/json" or (
        kind.startswith(b"application/") and kind.endswith(b"+json")
    )
