"""``unsung forget``: take erased customers out of a bundle, exactly and without a new fit."""

import time
from pathlib import Path

import typer

from unsung.cli.terminal import print_json, say, show_progress


def forget(
    bundle: Path = typer.Argument(help="The bundle's folder."),
    out: Path = typer.Option(..., "--out", "-o", help="The new bundle's folder."),
    user: list[str] = typer.Option([], "--user", help="Customer's id; once for each."),
    store: str | None = typer.Option(
        None,
        "--store",
        envvar="UNSUNG_STORE",
        help="SQLite file or PostgreSQL URL of the service: everybody erased there is forgotten, "
        "and the service follows.",
    ),
    as_json: bool = typer.Option(False, "--json", help="Print what came of it as JSON."),
) -> None:
    """Forget customers: the linear model becomes that of a fit without them, in seconds."""
    from unsung.errors import InputError
    from unsung.operations.promotion import propose_model
    from unsung.pipeline.bundle import load_bundle
    from unsung.store.database import open_store
    from unsung.store.persons import suppressed_ids
    from unsung.workflows.forget import forget as run_forget

    found = load_bundle(bundle)
    gone = set(user)
    opened = None if store is None else open_store(store)
    if opened is not None:
        gone |= suppressed_ids(opened, found.model.state.users.values.tolist())
    if not gone:
        raise InputError("name the customers with --user, or the store that erased them.")
    with show_progress() as progress:
        forgotten = run_forget(found, gone, out, progress=progress)
    serves = None
    if opened is not None:
        entry, _ = propose_model(opened, out, "forget", time.time_ns() // 1_000)
        serves = entry.status == "active"
        opened.close()
    if as_json:
        print_json(
            {
                "bundle": str(out),
                "users": len(forgotten.users),
                "interactions": forgotten.interactions,
                "serves": serves,
            }
        )
        return
    say(
        f"{len(forgotten.users)} customers with {forgotten.interactions:,} interactions are in "
        f"{out} no more."
    )
    say("The second stage's trees and the encoder forget them with the next fit.")
    if serves is not None:
        say("It serves from now on." if serves else "It waits for approval: load it.")
