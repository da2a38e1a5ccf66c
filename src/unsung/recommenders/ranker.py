"""Second stage: boosted trees that turn a candidate's features into P(purchase), with reasons."""

import ctypes
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import numpy as np
from pydantic import Field

from unsung.errors import UnsungError
from unsung.progress import Progress, silent
from unsung.recommenders.base import Arrays
from unsung.recommenders.logistic import PlattScale, fit_platt
from unsung.settings import Settings


class RankerSettings(Settings):
    """Settings of the second stage."""

    n_seeds: int = Field(default=3, ge=2, le=20)
    """Members of the ensemble. Each is trained without one part of the users, so that every user's
    rows are also scored by a member that never saw them: that is what calibrates the ensemble."""
    trees: int = Field(default=200, ge=1)
    """Trees of each member."""
    learning_rate: float = Field(default=0.05, gt=0, le=1)
    leaves: int = Field(default=31, ge=2)
    """Most leaves of a tree."""
    min_rows: int = Field(default=50, ge=1)
    """Fewest training rows in a leaf."""
    l2: float = Field(default=1.0, ge=0)
    """Penalty on the values of leaves."""
    feature_share: float = Field(default=0.7, gt=0, le=1)
    """Share of the features that each tree may use."""
    row_share: float = Field(default=0.8, gt=0, le=1)
    """Share of the rows that each tree is grown on."""
    n_threads: int = Field(default=2, ge=1)
    """Threads of the training; the result doesn't depend on them."""


@dataclass(frozen=True, eq=False)
class RankerRows:
    """Candidates with what became of them; all arrays have one entry (or row) a candidate.

    Parameters
    ----------
    values : ndarray of float32, shape (n, n_features)
        NaN where not known.
    bought : ndarray of bool, shape (n,)
    user : ndarray of int64, shape (n,)
        Whose candidate it was: rows of one user are kept together when members are trained.
    """

    values: np.ndarray
    bought: np.ndarray
    user: np.ndarray

    def __len__(self) -> int:
        return len(self.bought)

    def take(self, rows: np.ndarray) -> "RankerRows":
        """The rows of a mask or of row numbers."""
        return RankerRows(self.values[rows], self.bought[rows], self.user[rows])

    @classmethod
    def joined(cls, parts: Sequence["RankerRows"]) -> "RankerRows":
        """The rows of several windows, one after the other."""
        return cls(
            np.concatenate([part.values for part in parts]),
            np.concatenate([part.bought for part in parts]),
            np.concatenate([part.user for part in parts]),
        )


class Ranker:
    """Mean of gradient-boosted trees over users' folds, on the scale of calibrated log-odds.

    Parameters
    ----------
    settings : RankerSettings, optional
    names : sequence of str
        Features, in the order of the columns.
    directions : sequence of int, optional
        For each feature 1 where a higher value may never lower the score, -1 where it may never
        raise it, 0 where it is free; all free where not given.

    Notes
    -----
    A member's log-odds answer for the sampled training rows; ``scale`` turns them into those of a
    purchase of any candidate, by Platt's logistic regression on rows that no sampling has touched,
    each scored by the member that didn't know its user. The scale keeps order and additivity.

    References
    ----------
    Ke et al., LightGBM: A highly efficient gradient boosting decision tree, NeurIPS 2017.
    Lundberg et al., From local explanations to global understanding with explainable AI for trees,
    Nature Machine Intelligence 2020, doi:10.1038/s42256-019-0138-9 (contributions).
    """

    def __init__(
        self,
        settings: RankerSettings | None = None,
        names: Sequence[str] = (),
        directions: Sequence[int] | None = None,
    ) -> None:
        self.settings = settings or RankerSettings()
        self.names = tuple(names)
        self.directions = tuple(directions or (0 for _ in self.names))
        self.members: tuple[Any, ...] = ()  # lightgbm.Booster
        self.scale = PlattScale(1.0, 0.0)

    def fit(
        self,
        training: RankerRows,
        calibration: RankerRows,
        *,
        rng: np.random.Generator,
        progress: Progress = silent,
    ) -> Self:
        """Train the members and calibrate their mean.

        Parameters
        ----------
        training : RankerRows
            Rows that weren't bought may be a sample, at one rate for all users.
        calibration : RankerRows
            All candidates of users who stand for everybody who will be served, buyers or not.
        rng : Generator
        progress : Progress, optional

        Raises
        ------
        UnsungError
            Where lightgbm can't be loaded, or there is no purchase (or nothing else) to learn from.
        """
        _check_both_kinds(training)
        lightgbm = load_lightgbm()
        everybody = np.union1d(training.user, calibration.user)
        fold_of = rng.permutation(len(everybody)) % self.settings.n_seeds
        fold = fold_of[np.searchsorted(everybody, training.user)]
        aside = fold_of[np.searchsorted(everybody, calibration.user)]
        log_odds = np.zeros(len(calibration))
        members = []
        for number in range(self.settings.n_seeds):
            progress("training the second stage", number, self.settings.n_seeds)
            known = training.take(fold != number)
            member = self._train(lightgbm, known, seed=int(rng.integers(2**31)))
            unseen = aside == number
            log_odds[unseen] = member.predict(calibration.values[unseen], raw_score=True)
            members.append(member)
        progress("training the second stage", self.settings.n_seeds, self.settings.n_seeds)
        self.members = tuple(members)
        self.scale = fit_platt(log_odds, calibration.bought)
        return self

    def _train(self, lightgbm: ModuleType, rows: RankerRows, seed: int) -> Any:
        settings = self.settings
        parameters = {
            "objective": "binary",
            "num_leaves": settings.leaves,
            "learning_rate": settings.learning_rate,
            "min_data_in_leaf": settings.min_rows,
            "lambda_l2": settings.l2,
            "feature_fraction": settings.feature_share,
            "bagging_fraction": settings.row_share,
            "bagging_freq": 1,
            "monotone_constraints": list(self.directions),
            "max_bin": 127,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": settings.n_threads,
            "seed": seed,
            "verbose": -1,
        }
        data = lightgbm.Dataset(
            rows.values, rows.bought.astype(np.float32), feature_name=list(self.names)
        )
        booster = lightgbm.train(parameters, data, settings.trees)
        # What is served is what was written: from the text, on one thread, with nothing kept.
        return _booster_of(lightgbm, booster.model_to_string())

    def predict(self, values: np.ndarray) -> np.ndarray:
        """Calibrated log-odds of a purchase within the window.

        Parameters
        ----------
        values : ndarray of float32, shape (n, n_features)

        Returns
        -------
        log_odds : ndarray of float64, shape (n,)
        """
        if not len(values):
            return np.zeros(0)
        total = sum(member.predict(values, raw_score=True) for member in self.members)
        return np.asarray(self.scale.apply(total / len(self.members)))

    def contributions(self, values: np.ndarray) -> np.ndarray:
        """Shapley values of the features: they sum to the calibrated log-odds.

        Returns
        -------
        contributions : ndarray of float64, shape (n, n_features + 1)
            The last column is what a row without features would get.
        """
        total = sum(member.predict(values, pred_contrib=True) for member in self.members)
        amounts = np.asarray(total / len(self.members) * self.scale.slope)
        amounts[:, -1] += self.scale.intercept
        return amounts

    @property
    def floor(self) -> float:
        """No row can score lower: the log-odds of the lowest leaf of every tree."""
        lowest = float(np.mean([member.lower_bound() for member in self.members]))
        return float(self.scale.apply(np.array(lowest)))

    def to_arrays(self) -> Arrays:
        """The members' trees as text, in bytes, and the scale."""
        texts = [member.model_to_string().encode() for member in self.members]
        trees = {f"member_{n}": np.frombuffer(text, np.uint8) for n, text in enumerate(texts)}
        scale = np.array([self.scale.slope, self.scale.intercept])
        return {**trees, "scale": scale}

    @classmethod
    def from_arrays(cls, settings: RankerSettings, names: Sequence[str], arrays: Arrays) -> Self:
        """The trained ranker again; lightgbm is loaded for it."""
        lightgbm = load_lightgbm()
        ranker = cls(settings, names)
        texts = [arrays[f"member_{n}"].tobytes().decode() for n in range(settings.n_seeds)]
        ranker.members = tuple(_booster_of(lightgbm, text) for text in texts)
        ranker.scale = PlattScale(*(float(number) for number in arrays["scale"]))
        return ranker


def _booster_of(lightgbm: ModuleType, text: str) -> Any:
    return lightgbm.Booster(params={"num_threads": 1, "verbose": -1}, model_str=text)


def _check_both_kinds(rows: RankerRows) -> None:
    n_bought = int(rows.bought.sum())
    if not 0 < n_bought < len(rows):
        raise UnsungError(
            f"the second stage can't be trained on {len(rows)} candidates of which {n_bought} were "
            "bought: it needs both kinds."
        )


def load_lightgbm() -> ModuleType:
    """The package lightgbm, with the OpenMP library that it needs.

    A slim Linux lacks libgomp; where torch is installed its copy is used, without torch itself.

    Raises
    ------
    UnsungError
        Where the library is found nowhere; the message says how to install it.
    """
    try:
        import lightgbm  # noqa: PLC0415 - takes seconds, and only a ranker needs it
    except OSError as error:
        if not _preload_openmp():
            raise UnsungError(
                f"lightgbm can't be loaded ({error}); install its OpenMP library: 'apt-get install "
                "libgomp1' on Debian and Ubuntu, 'brew install libomp' on macOS."
            ) from error
        import lightgbm  # noqa: PLC0415
    return lightgbm


def _preload_openmp() -> bool:
    """Load torch's copy of libgomp, whose name then answers lightgbm's own search."""
    found = importlib.util.find_spec("torch")
    folders = (found and found.submodule_search_locations) or ()
    for folder in folders:
        library = Path(folder, "lib", "libgomp.so.1")
        if library.is_file():
            ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
            return True
    return False
