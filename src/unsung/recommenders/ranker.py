"""Second stage: boosted trees that turn a candidate's features into P(purchase), with reasons."""

import ctypes
import importlib.util
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import numpy as np
from pydantic import Field

from unsung.errors import MissingLibraryError, UnsungError
from unsung.progress import Progress, silent
from unsung.recommenders.base import Arrays
from unsung.recommenders.logistic import Calibration, fit_calibration
from unsung.recommenders.tree_masks import Known, TreeMasks
from unsung.settings import Settings

MOST_CELLS = 2**24
"""Of what is kept of rows that are asked for again: 64 MB where trees have up to 32 leaves."""


class RankerSettings(Settings):
    """Settings of the second stage."""

    n_seeds: int = Field(default=3, ge=2, le=20)
    """Members of the ensemble. Each is trained without one part of the users, so that every user's
    rows are also scored by a member that never saw them: that is what calibrates the ensemble."""
    trees: int = Field(default=100, ge=1)
    """Trees of each member."""
    learning_rate: float = Field(default=0.1, gt=0, le=1)
    """How far each tree goes."""
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

    @property
    def has_both_kinds(self) -> bool:
        """Whether something was bought, and something wasn't."""
        return bool(self.bought.any() and not self.bought.all())

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
    of_user : sequence of str
        Features, all of them 0 or above, that are equal for all candidates of a user: their logs
        take part in the calibration, since who buys at all is not a matter of the item.

    Notes
    -----
    A member's log-odds answer for the training rows, which are those of buyers, and sampled. The
    calibration turns them into those of a purchase of any candidate by anybody, by logistic
    regression on rows that no sampling has touched, each scored by the member that didn't know its
    user. It keeps each user's order, and adds up.

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
        of_user: Sequence[str] = (),
    ) -> None:
        self.settings = settings or RankerSettings()
        self.names, self.of_user = tuple(names), tuple(of_user)
        self.directions = tuple(directions or (0 for _ in self.names))
        self._texts: tuple[str, ...] = ()
        self._trees: TreeMasks | None = None
        self._lowest = 0.0
        self._folds = (np.zeros(0, np.int64), np.zeros(0, np.int64))
        self.calibration = Calibration.none(len(self.of_user))

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
            Rows that weren't bought may be a sample.
        calibration : RankerRows
            All candidates of users who stand for everybody who will be served, buyers or not.
        rng : Generator
        progress : Progress, optional

        Raises
        ------
        UnsungError
            Where lightgbm can't be loaded, or there is no purchase (or nothing else) to learn from.
        """
        if not training.has_both_kinds:
            raise UnsungError(
                f"the second stage can't be trained on {len(training)} candidates of which "
                f"{int(training.bought.sum())} were bought: it needs both kinds."
            )
        lightgbm = load_lightgbm()
        everybody = np.union1d(training.user, calibration.user)
        fold_of = rng.permutation(len(everybody)) % self.settings.n_seeds
        self._folds = everybody, fold_of
        fold = fold_of[np.searchsorted(everybody, training.user)]
        aside = fold_of[np.searchsorted(everybody, calibration.user)]
        log_odds = np.zeros(len(calibration))
        texts = []
        for number in range(self.settings.n_seeds):
            progress("training the second stage", number, self.settings.n_seeds)
            known = training.take(fold != number)
            # All that was bought, one user bought.
            known = known if known.has_both_kinds else training
            member = self._train(lightgbm, known, seed=int(rng.integers(2**31)))
            unseen = aside == number
            log_odds[unseen] = _predict(member, calibration.values[unseen])
            texts.append(member.model_to_string())
        progress("training the second stage", self.settings.n_seeds, self.settings.n_seeds)
        self._learnt(texts)
        covariates = self._covariates(calibration.values)
        self.calibration = fit_calibration(log_odds, covariates, calibration.bought)
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
        # What is served is what is written: made from its text, with nothing else kept.
        return lightgbm.Booster(model_str=booster.model_to_string())

    def predict(
        self, values: np.ndarray, known: Known | None = None, at: np.ndarray | None = None
    ) -> np.ndarray:
        """Calibrated log-odds of a purchase within the window.

        Parameters
        ----------
        values : ndarray of float32, shape (n, n_features)
        known : Known, optional
            What ``known`` made of some of the features, which aren't looked at then.
        at : ndarray of int, shape (n,), optional
            Which row of ``known`` each row is.

        Returns
        -------
        log_odds : ndarray of float64, shape (n,)
        """
        if self._trees is None:
            sums = np.sum([_predict(member, values) for member in self.members], axis=0)
        else:
            sums = self._trees.sums(values, known, at)
        return self.calibration.apply(sums / len(self._texts), self._covariates(values))

    def unseen_by(self, users: np.ndarray) -> np.ndarray:
        """Which member no row of each user trained; -1 for all where it wasn't fitted here."""
        everybody, fold = self._folds
        place = np.searchsorted(everybody, users)
        there = np.append(everybody, -1)[place] == users
        return np.where(there, np.append(fold, -1)[place], -1)

    def member(self, number: int) -> Self:
        """One member, calibrated like all: it knows nothing of its ``unseen_by`` users."""
        alone = type(self)(self.settings, self.names, self.directions, self.of_user)
        alone._learnt(self._texts[number : number + 1])
        alone.calibration = self.calibration
        return alone

    def known(self, values: np.ndarray, names: Collection[str]) -> Known | None:
        """What some features say of rows that are asked for again and again, such as items.

        Parameters
        ----------
        values : ndarray of float32, shape (n, n_features)
            Only the features named are looked at.
        names : collection of str

        Returns
        -------
        known : Known or None
            For ``predict``; None where the trees can't use it.
        """
        if self._trees is None or len(values) * self._trees.n_trees > MOST_CELLS:
            return None
        columns = [place for place, name in enumerate(self.names) if name in names]
        return self._trees.known(values, columns)

    def contributions(self, values: np.ndarray) -> np.ndarray:
        """Shapley values of the features: they sum to the calibrated log-odds.

        Returns
        -------
        contributions : ndarray of float64, shape (n, n_features + 1)
            The last column is what a row without features would get.
        """
        total = sum(
            member.predict(values, pred_contrib=True, num_threads=1) for member in self.members
        )
        amounts = np.asarray(total / len(self.members) * self.calibration.slope)
        amounts[:, self._user_columns] += self._covariates(values) * self.calibration.weights
        amounts[:, -1] += self.calibration.intercept
        return amounts

    @property
    def _user_columns(self) -> list[int]:
        return [self.names.index(name) for name in self.of_user]

    def _covariates(self, values: np.ndarray) -> np.ndarray:
        return np.asarray(np.log1p(np.nan_to_num(values[:, self._user_columns]).astype(float)))

    def floors(self, values: np.ndarray) -> np.ndarray:
        """What no row with the same user's features can fall below: every tree's lowest leaf.

        Parameters
        ----------
        values : ndarray of float32, shape (n, n_features)

        Returns
        -------
        floors : ndarray of float64, shape (n,)
        """
        return self.calibration.apply(np.full(len(values), self._lowest), self._covariates(values))

    @cached_property
    def members(self) -> tuple[Any, ...]:
        """The ensemble as lightgbm's own: what splits scores into contributions.

        Raises
        ------
        MissingLibraryError
            Where lightgbm can't be loaded on this machine.
        """
        lightgbm = load_lightgbm()
        return tuple(lightgbm.Booster(model_str=text) for text in self._texts)

    def _learnt(self, texts: Sequence[str]) -> None:
        """Make ready what scores rows."""
        self._texts = tuple(texts)
        self._trees = TreeMasks.of_texts(self._texts, len(self.names))
        trees = self._trees
        lowest = trees.lowest if trees else sum(m.lower_bound() for m in self.members)
        self._lowest = lowest / len(self._texts)

    def to_arrays(self) -> Arrays:
        """The members' trees as text, in bytes, and the calibration."""
        texts = [text.encode() for text in self._texts]
        trees = {f"member_{n}": np.frombuffer(text, np.uint8) for n, text in enumerate(texts)}
        return {**trees, **self.calibration.to_arrays()}

    @classmethod
    def from_arrays(
        cls,
        settings: RankerSettings,
        names: Sequence[str],
        of_user: Sequence[str],
        arrays: Arrays,
    ) -> Self:
        """The trained ranker again.

        Parameters
        ----------
        settings : RankerSettings
        names, of_user : sequence of str
            As it was made with.
        arrays : dict of str to ndarray
            From ``to_arrays``.

        Raises
        ------
        MissingLibraryError
            Where the trees are such that lightgbm alone can score them, and it can't be loaded.
        """
        ranker = cls(settings, names, of_user=of_user)
        texts = [arrays[f"member_{n}"].tobytes().decode() for n in range(settings.n_seeds)]
        ranker._learnt(texts)
        ranker.calibration = Calibration.from_arrays(arrays)
        return ranker


def _predict(member: Any, values: np.ndarray) -> np.ndarray:
    if not len(values):
        return np.zeros(0)
    # Requests are short: a second thread would only wait.
    return np.asarray(member.predict(values, raw_score=True, num_threads=1))


def load_lightgbm() -> ModuleType:
    """The package lightgbm, with the OpenMP library that it needs.

    A slim Linux lacks libgomp; where torch is installed its copy is used, without torch itself.

    Raises
    ------
    MissingLibraryError
        Where the library is found nowhere; the message says how to install it.
    """
    try:
        import lightgbm  # noqa: PLC0415 - takes seconds, and only a ranker needs it
    except OSError as error:
        if not _preload_openmp():
            raise MissingLibraryError(
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
