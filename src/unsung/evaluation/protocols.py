"""Who counts, and what counts as right, in each way of testing offline."""

from dataclasses import dataclass

import numpy as np

from unsung.errors import InputError


@dataclass(frozen=True)
class EvaluationProtocol:
    """What has to stand beside every figure of a protocol. Figures of two are never compared.

    Parameters
    ----------
    name : str
        As on the command line.
    eligibility : str
        Which users count.
    relevance : str
        What is relevant to a user.
    ranking : str
        What competes for the k slots.
    caution : str
        What the figures can't say.
    max_relevant : int, optional
        Relevant items that a user may have at most.
    """

    name: str
    eligibility: str
    relevance: str
    ranking: str
    caution: str
    max_relevant: int | None = None

    def check(self, n_relevant: np.ndarray) -> None:
        """Refuse targets that the protocol can't have.

        Parameters
        ----------
        n_relevant : ndarray of int64, shape (n_users,)

        Raises
        ------
        InputError
            Where a user has more relevant items than ``max_relevant``.
        """
        if self.max_relevant is not None and (n_relevant > self.max_relevant).any():
            user = int(np.argmax(n_relevant > self.max_relevant))
            raise InputError(
                f"user {user} (from 0) has {n_relevant[user]} relevant items, but protocol"
                f" '{self.name}' allows {self.max_relevant}: use another protocol."
            )


_FULL_RANKING = (
    "Every item of the catalogue competes, cold items included; no sampled negatives. Where"
    " repeats are hidden, the items of the user's history don't compete."
)

TIME = EvaluationProtocol(
    name="time",
    eligibility=(
        "Rank metrics: users with at least one relevant item in the test window, with or without"
        " a history. List metrics: every user who has a list."
    ),
    relevance=(
        "What the user took within the test window; where repeats are hidden, only what the user"
        " had not taken before the cut-off."
    ),
    ranking=_FULL_RANKING,
    caution=(
        "In a catalogue that was derived from orders, a cold item is there only because it sells"
        " later: its figures are optimistic and belong beside figures without such items."
    ),
)

LEAVE_ONE_OUT = EvaluationProtocol(
    name="leave-one-out",
    eligibility="Every user whose last item is held out, one case each.",
    relevance="The one held-out item, so hit rate equals recall, and MAP equals MRR.",
    ranking=_FULL_RANKING,
    caution=(
        "Other users' later rows are in training: shop-wide popularity, trend and age may only be"
        " used as of the target's own time."
    ),
    max_relevant=1,
)

COLD_ITEMS = EvaluationProtocol(
    name="cold-items",
    eligibility="Every user who took one of the items that were made cold, and another item.",
    relevance="The items that were made cold, drawn at random, which the user took.",
    ranking=_FULL_RANKING,
    caution=(
        "Users' histories are whole, what they took later included: it says whether text finds an"
        " item's users, not what a launch day knows."
    ),
)

PROTOCOLS = {protocol.name: protocol for protocol in (TIME, LEAVE_ONE_OUT, COLD_ITEMS)}
"""Name -> protocol."""
