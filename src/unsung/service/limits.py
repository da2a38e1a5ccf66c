"""How much one request may bring, and how many a caller may make."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from unsung.errors import InputError, StoreError
from unsung.operations.api_keys import digest_of
from unsung.service.context import Context, now_us
from unsung.service.problems import TooManyError
from unsung.store.rates import take

PATIENCE_S: Final = 0.25
"""So long the store is waited for; then a request goes through uncounted."""
SIGN_INS: Final = 5
"""Passwords that may be tried at once under one name; one more every ``SIGN_IN_S``."""
SIGN_IN_S: Final = 12.0

AT_ONCE: Final = 2
"""Passwords that are checked at the same time: each takes 64 MB."""
MOST_WAITING: Final = 8
"""Those that wait for their turn; further ones are told to come again."""


class SigningIn:
    """Passwords are checked in turn, and only so many wait."""

    def __init__(self) -> None:
        self._turns, self._there = asyncio.Semaphore(AT_ONCE), 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn; a TooManyError where too many wait already."""
        if self._there >= AT_ONCE + MOST_WAITING:
            raise TooManyError("Too many people sign in just now; wait a little.", 1.0)
        self._there += 1
        try:
            async with self._turns:
                yield
        finally:
            self._there -= 1


def check_rows(context: Context, rows: Sequence[Any]) -> None:
    """Refuse a batch that is too long."""
    most = context.settings.most_rows
    if len(rows) > most:
        raise InputError(f"The batch has {len(rows):,} rows and may have {most:,}; send several.")


async def check_rate(context: Context, name: str) -> None:
    """Count a request of a caller, over all server processes.

    Parameters
    ----------
    context : Context
    name : str
        Of the caller.

    Raises
    ------
    TooManyError
        Where the caller makes more than the settings allow.

    Notes
    -----
    A store that can't be written stops no list: then nothing is counted.
    """
    per_s, burst = context.settings.requests_per_s, context.settings.burst
    if per_s is None:
        return
    counted = context.work(_taking(context, f"caller:{name}", burst, per_s))
    try:
        taken, wait_s = await asyncio.wait_for(counted, PATIENCE_S)
    except (StoreError, TimeoutError) as error:
        context.shop.report("rates", error)
        return
    if not taken:
        raise TooManyError(f"More than {per_s:g} requests a second; wait a little.", wait_s)


async def check_sign_in(context: Context, name: str) -> None:
    """Count a password that is tried; a TooManyError where too many were."""
    taken, wait_s = await context.work(_taking(context, f"sign-in:{name}", SIGN_INS, 1 / SIGN_IN_S))
    if not taken:
        raise TooManyError("Too many passwords were tried under this name; wait.", wait_s)


def _taking(
    context: Context, bucket: str, capacity: float, per_s: float
) -> Callable[[], tuple[bool, float]]:
    # What a bucket is called tells nobody's name.
    hidden = digest_of(bucket)
    return lambda: take(context.shop.store, hidden, 1, capacity, per_s, now_us())
