"""The plain request for a customer's list, by a way of its own: most requests are of its kind."""

import re
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Send
from starlette.types import Scope as Asked

from unsung.operations import answers
from unsung.service.access import api_routes, let_in, scope_of
from unsung.service.answers_json import as_json
from unsung.service.bodies import FiltersBody, UserId
from unsung.service.routes.recommendations import listed, rules_of
from unsung.service.slashed import is_slashed

BEGINS, ENDS, PATH = "/v1/users/", "/recommendations", "/v1/users/{user_id}/recommendations"
MOST_K: Final = 1_000
_LENGTH: Final = re.compile(rb"k=([1-9]\d{0,3})")
_NO_FILTERS: Final = FiltersBody()
_USER: Final[TypeAdapter[str]] = TypeAdapter(UserId)


class PlainLists(BaseRoute):
    """Takes requests that name a customer and at most ``k``; all others are left to a route.

    What it answers is what that route would: it only goes there without FastAPI's reading of
    parameters, which costs more than the list.

    Parameters
    ----------
    route : APIRoute
        The documented one, whose scope is asked for.
    """

    def __init__(self, route: APIRoute) -> None:
        scope = scope_of(route)
        assert scope is not None
        self.path, self.scope = route.path, scope

    def matches(self, scope: Asked) -> tuple[Match, Asked]:
        """Whether a request is plain, and what it asks for."""
        if scope["type"] != "http" or scope["method"] != "GET" or is_slashed(scope):
            return Match.NONE, {}
        asked = plain(scope["path"], scope["query_string"])
        if asked is None:
            return Match.NONE, {}
        return Match.FULL, {"route": self, "path_params": asked}

    async def handle(self, scope: Asked, receive: Receive, send: Send) -> None:
        """Answer a request that matched."""
        await let_in(Request(scope), self.scope)
        context, asked = scope["app"].state.context, scope["path_params"]
        rules = rules_of(context, _NO_FILTERS)
        found = await listed(context, answers.Query(asked["user_id"], asked["k"], rules))
        await as_json(found)(scope, receive, send)


def plain(path: str, query: bytes) -> dict[str, Any] | None:
    """Customer and length of a plain request; None for any other.

    Parameters
    ----------
    path : str
        Decoded.
    query : bytes
        What follows the question mark.

    Examples
    --------
    >>> plain("/v1/users/u17/recommendations", b"k=5")
    {'user_id': 'u17', 'k': 5}
    >>> plain("/v1/users/u17/recommendations", b"explain=true") is None
    True
    """
    if not path.startswith(BEGINS) or not path.endswith(ENDS):
        return None
    user_id = path[len(BEGINS) : -len(ENDS)]
    length = _LENGTH.fullmatch(query)
    k = 10 if not query else int(length[1]) if length else 0
    if "/" in user_id or not 1 <= k <= MOST_K:
        return None
    try:
        return {"user_id": _USER.validate_python(user_id), "k": k}
    except ValidationError:  # the documented route says what is wrong with it
        return None


def add_plain_lists(app: FastAPI) -> None:
    """Put the short way before the route that it is short for."""
    route = next(route for route in api_routes(app.routes) if route.path == PATH)
    app.router.routes.insert(0, PlainLists(route))
