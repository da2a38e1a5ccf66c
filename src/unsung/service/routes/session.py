"""Signing in and out of the console."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from unsung.operations.accounts import MOST_CHARACTERS, open_session, session_digest
from unsung.service.access import COOKIE, Access, Read, needs
from unsung.service.answers_json import SessionAnswer, as_json
from unsung.service.bodies import Body, Id
from unsung.service.context import Here, now_us
from unsung.service.limits import check_sign_in
from unsung.service.origin import check_origin, is_loopback
from unsung.service.problems import NoAccessError
from unsung.store.people import sign_out

router = APIRouter(prefix="/v1/session", tags=["session"])


class SignInBody(Body):
    """Who wants to sign in."""

    name: Id = Field(examples=["mei"])
    password: Annotated[str, StringConstraints(min_length=1, max_length=MOST_CHARACTERS)] = Field(
        examples=["a sentence that only I know"]
    )


@router.post("", response_model=SessionAnswer, dependencies=[needs("public")])
async def enter(request: Request, context: Here, body: SignInBody) -> Response:
    """Sign in; a cookie that no script can read keeps the session."""
    check_origin(request, needed=False)
    access: Access = request.app.state.access
    hours = context.settings.session_hours
    async with access.signing_in.turn():
        await check_sign_in(context, body.name)
        found = await context.work(
            lambda: open_session(context.shop.store, body.name, body.password, hours, now_us())
        )
    if found is None:
        raise NoAccessError("Name or password is wrong.")
    token, account, expires = found
    said = {"name": account.name, "role": account.role, "expires": expires}
    answer = as_json(said)
    answer.set_cookie(
        COOKIE,
        token,
        max_age=round(hours * 3600),
        secure=not is_loopback(request.url.hostname or ""),
        httponly=True,
        samesite="strict",
    )
    return answer


@router.get("", response_model=SessionAnswer)
async def who(caller: Read) -> Response:
    """Who is signed in, or whose key this is, and what that allows."""
    return as_json({"name": caller.name, "scopes": sorted(caller.scopes)})


@router.delete("", status_code=204, dependencies=[needs("public")])
async def leave(request: Request, context: Here) -> Response:
    """Sign out; the session is over at once."""
    check_origin(request, needed=False)
    token = request.cookies.get(COOKIE)
    if token is not None:
        await context.work(lambda: sign_out(context.shop.store, session_digest(token)))
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer
