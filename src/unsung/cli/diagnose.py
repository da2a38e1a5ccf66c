"""``unsung diagnose``: who gets the sales, who gets none, and why."""

from pathlib import Path

import typer

from unsung.cli.options import ShopArgument
from unsung.cli.terminal import print_json, say, show_progress, write_page


def diagnose(
    shop: ShopArgument,
    page: Path = typer.Option(Path("diagnosis.html"), "--page", help="Where to write the page."),
    as_json: bool = typer.Option(False, "--json", help="Print the diagnosis as JSON on stdout."),
) -> None:
    """Diagnose the long tail: concentration, segments, items without a sale, and the reasons."""
    from unsung.reports.diagnosis import diagnosis_page
    from unsung.workflows.diagnose import diagnose as run_diagnosis
    from unsung.workflows.prepare import read_shop

    with show_progress() as progress:
        found = read_shop(shop, progress=progress)
        diagnosis = run_diagnosis(found.dataset, found.settings, progress=progress).to_json()
    write_page(page, diagnosis_page(diagnosis))
    if as_json:
        print_json(diagnosis)
        return
    for sentence in diagnosis["summary"]:
        say(sentence)
    say(f"Page: {page}")
