"""One shape for every error that the service answers with."""

from collections.abc import Mapping
from math import ceil
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from unsung.errors import BundleError, ConflictError, InputError, StoreError, UnsungError
from unsung.service.request_ids import request_id_of

RETRY_AFTER_S = 1
_CODES: Mapping[int, str] = {
    400: "invalid_request",
    401: "no_access",
    403: "no_access",
    404: "not_found",
    405: "not_allowed",
    408: "too_slow",
    409: "conflict",
    413: "too_large",
    415: "not_json",
    422: "invalid_request",
    429: "too_many_requests",
    503: "unavailable",
}

OVERLOADED: Final = "overloaded"
_CODES_OF: Mapping[type[Exception], str] = {
    StoreError: "store_unavailable",
    BundleError: "no_model",
}
"""What a 503 is for: callers may wait for a store, but have to see to a model."""

_SENTENCES: Mapping[int, str] = {
    400: "The body can't be read; send JSON in UTF-8.",
    404: "There is nothing at this address; /docs lists what there is.",
    405: "This address takes another method; /docs lists what there is.",
}


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str = Field(examples=["body.events.3.timestamp"])
    message: str = Field(examples=["has to be a time with a zone, such as 2026-03-01T10:00:00Z"])


class Problem(BaseModel):
    """What went wrong and what to do next."""

    code: str = Field(examples=["invalid_request"])
    message: str = Field(examples=["The request has a field that can't be used; see fields."])
    fields: list[FieldProblem] = []
    request_id: str = Field(examples=["5f1c9a7e0c2b4b7b8f6c2f1f6f0d9e3a"])


class ProblemAnswer(BaseModel):
    """Body of every answer that isn't a success."""

    error: Problem


RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": ProblemAnswer, "description": words}
    for status, words in {
        400: "The body can't be read.",
        401: "Nobody is known to ask.",
        403: "The caller may not do this.",
        404: "There is nothing under that id.",
        408: "The body didn't come.",
        409: "What was sent contradicts what is stored.",
        413: "The body is too long.",
        415: "The body isn't plain JSON.",
        422: "A field can't be used.",
        429: "The caller asks too often; see Retry-After.",
        503: "Not now; see Retry-After.",
    }.items()
}
"""What every route may answer when it can't do what it is asked for."""


class NotFoundError(UnsungError):
    """There is nothing under that id."""


class NoAccessError(UnsungError):
    """The caller isn't known, or may not do this.

    Parameters
    ----------
    message : str
    known : bool
        Whether the caller is known and only lacks the right.
    """

    def __init__(self, message: str, *, known: bool = False) -> None:
        self.known = known
        super().__init__(message)


class TooManyError(UnsungError):
    """The caller asks too often.

    Parameters
    ----------
    message : str
    wait_s : float
        After so long it may ask again.
    """

    def __init__(self, message: str, wait_s: float) -> None:
        self.wait_s = wait_s
        super().__init__(message)


def problem(
    request: Request,
    status: int,
    message: str,
    fields: list[FieldProblem] | None = None,
    wait_s: float = RETRY_AFTER_S,
    code: str | None = None,
) -> JSONResponse:
    """An error in the service's one shape.

    Parameters
    ----------
    request : Request
    status : int
    message : str
        What is wrong and what to do next.
    fields : list of FieldProblem, optional
    wait_s : float
        When to try again, for 429 and 503.
    code : str, optional
        That of the status where not given.
    """
    found = Problem(
        code=code or _CODES.get(status, "failed" if status >= 500 else "invalid_request"),
        message=message,
        fields=fields or [],
        request_id=request_id_of(request),
    )
    headers = {}
    if status in (429, 503):
        headers["Retry-After"] = str(max(1, ceil(wait_s)))
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(ProblemAnswer(error=found).model_dump(), status, headers)


def add_handlers(app: FastAPI) -> None:
    """Turn the exceptions that are meant into problems."""

    def of_unsung(request: Request, error: Exception) -> JSONResponse:
        if isinstance(error, TooManyError):
            return problem(request, 429, str(error), wait_s=error.wait_s)
        codes = [code for kind, code in _CODES_OF.items() if isinstance(error, kind)]
        return problem(request, status_of(error), str(error), code=codes[0] if codes else None)

    def of_validation(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        fields = [_field(found) for found in error.errors()[:20]]
        message = "The request has a field that can't be used; see fields."
        return problem(request, 422, message, fields)

    def of_http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return problem(request, error.status_code, _sentence(error))

    app.add_exception_handler(UnsungError, of_unsung)
    app.add_exception_handler(RequestValidationError, of_validation)
    app.add_exception_handler(HTTPException, of_http)


def status_of(error: Exception) -> int:
    """HTTP status of one of our exceptions."""
    if isinstance(error, NoAccessError):
        return 403 if error.known else 401
    for kind, status in (
        (InputError, 422),
        (ConflictError, 409),
        (NotFoundError, 404),
        (StoreError, 503),
        (BundleError, 503),
    ):
        if isinstance(error, kind):
            return status
    return 500


def _field(found: Mapping[str, Any]) -> FieldProblem:
    where = ".".join(str(part) for part in found["loc"])
    return FieldProblem(field=where, message=str(found["msg"])[:300])


def _sentence(error: HTTPException) -> str:
    return _SENTENCES.get(error.status_code, f"{error.detail}.")
