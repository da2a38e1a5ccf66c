"""How the service is asked: what each call sends, and when it is sent again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import httpx

from unsung.client.answers import Event

TRIES: Final = 3
WRITE_TIMEOUT_S: Final = 10.0
"""Batches may take so long: they are on the disk when they are answered."""
PAUSE_S: Final = 0.05
"""Before the second try; twice as long before each further one."""
MOST_PAUSE_S: Final = 2.0
_AGAIN: Final = frozenset({429, 502, 503, 504})


class ServiceError(Exception):
    """The service refused, or couldn't be reached.

    Parameters
    ----------
    message : str
    status : int or None
        Of HTTP; None where there was no answer.
    code : str
        The service's own word for it.
    request_id : str
        To be found in the service's log.
    """

    def __init__(
        self, message: str, status: int | None = None, code: str = "", request_id: str = ""
    ) -> None:
        self.status, self.code, self.request_id = status, code, request_id
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    Parameters
    ----------
    method, path : str
    body : mapping, optional
        JSON.
    query : mapping
    again : bool
        Whether sending it twice is as good as sending it once.
    """

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    query: Mapping[str, Any] = field(default_factory=dict)
    again: bool = True


def recommend_call(user_id: str, k: int, explain: bool, filters: Mapping[str, Any]) -> Call:
    """A list for a customer.

    Parameters
    ----------
    user_id : str
    k : int
    explain : bool
    filters : mapping
        Further parts of the query.
    """
    query = {"k": k, "explain": str(explain).lower(), **filters}
    return Call("GET", f"/v1/users/{_part(user_id)}/recommendations", query=query)


def recommend_for_call(wanted: Mapping[str, Any]) -> Call:
    """A list for a session, a basket or a wish."""
    given = {name: value for name, value in wanted.items() if value is not None}
    return Call("POST", "/v1/recommendations", given)


def events_call(events: Iterable[Event]) -> Call:
    """Events; each has its id, so that they may be sent again."""
    return Call("POST", "/v1/events", {"events": [event.as_json() for event in events]})


def items_call(items: Sequence[Mapping[str, Any]]) -> Call:
    """Items: new ones, or new values of known ones."""
    return Call("POST", "/v1/items", {"items": [dict(item) for item in items]})


def choose_call(user_id: str, kind: str, subject: str, active: bool) -> Call:
    """What a customer says of an item or a brand.

    Parameters
    ----------
    user_id, kind, subject : str
    active : bool
        False takes it back.
    """
    body = {"kind": kind, "subject": subject, "active": active}
    return Call("POST", f"/v1/users/{_part(user_id)}/choices", body)


def consent_call(user_id: str, profiling: bool) -> Call:
    """Whether a customer's doings may be used."""
    return Call("PUT", f"/v1/users/{_part(user_id)}/consent", {"profiling": profiling})


def similar_call(item_id: str, k: int, discover: bool) -> Call:
    """Items that go with one."""
    query = {"k": k, "discover": str(discover).lower()}
    return Call("GET", f"/v1/items/{_part(item_id)}/similar", query=query)


def merge_call(session_id: str, user_id: str) -> Call:
    """A session that turned out to be a customer's."""
    return Call("POST", "/v1/sessions", {"session_id": session_id, "user_id": user_id})


def erase_call(user_id: str) -> Call:
    """Erase a customer; a second time would give another receipt."""
    return Call("POST", f"/v1/users/{_part(user_id)}/erase", again=False)


def pause_before(call: Call, tried: int, answer: httpx.Response | None) -> float | None:
    """How long to wait before a call is sent again; None where it isn't.

    Parameters
    ----------
    call : Call
    tried : int
        Times that it was sent.
    answer : Response or None
        None where there was none.
    """
    if not call.again or tried >= TRIES:
        return None
    if answer is not None and answer.status_code not in _AGAIN:
        return None
    wanted = "" if answer is None else answer.headers.get("retry-after", "")
    pause = float(wanted) if wanted.isdigit() else PAUSE_S * 2 ** (tried - 1)
    return pause if pause <= MOST_PAUSE_S else None


def body_of(answer: httpx.Response) -> Any:
    """The JSON of an answer.

    Raises
    ------
    ServiceError
        Where it is no success, or no JSON.
    """
    try:
        body = answer.json()
    except ValueError:
        raise ServiceError("The answer is no JSON.", answer.status_code) from None
    if answer.is_success:
        return body
    error = body.get("error", {}) if isinstance(body, dict) else {}
    raise ServiceError(
        str(error.get("message", "The service refused.")),
        answer.status_code,
        str(error.get("code", "")),
        str(error.get("request_id", "")),
    )


def checked_url(url: str) -> str:
    """The address; a ValueError where it is none, so that no slip hides behind fallbacks."""
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{url!r} is no address; write http://HOST:PORT or https://HOST.")
    return url


def headers_of(key: str | None) -> dict[str, str]:
    """What every request carries."""
    return {} if key is None else {"Authorization": f"Bearer {key}"}


def _part(text: str) -> str:
    return quote(text, safe="")
