"""``unsung recommend``: a user's list from a bundle."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from unsung.cli.terminal import print_json, say

if TYPE_CHECKING:
    from unsung.pipeline.recommend import Recommendation


def recommend(
    bundle: Path = typer.Argument(help="The bundle's folder."),
    user: str = typer.Option(..., "--user", "-u", help="The shop's own user id."),
    k: int = typer.Option(10, "-k", help="Length of the list, 1 to 1000."),
    explain: bool = typer.Option(False, "--explain", help="Say why, from the score's own parts."),
    category: list[str] = typer.Option([], "--category", help="Only these categories."),
    brand: list[str] = typer.Option([], "--brand", help="Only these brands."),
    exclude: list[str] = typer.Option([], "--exclude", help="Item ids to leave out."),
    min_price: float | None = typer.Option(None, "--min-price", help="Lowest price."),
    max_price: float | None = typer.Option(None, "--max-price", help="Highest price."),
    out_of_stock: bool = typer.Option(False, "--out-of-stock", help="List these items too."),
    repeats: Literal["hide", "show"] | None = typer.Option(
        None, "--repeats", help="Whether bought items come again; as the shop is set if not given."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the list as JSON on stdout."),
) -> None:
    """Recommend items to one user; somebody unknown gets what is good for anybody."""
    from dataclasses import asdict

    from unsung.pipeline.bundle import load_bundle
    from unsung.pipeline.rules import Rules

    loaded = load_bundle(bundle)
    rules = Rules(
        exclude=exclude,
        categories=category,
        brands=brand,
        min_price=min_price,
        max_price=max_price,
        in_stock_only=not out_of_stock,
        repeats=repeats or loaded.model.repeats,
    )
    found = loaded.recommend(user, k, rules=rules, explain=explain)
    known = loaded.model.state.users.find(user) >= 0
    if as_json:
        items = [asdict(recommendation) for recommendation in found]
        print_json({"user_id": user, "known": bool(known), "items": items})
        return
    if loaded.model.note:
        say(loaded.model.note)
    if not known:
        say(f"User {user} is not known: this is what is good for anybody.")
    if not found:
        say(
            "No item is left: loosen the filters; --repeats show brings back what the user has, "
            "and --out-of-stock what is sold out."
        )
    for line in recommendation_lines(found):
        say(line)


def recommendation_lines(found: Iterable["Recommendation"]) -> Iterator[str]:
    """One line an item, and below it its reasons with their share of the score."""
    for item in found:
        yield f"{item.rank:>3}. {item.title}  [{item.item_id}, {item.segment}]"
        for reason in item.reasons:
            amount = f"{reason.amount:+.2f}" if reason.amount else ""
            yield f"       {amount:>5}  {reason.text}"
