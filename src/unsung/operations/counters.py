"""Counts of buyers and trends, kept up to date event by event."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from unsung.data.state import ShopState
from unsung.schema import DAY_US

NEVER = np.iinfo(np.int64).max


@dataclass(eq=False)
class Counters:
    """What the shop as a whole has seen of its items since the fit.

    A pair of user and item counts once, at its latest purchase, as it does in ``ShopState``: the
    sums are those that the state would have if it were built anew (see ``tests/operations``).

    Parameters
    ----------
    base : ShopState
        Of the fit; asked for its counters when it is needed.
    """

    base: ShopState
    _first_seen: dict[int, int] = field(default_factory=dict)
    _first_interaction: dict[int, int] = field(default_factory=dict)
    _latest: dict[tuple[str, int], tuple[int | None, int]] = field(default_factory=dict)

    def interaction(self, item: int, timestamp: int) -> None:
        """An event of a weight above 0."""
        known = self._first_interaction.get(item, NEVER)
        self._first_interaction[item] = min(known, timestamp)

    def purchase(self, user_id: str, item: int, timestamp: int, before: int | None) -> None:
        """A target event.

        Parameters
        ----------
        user_id : str
        item : int
        timestamp : int
        before : int or None
            When the user last bought the item before the fit.
        """
        self._first_seen[item] = min(self._first_seen.get(item, NEVER), timestamp)
        _, latest = self._latest.get((user_id, item), (None, timestamp))
        self._latest[user_id, item] = (before, max(latest, timestamp))

    def counted(self, state: ShopState, half_lives: tuple[float, ...]) -> ShopState:
        """A state of the shop as of now, with the counters of its moment.

        Parameters
        ----------
        state : ShopState
            Its first items are those of the base.
        half_lives : tuple of float
            Of the trends that are wanted, in days.
        """
        later = state.n_items - self.base.n_items
        item = np.array([item for _, item in self._latest], dtype=np.int64)
        new = np.array([before is None for before, _ in self._latest.values()], dtype=bool)
        buyers = np.pad(self.base.buyers, (0, later))
        np.add.at(buyers, item[new], 1)
        return state.with_counters(
            buyers,
            _earlier(
                np.pad(self.base.first_seen, (0, later), constant_values=NEVER), self._first_seen
            ),
            _earlier(
                np.pad(self.base.first_interaction, (0, later), constant_values=NEVER),
                self._first_interaction,
            ),
            {days: self._trend(state, item, days) for days in half_lives},
        )

    def _trend(self, state: ShopState, item: np.ndarray, half_life: float) -> np.ndarray:
        trend = np.zeros(state.n_items, dtype=np.float64)
        trend[: self.base.n_items] = self.base.decayed_buyers(half_life)
        if state.as_of is None or self.base.as_of is None:
            np.add.at(trend, item, [float(before is None) for before, _ in self._latest.values()])
            return trend.astype(np.float32)
        trend *= np.exp2(-(state.as_of - self.base.as_of) / DAY_US / half_life)
        pairs = self._latest.values()
        latest = np.array([time for _, time in pairs], dtype=np.float64)
        before = np.array([np.nan if time is None else time for time, _ in pairs])
        np.add.at(trend, item, _weights(state.as_of, latest, half_life))
        np.add.at(trend, item, -np.nan_to_num(_weights(state.as_of, before, half_life)))
        return np.maximum(trend, 0).astype(np.float32)


def _weights(now: int, times: np.ndarray, half_life: float) -> np.ndarray:
    # A clock that runs ahead makes nobody count more than once.
    return np.asarray(np.exp2(-np.maximum(now - times, 0) / DAY_US / half_life))


def _earlier(known: np.ndarray, found: Mapping[int, int]) -> np.ndarray:
    if found:
        items = np.fromiter(found.keys(), dtype=np.int64)
        times = np.fromiter(found.values(), dtype=np.int64)
        np.minimum.at(known, items, times)
    return known
