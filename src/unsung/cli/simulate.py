"""``unsung simulate``: what policies would do to the shop over months."""

from pathlib import Path

import typer

from unsung.cli.options import ShopArgument
from unsung.cli.terminal import print_json, say, show_progress, write_page


def simulate(
    shop: ShopArgument,
    months: int | None = typer.Option(None, "--months", min=1, help="Months to simulate (6)."),
    seeds: int | None = typer.Option(
        None, "--seeds", min=2, help="Runs of every policy in every world (3)."
    ),
    budget: float | None = typer.Option(
        None, "--budget", help="Share of relevance that the simulated dial may give up (.05)."
    ),
    first_slot: float | None = typer.Option(
        None, "--first-slot", help="How many times likelier the first slot is chosen (20)."
    ),
    page: Path = typer.Option(Path("simulation.html"), "--page", help="Where to write the page."),
    as_json: bool = typer.Option(False, "--json", help="Print the simulation as JSON on stdout."),
) -> None:
    """Simulate months of recommend, choose, refit: most popular, the dial at 0 and turned, words.

    Each month's refit is that of the linear model and the trend alone.
    """
    from unsung.reports.simulation import simulation_page
    from unsung.settings import load_settings
    from unsung.workflows.prepare import read_shop
    from unsung.workflows.simulation import SimulationSettings
    from unsung.workflows.simulation import simulate as run_simulation
    from unsung.workflows.simulation_record import simulation_record

    flags = {"months": months, "seeds": seeds, "budget": budget, "first_slot": first_slot}
    settings = load_settings(SimulationSettings, environment={}, flags=flags, source="simulate")
    with show_progress() as progress:
        found = read_shop(shop, progress=progress)
        simulation = run_simulation(found.dataset, found.settings, settings, progress=progress)
        record = simulation_record(simulation)
    write_page(page, simulation_page(record))
    if as_json:
        print_json(record)
        return
    say(record["verdict"])
    for sentence in record["assumptions"]:
        say(f"- {sentence}")
    say(f"Page: {page}")
