"""Who may sign in to the console, and who is signed in."""

from dataclasses import dataclass
from typing import Final, Literal

import sqlalchemy as sa

from unsung.errors import ConflictError, InputError, Location
from unsung.store import tables
from unsung.store.bounds import checked
from unsung.store.database import Store
from unsung.store.keys import check_digest
from unsung.store.rows import from_row, to_row

Role = Literal["viewer", "merchandiser", "admin"]
ROLES: Final = ("viewer", "merchandiser", "admin")


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody of the shop's staff.

    Parameters
    ----------
    name : str
    password_hash : str
        argon2, made by the caller.
    role : str
        ``viewer``, ``merchandiser`` or ``admin``.
    created : int
        Microseconds since 1970 UTC.
    language : str
        Of the console, such as ``en``.
    active : bool
        Whether they may sign in.
    """

    name: str
    password_hash: str
    role: Role
    created: int
    language: str = "en"
    active: bool = True


@dataclass(frozen=True, slots=True)
class ConsoleSession:
    """Somebody who is signed in; ``digest`` is the SHA-256 of the session's token."""

    digest: str
    account: str
    created: int
    expires: int


def add_account(store: Store, account: Account) -> None:
    """Store an account.

    Raises
    ------
    InputError
        Where the hash isn't argon2's, the role is unknown or a value doesn't fit its column.
    ConflictError
        Where the name is taken.
    StoreError
        Where the store can't be written now.
    """
    table = tables.accounts
    row = _row(account)
    with store.writing() as connection:
        known = sa.select(table.c.name).where(table.c.name == account.name)
        if connection.execute(known).first() is not None:
            raise ConflictError(f"There is an account {account.name} already.")
        connection.execute(sa.insert(table), row)


def change_account(store: Store, account: Account) -> None:
    """Replace what is known of an account; one that isn't active is signed out everywhere.

    Raises
    ------
    InputError
        Where there is no such account, or as in ``add_account``.
    StoreError
        Where the store can't be written now.
    """
    table = tables.accounts
    row = _row(account)
    with store.writing() as connection:
        done = connection.execute(
            sa.update(table).where(table.c.name == account.name).values(**row)
        )
        if done.rowcount == 0:
            raise InputError(f"There is no account {account.name}.")
        if not account.active:
            held = tables.console_sessions
            connection.execute(sa.delete(held).where(held.c.account == account.name))


def remove_account(store: Store, name: str) -> bool:
    """Delete an account and its sessions; whether there was one."""
    table = tables.accounts
    with store.writing() as connection:
        return connection.execute(sa.delete(table).where(table.c.name == name)).rowcount > 0


def accounts(store: Store) -> list[Account]:
    """Every account, by name."""
    table = tables.accounts
    with store.reading() as connection:
        rows = connection.execute(sa.select(table).order_by(table.c.name)).mappings()
        return [from_row(Account, row) for row in rows]


def find_account(store: Store, name: str) -> Account | None:
    """The account of this name, active or not."""
    table = tables.accounts
    with store.reading() as connection:
        found = connection.execute(sa.select(table).where(table.c.name == name))
        row = found.mappings().first()
    return None if row is None else from_row(Account, row)


def sign_in(store: Store, session: ConsoleSession) -> None:
    """Store a session of an active account, and forget those that are over.

    Raises
    ------
    InputError
        Where the digest is no SHA-256, or the account is unknown or not active.
    StoreError
        Where the store can't be written now.
    """
    table = tables.console_sessions
    check_digest(table, session.digest)
    (row,) = checked(table, [to_row(session)])
    with store.writing() as connection:
        known = sa.select(tables.accounts.c.active).where(tables.accounts.c.name == session.account)
        if not connection.execute(known).scalar():
            raise InputError(f"There is no active account {session.account}.")
        connection.execute(sa.delete(table).where(table.c.expires <= session.created))
        connection.execute(sa.insert(table), row)


def signed_in(store: Store, digest: str, now: int) -> Account | None:
    """The active account whose session has this digest and isn't over."""
    table, held = tables.accounts, tables.console_sessions
    query = (
        sa.select(table)
        .join(held, held.c.account == table.c.name)
        .where(held.c.digest == digest, held.c.expires > now, table.c.active.is_(True))
    )
    with store.reading() as connection:
        row = connection.execute(query).mappings().first()
    return None if row is None else from_row(Account, row)


def sign_out(store: Store, digest: str) -> None:
    """Forget a session."""
    table = tables.console_sessions
    with store.writing() as connection:
        connection.execute(sa.delete(table).where(table.c.digest == digest))


def set_language(store: Store, name: str, language: str) -> Account:
    """Set the language of somebody's console; the account as it is then."""
    table = tables.accounts
    (row,) = checked(table, [{"language": language}])
    with store.writing() as connection:
        connection.execute(sa.update(table).where(table.c.name == name).values(**row))
    account = find_account(store, name)
    if account is None:
        raise InputError(f"There is no account {name}.")
    return account


def _row(account: Account) -> dict[str, object]:
    if account.role not in ROLES:
        message = f"has to be one of {', '.join(ROLES)}."
        raise InputError(message, at=Location("accounts", "role"))
    if not account.password_hash.startswith("$argon2"):
        message = "has to be an argon2 hash, never a password."
        raise InputError(message, at=Location("accounts", "password_hash"))
    (row,) = checked(tables.accounts, [to_row(account)])
    return row
