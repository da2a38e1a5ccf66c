"""``unsung refit``: learn again from the shop's files and what its service has stored since."""

import os
import time
from pathlib import Path

import typer

from unsung.cli.options import (
    BudgetOption,
    EncoderOption,
    SeedOption,
    ShopArgument,
    WorkOption,
    fit_flags,
)
from unsung.cli.terminal import print_json, say, show_progress


def refit(
    shop: ShopArgument,
    store: str = typer.Option(
        ..., "--store", envvar="UNSUNG_STORE", help="SQLite file or PostgreSQL URL of the service."
    ),
    out: Path = typer.Option(..., "--out", "-o", help="The new bundle's folder."),
    encoder: EncoderOption = None,
    budget_s: BudgetOption = None,
    seed: SeedOption = None,
    work: WorkOption = None,
    job: str | None = typer.Option(None, "--job", help="Id of the job that this is."),
    as_json: bool = typer.Option(False, "--json", help="Print what came of it as JSON."),
) -> None:
    """Fit on the shop's files and the store's events; the service follows if little changes.

    Where the new lists differ too much from those of the model that serves, the new one waits
    until somebody loads it.
    """
    from unsung.errors import UnsungError
    from unsung.operations.jobs import RunningJob
    from unsung.operations.promotion import propose_model
    from unsung.store.database import open_store
    from unsung.workflows.fit import fit_settings
    from unsung.workflows.prepare import read_shop
    from unsung.workflows.refit import refit as run_refit

    def clock() -> int:
        return time.time_ns() // 1_000

    opened = open_store(store)
    running = RunningJob(opened, job, clock)
    running.begin(os.getpid())
    try:
        with show_progress() as shown:

            def progress(stage: str, done: int = 0, total: int = 0) -> None:
                shown(stage, done, total)
                running.progress(stage, done, total)

            found = read_shop(shop, progress=progress)
            settings = fit_settings(found.settings, fit_flags(encoder, budget_s, seed, work))
            run_refit(found, opened, out, settings, progress=progress)
            entry, churn = propose_model(opened, out, "refit", clock())
    except UnsungError as error:
        running.failed(str(error))
        raise
    except BaseException as error:
        running.failed(f"It ended with {type(error).__name__}.")
        raise
    serves = entry.status == "active"
    said = "" if churn is None else churn.sentence()
    verdict = (
        f"The model {entry.version} serves from now on."
        if serves
        else f"The model {entry.version} waits for approval: load it to let it serve."
    )
    running.done(f"{said} {verdict}".strip(), str(out))
    opened.close()
    if as_json:
        numbers = None if churn is None else {"jaccard": churn.jaccard, "first": churn.first}
        print_json(
            {"bundle": str(out), "version": entry.version, "serves": serves, "churn": numbers}
        )
        return
    if said:
        say(said)
    say(verdict)
