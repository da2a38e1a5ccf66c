"""``unsung keys``: API keys of a store."""

import time
from datetime import UTC, datetime

import typer

from unsung.cli.terminal import print_json, say

keys = typer.Typer(name="keys", help="API keys of the service.", no_args_is_help=True)
STORE = typer.Option(..., "--store", help="SQLite file or PostgreSQL URL of the service.")
AS_JSON = typer.Option(False, "--json", help="Print JSON on stdout.")


@keys.command()
def add(
    store: str = STORE,
    label: str = typer.Option("", "--label", help="What the key is for."),
    scope: list[str] = typer.Option(
        ["read", "write"], "--scope", help="read, write or admin; give it several times."
    ),
    days: float | None = typer.Option(None, "--days", min=0.01, help="Expires after so many."),
    as_json: bool = AS_JSON,
) -> None:
    """Make a key; it is printed once and can't be shown again."""
    from unsung.operations.api_keys import make_key
    from unsung.store.database import open_store

    opened = open_store(store)
    key, entry = make_key(opened, label, scope, days, "command line", time.time_ns() // 1_000)
    opened.close()
    if as_json:
        print_json({"key": key, "key_id": entry.key_id, "scopes": entry.scopes})
        return
    say(f"Key {entry.key_id} for {', '.join(entry.scopes)}. Keep it: it can't be shown again.")
    typer.echo(key)


@keys.command("list")
def list_keys(store: str = STORE, as_json: bool = AS_JSON) -> None:
    """List keys; what is kept of them doesn't open anything."""
    from unsung.store.database import open_store
    from unsung.store.keys import keys as all_keys

    opened = open_store(store)
    found = all_keys(opened)
    opened.close()
    if as_json:
        rows = [
            {
                "key_id": key.key_id,
                "label": key.label,
                "scopes": key.scopes,
                "created": _day(key.created),
                "expires": _day(key.expires),
                "revoked": _day(key.revoked),
            }
            for key in found
        ]
        print_json({"keys": rows})
        return
    if not found:
        say("There is no key yet; 'unsung keys add' makes one.")
    for key in found:
        state = f"revoked {_day(key.revoked)}" if key.revoked else "works"
        if not key.revoked and key.expires:
            state = f"expires {_day(key.expires)}"
        say(f"{key.key_id}  {', '.join(key.scopes):<18}  {state:<20}  {key.label}")


@keys.command()
def revoke(
    key_id: str = typer.Argument(help="Id of the key, as 'unsung keys list' shows it."),
    store: str = STORE,
) -> None:
    """Revoke a key; servers refuse it within five seconds."""
    from unsung.operations.api_keys import end_key
    from unsung.store.database import open_store

    opened = open_store(store)
    end_key(opened, key_id, "command line", time.time_ns() // 1_000)
    opened.close()
    say(f"Key {key_id} is revoked.")


def _day(moment: int | None) -> str | None:
    return None if moment is None else f"{datetime.fromtimestamp(moment / 1e6, UTC):%Y-%m-%d}"
