"""``unsung experiment``: how many users it takes, and what it proves."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import typer

from unsung.cli.options import ShopArgument
from unsung.cli.terminal import print_json, say, show_progress, write_page

experiment = typer.Typer(
    name="experiment",
    help="Plan an experiment, and read out what its arms caused.",
    no_args_is_help=True,
)


@experiment.command()
def plan(
    shop: ShopArgument,
    effect: float = typer.Option(
        0.05, "--effect", help="Smallest relative change that matters: .05 is 5 % more."
    ),
    days: float = typer.Option(28.0, "--days", help="How many days it is to run."),
    before_days: float = typer.Option(
        56.0, "--before-days", help="Days before it that tell users apart (CUPED)."
    ),
    level: float = typer.Option(0.95, "--level", help="Confidence of the intervals."),
    power: float = typer.Option(0.8, "--power", help="Wanted probability of seeing the effect."),
    share: float = typer.Option(0.5, "--share", help="The new arm's part of the users."),
    as_of: datetime | None = typer.Option(
        None, "--as-of", help="Read nothing at or after this moment (UTC)."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the plan as JSON on stdout."),
) -> None:
    """Say how many users show a wanted effect, from the shop's own past."""
    from unsung.settings import build_settings
    from unsung.workflows.experiment_plan import PlanSettings, plan_experiment, plan_record
    from unsung.workflows.prepare import read_shop

    given = {
        "effect": effect,
        "days": days,
        "before_days": before_days,
        "level": level,
        "power": power,
        "share": share,
        "as_of": as_of,
    }
    settings = build_settings(PlanSettings, given, "experiment plan")
    with show_progress() as progress:
        found = read_shop(shop, progress=progress)
        record = plan_record(plan_experiment(found.dataset, found.settings, settings))
    if as_json:
        print_json(record)
        return
    for line in plan_lines(record):
        say(line)


@experiment.command()
def readout(
    shop: ShopArgument,
    assignments: Path | None = typer.Argument(
        None,
        help="File of user_id, arm and (optional) timestamp; as shop.toml says where not given.",
    ),
    control: str = typer.Option("control", "--control", help="Name of the arm to compare with."),
    shares: str | None = typer.Option(
        None, "--shares", help="Planned shares such as control=.5,new=.5; equal where not given."
    ),
    start: datetime | None = typer.Option(
        None, "--start", help="Start (UTC); the first exposure where not given."
    ),
    end: datetime | None = typer.Option(
        None, "--end", help="Read events before this moment (UTC); all where not given."
    ),
    before_days: float | None = typer.Option(
        None,
        "--before-days",
        help="Days before the start that tell users apart (CUPED); as long as the experiment has "
        "run, and at least 28, where not given.",
    ),
    planned_user_days: float | None = typer.Option(
        None,
        "--planned-user-days",
        help="Users times days that were planned, the same at every look (100,000).",
    ),
    level: float = typer.Option(0.95, "--level", help="Confidence of the intervals."),
    quarantine: Path = typer.Option(
        Path("quarantine"), "--quarantine", help="Folder for assignments that were set aside."
    ),
    report: Path | None = typer.Option(None, "--report", help="Write an HTML page here."),
    as_json: bool = typer.Option(False, "--json", help="Print the readout as JSON on stdout."),
) -> None:
    """Read out an experiment: its verdict, and effects with intervals that hold at every look.

    Exit code 2 where the verdict is refused because the arms don't have the planned sizes.
    """
    from datetime import UTC

    from unsung.data.assignments import read_assignments
    from unsung.reports.experiment import experiment_page
    from unsung.settings import load_settings
    from unsung.workflows.experiment import ReadoutSettings, read_experiment
    from unsung.workflows.experiment_record import experiment_record
    from unsung.workflows.prepare import read_shop

    flags = {
        "control": control,
        "shares": _shares(shares),
        "level": level,
        "start": start,
        "end": end,
        "before_days": before_days,
        "planned_user_days": planned_user_days,
    }
    settings = load_settings(
        ReadoutSettings, environment={}, flags=flags, source="experiment readout"
    )
    with show_progress() as progress:
        found = read_shop(shop, progress=progress)
        given = read_assignments(
            assignments,
            found.settings,
            now=datetime.now(UTC),
            quarantine=quarantine,
            progress=progress,
        )
        seen = read_experiment(found.dataset, found.settings, given, settings, progress=progress)
        record = experiment_record(seen)
    if report is not None:
        write_page(report, experiment_page(record))
    if as_json:
        print_json(record)
    else:
        for line in readout_lines(record):
            say(line)
        if report is not None:
            say(f"Page: {report}")
    if record["refused"]:
        raise typer.Exit(2)


def plan_lines(record: dict[str, Any]) -> Iterator[str]:
    """The plan for people: a line a metric."""
    settings, window = record["settings"], record["window"]
    yield (
        f"{record['n_users']:,} users from {window['start'][:10]} to {window['end'][:10]}: "
        f"{record['population']}."
    )
    yield (
        f"Users in both arms together to see {settings['effect']:+.0%} with {settings['power']:.0%}"
        f" power in {settings['days']:g} days:"
    )
    columns = ("one look", "+ CUPED", "any look", "+ CUPED", "these show")
    yield "  ".join([f"{'':28}", *(f"{column:>12}" for column in columns)])
    for row in record["metrics"]:
        cells = [
            f"{row[key]:>12,}"
            for key in (
                "users_fixed",
                "users_fixed_adjusted",
                "users_always",
                "users_always_adjusted",
            )
        ]
        seen = row["detectable_lift"]
        lift = f"{'-':>12}" if seen is None else f"{seen:>+12.0%}"
        yield "  ".join([f"{row['label']:28}", *cells, lift])
    yield (
        "any look: by the interval that holds however often one looks. CUPED: less what was known "
        "of each user before. these show: the change that the users above would show, at any look."
    )
    yield "Give the readout --planned-user-days: users times days, the same at every look."


def readout_lines(record: dict[str, Any]) -> Iterator[str]:
    """The readout for people: the verdict first, then arms, then effects."""
    yield record["verdict"]
    yield ""
    ratio, given = record["ratio"], record["assignments"]
    yield (
        f"{given['file']}: {given['n_read']:,} rows read = {given['n_accepted']:,} accepted + "
        f"{given['n_quarantined']:,} set aside + {given['n_duplicates']:,} duplicates"
    )
    sizes = ", ".join(
        f"{arm['arm']} {arm['n_users']:,} (planned {arm['expected_users']:,.0f})"
        for arm in record["arms"]
    )
    held = "fails" if ratio["fails"] else "holds"
    yield f"Sample ratio {held} (p = {ratio['p_value']:.3g}): {sizes}"
    if record["effects"]:
        yield from _effect_lines(record)
    for note in record["notes"]:
        yield f"- {note}"


def _effect_lines(record: dict[str, Any]) -> Iterator[str]:
    yield (
        f"A user, from {record['start'][:10]} to {record['end'][:10]}; intervals at "
        f"{100 * record['level']:g}%:"
    )
    titles = ("control", "difference", "valid at every look", "at one look", "p, corrected")
    yield "  ".join([f"{'':42}", *(f"{title:>22}" for title in titles)])
    for row in record["effects"]:
        name = f"{row['arm']}: {record['metrics'][row['metric']]['label']}"
        cells = (
            _cell(row["control_mean"]),
            _cell(row["difference"], "+"),
            f"{_cell(row['low'], '+')} to {_cell(row['high'], '+')}",
            f"{_cell(row['fixed_low'], '+')} to {_cell(row['fixed_high'], '+')}",
            _cell(row["adjusted_p_value"]) + (" *" if row["settled"] else "  "),
        )
        yield "  ".join([f"{name:42}", *(f"{cell:>22}" for cell in cells)])
    yield (
        "* proven: the p-value that holds at every look, corrected for the number of metrics, is "
        f"at most {1 - record['level']:.2g}, and enough users have a value."
    )


def _cell(value: float | None, sign: str = "") -> str:
    return "-" if value is None else f"{value:{sign}.4g}"


def _shares(text: str | None) -> dict[str, float] | None:
    """``control=.5,new=.5`` as a mapping."""
    from unsung.errors import SettingsError

    if text is None:
        return None
    shares = {}
    for part in text.split(","):
        name, _, value = part.rpartition("=")
        try:
            shares[name.strip()] = float(value)
        except ValueError:
            name = ""
        if not name:
            raise SettingsError(f"--shares: '{part}' is no share; write control=.5,new=.5.")
    return shares
