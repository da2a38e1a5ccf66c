"""Whether a request was sent by this server's own pages, or by another site's."""

import contextlib
import ipaddress
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request

from unsung.service.problems import NoAccessError

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN: Final = frozenset({"same-origin", "none"})
OTHERS: Final = "Changes are made from this server's own pages, or with a key."


def check_origin(request: Request, *, needed: bool) -> None:
    """Refuse a change that another site's page asks for in somebody's name.

    Parameters
    ----------
    request : Request
    needed : bool
        Whether the request has to say where it comes from, as browsers do.

    Raises
    ------
    NoAccessError
    """
    if request.method in _READING:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        own = site in _OWN
    elif origin is not None:
        own = urlsplit(origin).netloc == request.headers.get("host", "")
    else:
        own = not needed
    if not own:
        raise NoAccessError(OTHERS, known=True)


def check_host(request: Request) -> None:
    """Refuse a request under a name that isn't this machine's own.

    A page can have its own name lead to 127.0.0.1; the browser then takes the server for the
    page's own.
    """
    named = request.headers.get("host")
    if not (is_loopback(request.url.hostname or "") if named is None else _is_own(named)):
        raise NoAccessError("Without keys this answers at 127.0.0.1 and localhost alone.")


@lru_cache(maxsize=256)
def _is_own(named: str) -> bool:
    try:
        return is_loopback(urlsplit(f"http://{named}/").hostname or "")
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False
