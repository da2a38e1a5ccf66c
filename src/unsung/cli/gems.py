"""``unsung gems``: items that promise more than they sell."""

from pathlib import Path
from typing import Any

import typer

from unsung.cli.terminal import print_json, say


def gems(
    bundle: Path = typer.Argument(help="The bundle's folder."),
    k: int = typer.Option(20, "-k", min=1, max=1000, help="How many are shown."),
    as_json: bool = typer.Option(False, "--json", help="Print everything as JSON on stdout."),
) -> None:
    """Show the tail's hidden gems: why, for whom, and what holds them back."""
    from unsung.errors import InputError
    from unsung.pipeline.bundle import load_bundle

    folder = load_bundle(bundle).folder
    if "gems.json" not in folder:
        raise InputError(
            f"{bundle} knows no gems: the shop's history was too short, or knew only an order; "
            "bring at least four windows of dated sales."
        )
    record = folder.read_json("gems.json")
    found = record["gems"][:k]
    if as_json:
        print_json({**record, "gems": found})
        return
    for rank, gem in enumerate(found, start=1):
        say(f"{rank:>3}. {gem['title']}  [{gem['item_id']}]")
        say(f"       {gem['reason']}")
        audience = gem["audience"]
        say(
            f"       For {audience['size']:,} customers, such as {', '.join(audience['examples'])}."
        )
        for obstacle in gem["obstacles"]:
            if obstacle["code"] != "no_reason":
                say(f"       Held back: {obstacle['sentence']}")
        say(f"       {gem['advice'][0]}")
    for row in record["back_test"]["rows"]:
        say(_looked_back(row, record))


def _looked_back(row: dict[str, Any], record: dict[str, Any]) -> str:
    """What became of earlier gems, in a sentence."""
    best = row["best_baseline"]
    said = (
        f"Earlier gems ({row['chosen']}, {record['back_test']['windows']} windows of "
        f"{record['window_days']:.0f} days): {row['excess']['gems']:+.1f} buyers beyond comparable "
        f"items, {row['excess'][best]:+.1f} by {best}"
    )
    if row["ratio"] is None or row["interval"] is None:
        return said + "."
    low, high = row["interval"]
    return f"{said}: {row['ratio']:.2f} times as many (95 % interval {low:.2f} to {high:.2f})."
