"""The id that an answer, its exposures and its log lines share."""

import os

from starlette.requests import Request
from starlette.types import Scope


def new_request_id() -> str:
    """32 hex digits."""
    return os.urandom(16).hex()


def give_request_id(scope: Scope) -> str:
    """Give a request its id; the same when it is asked again."""
    state = scope.setdefault("state", {})
    found: str = state.setdefault("request_id", new_request_id())
    return found


def request_id_of(request: Request) -> str:
    """Id of a request."""
    return give_request_id(request.scope)
