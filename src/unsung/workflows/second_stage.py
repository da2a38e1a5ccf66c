"""Train the second stage on past windows, and decide on a later one whether it serves."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from unsung.data.dataset import Dataset
from unsung.data.splits import Windows
from unsung.errors import UnsungError
from unsung.evaluation.exposure import catalogue_coverage_at_k, exposure_counts
from unsung.evaluation.hits import find_hits
from unsung.evaluation.ranking import ndcg_at_k
from unsung.evaluation.significance import within_budget
from unsung.features.first_stage import direction_of
from unsung.pipeline.recommend import recommend_lists
from unsung.pipeline.rules import Rules
from unsung.pipeline.two_stage import TwoStage
from unsung.popularity.segments import TAIL, segment_items
from unsung.progress import Progress, silent
from unsung.recommenders.base import Scorer
from unsung.recommenders.ranker import Ranker
from unsung.workflows.validation import Judge, ValidationWindow
from unsung.workflows.windows import (
    NOBODY,
    LabelWindow,
    Recipe,
    SecondStageSettings,
    Stage,
    WindowRows,
    label_windows,
    window_rows,
)

Figures = dict[str, float]
BOOSTS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
"""Log-odds for the established tail that are tried; of equals the smaller is kept."""


@dataclass(frozen=True, eq=False)
class SecondStage:
    """What became of the second stage.

    Parameters
    ----------
    serves : bool
        Whether it is better than the blend on the validation window.
    reason : str
        Why it serves or not, in one sentence.
    validation : dict of str to Figures
        ``blend`` and ``two_stage`` -> what they reach there; empty where there was no trial.
    rows : tuple of WindowRows
        What the windows before the test window teach, oldest first.
    ranker : Ranker or None
        Trained on them; None where there was no trial.
    tail_boost : float
        Log-odds that the validation window could spare for the established tail.
    scorer : TwoStage or None
        The two stages as of the validation window's start, with that ranker.
    """

    serves: bool
    reason: str
    validation: dict[str, Figures] = field(default_factory=dict)
    rows: tuple[WindowRows, ...] = ()
    ranker: Ranker | None = None
    tail_boost: float = 0.0
    scorer: TwoStage | None = None


@dataclass(frozen=True)
class Trial:
    """How the second stage is tried.

    Parameters
    ----------
    dataset : Dataset
    recipe : Recipe
        Chosen on the validation window.
    settings : SecondStageSettings
    rules : Rules
    k : int
        Length of the lists that are judged.
    budget : float
        Share of the blend's NDCG on the established tail that the second stage may lose.
    """

    dataset: Dataset
    recipe: Recipe
    settings: SecondStageSettings
    rules: Rules
    k: int
    budget: float

    def rows_of(
        self,
        window: LabelWindow,
        stage: Stage,
        rng: np.random.Generator,
        progress: Progress,
        withheld: np.ndarray = NOBODY,
    ) -> WindowRows:
        """What a window teaches, seen from its start."""
        return window_rows(
            self.dataset,
            window,
            stage,
            self.settings,
            rng=rng,
            withheld=withheld,
            progress=progress,
        )


def try_second_stage(
    trial: Trial,
    windows: Windows,
    validation: ValidationWindow,
    *,
    withheld: np.ndarray = NOBODY,
    rng: np.random.Generator,
    progress: Progress = silent,
) -> SecondStage:
    """Train on the windows before the validation window, judge there, train again up to the test.

    Parameters
    ----------
    trial : Trial
    windows : Windows
    validation : ValidationWindow
        Its state is that of the window's start.
    withheld : ndarray of int32
        Users who teach nothing in the validation window.
    rng : Generator
    progress : Progress, optional

    Returns
    -------
    second : SecondStage
        With a sentence and no ranker where there is too little history to learn from, or lightgbm
        can't be loaded.
    """
    try:
        return _tried(trial, windows, validation, withheld, rng, progress)
    except UnsungError as error:
        return SecondStage(serves=False, reason=f"The blend serves: {error}")


def _tried(
    trial: Trial,
    windows: Windows,
    validation: ValidationWindow,
    withheld: np.ndarray,
    rng: np.random.Generator,
    progress: Progress,
) -> SecondStage:
    start, length = windows.validation_start, windows.test_start - windows.validation_start
    rows: list[WindowRows] = []
    for window in label_windows(trial.dataset, start, length, trial.settings.windows):
        state = trial.dataset.as_of(window.start)
        stage = Stage.as_of(state, trial.recipe, rng=rng, progress=progress)
        rows.append(trial.rows_of(window, stage, rng, progress))
    ranker = train_ranker(rows, trial, rng=rng, progress=progress)
    first = trial.recipe.first_stage()
    stage = Stage(validation.fit_state, first.fit(validation.fit_state, rng=rng, progress=progress))
    boost = choose_boost(TwoStage(first, ranker), validation, trial)
    found = {
        scorer.name: _judge(scorer, validation, trial)
        for scorer in (first.blend, TwoStage(first, ranker, boost))
    }
    latest = LabelWindow(start, start + length)
    rows.append(trial.rows_of(latest, stage, rng, progress, withheld))
    serves, reason = _decide(found["blend"], found["two_stage"], trial)
    kept = tuple(rows[-trial.settings.windows :])
    ranker = train_ranker(kept, trial, rng=rng)
    scorer = TwoStage(first, ranker, boost)
    return SecondStage(serves, reason, found, kept, ranker, boost, scorer)


def choose_boost(plain: TwoStage, window: ValidationWindow, trial: Trial) -> float:
    """The log-odds for the established tail that find most of it within the relevance budget.

    Parameters
    ----------
    plain : TwoStage
        Without a boost.
    window : ValidationWindow
    trial : Trial
        The loss of NDCG must stay within its settings' ``relevance_budget``, as where the blend's
        weights are learnt.

    Returns
    -------
    boost : float
        One of ``BOOSTS``.
    """
    budget, judge = trial.settings.relevance_budget, Judge(window, trial.k, trial.rules)
    scores = judge.scores(plain)
    tail = plain.first.is_tail(window.state)
    values = {}
    for boost in BOOSTS:
        lists = judge.lists(scores + np.float32(boost) * tail)
        hits = find_hits(lists, window.targets, trial.k)
        on_tail = ndcg_at_k(hits.within(tail))
        values[boost] = ndcg_at_k(hits), 0.0 if np.isnan(on_tail).all() else np.nanmean(on_tail)
    reference = values[0.0][0]

    def affordable(boost: float) -> bool:
        return within_budget(reference, values[boost][0], budget)

    return max(filter(affordable, BOOSTS), key=lambda boost: values[boost][1], default=0.0)


def train_ranker(
    rows: Sequence[WindowRows],
    trial: Trial,
    *,
    rng: np.random.Generator,
    progress: Progress = silent,
) -> Ranker:
    """A ranker that has learnt from some windows, calibrated on the latest.

    Raises
    ------
    UnsungError
        Where no window has enough buyers, or lightgbm can't be loaded.
    """
    enough = [found for found in rows if found.n_buyers >= trial.settings.min_buyers]
    if not enough:
        raise UnsungError(
            f"no past window has {trial.settings.min_buyers} customers who bought something new, "
            "too few to train a second stage on."
        )
    names = enough[-1].names
    tastes = trial.recipe.first_stage().tastes
    ranker = Ranker(
        trial.settings.ranker,
        names,
        [direction_of(name, tastes) for name in names],
        [name for name in names if name.startswith("user.")],
    )
    training = type(enough[-1].training).joined([found.training for found in enough])
    return ranker.fit(training, enough[-1].calibration, rng=rng, progress=progress)


def retrained(
    second: SecondStage,
    trial: Trial,
    window: LabelWindow,
    stage: Stage,
    *,
    withheld: np.ndarray = NOBODY,
    rng: np.random.Generator,
    progress: Progress = silent,
) -> Ranker:
    """The ranker that is served: it has learnt from the windows up to the end of the data.

    Parameters
    ----------
    second : SecondStage
        What the earlier windows taught.
    trial : Trial
    window : LabelWindow
        The latest.
    stage : Stage
        As of its start.
    withheld : ndarray of int32
        Users who teach nothing in it.
    rng : Generator
    progress : Progress, optional
    """
    latest = trial.rows_of(window, stage, rng, progress, withheld)
    rows = (*second.rows, latest)[-trial.settings.windows :]
    return train_ranker(rows, trial, rng=rng, progress=progress)


def _judge(scorer: Scorer, window: ValidationWindow, trial: Trial) -> Figures:
    lists = recommend_lists(scorer, window.state, window.users, trial.k, trial.rules)
    hits = find_hits(lists, window.targets, trial.k)
    tail = segment_items(window.state, trial.recipe.settings.segments) == TAIL
    on_tail = ndcg_at_k(hits.within(tail))
    counts = exposure_counts(lists, window.state.n_items)
    return {
        "ndcg_at_k": float(np.nanmean(ndcg_at_k(hits))),
        "tail_ndcg_at_k": 0.0 if np.isnan(on_tail).all() else float(np.nanmean(on_tail)),
        "catalogue_coverage_at_k": float(catalogue_coverage_at_k(counts)),
    }


def _decide(blend: Figures, ours: Figures, trial: Trial) -> tuple[bool, str]:
    """More relevance, without giving away the established tail."""
    relevance, tail = "ndcg_at_k", "tail_ndcg_at_k"
    figures = (
        f"NDCG@{trial.k} {ours[relevance]:.4f} against {blend[relevance]:.4f}, on the established "
        f"tail {ours[tail]:.4f} against {blend[tail]:.4f}"
    )
    if ours[relevance] <= blend[relevance]:
        return False, f"The blend serves: the second stage finds no more on validation ({figures})."
    if ours[tail] < (1 - trial.budget) * blend[tail]:
        return False, (
            "The blend serves: the second stage finds more on validation, but gives away the "
            f"established tail ({figures})."
        )
    return True, f"The second stage serves: it finds more on validation ({figures})."
