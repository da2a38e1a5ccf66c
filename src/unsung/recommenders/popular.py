"""What everybody buys: most popular ever, and popular of late."""

from typing import Literal, Self

import numpy as np
from pydantic import Field

from unsung.data.state import ShopState
from unsung.progress import Progress, silent
from unsung.recommenders.base import Arrays, Part
from unsung.settings import Settings


class PopularSettings(Settings):
    """How buyers are counted."""

    kind: Literal["popular"] = "popular"
    name: str = "popular"
    half_life_days: float | None = Field(default=None, gt=0)
    """Days in which a purchase loses half its weight; none: all count alike."""
    log: bool = False
    """Score by log(1 + buyers), which takes the edge off the greatest hits."""


class Popular:
    """Ranks items by their distinct buyers, or by their recent ones: the same list for everybody.

    The two baselines that every claim is held against: most popular, and the trend. Without a
    clock there is no trend, and buyers count alike.
    """

    def __init__(self, settings: PopularSettings | None = None) -> None:
        self.settings = settings or PopularSettings()
        self.name = self.settings.name

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
        """Buyers of every item, the same for all users."""
        return np.tile(self._counts(state), (len(users), 1))

    def explain(self, state: ShopState, user: int, item: int) -> tuple[Part, ...]:  # noqa: ARG002
        """One part: the item's buyers."""
        amount = float(self._counts(state)[item])
        return (Part("item", self.name, amount),) if amount else ()

    def _counts(self, state: ShopState) -> np.ndarray:
        half_life = self.settings.half_life_days
        counts = state.buyers if half_life is None else state.decayed_buyers(half_life)
        counts = counts.astype(np.float32)
        return np.log1p(counts) if self.settings.log else counts

    def to_arrays(self) -> Arrays:
        """Nothing."""
        return {}

    @classmethod
    def from_arrays(cls, settings: PopularSettings, arrays: Arrays) -> Self:  # noqa: ARG003
        """The recommender again."""
        return cls(settings)
