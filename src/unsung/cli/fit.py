"""``unsung fit``: learn a shop and write its bundle."""

from pathlib import Path

import typer

from unsung.cli.tables import check_lines, evaluation_lines
from unsung.cli.terminal import print_json, say, show_progress


def fit(
    shop: Path = typer.Argument(help="shop.toml, its folder, or files in a known layout."),
    out: Path = typer.Option(..., "--out", "-o", help="The bundle's folder."),
    encoder: str = typer.Option(
        "auto", "--encoder", help="Text encoder: auto, none, or an ONNX encoder's folder."
    ),
    budget_s: float = typer.Option(60.0, "--budget", min=0, help="Seconds for trying settings."),
    seed: int = typer.Option(
        0, "--seed", min=0, help="Seed of everything that is drawn at random."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the measured figures as JSON."),
) -> None:
    """Clean, diagnose, test and fit a shop; write a bundle that answers 'unsung recommend'."""
    from unsung.workflows.evaluate import EvaluateSettings
    from unsung.workflows.fit import FitSettings
    from unsung.workflows.fit import fit as run_fit
    from unsung.workflows.prepare import read_shop
    from unsung.workflows.tune import TuneSettings

    settings = FitSettings(
        encoder=encoder,
        seed=seed,
        evaluation=EvaluateSettings(tuning=TuneSettings(budget_s=budget_s)),
    )
    with show_progress() as progress:
        found = read_shop(shop, progress=progress)
        fitted = run_fit(found, out, settings, progress=progress)
    if as_json:
        print_json({"bundle": str(out), "metrics": fitted.bundle.metrics})
        return
    for line in check_lines(found.check):
        say(line)
    for line in evaluation_lines(fitted.evaluation, fitted.problem):
        say(line)
    say(f"Bundle: {out}. Report: {out / 'report.html'}")
    say(f"Next: unsung recommend {out} --user USER_ID --explain")
