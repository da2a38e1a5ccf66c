"""``unsung store``: back up, restore, export, verify and clean what a service keeps."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from unsung.cli.terminal import print_json, say

if TYPE_CHECKING:
    from unsung.store.database import Store

store = typer.Typer(name="store", help="Look after the store of a service.", no_args_is_help=True)
WHO = "command line"
STORE = typer.Option(
    ...,
    "--store",
    envvar="UNSUNG_STORE",
    help="SQLite file or PostgreSQL URL of the service.",
)
AS_JSON = typer.Option(False, "--json", help="Print what came of it as JSON.")


@store.command()
def backup(
    folder: Path = typer.Argument(help="New or empty folder, or an older backup to replace."),
    url: str = STORE,
    as_json: bool = AS_JSON,
) -> None:
    """Copy everything of one moment into a folder; the service goes on meanwhile.

    It holds customers' data: keep it as safe as the store, and no longer than you promised.
    """
    from unsung.store.audit import append
    from unsung.store.backup import back_up

    opened, now = _opened(url), _now()
    made = back_up(opened, folder, now)
    append(opened, WHO, "back_up", "store", {"number": made.number, "rows": made.rows}, now)
    opened.close()
    if as_json:
        print_json({"folder": str(folder), "number": made.number, "rows": made.rows})
        return
    say(f"{sum(made.rows.values()):,} rows are in {folder}, up to change {made.number:,}.")


@store.command()
def restore(
    folder: Path = typer.Argument(help="Folder of a backup."),
    url: str = typer.Option(
        ...,
        "--store",
        envvar="UNSUNG_STORE",
        help="New SQLite file or URL of an empty PostgreSQL database; either, whatever the backup "
        "was made of.",
    ),
    as_json: bool = AS_JSON,
) -> None:
    """Fill an empty store from a backup, whole or not at all.

    Customers who were erased after the backup are in it: erase them again.
    """
    from unsung.store.audit import append
    from unsung.store.backup import restore as fill
    from unsung.store.database import open_store

    found = fill(folder, url)
    opened = open_store(url)
    append(opened, WHO, "restore", "store", {"number": found.number}, _now())
    opened.close()
    if as_json:
        print_json({"number": found.number, "rows": found.rows})
        return
    say(f"{sum(found.rows.values()):,} rows are back, up to change {found.number:,}.")
    say("Customers who were erased after the backup are back too: erase them again.")


@store.command()
def export(
    folder: Path = typer.Argument(help="New or empty folder, or an older export to replace."),
    url: str = STORE,
    as_json: bool = AS_JSON,
) -> None:
    """Write what the shop did as the files of a shop, with the shop.toml that 'fit' reads.

    It holds customers' ids.
    """
    from unsung.store.audit import append
    from unsung.store.export import export_events

    opened, now = _opened(url), _now()
    rows = export_events(opened, folder, now)
    append(opened, WHO, "export_events", "store", {"rows": rows}, now)
    opened.close()
    if as_json:
        print_json({"folder": str(folder), "rows": rows})
        return
    said = ", ".join(f"{count:,} {name}" for name, count in rows.items() if count)
    say(f"{said} are in {folder}; 'unsung fit {folder}' reads them.")


@store.command()
def verify(url: str = STORE, as_json: bool = AS_JSON) -> None:
    """Check the audit log: exit code 1 where an entry was changed, left out or put in.

    Who can write the database can also write the chain anew: note the last digest elsewhere, and
    compare it later.
    """
    from unsung.store.audit import newest
    from unsung.store.audit import verify as first_wrong

    opened = _opened(url)
    wrong, (number, digest) = first_wrong(opened), newest(opened)
    opened.close()
    if as_json:
        print_json(
            {"whole": wrong is None, "first_wrong": wrong, "entries": number, "digest": digest}
        )
    elif wrong is not None:
        say(f"The audit log was changed: entry {wrong:,} is the first that doesn't fit.")
    elif not number:
        say("The audit log has no entries yet.")
    else:
        say(f"The audit log is whole: {number:,} entries, the last with digest {digest}.")
    if wrong is not None:
        raise typer.Exit(1)


@store.command()
def clean(url: str = STORE, as_json: bool = AS_JSON) -> None:
    """Write the database's files anew, without a byte of what was deleted or erased.

    It needs as much free disk as the store takes, and writers wait meanwhile. Exit code 1 where
    somebody was reading: run it again.
    """
    from unsung.store.personal import clean_files

    opened = _opened(url)
    done = clean_files(opened, rewrite=True)
    opened.close()
    if as_json:
        print_json({"clean": done})
    elif done:
        say("The store's files hold nothing of what was deleted.")
    else:
        say("Another process was reading the store; run it again.")
    if not done:
        raise typer.Exit(1)


def _opened(url: str) -> "Store":
    """The store; a mistyped name makes no new one."""
    from unsung.errors import InputError
    from unsung.store.database import connect, open_store

    path = connect(url).path
    if path is not None and not path.is_file():
        raise InputError(f"there is no store at {path}.")
    return open_store(url)


def _now() -> int:
    return time.time_ns() // 1_000
