"""Who teaches, who serves choices alone, and who does nothing but certify."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from unsung.data.state import ShopState
from unsung.evaluation.margins import split_users
from unsung.workflows.windows import users_with_history


@dataclass(frozen=True, eq=False)
class UserParts:
    """Users of a label window, in three parts that share nobody.

    Parameters
    ----------
    teaching, selection, calibration : ndarray of int32
        Indices, ascending; buyers and others alike, since who buys isn't known beforehand.
    """

    teaching: np.ndarray
    selection: np.ndarray
    calibration: np.ndarray

    @cached_property
    def choosing(self) -> np.ndarray:
        """All who serve choices, teaching users too: ndarray of int32, ascending.

        Those are to be judged by lists that have learnt nothing from them (``HeldOut``).
        """
        return np.union1d(self.teaching, self.selection)

    @cached_property
    def withheld(self) -> np.ndarray:
        """All who may not teach: ndarray of int32, ascending."""
        return np.union1d(self.selection, self.calibration)


def part_users(
    state: ShopState, shares: tuple[float, float, float], *, rng: np.random.Generator
) -> UserParts:
    """Draw the parts among everybody with a history.

    Parameters
    ----------
    state : ShopState
        As of the start of the window.
    shares : tuple of float
        Of the users, for teaching, selection and calibration.
    rng : Generator
    """
    users = users_with_history(state)
    rows = split_users(users, rng=rng, shares=shares)
    return UserParts(users[rows.ranker], users[rows.selection], users[rows.calibration])
