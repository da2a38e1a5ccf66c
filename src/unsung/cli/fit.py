"""``unsung fit``: learn a shop and write its bundle."""

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
from unsung.cli.tables import check_lines, dial_lines, evaluation_lines, training_lines
from unsung.cli.terminal import print_json, say, show_progress


def fit(
    shop: ShopArgument,
    out: Path = typer.Option(..., "--out", "-o", help="The bundle's folder."),
    encoder: EncoderOption = None,
    budget_s: BudgetOption = None,
    seed: SeedOption = None,
    work: WorkOption = None,
    as_json: bool = typer.Option(False, "--json", help="Print the measured figures as JSON."),
) -> None:
    """Clean, diagnose, test and fit a shop; write a bundle that answers 'unsung recommend'."""
    from unsung.workflows.fit import fit as run_fit
    from unsung.workflows.fit import fit_settings
    from unsung.workflows.prepare import read_shop

    with show_progress() as progress:
        found = read_shop(shop, progress=progress)
        settings = fit_settings(found.settings, fit_flags(encoder, budget_s, seed, work))
        fitted = run_fit(found, out, settings, progress=progress)
    if as_json:
        print_json({"bundle": str(out), "metrics": fitted.bundle.metrics})
        return
    for line in check_lines(found.check):
        say(line)
    for line in evaluation_lines(fitted.evaluation, fitted.problem):
        say(line)
    for line in dial_lines(fitted.dial):
        say(line)
    for line in training_lines(fitted.training):
        say(line)
    if fitted.encoder_reason:
        say(fitted.encoder_reason)
    say(f"Bundle: {out}. Report: {out / 'report.html'}")
    say(f"Next: unsung recommend {out} --user USER_ID --explain")
