"""People who may sign in: accounts with argon2 hashes, and sessions that end."""

import secrets
from dataclasses import replace
from functools import cache
from hashlib import sha256
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from unsung.errors import InputError
from unsung.store.audit import append
from unsung.store.database import Store
from unsung.store.people import (
    ROLES,
    Account,
    ConsoleSession,
    add_account,
    change_account,
    find_account,
    sign_in,
)

LEAST_CHARACTERS: Final = 12
MOST_CHARACTERS: Final = 1_024
SCOPES_OF: Final = {
    "viewer": frozenset({"read"}),
    "merchandiser": frozenset({"read", "write"}),
    "admin": frozenset({"read", "write", "admin"}),
}
"""What each role may do, in the words of API keys."""


def make_account(store: Store, name: str, password: str, role: str, who: str, now: int) -> Account:
    """A new account.

    Parameters
    ----------
    store : Store
    name : str
    password : str
        Of 12 to 1,024 characters; an argon2id hash of it is stored.
    role : str
        One of ``SCOPES_OF``.
    who : str
        For the records.
    now : int
        Microseconds since 1970 UTC.

    Raises
    ------
    InputError
        Where the password is too short or too long, or the role is unknown.
    ConflictError
        Where the name is taken.
    """
    if not LEAST_CHARACTERS <= len(password) <= MOST_CHARACTERS:
        raise InputError(
            f"A password has {LEAST_CHARACTERS} to {MOST_CHARACTERS:,} characters; a sentence is "
            "easier to remember than signs."
        )
    if role not in SCOPES_OF:
        raise InputError(f"'{role}' is no role; there are {', '.join(ROLES)}.")
    account = Account(name, PasswordHasher().hash(password), role, now)  # type: ignore[arg-type]
    add_account(store, account)
    append(store, who, "account made", "", {"account": name, "role": role}, now)
    return account


def disable_account(store: Store, name: str, who: str, now: int) -> Account:
    """Let nobody sign in under a name any more; who is signed in is signed out.

    Parameters
    ----------
    store : Store
    name : str
    who : str
        For the records.
    now : int
        Microseconds since 1970 UTC.

    Raises
    ------
    InputError
        Where there is no such account.
    """
    found = find_account(store, name)
    if found is None:
        raise InputError(f"There is no account {name}.")
    account = replace(found, active=False)
    change_account(store, account)
    append(store, who, "account disabled", "", {"account": name}, now)
    return account


def open_session(
    store: Store, name: str, password: str, hours: float, now: int
) -> tuple[str, Account, int] | None:
    """Sign somebody in.

    Parameters
    ----------
    store : Store
    name, password : str
    hours : float
        After so many the session is over.
    now : int
        Microseconds since 1970 UTC.

    Returns
    -------
    session : tuple or None
        The token, of 256 random bits, of which the store keeps the SHA-256; the account; the
        moment when the session is over. None where name or password is wrong or the account is
        disabled: nobody can tell which.

    Notes
    -----
    Takes about .1 s and 64 MB, by intention.
    """
    account = find_account(store, name)
    stored = _nobodys_hash() if account is None else account.password_hash
    if not _is_right(stored, password) or account is None or not account.active:
        return None
    token = secrets.token_urlsafe(32)
    expires = now + round(hours * 3.6e9)
    sign_in(store, ConsoleSession(session_digest(token), name, now, expires))
    append(store, name, "signed in", "", {}, now)
    return token, account, expires


def session_digest(token: str) -> str:
    """SHA-256 of a session's token: all that the store knows of it."""
    return sha256(token.encode()).hexdigest()


def _is_right(stored: str, password: str) -> bool:
    try:
        return PasswordHasher().verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys_hash() -> str:
    """Checked where there is no account, so that the time that it takes tells nothing."""
    return PasswordHasher().hash(secrets.token_urlsafe(32))
