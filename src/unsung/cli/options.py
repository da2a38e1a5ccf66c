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
        help="Text encoder: auto, none, or an ONNX encoder's folder. As shop.toml says, or auto, "
        "where not given.",
    ),
]
BudgetOption = Annotated[
    float | None, typer.Option("--budget", min=0, help="Seconds for trying settings (60).")
]
SeedOption = Annotated[
    int | None,
    typer.Option("--seed", min=0, help="Seed of everything that is drawn at random (0)."),
]


def fit_flags(
    encoder: str | None, budget_s: float | None, seed: int | None
) -> dict[str, str | float | None]:
    """The shared options as flags of ``fit_settings``."""
    return {"encoder": encoder, "seed": seed, "evaluation.tuning.budget_s": budget_s}
