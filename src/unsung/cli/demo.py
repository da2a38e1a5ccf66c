"""``unsung demo``: the whole job on the shop that comes with the package."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from unsung.cli.recommend import recommendation_lines
from unsung.cli.tables import dial_lines, evaluation_lines, training_lines
from unsung.cli.terminal import say, show_progress

if TYPE_CHECKING:
    from unsung.pipeline.bundle import Bundle

SHOWN_ITEMS = 5
OUTLOOK_EXAMPLES = 10_000
"""Texts that the outlook's fine-tuning reads here, a quarter of what it reads by default."""


def demo(
    out: Path = typer.Option(Path("demo-out"), "--out", "-o", help="Folder for what is made."),
    encoder: str = typer.Option(
        "auto", "--encoder", help="Language model to fine-tune, as for 'fit'; or none."
    ),
) -> None:
    """Clean, diagnose, test and fit a real shop of 541,909 order lines, and recommend from it."""
    import time

    from unsung.data.demo import demo_shop_folder
    from unsung.workflows.fit import FitSettings, fit
    from unsung.workflows.outlook_examples import OutlookSettings
    from unsung.workflows.prepare import read_shop

    begun = time.monotonic()
    bundle = out / "bundle"
    say("The demo shop: UCI Online Retail, a British web shop for gifts (CC BY 4.0).")
    with show_progress() as progress:
        shop = read_shop(demo_shop_folder(), quarantine=out / "quarantine", progress=progress)
        orders = next(t for t in shop.check["tables"] if t["name"] == "interactions")
        say(
            f"Read {orders['n_read']:,} order lines: {orders['n_accepted']:,} accepted, "
            f"{orders['n_quarantined']:,} set aside with a reason, "
            f"{orders['n_duplicates']:,} duplicates."
        )
        say(
            "The outlook of new items is learned in short form: 'unsung fit' reads four times more."
        )
        settings = FitSettings(
            encoder=encoder, outlook=OutlookSettings(most_examples=OUTLOOK_EXAMPLES)
        )
        fitted = fit(shop, bundle, settings, progress=progress)
    say()
    for sentence in fitted.diagnosis["summary"]:
        say(sentence)
    say()
    for line in evaluation_lines(fitted.evaluation, fitted.problem):
        say(line)
    for line in dial_lines(fitted.dial):
        say(line)
    for line in training_lines(fitted.training):
        say(line)
    say()
    user = _example_customer(fitted.bundle)
    say(f"Five recommendations for customer {user}, with the parts of their scores:")
    for line in recommendation_lines(fitted.bundle.recommend(user, SHOWN_ITEMS, explain=True)):
        say(line)
    say()
    say(f"Done in {time.monotonic() - begun:.0f} s. Where to look next:")
    say(f"  {bundle / 'report.html'}    before and after, the dial, the test, the diagnosis")
    say(f"  {out / 'quarantine'}/    every row that was set aside, with its reason")
    say(f"  unsung serve {bundle}    the console and the API, at http://127.0.0.1:8000")
    say(f"  unsung gems {bundle}    items of the tail that promise more than they sell")
    say(f"  unsung recommend {bundle} --user {user} --explain")
    say("  unsung init FILES...    the same on your own files")


def _example_customer(bundle: "Bundle") -> str:
    """Of some customers with a history of middle length, one whose list shows most segments."""
    import numpy as np

    state = bundle.model.state
    lengths = np.diff(state.pairs.indptr)
    middle = np.abs(lengths - np.median(lengths[lengths > 0]))
    some = [str(user) for user in state.users.values[np.argsort(middle, kind="stable")[:40]]]

    def variety(user: str) -> int:
        return len({item.segment for item in bundle.recommend(user, SHOWN_ITEMS)})

    return max(some, key=variety)
