"""A simulation as JSON, with its verdict in one sentence."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from unsung.statistics.intervals import t_interval
from unsung.statistics.summary import number_or_none
from unsung.workflows.simulation import Run, Simulation
from unsung.workflows.simulation_world import WORLDS

REFERENCE: Final = "undialled"
JUDGED: Final = "dialled"
METRICS: Final = (
    "purchases_tail",
    "purchases_fresh",
    "purchases_head",
    "purchases",
    "revenue",
    "gini",
    "reached",
    "shown",
    "tail_in_lists",
)
TAIL: Final = "purchases_tail"
ALL: Final = "purchases"


def simulation_record(found: Simulation) -> dict[str, Any]:
    """Everything that a simulation says, ready for JSON.

    Parameters
    ----------
    found : Simulation

    Returns
    -------
    record : dict
        ``shop, verdict, months, month_days, seeds, k, n_shoppers, n_items, choice, dial, worlds``
        (name -> title), ``paths`` (mean, least and most of the seeds month by month), ``outcomes``
        (after the last month, with the difference to the undialled policy seed by seed: ``change``
        as a share of it, with its 95 % interval ``low`` and ``high``), ``assumptions``.
    """
    settings = found.settings
    outcomes = list(outcome_rows(found.runs))
    return {
        "shop": found.shop,
        "verdict": verdict(outcomes, settings.months),
        "months": settings.months,
        "month_days": settings.month_days,
        "seeds": settings.seeds,
        "k": settings.k,
        "budget": settings.budget,
        "n_shoppers": found.n_shoppers,
        "n_items": found.n_items,
        "choice": found.choice,
        "dial": {
            "method": found.dial.policy.settings.name,
            "strength": found.dial.policy.strengths[-1] if found.dial.policy.strengths else 0.0,
            "loss": found.dial.loss,
            "undialled_tail": found.dial.undialled_tail,
            "tail": found.dial.tail,
        },
        "worlds": {name: WORLDS[name].title for name in dict.fromkeys(r.world for r in found.runs)},
        "paths": list(_paths(found.runs)),
        "outcomes": outcomes,
        "assumptions": list(_assumptions(found)),
    }


def outcome_rows(runs: Sequence[Run]) -> Iterator[dict[str, Any]]:
    """Where each policy stands after the last month in each world, a row a metric.

    Parameters
    ----------
    runs : sequence of Run

    Yields
    ------
    row : dict
        ``world, policy, metric, mean, least, most`` over seeds, and ``change, low, high`` against
        the undialled policy with the same seed (None for itself, or where that is 0).
    """
    last = {(run.world, run.policy, run.seed): run.months[-1] for run in runs}
    seeds = sorted({run.seed for run in runs})
    for world, policy in dict.fromkeys((run.world, run.policy) for run in runs):
        for metric in METRICS:
            values = np.array([last[world, policy, seed][metric] for seed in seeds])
            row = {
                "world": world,
                "policy": policy,
                "metric": metric,
                "mean": float(values.mean()),
                "least": float(values.min()),
                "most": float(values.max()),
                "change": None,
                "low": None,
                "high": None,
            }
            if policy != REFERENCE and (world, REFERENCE, seeds[0]) in last:
                base = np.array([last[world, REFERENCE, seed][metric] for seed in seeds])
                if (base > 0).all():
                    changes = values / base - 1
                    low, high = t_interval(changes)
                    row |= {
                        "change": float(changes.mean()),
                        "low": number_or_none(low),
                        "high": number_or_none(high),
                    }
            yield row


def verdict(outcomes: Sequence[dict[str, Any]], months: int) -> str:
    """What the dial does in all worlds, or where it fails, in one sentence.

    Parameters
    ----------
    outcomes : sequence of dict
        As from ``outcome_rows``.
    months : int

    Returns
    -------
    sentence : str
        More sales of the established tail hold where the interval of the change lies above 0.
    """
    tail = {row["world"]: row for row in outcomes if _is(row, TAIL)}
    total = {row["world"]: row for row in outcomes if _is(row, ALL)}
    if not tail or any(row["change"] is None for row in tail.values()):
        return "The undialled lists sell nothing of the established tail, so nothing is compared."
    fails = [world for world, row in tail.items() if not (row["low"] or 0) > 0]
    span = _span([row["change"] for row in tail.values()])
    costs = _span([row["change"] for row in total.values()])
    fewer = [world for world, row in total.items() if (row["high"] or 0) < 0]
    after = f"After {months} months"
    if fails:
        held = len(tail) - len(fails)
        said = (
            f"{after} the dialled lists sell more of the established tail than the undialled ones "
            f"in {held} of {len(tail)} worlds, and not beyond chance where {_titles(fails)} "
            f"({span} over all)"
        )
    else:
        said = (
            f"{after} the dialled lists sell more of the established tail than the undialled ones "
            f"in all {len(tail)} worlds ({span})"
        )
    lost = f", beyond chance less where {_titles(fewer)}" if fewer else ""
    return f"{said}; total sales change by {costs}{lost}."


def _is(row: dict[str, Any], metric: str) -> bool:
    return (row["policy"], row["metric"]) == (JUDGED, metric)


def _span(changes: Sequence[float]) -> str:
    return f"{min(changes):+.1%} to {max(changes):+.1%}"


def _titles(worlds: Sequence[str]) -> str:
    return " and ".join(WORLDS[world].title for world in worlds)


def _paths(runs: Sequence[Run]) -> Iterator[dict[str, Any]]:
    for world, policy in dict.fromkeys((run.world, run.policy) for run in runs):
        some = [run for run in runs if (run.world, run.policy) == (world, policy)]
        for month in range(len(some[0].months)):
            for metric in METRICS:
                values = [run.months[month][metric] for run in some]
                yield {
                    "world": world,
                    "policy": policy,
                    "month": month + 1,
                    "metric": metric,
                    "mean": float(np.mean(values)),
                    "least": min(values),
                    "most": max(values),
                }


def _assumptions(found: Simulation) -> Iterator[str]:
    settings, choice = found.settings, found.choice
    if choice:
        yield (
            f"Shoppers choose by a logit over {settings.classes} classes, fitted a window earlier "
            f"and tested on {choice['n_choices']:,} later choices: log-likelihood "
            f"{choice['model']:.3f} a choice, popularity alone {choice['popularity']:.3f}, chance "
            f"{choice['chance']:.3f}; better by {choice['gain']:.3f} a choice and customer "
            f"({choice['low']:.3f} to {choice['high']:.3f})."
        )
    else:
        yield "The history is too short to test the shoppers' choice model on a later window."
    yield (
        f"Being in the first slot makes an item {settings.first_slot:g} times as likely to be "
        f"chosen, lower slots less; {settings.buys_alone:.0%} of visits end in a purchase without "
        "a list. Neither is known without logged exposures: both are assumptions."
    )
    yield (
        "Each month the linear model and the trend are fitted again, not the second stage or the "
        "language model. Shoppers are those of the latest window; nobody comes, nobody leaves, "
        "and no item is added."
    )
    yield (
        "Bands are over seeds: they hold the chance in who buys what, not doubt about the choice "
        "model. That is what the other worlds are for. Only an experiment says what lists cause."
    )
