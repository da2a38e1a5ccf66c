"""A dial as JSON: what was certified, what was compared, what became of it a window later."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from unsung.progress import Progress, silent
from unsung.statistics.summary import number_or_none
from unsung.workflows.dial import SetDial
from unsung.workflows.evaluate import ShopEvaluation
from unsung.workflows.frontier import Position, loss_of
from unsung.workflows.testing import DIALLED


def dial_record(
    dial: SetDial,
    found: ShopEvaluation,
    *,
    rng: np.random.Generator,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Everything about a dial, for ``frontier.json`` and ``dial_sections``.

    Parameters
    ----------
    dial : SetDial
        Of the latest window.
    found : ShopEvaluation
        With the dial of the window before, for the back-test.
    rng : Generator
        For intervals.
    progress : Progress, optional

    Returns
    -------
    record : dict
        ``sentences``, ``k``, ``budget``, ``level``, ``method``, ``most_lost``, ``counts``,
        ``certified`` (name of the position, or None), ``positions`` (as tested),
        ``weaker`` (settings before the first that was tested: with ``strength``, ``loss``,
        ``loss_low`` and ``loss_high`` alone), ``undialled``, ``frontier``, ``back_test`` (or
        None). Positions, weaker ones and ``undialled`` say what their lists do, within the limit
        of what a list may lose: ``tail_share``, ``coverage`` (share of the catalogue's items that
        are in a list) and ``captured_value`` (share of what was spent that went to items in the
        buyer's list).
    """
    certificate = dial.certificate
    tested: Any = certificate.to_dict()["positions"]
    undialled, *served = dial.served
    n_weaker = dial.choice.start
    positions = [
        {**position, **_effect(does)}
        for position, does in zip(tested, served[n_weaker:], strict=True)
    ]
    weaker = [
        {"strength": does.strength, **_loss(does, undialled, rng), **_effect(does)}
        for does in served[:n_weaker]
    ]
    record = {
        "k": certificate.subject.k,
        "budget": certificate.budget,
        "level": certificate.level,
        "method": dial.choice.settings.name,
        "most_lost": dial.choice.most_lost,
        "counts": dial.counts,
        "certified": None if certificate.certified is None else certificate.certified.name,
        "claim": certificate.claim,
        "refusal": None if certificate.refusal is None else certificate.refusal.sentence,
        "positions": positions,
        "weaker": weaker,
        "undialled": _effect(undialled),
        "frontier": dial.frontier(rng=rng, progress=progress),
        "back_test": back_test_of(found, rng=rng),
    }
    return {**record, "sentences": list(_sentences(record))}


def _effect(position: Position) -> dict[str, float | None]:
    summary = position.evaluation.summary
    return {
        "tail_share": position.tail_share,
        "coverage": number_or_none(summary["catalogue_coverage_at_k"]),
        "captured_value": number_or_none(summary["captured_value_at_k"]),
    }


def _loss(position: Position, undialled: Position, rng: np.random.Generator) -> dict[str, float]:
    found = loss_of(position, undialled, rng=rng)
    return {"loss": found["loss"], "loss_low": found["low"], "loss_high": found["high"]}


def back_test_of(found: ShopEvaluation, *, rng: np.random.Generator) -> dict[str, Any] | None:
    """What the dial of the validation window, set in the same way, did on the test.

    Returns
    -------
    row : dict or None
        ``certified`` (name of the position, or None), ``budget``, ``loss`` with its 95 % interval
        ``low`` and ``high``, ``undialled_tail`` and ``tail_share``; None where no dial was set.
    """
    if found.dial is None:
        return None
    by_name = {result.evaluation.name: result.evaluation for result in found.results}
    reference = Position(found.serves, 0.0, by_name[found.serves])
    turned = Position(DIALLED, 1.0, by_name[DIALLED])
    certified = found.dial.certificate.certified
    return {
        "certified": None if certified is None else certified.name,
        "budget": found.dial.certificate.budget,
        **loss_of(turned, reference, rng=rng),
        "undialled_tail": reference.tail_share,
        "tail_share": turned.tail_share,
    }


def _sentences(record: dict[str, Any]) -> Iterator[str]:
    yield record["claim"]
    reached = [position for position in record["positions"] if position["certified"]]
    if reached:
        last = reached[-1]
        yield (
            f"In the lists of these customers the established tail's share goes from "
            f"{record['undialled']['tail_share']:.1%} to {last['tail_share']:.1%}; the loss of "
            f"NDCG@{record['k']} seen among them is {last['loss']:.1%} "
            f"({last['loss_low']:.1%} to {last['loss_high']:.1%})."
        )
    if record["refusal"]:
        yield record["refusal"]
    tested = record["back_test"]
    if tested is None:
        return
    if tested["certified"] is None:
        yield "A window earlier the same procedure certified nothing, so there is no back-test."
        return
    kept = "within" if tested["loss"] <= tested["budget"] else "beyond"
    yield (
        f"Back-test: set in the same way a window earlier, the dial lost {tested['loss']:.1%} of "
        f"NDCG ({tested['low']:.1%} to {tested['high']:.1%}) on the test, {kept} its budget of "
        f"{tested['budget']:.1%}, and the established tail's share went from "
        f"{tested['undialled_tail']:.1%} to {tested['tail_share']:.1%}."
    )
