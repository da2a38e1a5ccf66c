"""API keys: the store knows their hashes, never the keys."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from unsung.errors import ConflictError, InputError, Location
from unsung.store import tables
from unsung.store.bounds import checked
from unsung.store.database import Store
from unsung.store.rows import from_row, to_row


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key.

    Parameters
    ----------
    key_id : str
        Names the key where it is listed, logged or revoked.
    digest : str
        SHA-256 of the key, 64 hex digits.
    scopes : tuple of str
        Words without spaces.
    label : str
        What it is for.
    created : int
        Microseconds since 1970 UTC, as are the others.
    expires, revoked : int or None
    """

    key_id: str
    digest: str
    scopes: tuple[str, ...]
    label: str
    created: int
    expires: int | None = None
    revoked: int | None = None


def add_key(store: Store, key: ApiKey) -> None:
    """Store a key's hash.

    Raises
    ------
    InputError
        Where the digest is no SHA-256 in hex, or a value doesn't fit its column.
    ConflictError
        Where the id or the digest is taken.
    StoreError
        Where the store can't be written now.
    """
    table = tables.api_keys
    check_digest(table, key.digest)
    if any(not scope or " " in scope for scope in key.scopes):
        raise InputError("has to be words without spaces.", at=Location("api_keys", "scopes"))
    (row,) = checked(table, [to_row(key) | {"scopes": " ".join(key.scopes)}])
    with store.writing() as connection:
        same = sa.or_(table.c.key_id == key.key_id, table.c.digest == key.digest)
        if connection.execute(sa.select(table.c.key_id).where(same)).first() is not None:
            raise ConflictError(f"The key {key.key_id} is known already; make a new one.")
        connection.execute(sa.insert(table), row)


def keys(store: Store) -> list[ApiKey]:
    """Every key, revoked and expired ones too, in the order in which they were made."""
    table = tables.api_keys
    with store.reading() as connection:
        rows = connection.execute(sa.select(table).order_by(table.c.created, table.c.key_id))
        return [_key(row) for row in rows.mappings()]


def find_key(store: Store, digest: str) -> ApiKey | None:
    """The key with this SHA-256, revoked or expired or not; None where there is none."""
    table = tables.api_keys
    with store.reading() as connection:
        found = connection.execute(sa.select(table).where(table.c.digest == digest))
        row = found.mappings().first()
    return None if row is None else _key(row)


def revoke_key(store: Store, key_id: str, now: int) -> ApiKey:
    """Revoke a key; the key as it is then. A revoked key keeps its time.

    Raises
    ------
    InputError
        Where there is no such key.
    StoreError
        Where the store can't be written now.
    """
    table = tables.api_keys
    with store.writing() as connection:
        connection.execute(
            sa.update(table)
            .where(table.c.key_id == key_id, table.c.revoked.is_(None))
            .values(revoked=now)
        )
        found = connection.execute(sa.select(table).where(table.c.key_id == key_id))
        row = found.mappings().first()
    if row is None:
        raise InputError(f"There is no key {key_id}.")
    return _key(row)


def check_digest(table: sa.Table, digest: str) -> None:
    """Refuse what isn't a SHA-256: a key itself must never get in by mistake."""
    if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        message = "has to be a SHA-256 of 64 small hex digits."
        raise InputError(message, at=Location(table.name, "digest"))


def _key(row: Any) -> ApiKey:
    return from_row(ApiKey, {**row, "scopes": tuple(row["scopes"].split())})
