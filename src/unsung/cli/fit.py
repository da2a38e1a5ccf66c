"""``unsung fit``: learn a shop and write its bundle."""

from pathlib import Path

import typer

from unsung.cli.tables import check_lines, evaluation_lines
from unsung.cli.terminal import print_json, say, show_progress


def fit(
    shop: Path = typer.Argument(help="shop.toml, its folder, or files in a known layout."),
    out: Path = typer.Option(..., "--out", "-o", help="The bundle's folder."),
    encoder: str | None = typer.Option(
        None,
        "--encoder",
        help="Text encoder: auto, none, or an ONNX encoder's folder. As the shop's [fit] says, or "
        "auto, where not given.",
    ),
    budget_s: float | None = typer.Option(
        None, "--budget", min=0, help="Seconds for trying settings (60)."
    ),
    seed: int | None = typer.Option(
        None, "--seed", min=0, help="Seed of everything that is drawn at random (0)."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the measured figures as JSON."),
) -> None:
    """Clean, diagnose, test and fit a shop; write a bundle that answers 'unsung recommend'."""
    from unsung.workflows.fit import fit as run_fit
    from unsung.workflows.fit import fit_settings
    from unsung.workflows.prepare import read_shop

    with show_progress() as progress:
        found = read_shop(shop, progress=progress)
        flags = {
            "encoder": encoder,
            "seed": seed,
            "evaluation.tuning.budget_s": budget_s,
        }
        settings = fit_settings(found.settings, flags)
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
