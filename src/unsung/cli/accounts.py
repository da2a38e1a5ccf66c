"""``unsung accounts``: people who may sign in to a service."""

import sys
import time

import typer

from unsung.cli.terminal import print_json, say

accounts = typer.Typer(
    name="accounts", help="People who may sign in to the console.", no_args_is_help=True
)
STORE = typer.Option(..., "--store", help="SQLite file or PostgreSQL URL of the service.")


@accounts.command()
def add(
    name: str = typer.Argument(help="What the records will call them."),
    store: str = STORE,
    role: str = typer.Option(
        "viewer", "--role", help="viewer reads, merchandiser also sets the dial, admin does all."
    ),
    password_stdin: bool = typer.Option(
        False, "--password-stdin", help="Read the password from standard input, not the keyboard."
    ),
) -> None:
    """Make an account; the password is asked for and never shown."""
    from unsung.operations.accounts import make_account
    from unsung.store.database import open_store

    password = (
        sys.stdin.readline().rstrip("\r\n")
        if password_stdin
        else typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    )
    opened = open_store(store)
    account = make_account(opened, name, password, role, "command line", time.time_ns() // 1_000)
    opened.close()
    say(f"{account.name} may sign in as {account.role}.")


@accounts.command("list")
def list_accounts(
    store: str = STORE,
    as_json: bool = typer.Option(False, "--json", help="Print JSON on stdout."),
) -> None:
    """List accounts."""
    from unsung.store.database import open_store
    from unsung.store.people import accounts as all_accounts

    opened = open_store(store)
    found = all_accounts(opened)
    opened.close()
    if as_json:
        rows = [{"name": a.name, "role": a.role, "active": a.active} for a in found]
        print_json({"accounts": rows})
        return
    if not found:
        say("There is no account yet; 'unsung accounts add' makes one.")
    for account in found:
        say(f"{account.name}  {account.role}  {'active' if account.active else 'disabled'}")


@accounts.command()
def disable(
    name: str = typer.Argument(help="Whose account."),
    store: str = STORE,
) -> None:
    """Let somebody sign in no more; they are signed out at once."""
    from unsung.operations.accounts import disable_account
    from unsung.store.database import open_store

    opened = open_store(store)
    disable_account(opened, name, "command line", time.time_ns() // 1_000)
    opened.close()
    say(f"{name} may not sign in any more.")
