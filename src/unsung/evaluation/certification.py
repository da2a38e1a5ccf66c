"""Certify how far a dial may be turned within a relevance budget."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from unsung.errors import InputError
from unsung.evaluation.certificate import (
    Certificate,
    GroupResult,
    Position,
    PositionResult,
    Refusal,
    Subject,
)
from unsung.evaluation.margins import Margins
from unsung.evaluation.users_needed import users_needed
from unsung.statistics.betting import betting_p_values
from unsung.statistics.fixed_sequence import fixed_sequence_test, largest_p_values
from unsung.statistics.mean_tests import t_test_p_values

POWER = 0.8
"""Probability of a certificate at which the number of users that it takes is given."""
METHOD = (
    "Betting test of a bounded mean, users in a drawn order (arXiv:2010.09686, with the bets of"
    " arXiv:2505.22422); the largest p-value of the constraints; positions in a fixed sequence,"
    " stopped at the first failure (arXiv:2110.01052)."
)


@dataclass(frozen=True, eq=False)
class Constraint:
    """Users whose expected relevance has to stay within the budget.

    Parameters
    ----------
    name : str
        Of all users or of a group.
    calibration : Margins
        Of users who took no part in any choice.
    selection : Margins, optional
        Of other users of the same kind, at the same positions. They say how many users it takes
        and, for a group, whether it is large enough to be tested at all.
    """

    name: str
    calibration: Margins
    selection: Margins | None = None


def certify(
    constraints: Sequence[Constraint],
    positions: Sequence[Position],
    subject: Subject,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    wanted: int | None = None,
) -> Certificate:
    """Test the positions of a dial in order, and certify up to the first that fails.

    P(a certified position loses more than the budget, in expectation, for all users or a tested
    group) <= 1 - level, for every n, where positions, order and groups were fixed without the
    calibration labels.

    Parameters
    ----------
    constraints : sequence of Constraint
        All users first, then named groups. A group that its selection users say is too small for
        the first position is not tested, and reported as not certified. Without selection users it
        is tested, and holds the dial back where it is small.
    positions : sequence of Position
        In the order of testing, mostly from weak to strong: the columns of every margin.
    subject : Subject
    rng : Generator
        Draws the order of the users. To draw again until the answer pleases is to choose by
        looking: fix the seed beforehand.
    level : float
        Confidence in (0, 1).
    wanted : int, optional
        A position whose refusal has to be explained.

    Returns
    -------
    certificate : Certificate

    Raises
    ------
    InputError
        Where there is nothing to test, or budgets or positions of the constraints differ.

    Notes
    -----
    50 positions on 10,000 users: under a second; a refusal takes up to a few seconds more.

    References
    ----------
    Angelopoulos et al. (2021), arXiv:2110.01052 (learn then test);
    Angelopoulos et al. (2022), arXiv:2207.01609 (the same for recommenders)
    """
    _check(constraints, len(positions), wanted)
    needed = {
        c.name: _needed_at_first(c.selection, level, rng)
        for c in constraints[1:]
        if c.selection is not None
    }
    tested = [c for c in constraints if _large_enough(c, needed)]
    p_values = largest_p_values(np.array([_p_values(c.calibration, level, rng) for c in tested]))
    by_t_test = largest_p_values(np.array([t_test_p_values(c.calibration.values) for c in tested]))
    n_certified = fixed_sequence_test(p_values, level)
    last = positions[n_certified - 1] if n_certified else None
    everybody = constraints[0].calibration
    groups = tuple(
        GroupResult(
            c.name,
            c.calibration.n,
            c.calibration.n_left_out,
            tested=c in tested,
            certified=c in tested and last is not None,
            loss=c.calibration.loss(max(n_certified - 1, 0)),
            users_needed=None if c in tested else needed[c.name],
        )
        for c in constraints
    )
    certificate = Certificate(
        claim="",
        certified=last,
        budget=everybody.budget,
        level=level,
        n=everybody.n,
        method=METHOD,
        subject=subject,
        positions=tuple(
            PositionResult(
                position.name,
                position.strength,
                float(p_values[j]),
                float(by_t_test[j]),
                everybody.loss(j),
                *everybody.loss_interval(j, level),
                certified=j < n_certified,
            )
            for j, position in enumerate(positions)
        ),
        groups=groups,
        refusal=_refusal(tested, positions, n_certified, wanted, level, rng),
    )
    return replace(certificate, claim=_claim(certificate))


def _check(constraints: Sequence[Constraint], n_positions: int, wanted: int | None) -> None:
    if not constraints or not n_positions:
        raise InputError("nothing to certify: give at least one constraint and one position.")
    every = [m for c in constraints for m in (c.calibration, c.selection) if m is not None]
    if any(m.values.shape[1] != n_positions for m in every):
        raise InputError(f"margins have another number of columns than {n_positions} positions.")
    if len({m.budget for m in every}) > 1:
        raise InputError("constraints have different budgets: certify one budget at a time.")
    if len({c.name for c in constraints}) < len(constraints):
        raise InputError("two constraints have the same name: name each group once.")
    if wanted is not None and not 0 <= wanted < n_positions:
        raise InputError(f"position {wanted} is wanted of {n_positions} (from 0): name one there.")


def _needed_at_first(selection: Margins, level: float, rng: np.random.Generator) -> int | None:
    """Calibration users for the first position; where it loses too much, for losing nothing.

    So a group that would be harmed is tested, and holds the dial back, if it is large enough.
    """
    users = users_needed(selection, 0, rng=rng, level=level, power=POWER)
    if users is not None:
        return users
    unchanged = replace(selection.at(0), values=selection.budget * selection.reference[:, None])
    return users_needed(unchanged, 0, rng=rng, level=level, power=POWER)


def _large_enough(constraint: Constraint, needed: dict[str, int | None]) -> bool:
    """By the number of its users and by selection users alone, never by what it is tested on."""
    if constraint.name not in needed:
        return True
    users = needed[constraint.name]
    return users is not None and users <= constraint.calibration.n


def _p_values(margins: Margins, level: float, rng: np.random.Generator) -> np.ndarray:
    return betting_p_values(margins.values, low=margins.low, level=level, rng=rng)


def _refusal(
    tested: Sequence[Constraint],
    positions: Sequence[Position],
    n_certified: int,
    wanted: int | None,
    level: float,
    rng: np.random.Generator,
) -> Refusal | None:
    asked = 0 if wanted is None else wanted
    if asked < n_certified:
        return None
    found = []
    for c in tested:
        basis, margins = "selection users", c.selection
        if margins is None or margins.n < 2:
            basis, margins = "calibration users", c.calibration
        # The way to the wanted position leads through the first that failed.
        for j in sorted({n_certified, asked}):
            users = users_needed(margins, j, rng=rng, level=level, power=POWER)
            found.append((c, basis, users))

    def shortfall(one: tuple[Constraint, str, int | None]) -> float:
        return math.inf if one[2] is None else one[2] / max(one[0].calibration.n, 1)

    constraint, basis, users = max(found, key=shortfall)
    name, n = positions[asked].name, constraint.calibration.n
    start = f"'{name}' is not certified for {constraint.name} by {n:,} calibration users"
    if users is None:
        end = f"no number would be enough, as the {basis} lose more than the budget there."
    else:
        end = (
            f"about {users:,} would be with {_percent(POWER)} probability, judging by the {basis}."
        )
    return Refusal(name, constraint.name, users, basis, f"{start}: {end}")


def _claim(certificate: Certificate) -> str:
    subject, last = certificate.subject, certificate.certified
    if last is None:
        return "Nothing is certified: keep the undialled lists."
    held = [group.name for group in certificate.groups[1:] if group.certified]
    not_held = [group.name for group in certificate.groups if not group.certified]
    sentence = (
        f"On {subject.population} like these {certificate.n:,}, in a period like"
        f" {subject.window}, the expected NDCG@{subject.k} of the lists dialled to '{last.name}' is"
        f" at least {_percent(1 - certificate.budget)} of the undialled lists', with"
        f" {_percent(certificate.level)} confidence"
    )
    if held:
        sentence += f", and for each of these groups alone: {', '.join(held)}"
    if not_held:
        sentence += f"; too few users to say so of {', '.join(not_held)}"
    return sentence + "."


def _percent(share: float) -> str:
    return f"{100 * share:.6g} %"
