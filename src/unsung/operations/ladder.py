"""What answers when something is missing: from the whole model down to an empty list."""

from dataclasses import dataclass
from typing import Final, Literal, Self

import numpy as np

from unsung import schema
from unsung.data.state import ShopState
from unsung.features.history import histories_of
from unsung.features.item import group_codes
from unsung.pipeline.bundle import Model
from unsung.progress import Progress, silent
from unsung.recommenders.base import Part, Scorer
from unsung.recommenders.popular import Popular, PopularSettings

BestRung = Literal["full", "blend"]
"""Which rung a service may begin with."""
RUNGS: Final = ("full", "blend", "text", "category", "popular", "empty")
"""From the best to the last."""
TREND_HALF_LIFE_DAYS: Final = 14.0


@dataclass(frozen=True, eq=False)
class Rung:
    """One way to make a list.

    Parameters
    ----------
    name : str
        One of ``RUNGS``.
    scorer : Scorer
    dialled : bool
        Whether the dial may turn its lists: its certificate speaks of the whole model alone.
    """

    name: str
    scorer: Scorer
    dialled: bool = False


def rungs_of(model: Model, best: BestRung = "full") -> tuple[Rung, ...]:
    """The ways that a model offers, best first; the last needs nothing but counts of buyers.

    Parameters
    ----------
    model : Model
    best : {"full", "blend"}
        ``blend`` leaves out the second stage and the dial.
    """
    rungs = [Rung("full", model.scorer, dialled=True)] if best == "full" else []
    if model.ranker is not None or best == "blend":
        rungs.append(Rung("blend", model.blend))
    rungs += [Rung("text", c) for c in model.first.components if c.name == "terms"]
    if schema.CATEGORY in model.state.catalogue:
        rungs.append(Rung("category", CategoryPopular()))
    rungs.append(Rung("popular", Popular(PopularSettings())))
    return tuple(rungs)


class CategoryPopular:
    """What is popular in the categories that a user buys in, then what is popular."""

    name = "category_popular"

    def fit(
        self,
        state: ShopState,  # noqa: ARG002
        *,
        rng: np.random.Generator,  # noqa: ARG002
        progress: Progress = silent,  # noqa: ARG002
    ) -> Self:
        """Nothing is learnt: buyers are counted in the state that is scored."""
        return self

    def score(self, state: ShopState, users: np.ndarray) -> np.ndarray:
        """Buyers, in twofold measure where all of a user's history is in the category."""
        shares = self._shares(state, users)
        return np.asarray(state.buyers * (1 + shares), dtype=np.float32)

    def explain(self, state: ShopState, user: int, item: int) -> tuple[Part, ...]:
        """Buyers, and the category's part."""
        share = float(self._shares(state, np.array([user], dtype=np.int32))[0, item])
        buyers = float(state.buyers[item])
        parts = (Part("item", "popular", buyers), Part("pair", "category", buyers * share))
        return tuple(part for part in parts if part.amount)

    def _shares(self, state: ShopState, users: np.ndarray) -> np.ndarray:
        """Share of each user's history in the category of each item: (n, n_items)."""
        codes = group_codes(state, schema.CATEGORY)
        history = histories_of(state, users)
        width = int(codes.max(initial=-1)) + 2
        # An item without a category has the code -1: the last column, which counts for nothing.
        counts = np.zeros((len(users), width))
        np.add.at(counts, (history.row, codes[history.item]), 1)
        counts[:, -1] = 0
        shares = counts / np.maximum(history.count()[:, None], 1)
        return np.asarray(shares[:, codes])
