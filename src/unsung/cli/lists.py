"""``unsung lists``: everybody's list, for a newsletter or a shop that serves from a table."""

import tempfile
from pathlib import Path
from typing import Literal

import typer

from unsung.cli.terminal import say, show_progress


def lists(
    bundle: Path = typer.Argument(help="The bundle's folder."),
    out: Path = typer.Option(..., "--out", "-o", help="Parquet: user_id, rank, item_id."),
    k: int = typer.Option(10, "-k", help="Length of the lists, 1 to 1000."),
    category: list[str] = typer.Option([], "--category", help="Only these categories."),
    brand: list[str] = typer.Option([], "--brand", help="Only these brands."),
    exclude: list[str] = typer.Option([], "--exclude", help="Item ids to leave out."),
    out_of_stock: bool = typer.Option(False, "--out-of-stock", help="List these items too."),
    engine: Literal["duckdb", "spark"] = typer.Option(
        "duckdb", "--engine", help="spark makes them side by side, and writes a folder."
    ),
) -> None:
    """Write the list of every customer that the bundle knows."""
    from unsung.data.engine.choice import open_engine
    from unsung.pipeline.bundle import load_bundle
    from unsung.pipeline.rules import Rules
    from unsung.workflows.lists import write_lists

    model = load_bundle(bundle).model
    rules = Rules(
        exclude=exclude,
        categories=category,
        brands=brand,
        in_stock_only=not out_of_stock,
        repeats=model.repeats,
    )
    with (
        show_progress() as progress,
        tempfile.TemporaryDirectory(prefix="unsung-") as folder,
        open_engine(engine, Path(folder)) as opened,
    ):
        write_lists(bundle, out, opened, k=k, rules=rules, progress=progress)
    say(f"Lists of {model.state.n_users:,} customers: {out}")
