"""Past windows that the second stage learns from: their candidates, and which were bought."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from pydantic import Field

from unsung.data.dataset import Dataset
from unsung.data.splits import TimeSplit, split_by_time
from unsung.data.state import ShopState
from unsung.pipeline.candidates import CandidateSettings
from unsung.pipeline.components import ComponentSettings, make_component
from unsung.pipeline.two_stage import FirstStage, FirstStageSettings
from unsung.progress import Progress, silent
from unsung.recommenders.blend import Blend
from unsung.recommenders.ranker import RankerRows, RankerSettings
from unsung.schema import EMPTY
from unsung.settings import Settings
from unsung.workflows.content import ContentBuilder

NOBODY = np.zeros(0, dtype=np.int32)


class SecondStageSettings(Settings):
    """How the second stage is trained."""

    enabled: bool = True
    """Whether it is tried at all, where a shop has a clock."""
    windows: int = Field(default=2, ge=1)
    """Past windows that it learns from, as long as the window that is tested on; fewer where the
    history doesn't reach."""
    min_buyers: int = Field(default=100, ge=1)
    """A window with fewer users who bought something new teaches nothing."""
    max_buyers: int = Field(default=4000, ge=1)
    """Users who bought that a window learns from, drawn at random where there are more."""
    negative_share: float = Field(default=0.3, gt=0, le=1)
    """Share of the candidates that a buyer didn't buy that are learnt from."""
    calibration_users: int = Field(default=1500, ge=1)
    """Users with a history, buyers or not, whose candidates in the latest window calibrate the
    probability of a purchase."""
    relevance_budget: float = Field(default=0.03, ge=0, lt=1)
    """Share of the second stage's NDCG on the validation window that may be given up for NDCG on
    the established tail, at the upper end of its one-sided 95 % interval over the users."""
    without: tuple[str, ...] = ()
    """Families of features that are left out, to see what they are worth: ``item``, ``trend``,
    ``user``, ``pair``, or the name of a first-stage scorer or ``blend``."""
    candidates: CandidateSettings = CandidateSettings()
    ranker: RankerSettings = RankerSettings()


class LabelWindow(NamedTuple):
    """Purchases with ``start <= time < end`` are what is to be foretold; microseconds UTC."""

    start: int
    end: int


def label_windows(dataset: Dataset, end: int, length: int, n: int) -> tuple[LabelWindow, ...]:
    """The last windows before a moment, oldest first.

    Parameters
    ----------
    dataset : Dataset
        With a clock.
    end : int
        Where the last window ends.
    length : int
        Microseconds.
    n : int
        At most so many, each with at least its own length of history before it.

    Returns
    -------
    windows : tuple of LabelWindow
        The start of the first is where an encoder that the second stage uses must stop reading.
    """
    times = dataset.interactions.timestamp
    first = int(times[0]) if len(times) else end
    starts = (end - length * back for back in range(n, 0, -1))
    return tuple(LabelWindow(s, s + length) for s in starts if s - first >= length)


@dataclass(frozen=True)
class Recipe:
    """How the first stage is made as of any moment.

    Parameters
    ----------
    components : tuple of settings
    weights : dict of str to float
        Of the blend.
    content : ContentBuilder
    settings : FirstStageSettings
    """

    components: tuple[ComponentSettings, ...]
    weights: dict[str, float]
    content: ContentBuilder
    settings: FirstStageSettings

    def first_stage(self) -> FirstStage:
        """Not fitted yet."""
        scorers = [make_component(component) for component in self.components]
        return FirstStage(scorers, Blend(scorers, self.weights), self.settings)


@dataclass(frozen=True, eq=False)
class Stage:
    """The first stage as of a moment.

    Parameters
    ----------
    state : ShopState
        With content vectors.
    first : FirstStage
        Fitted on it.
    """

    state: ShopState
    first: FirstStage

    @classmethod
    def as_of(
        cls,
        state: ShopState,
        recipe: Recipe,
        *,
        rng: np.random.Generator,
        progress: Progress = silent,
    ) -> "Stage":
        """Describe the items and fit every scorer, with nothing that the state doesn't know."""
        described, _, _ = recipe.content.build(state, progress)
        return cls(described, recipe.first_stage().fit(described, rng=rng, progress=progress))


@dataclass(frozen=True, eq=False)
class WindowRows:
    """What a window teaches.

    Parameters
    ----------
    window : LabelWindow
    names : tuple of str
        Features.
    training : RankerRows
        Of buyers: what they bought, and a sample of what they didn't.
    calibration : RankerRows
        All candidates of some users with a history.
    n_buyers : int
        Users with a history who bought something new, those withheld left out.
    """

    window: LabelWindow
    names: tuple[str, ...]
    training: RankerRows
    calibration: RankerRows
    n_buyers: int


def window_rows(
    dataset: Dataset,
    window: LabelWindow,
    stage: Stage,
    settings: SecondStageSettings,
    *,
    rng: np.random.Generator,
    withheld: np.ndarray = NOBODY,
    progress: Progress = silent,
) -> WindowRows:
    """Describe the candidates of a window's users, and say which were bought.

    Parameters
    ----------
    dataset : Dataset
    window : LabelWindow
    stage : Stage
        As of the window's start.
    settings : SecondStageSettings
    rng : Generator
        Draws users and candidates where there are too many.
    withheld : ndarray of int32
        Users who teach nothing here, since something is to be shown on them.
    progress : Progress, optional

    Notes
    -----
    Memory goes with the rows that are kept; users are described in batches.
    """
    repeats = stage.first.settings.repeats
    split = split_by_time(dataset, window.start, window.end, repeats=repeats)
    eligible = np.setdiff1d(users_with_history(stage.state), withheld)
    buyers = np.setdiff1d(split.users, withheld)
    calibrating = _some(eligible, settings.calibration_users, rng)
    teaching = _some(buyers, settings.max_buyers, rng)
    users = np.union1d(calibrating, teaching).astype(np.int32)
    training: list[RankerRows] = []
    calibration: list[RankerRows] = []
    names: tuple[str, ...] = ()
    for part in stage.first.batches(stage.state, len(users)):
        progress("describing past candidates", part.start, len(users))
        names, rows = _described(stage, users[part], split, settings.without)
        keep = rows.bought | (rng.random(len(rows)) < settings.negative_share)
        training.append(rows.take(keep & np.isin(rows.user, teaching)))
        calibration.append(rows.take(np.isin(rows.user, calibrating)))
    progress("describing past candidates", len(users), len(users))
    return WindowRows(
        window, names, RankerRows.joined(training), RankerRows.joined(calibration), len(buyers)
    )


def users_with_history(state: ShopState) -> np.ndarray:
    """Everybody that a list can be made for: ndarray of int32, ascending."""
    return np.flatnonzero(np.diff(state.pairs.indptr) > 0).astype(np.int32)


def _described(
    stage: Stage, users: np.ndarray, split: TimeSplit, without: tuple[str, ...]
) -> tuple[tuple[str, ...], RankerRows]:
    prepared = stage.first.prepare(stage.state, users)
    features = prepared.features.without(without)
    n_places = prepared.candidates.shape[1]
    bought = _targets_of(users, split)[
        np.repeat(np.arange(len(users)), n_places), np.maximum(prepared.candidates.ravel(), 0)
    ]
    valid = prepared.candidates.ravel() != EMPTY
    owner = np.repeat(users.astype(np.int64), n_places)
    return features.names, RankerRows(features.values[valid], bought[valid] > 0, owner[valid])


def _targets_of(users: np.ndarray, split: TimeSplit) -> np.ndarray:
    """What these users bought: ndarray of float32, shape (len(users), n_items)."""
    place = np.searchsorted(split.users, users)
    found = np.append(split.users, -1)[place] == users
    wanted = np.zeros((len(users), split.targets.shape[1]), dtype=np.float32)
    wanted[found] = sp.csr_array(split.targets[place[found]]).toarray()
    return wanted


def _some(users: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    if len(users) <= most:
        return users
    return np.sort(rng.choice(users, most, replace=False))
