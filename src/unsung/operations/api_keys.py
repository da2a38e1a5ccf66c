"""API keys: made once, shown once, kept as hashes."""

import hashlib
import secrets
from collections.abc import Collection
from typing import Final

from unsung.errors import InputError
from unsung.schema import DAY_US
from unsung.store.audit import append
from unsung.store.database import Store
from unsung.store.keys import ApiKey, add_key, revoke_key

SCOPES: Final = ("read", "write", "admin")
PREFIX: Final = "unsung_"


def digest_of(key: str) -> str:
    """SHA-256 of a key, 64 hex digits: all that the store knows of it."""
    return hashlib.sha256(key.encode()).hexdigest()


def make_key(
    store: Store, label: str, scopes: Collection[str], days: float | None, who: str, now: int
) -> tuple[str, ApiKey]:
    """A new key of 256 random bits.

    Parameters
    ----------
    store : Store
    label : str
        What it is for.
    scopes : collection of str
        Out of ``SCOPES``; ``admin`` may do everything.
    days : float, optional
        After so many it expires.
    who : str
        For the records.
    now : int
        Microseconds since 1970 UTC.

    Returns
    -------
    key : str
        To be kept by its owner: it can't be shown again.
    entry : ApiKey

    Raises
    ------
    InputError
        Where a scope is unknown, or there is none.
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        named = f"'{unknown[0]}' is no scope" if unknown else "A key needs a scope"
        raise InputError(f"{named}; there are {', '.join(SCOPES)}.")
    key = PREFIX + secrets.token_urlsafe(32)
    expires = None if days is None else now + round(days * DAY_US)
    ordered = tuple(scope for scope in SCOPES if scope in scopes)
    entry = ApiKey(secrets.token_hex(4), digest_of(key), ordered, label, now, expires)
    add_key(store, entry)
    append(store, who, "key made", "", {"key": entry.key_id, "scopes": list(ordered)}, now)
    return key, entry


def end_key(store: Store, key_id: str, who: str, now: int) -> ApiKey:
    """Revoke a key; servers refuse it within five seconds.

    Parameters
    ----------
    store : Store
    key_id : str
        As keys are listed.
    who : str
        For the records.
    now : int
        Microseconds since 1970 UTC.

    Raises
    ------
    InputError
        Where there is no such key.
    """
    entry = revoke_key(store, key_id, now)
    append(store, who, "key revoked", "", {"key": key_id}, now)
    return entry
