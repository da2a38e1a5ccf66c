"""Whether certificates of the past kept their word in the window that followed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from unsung.errors import InputError
from unsung.evaluation.certificate import Position, Subject
from unsung.evaluation.certification import Constraint, certify
from unsung.evaluation.margins import Margins


@dataclass(frozen=True)
class BackTestRow:
    """A certificate of one window, measured in the next.

    Parameters
    ----------
    certified_in, measured_in : str
        Names of the windows.
    n, n_next : int
        Users who certified, and users who were measured.
    certified : Position or None
        The last certified position; None where nothing was, and nothing is measured.
    loss : float
        Share of NDCG that the position lost on those who certified it.
    next_loss, next_low, next_high : float
        The same in the next window, with a two-sided interval.
    kept : bool or None
        Whether that loss was within the budget; None where nothing was certified.
    """

    certified_in: str
    measured_in: str
    n: int
    n_next: int
    certified: Position | None
    loss: float = float("nan")
    next_loss: float = float("nan")
    next_low: float = float("nan")
    next_high: float = float("nan")
    kept: bool | None = None


def back_test(
    windows: Sequence[tuple[str, Margins]],
    positions: Sequence[Position],
    *,
    rng: np.random.Generator,
    level: float = 0.95,
) -> tuple[BackTestRow, ...]:
    """Certify in each window but the last, and measure the certified position in the next.

    A certificate speaks of users like those it was made with in a like period. The next window is
    another period, so that nothing guarantees the budget there: this shows how much periods differ.

    Parameters
    ----------
    windows : sequence of (str, Margins)
        Name and margins of each window, oldest first, at the same positions, with the models as of
        the start of each.
    positions : sequence of Position
        In the order of testing.
    rng : Generator
    level : float
        Confidence in (0, 1).

    Returns
    -------
    rows : tuple of BackTestRow
        One less than windows.

    Raises
    ------
    InputError
        Where there are fewer than two windows, or margins don't fit the positions.
    """
    if len(windows) < 2:
        raise InputError(f"{len(windows)} windows: a back-test needs one to certify and the next.")
    rows = []
    for (name, now), (next_name, later) in pairwise(windows):
        subject = Subject("", "", "users", name)
        found = certify([Constraint("all", now)], positions, subject, rng=rng, level=level)
        row = BackTestRow(name, next_name, now.n, later.n, found.certified)
        if found.certified is not None:
            at = sum(position.certified for position in found.positions) - 1
            row = _measured(row, now.loss(at), later, at, level)
        rows.append(row)
    return tuple(rows)


def _measured(row: BackTestRow, loss: float, later: Margins, at: int, level: float) -> BackTestRow:
    next_loss = later.loss(at)
    low, high = later.loss_interval(at, level)
    return replace(
        row,
        loss=loss,
        next_loss=next_loss,
        next_low=low,
        next_high=high,
        kept=next_loss <= later.budget,
    )
