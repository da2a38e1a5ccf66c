"""The id that an answer, its exposures and its log lines share."""

import os
import random
from typing import Final

from starlette.requests import Request
from starlette.types import Scope

_DRAWN: Final = random.Random()  # noqa: S311 - ids have to differ, not to be secret
os.register_at_fork(after_in_child=_DRAWN.seed)


def new_request_id() -> str:
    """32 hex digits."""
    return f"{_DRAWN.getrandbits(128):032x}"


def give_request_id(scope: Scope) -> str:
    """Give a request its id; the same when it is asked again."""
    state = scope.setdefault("state", {})
    found: str = state.setdefault("request_id", new_request_id())
    return found


def request_id_of(request: Request) -> str:
    """Id of a request."""
    return give_request_id(request.scope)
