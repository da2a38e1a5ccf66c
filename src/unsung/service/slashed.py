"""Ids that hold a slash, in addresses that say it as %2F."""

from typing import Final
from urllib.parse import unquote

from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

_STAND_IN: Final = "\0"
"""Neither an id nor an address holds one."""


def is_slashed(scope: Scope) -> bool:
    """Whether an address says a slash as %2F."""
    raw = scope.get("raw_path") or b""
    return b"%2f" in raw.lower() and b"%00" not in raw


class SlashedRoute(APIRoute):
    """A route whose ids may hold slashes; a server decodes addresses and takes them for borders."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a request is for this route, and which ids it names."""
        if scope["type"] != "http" or not is_slashed(scope):
            return super().matches(scope)
        raw = scope["raw_path"].partition(b"?")[0].decode("ascii", "replace")
        parts = (unquote(part).replace("/", _STAND_IN) for part in raw.split("/"))
        match, found = super().matches({**scope, "path": "/".join(parts)})
        if "path_params" in found:
            given = found["path_params"].items()
            named = {
                name: value.replace(_STAND_IN, "/") if isinstance(value, str) else value
                for name, value in given
            }
            found = {**found, "path_params": named}
        return match, found
