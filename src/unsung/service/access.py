"""Who may do what: keys with scopes, people who signed in; every route declares its scope."""

import asyncio
import hmac
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeVar, get_args

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from unsung.errors import StoreError
from unsung.operations.accounts import SCOPES_OF, session_digest
from unsung.operations.api_keys import digest_of
from unsung.service.context import Context, now_us
from unsung.service.limits import SigningIn, check_rate
from unsung.service.origin import check_host, check_origin
from unsung.service.problems import NoAccessError
from unsung.store.database import Store
from unsung.store.keys import ApiKey, find_key, keys
from unsung.store.people import Account, accounts, signed_in

T = TypeVar("T")
Scope = Literal["public", "read", "write", "admin"]
COOKIE: Final = "unsung_session"
KEPT_S: Final = 5.0
"""So long a key is known without asking the store: the longest that a revoked key still works."""
STALE_S: Final = 300.0
"""The same while the store doesn't answer, so that lists go on."""
PATIENCE_S: Final = 0.1
"""So long the store is waited for where something older is known."""
MOST_KNOWN: Final = 10_000
_NEVER: Final = -float("inf")


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
SAID_BY_NOBODY: Final = "Send an API key (Authorization: Bearer unsung_...) or sign in."


class Access:
    """Finds out who calls.

    Parameters
    ----------
    context : Context
    open_without_keys : bool
        Whether everybody may do everything as long as there is neither key nor account: for a
        service that only this machine can reach.
    """

    def __init__(self, context: Context, *, open_without_keys: bool) -> None:
        self._context, self._open = context, open_without_keys
        self._known: dict[str, tuple[float, Any]] = {}
        self.signing_in = SigningIn()

    async def caller(self, request: Request) -> Caller:
        """Who sent a request.

        Raises
        ------
        NoAccessError
            Where that can't be told, or another site's page sent it.
        StoreError
            Where it isn't known and the store can't be asked now.
        """
        given, token = _key_of(request), request.cookies.get(COOKIE)
        if given is not None:
            return await self._of_key(digest_of(given))
        if token is not None:
            caller = await self._of_session(session_digest(token))
            check_origin(request, needed=True)
            return caller
        if self._open and not await self._kept("", _anybody):
            check_host(request)
            check_origin(request, needed=False)
            return LOCAL
        raise NoAccessError(SAID_BY_NOBODY)

    async def _of_key(self, digest: str) -> Caller:
        key = await self._kept(digest, lambda store: find_key(store, digest))
        if key is None or not _is_good(key, digest):
            raise NoAccessError("The API key isn't known, was revoked or has expired.")
        return Caller(key.key_id, frozenset(key.scopes))

    async def _of_session(self, digest: str) -> Caller:
        """Not kept: who signs out is out at once."""
        store = self._context.shop.store
        account: Account | None = await self._context.work(
            lambda: signed_in(store, digest, now_us())
        )
        if account is None:
            raise NoAccessError("The session is over; sign in again.")
        return Caller(account.name, SCOPES_OF[account.role])

    async def _kept(self, name: str, ask: Callable[[Store], T]) -> T:
        """What the store says, or said a moment ago."""
        asked, kept = self._known.get(name, (_NEVER, None))
        age = time.monotonic() - asked
        if age <= KEPT_S:
            return kept  # type: ignore[no-any-return]
        asking = self._context.work(lambda: ask(self._context.shop.store))
        try:
            found = await asyncio.wait_for(asking, PATIENCE_S if age <= STALE_S else None)
        except (StoreError, TimeoutError):
            if age <= STALE_S:
                return kept  # type: ignore[no-any-return]
            raise
        if len(self._known) > MOST_KNOWN:  # keys that were guessed
            self._known.clear()
        self._known[name] = (time.monotonic(), found)
        return found


def needs(scope: Scope) -> Any:
    """The dependency that lets in only callers with a scope; every route declares one.

    ``admin`` may do everything, ``write`` may not read.
    """

    async def check(request: Request) -> Caller:
        return await let_in(request, scope)

    check.scope = scope  # type: ignore[attr-defined]
    return Depends(check)


async def let_in(request: Request, scope: Scope) -> Caller:
    """Who sent a request, where they may do what takes a scope.

    Raises
    ------
    NoAccessError
        Where they may not, or nobody is known to ask.
    TooManyError
        Where they ask too often.
    """
    if scope == "public":
        return Caller("public", frozenset())
    access: Access = request.app.state.access
    caller = await access.caller(request)
    await check_rate(request.app.state.context, caller.name)
    if scope not in caller.scopes and "admin" not in caller.scopes:
        raise NoAccessError(f"This takes the scope '{scope}'.", known=True)
    request.state.caller = caller
    return caller


Read = Annotated[Caller, needs("read")]
Write = Annotated[Caller, needs("write")]
Admin = Annotated[Caller, needs("admin")]


def scope_of(route: APIRoute) -> Scope | None:
    """The scope that a route declares; None where it declares none."""
    found = [getattr(d.call, "scope", None) for d in route.dependant.dependencies]
    scopes = [scope for scope in found if scope in get_args(Scope)]
    return scopes[0] if len(scopes) == 1 else None


def api_routes(routes: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    """The routes of an application or a router, those of included routers too."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if isinstance(route, APIRoute):
            yield route
        elif included is not None:
            yield from api_routes(included.routes)


def check_scopes(app: FastAPI) -> None:
    """Refuse to start where a route doesn't say who may use it."""
    bare = [route.path for route in api_routes(app.routes) if scope_of(route) is None]
    if bare:
        raise RuntimeError(f"These routes declare no scope: {', '.join(bare)}.")


def _anybody(store: Store) -> bool:
    return bool(keys(store)) or bool(accounts(store))


def _is_good(key: ApiKey, digest: str) -> bool:
    ended = key.revoked is not None or (key.expires is not None and key.expires <= now_us())
    return hmac.compare_digest(key.digest, digest) and not ended


def _key_of(request: Request) -> str | None:
    header = request.headers.get("authorization", "")
    kind, _, key = header.partition(" ")
    if kind.lower() == "bearer" and key:
        return key.strip()
    return request.headers.get("x-api-key")
