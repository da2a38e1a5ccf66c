"""Who may do what: API keys with scopes; whatever declares no scope doesn't start."""

import hmac
import time
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, get_args

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute

from unsung.operations.api_keys import digest_of
from unsung.service.problems import NoAccessError
from unsung.store.database import Store
from unsung.store.keys import ApiKey, find_key, keys

Scope = Literal["public", "read", "write", "admin"]
KEPT_S: Final = 5.0
"""So long a key is known without asking the store: the longest that a revoked key still works."""


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Parameters
    ----------
    name : str
        For the records: the key's id, an account's name, or ``local``.
    scopes : frozenset of str
    """

    name: str
    scopes: frozenset[str]


LOCAL: Final = Caller("local", frozenset(get_args(Scope)))


class Access:
    """Finds out who calls.

    Parameters
    ----------
    store : Store
    open_without_keys : bool
        Whether everybody may do everything as long as there is no key: for a service that only
        this machine can reach.
    """

    def __init__(self, store: Store, *, open_without_keys: bool) -> None:
        self._store, self._open = store, open_without_keys
        self._known: dict[str, tuple[float, ApiKey | None]] = {}
        self._any_key: tuple[float, bool] = (-KEPT_S, False)

    def caller(self, request: Request) -> Caller:
        """Who sent a request.

        Raises
        ------
        NoAccessError
            Where that can't be told.
        """
        given = _key_of(request)
        if given is None:
            if self._open and not self._has_keys():
                return LOCAL
            raise NoAccessError("Send an API key: Authorization: Bearer unsung_...")
        digest = digest_of(given)
        key = self._key(digest)
        now_us = time.time() * 1e6
        if (
            key is None
            or not hmac.compare_digest(key.digest, digest)
            or key.revoked is not None
            or (key.expires is not None and key.expires <= now_us)
        ):
            raise NoAccessError("The API key isn't known, was revoked or has expired.")
        return Caller(key.key_id, frozenset(key.scopes))

    def _key(self, digest: str) -> ApiKey | None:
        asked, key = self._known.get(digest, (-KEPT_S, None))
        if time.monotonic() - asked > KEPT_S:
            key = find_key(self._store, digest)
            if len(self._known) > 10_000:  # keys that were guessed
                self._known.clear()
            self._known[digest] = (time.monotonic(), key)
        return key

    def _has_keys(self) -> bool:
        asked, there = self._any_key
        if time.monotonic() - asked > KEPT_S:
            there = bool(keys(self._store))
            self._any_key = (time.monotonic(), there)
        return there


def needs(scope: Scope) -> Any:
    """The dependency that lets in only callers with a scope; every route declares one.

    ``admin`` may do everything, ``write`` may not read.
    """

    def check(request: Request) -> Caller:
        if scope == "public":
            return Caller("public", frozenset())
        access: Access = request.app.state.access
        caller = access.caller(request)
        if scope not in caller.scopes and "admin" not in caller.scopes:
            raise NoAccessError(f"This key has no scope '{scope}'.", known=True)
        request.state.caller = caller
        return caller

    check.scope = scope  # type: ignore[attr-defined]
    return Depends(check)


Read = Annotated[Caller, needs("read")]
Write = Annotated[Caller, needs("write")]
Admin = Annotated[Caller, needs("admin")]


def scope_of(route: APIRoute) -> Scope | None:
    """The scope that a route declares; None where it declares none."""
    found = [getattr(d.call, "scope", None) for d in route.dependant.dependencies]
    scopes = [scope for scope in found if scope in get_args(Scope)]
    return scopes[0] if len(scopes) == 1 else None


def check_scopes(app: FastAPI) -> None:
    """Refuse to start where a route doesn't say who may use it."""
    bare = [r.path for r in app.routes if isinstance(r, APIRoute) and scope_of(r) is None]
    if bare:
        raise RuntimeError(f"These routes declare no scope: {', '.join(bare)}.")


def _key_of(request: Request) -> str | None:
    header = request.headers.get("authorization", "")
    kind, _, key = header.partition(" ")
    if kind.lower() == "bearer" and key:
        return key.strip()
    return request.headers.get("x-api-key")
