"""``unsung check``: read a shop's files and say what is in them."""

from pathlib import Path
from typing import Any

import typer

from unsung.cli.options import ShopArgument
from unsung.cli.tables import check_lines
from unsung.cli.terminal import print_json, say, show_progress, write_page


def check(
    shop: ShopArgument,
    page: Path = typer.Option(Path("check.html"), "--page", help="Where to write the page."),
    quarantine: Path = typer.Option(
        Path("quarantine"), "--quarantine", help="Folder for the rows that were set aside."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the check as JSON on stdout."),
) -> None:
    """Check a shop's files: counts, gaps, ranges, time span, duplicates, what was set aside.

    Exit code 2 where a finding says that results would mislead.
    """
    from unsung.reports.check import check_page
    from unsung.workflows.prepare import read_shop

    with show_progress() as progress:
        found = read_shop(shop, quarantine=quarantine, progress=progress)
    write_page(page, check_page(found.check))
    if as_json:
        print_json(found.check)
        stop_where_results_would_mislead(found.check)
        return
    for line in check_lines(found.check):
        say(line)
    for finding in found.check["findings"]:
        say(f"  {finding['level']}: {finding['sentence']}")
    say(f"Page: {page}. Rows that were set aside: {quarantine}/")
    stop_where_results_would_mislead(found.check)


def stop_where_results_would_mislead(check: dict[str, Any]) -> None:
    """Exit with 2 where a finding says stop, so that a pipeline can rely on it."""
    if check["level"] == "stop":
        raise typer.Exit(2)
