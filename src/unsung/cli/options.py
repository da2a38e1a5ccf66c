"""Options that several commands share, and the settings that they stand for."""

from pathlib import Path
from typing import Annotated

import typer

ShopArgument = Annotated[
    Path, typer.Argument(help="shop.toml, its folder, or files in a known layout.")
]
EncoderOption = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        help="Language model to fine-tune: auto, none, a model's folder or its name on the hub; "
        "an ONNX encoder's folder is taken as it is. As shop.toml says, or auto, where not given.",
    ),
]
BudgetOption = Annotated[
    float | None, typer.Option("--budget", min=0, help="Seconds for trying settings (150).")
]
WorkOption = Annotated[
    Path | None,
    typer.Option(
        "--work",
        help="Folder for checkpoints of what is fine-tuned: a run that was interrupted goes on "
        "from them. A temporary one where not given.",
    ),
]
SeedOption = Annotated[
    int | None,
    typer.Option("--seed", min=0, help="Seed of everything that is drawn at random (0)."),
]


def fit_flags(
    encoder: str | None, budget_s: float | None, seed: int | None, work: Path | None
) -> dict[str, str | float | None]:
    """The shared options as flags of ``fit_settings``."""
    return {
        "encoder": encoder,
        "seed": seed,
        "work": None if work is None else str(work),
        "evaluation.tuning.budget_s": budget_s,
    }
