"""``unsung evaluate``: test recommenders on the shop's own later data."""

from pathlib import Path
from typing import Literal

import typer

from unsung.cli.options import (
    BudgetOption,
    EncoderOption,
    SeedOption,
    ShopArgument,
    WorkOption,
    fit_flags,
)
from unsung.cli.tables import evaluation_lines
from unsung.cli.terminal import print_json, say, show_progress, write_page


def evaluate(
    shop: ShopArgument,
    protocol: Literal["time", "leave-one-out", "cold-items"] | None = typer.Option(
        None,
        "--protocol",
        help="time: predict the last weeks; leave-one-out: each user's last item; cold-items: who "
        "takes items whose interactions were taken away. Time where the shop has a clock.",
    ),
    among: Literal["all", "cold"] | None = typer.Option(
        None, "--among", help="What competes: all items, or only those without interactions."
    ),
    refit: bool | None = typer.Option(
        None, "--refit", help="In leave-one-out, fit on the validation items too."
    ),
    k: int | None = typer.Option(None, "-k", min=1, max=1000, help="Length of the lists (10)."),
    encoder: EncoderOption = None,
    budget_s: BudgetOption = None,
    seed: SeedOption = None,
    work: WorkOption = None,
    page: Path = typer.Option(Path("evaluation.html"), "--page", help="Where to write the page."),
    as_json: bool = typer.Option(False, "--json", help="Print the evaluation as JSON on stdout."),
) -> None:
    """Test the blend and the baselines: settings from the validation part, test looked at once."""
    import numpy as np

    from unsung.reports.evaluation import evaluation_page
    from unsung.workflows.encoder import choose_encoder
    from unsung.workflows.evaluate import evaluate as run_evaluation
    from unsung.workflows.evaluation_record import evaluation_record
    from unsung.workflows.fit import fit_settings
    from unsung.workflows.prepare import read_shop, without_opted_out

    with show_progress() as progress:
        found = without_opted_out(read_shop(shop, progress=progress))
        flags = fit_flags(encoder, budget_s, seed, work) | {
            "evaluation.protocol": protocol,
            "evaluation.among": among,
            "evaluation.refit": refit,
            "evaluation.k": k,
            "evaluation.tuning.k": k,
        }
        settings = fit_settings(found.settings, flags)
        told, language_model = choose_encoder(settings.encoder, found.dataset, progress)
        settings = settings.model_copy(update={"encoder": told.choice})
        rng = np.random.default_rng(settings.seed)
        with settings.work_folder() as folder:
            evaluation = run_evaluation(
                found.dataset,
                found.settings,
                settings.of_encoder(),
                encoder=language_model,
                work=folder,
                rng=rng,
                progress=progress,
            )
        record = evaluation_record(evaluation, rng=rng)
    record["notes"] += filter(None, [told.reason])
    write_page(page, evaluation_page(record))
    if as_json:
        print_json(record)
        return
    for line in evaluation_lines(record):
        say(line)
    say(f"Page: {page}")
