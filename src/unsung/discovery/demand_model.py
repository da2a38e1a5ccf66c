"""How many buyers an item will find within the next window, and what says so."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from pydantic import Field
from scipy.stats import nbinom

from unsung.discovery.demand_features import group_of
from unsung.recommenders.ranker import load_lightgbm
from unsung.settings import Settings


class DemandSettings(Settings):
    """Settings of the forecast of buyers."""

    n_seeds: int = Field(default=3, ge=1, le=20)
    """Members of the ensemble."""
    trees: int = Field(default=150, ge=1)
    """Trees of each member."""
    learning_rate: float = Field(default=0.05, gt=0, le=1)
    """How far each tree goes."""
    leaves: int = Field(default=15, ge=2)
    """Most leaves of a tree."""
    min_rows: int = Field(default=40, ge=1)
    """Fewest items in a leaf."""
    l2: float = Field(default=5.0, ge=0)
    """Penalty on the values of leaves."""
    feature_share: float = Field(default=0.6, gt=0, le=1)
    """Share of the features that each tree may use."""
    row_share: float = Field(default=0.8, gt=0, le=1)
    """Share of the items that each tree is grown on."""


class DemandModel:
    """Boosted trees on a Poisson likelihood, mean of several seeds.

    Parameters
    ----------
    settings : DemandSettings, optional
    """

    def __init__(self, settings: DemandSettings | None = None) -> None:
        self.settings = settings or DemandSettings()
        self.names: tuple[str, ...] = ()
        self.dispersion = 0.0
        self._members: list[Any] = []

    def fit(
        self,
        features: Sequence[Mapping[str, np.ndarray]],
        buyers: Sequence[np.ndarray],
        *,
        rng: np.random.Generator,
    ) -> Self:
        """Learn from past windows.

        Parameters
        ----------
        features : sequence of mapping of str to ndarray of float, shape (n,)
            Of each window, as of its start.
        buyers : sequence of ndarray of int, shape (n,)
            Distinct buyers within each window.
        rng : Generator
        """
        lightgbm = load_lightgbm()
        self.names = tuple(features[0])
        values = np.concatenate([self._table(window) for window in features])
        target = np.concatenate(buyers).astype(np.float64)
        self._members = []
        for _ in range(self.settings.n_seeds):
            data = lightgbm.Dataset(values, target, feature_name=list(self.names))
            seeded = self._parameters(int(rng.integers(2**31)))
            self._members.append(lightgbm.train(seeded, data, self.settings.trees))
        self.dispersion = dispersion_of(target, self._mean(values))
        return self

    def predict(self, features: Mapping[str, np.ndarray]) -> np.ndarray:
        """Buyers to expect: ndarray of float64, shape (n,)."""
        return self._mean(self._table(features))

    def interval(self, expected: np.ndarray, level: float = 0.8) -> tuple[np.ndarray, np.ndarray]:
        """Between which numbers the buyers will lie.

        Parameters
        ----------
        expected : ndarray of float64, shape (n,)
            From ``predict``.
        level : float
            Of the interval.

        Returns
        -------
        low, high : ndarray of float64, shape (n,)
            Quantiles of a negative binomial distribution with the dispersion that was left on the
            training windows.
        """
        size = 1 / max(self.dispersion, 1e-6)
        p = size / (size + np.maximum(expected, 1e-9))
        tail = (1 - level) / 2
        return nbinom.ppf(tail, size, p), nbinom.ppf(1 - tail, size, p)

    def parts(self, features: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What moves each forecast from the mean item's, on the log scale, by group (``GROUPS``).

        Parameters
        ----------
        features : mapping of str to ndarray of float, shape (n,)

        Returns
        -------
        parts : dict of str to ndarray of float64, shape (n,)
            Shapley values; with the mean item's part, they sum to the mean of the members' logs.

        Notes
        -----
        Some tenths of a millisecond a row and member.
        """
        values = self._table(features)
        total = sum(member.predict(values, pred_contrib=True) for member in self._members)
        amounts = np.asarray(total) / len(self._members)
        found: dict[str, np.ndarray] = {}
        for name, column in zip(self.names, amounts.T, strict=False):
            found[group_of(name)] = found.get(group_of(name), 0.0) + column
        return found

    def _mean(self, values: np.ndarray) -> np.ndarray:
        return np.asarray(np.mean([member.predict(values) for member in self._members], axis=0))

    def _table(self, features: Mapping[str, np.ndarray]) -> np.ndarray:
        return np.stack([features[name] for name in self.names], axis=1).astype(np.float32)

    def _parameters(self, seed: int) -> dict[str, Any]:
        settings = self.settings
        return {
            "objective": "poisson",
            "num_leaves": settings.leaves,
            "learning_rate": settings.learning_rate,
            "min_data_in_leaf": settings.min_rows,
            "lambda_l2": settings.l2,
            "feature_fraction": settings.feature_share,
            "bagging_fraction": settings.row_share,
            "bagging_freq": 1,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "seed": seed,
            "verbose": -1,
        }


def dispersion_of(buyers: np.ndarray, expected: np.ndarray) -> float:
    """How much more buyers vary than a Poisson count: var = mean + dispersion * mean squared.

    Parameters
    ----------
    buyers : ndarray of float, shape (n,)
    expected : ndarray of float, shape (n,)
        Above 0.

    Examples
    --------
    >>> dispersion_of(np.array([0.0, 4.0]), np.array([2.0, 2.0]))
    0.5
    """
    squares = ((buyers - expected) ** 2 - expected).sum()
    return float(max(squares / max((expected**2).sum(), 1e-12), 0.0))
