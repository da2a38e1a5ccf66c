"""``unsung init``: look at files and write shop.toml."""

from pathlib import Path

import typer

from unsung.cli.terminal import say


def init(
    files: list[Path] = typer.Argument(help="The shop's files: items, interactions, reviews."),
    out: Path = typer.Option(Path("shop.toml"), "--out", "-o", help="Where to write the mapping."),
    force: bool = typer.Option(False, "--force", help="Overwrite an existing file."),
) -> None:
    """Look at the shop's files and write shop.toml, saying what was guessed and how surely."""
    from unsung.data.guess import guess_shop, write_shop_toml

    settings, guesses = guess_shop(files)
    write_shop_toml(settings, guesses, out, force=force)
    for guess in guesses:
        sure = f"{guess.confidence:4.0%}"
        say(f"  {sure}  {guess.table}.{guess.column} = {guess.source_column}  ({guess.why})")
    say(f"Wrote {out}. Look it over, then: unsung check {out}")
