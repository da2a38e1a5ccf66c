"""Choose the scorers' settings and the blend's weights on a validation window."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from pydantic import Field

from unsung.data.settings import SegmentSettings
from unsung.data.state import ShopState
from unsung.evaluation.hits import find_hits
from unsung.evaluation.ranking import ndcg_at_k
from unsung.pipeline.components import (
    USUAL_WINDOW_DAYS,
    ComponentSettings,
    make_component,
    restore_component,
)
from unsung.pipeline.ranking import EMPTY, top_k
from unsung.pipeline.rules import Rules, allowed_items, seen_items
from unsung.popularity.segments import HEAD, TAIL, segment_items
from unsung.progress import Progress, silent
from unsung.recommenders.base import Recommender
from unsung.recommenders.blend import standardise
from unsung.recommenders.linear import LinearSettings
from unsung.recommenders.weights import LearntWeights, learn_weights
from unsung.settings import Settings

FEWEST_TAIL_USERS = 50
"""Users with an established-tail target below which the whole tail is measured instead."""


class TuneSettings(Settings):
    """How much is tried on the validation window."""

    k: int = Field(default=10, ge=1)
    """Length of the lists that are judged."""
    relevance_budget: float = Field(default=0.08, ge=0, lt=1)
    """Share of the validation window's best NDCG that the weights may give up for NDCG on the
    established tail. Kept on these users; no guarantee for later ones."""
    max_users: int = Field(default=1500, ge=1)
    """Validation users that are looked at, drawn at random where there are more."""
    candidates: int = Field(default=100, ge=1)
    """Best items of every scorer among which the weights are learnt."""
    budget_s: float = Field(default=60.0, ge=0)
    """Seconds of a two-core machine for trying settings of the linear model. Turned into a number
    of trials by the size of the catalogue, so that a slow day doesn't change the result."""


@dataclass(frozen=True, eq=False)
class ValidationWindow:
    """What the settings are chosen on.

    Parameters
    ----------
    fit_state, state : ShopState
        What scorers are fitted on and score from (equal but in leave-one-out).
    users : ndarray of int32, shape (n,)
    targets : csr_array of float32, shape (n, n_items)
    days : float
        Length of the window: the scale of the half-lives that are tried.
    """

    fit_state: ShopState
    state: ShopState
    users: np.ndarray
    targets: sp.csr_array
    days: float = USUAL_WINDOW_DAYS

    def sampled(self, most: int, rng: np.random.Generator) -> "ValidationWindow":
        """The same window with at most so many users."""
        if len(self.users) <= most:
            return self
        rows = np.sort(rng.choice(len(self.users), most, replace=False))
        return replace(self, users=self.users[rows], targets=self.targets[rows])


@dataclass(frozen=True)
class Choice:
    """What was chosen, and what every trial reached.

    Parameters
    ----------
    components : tuple of settings
    learnt : LearntWeights
    trials : tuple of dict
        Settings tried, with their validation NDCG.
    n_users : int
        Validation users.
    """

    components: tuple[ComponentSettings, ...]
    learnt: LearntWeights
    trials: tuple[dict[str, float | str], ...]
    n_users: int


def profile_ndcg(
    window: ValidationWindow, component: ComponentSettings, k: int, rules: Rules
) -> float:
    """NDCG of one scorer on a validation window, fitted for it.

    Parameters
    ----------
    window : ValidationWindow
    component : settings
    k : int
        Length of the lists.
    rules : Rules
    """
    judge = _Judge(window, k, rules)
    scorer = make_component(component).fit(window.fit_state, rng=np.random.default_rng(0))
    return judge.ndcg(judge.scores(scorer))


def tune(
    window: ValidationWindow,
    components: Sequence[ComponentSettings],
    settings: TuneSettings,
    segments: SegmentSettings,
    rules: Rules,
    *,
    rng: np.random.Generator,
    progress: Progress = silent,
) -> Choice:
    """Try settings of the linear model one after the other, then learn the blend's weights.

    Parameters
    ----------
    window : ValidationWindow
        Nothing after it may be known to anybody who will be tested.
    components : sequence of settings
        Where each scorer starts from.
    settings : TuneSettings
    segments : SegmentSettings
        What counts as tail.
    rules : Rules
        What the lists may hold.

    Returns
    -------
    choice : Choice
    """
    window = window.sampled(settings.max_users, rng)
    judge = _Judge(window, settings.k, rules)
    trials: list[dict[str, float | str]] = []
    chosen: list[ComponentSettings] = []
    fitted: list[Recommender] = []
    for component in components:
        best, scorer = _try_settings(component, judge, settings, trials, rng, progress)
        chosen.append(best)
        fitted.append(scorer)
    learnt = _weigh(fitted, judge, settings, segments, progress)
    return Choice(tuple(chosen), learnt, tuple(trials), len(window.users))


def _try_settings(
    start: ComponentSettings,
    judge: "_Judge",
    settings: TuneSettings,
    trials: list[dict[str, float | str]],
    rng: np.random.Generator,
    progress: Progress,
) -> tuple[ComponentSettings, Recommender]:
    """Change one field at a time and keep what scores best; returns settings and fitted scorer."""
    scorer = make_component(start).fit(judge.window.fit_state, rng=rng)
    if start.kind == "popular":
        return start, scorer
    best, best_value, seen = start, judge.ndcg(judge.scores(scorer)), [start]
    trials.append(_trial(start, best_value))
    left = _affordable(start, judge.window.fit_state.n_items, settings.budget_s)
    stage, changes = f"choosing settings of {start.name}", _changes(start, judge.window)
    for done, change in enumerate(changes):
        progress(stage, done, len(changes))
        tried = best.model_copy(update=change)
        if tried in seen:
            continue
        seen.append(tried)
        if set(change) == {"half_life"}:
            # Only the profile changes: what was fitted stays.
            other = restore_component(tried, scorer.to_arrays())
        elif left > 0:
            left -= 1
            other = make_component(tried).fit(judge.window.fit_state, rng=rng)
        else:
            continue
        value = judge.ndcg(judge.scores(other))
        trials.append(_trial(tried, value))
        if value > best_value:
            best, best_value, scorer = tried, value, other
    progress(stage, len(changes), len(changes))
    return best, scorer


def _changes(start: ComponentSettings, window: ValidationWindow) -> list[dict[str, float]]:
    """What is tried, one field at a time."""
    windows, in_steps = (0.5, 1.0, 2.0, 4.0, 8.0), (0.7, 1.0, 1.4, 2.0, 3.0, 6.0)
    in_days = tuple(n * window.days for n in windows)
    half_lives = in_days if window.state.has_clock else in_steps
    fields: dict[str, tuple[float, ...]] = {"half_life": half_lives}
    if isinstance(start, LinearSettings):
        if start.encoder_weight:
            fields["encoder_weight"] = (5.0, 50.0)
        if start.term_weight:
            fields["term_weight"] = (5.0, 50.0)
        fields["l2"] = (100.0, 600.0)
    elif start.kind == "encoder":
        fields["temperature"] = (0.1, 0.3)
    return [{field: value} for field, values in fields.items() for value in values]


def _affordable(start: ComponentSettings, n_items: int, budget_s: float) -> int:
    """Fits that the budget pays for: 90 s for a linear solution of 12,000 items on two cores."""
    if isinstance(start, LinearSettings):
        return int(budget_s / (90 * (min(n_items, start.max_items) / 12_000) ** 3 + 0.2))
    return int(budget_s / (20 * (n_items / 12_000) ** 2 + 0.2))


def _trial(settings: ComponentSettings, value: float) -> dict[str, float | str]:
    return {**settings.model_dump(exclude={"kind", "max_items"}), "ndcg_at_k": value}


@dataclass(frozen=True, eq=False)
class _Judge:
    """Measures scores on the validation window; the NDCG is that of ``evaluation``."""

    window: ValidationWindow
    k: int
    rules: Rules

    def scores(self, scorer: Recommender) -> np.ndarray:
        return scorer.score(self.window.state, self.window.users)

    def allowed(self) -> np.ndarray:
        state, users = self.window.state, self.window.users
        seen = seen_items(state, users, self.rules)
        return np.asarray(allowed_items(state, self.rules) & ~seen)

    def ndcg(self, scores: np.ndarray) -> float:
        lists = top_k(scores, self.k, self.allowed())
        return float(np.nanmean(ndcg_at_k(find_hits(lists, self.window.targets, self.k))))


def _weigh(
    fitted: Sequence[Recommender],
    judge: _Judge,
    settings: TuneSettings,
    segments: SegmentSettings,
    progress: Progress,
) -> LearntWeights:
    listed = judge.window.state.listed
    scores = {scorer.name: standardise(judge.scores(scorer), listed) for scorer in fitted}
    candidates = _candidates(list(scores.values()), judge.allowed(), settings.candidates)
    rows = np.arange(len(candidates))[:, None]
    inside = candidates != EMPTY
    few = {name: np.where(inside, s[rows, candidates], 0) for name, s in scores.items()}
    targets = judge.window.targets
    tail = _tail_members(judge.window, segments)

    def measure(blended: np.ndarray, subset: np.ndarray | None) -> np.ndarray:
        places = top_k(blended, settings.k, inside)
        lists = np.where(places == EMPTY, EMPTY, candidates[rows, places])
        hits = find_hits(lists, targets, settings.k)
        values = ndcg_at_k(hits if subset is None else hits.within(subset))
        defined = values[~np.isnan(values)]
        return defined if len(defined) else np.zeros(1)

    return learn_weights(
        few,
        lambda blended: measure(blended, None),
        lambda blended: measure(blended, tail),
        # A trend turned round would hold back what is rising; only standing popularity may be.
        free=frozenset({"popular_log"}),
        budget=settings.relevance_budget,
        progress=progress,
    )


def _candidates(scores: Sequence[np.ndarray], allowed: np.ndarray, each: int) -> np.ndarray:
    """Union of every scorer's best items: ndarray of int32, shape (n, m), EMPTY at the end."""
    best = np.concatenate([top_k(s, each, allowed) for s in scores], axis=1)
    best.sort(axis=1)
    repeated = np.zeros(best.shape, dtype=bool)
    repeated[:, 1:] = best[:, 1:] == best[:, :-1]
    best[repeated] = EMPTY
    # Ascending order after the empty slots were moved to the end: ties stay in index order.
    order = np.argsort(best == EMPTY, axis=1, kind="stable")
    return np.take_along_axis(best, order, axis=1)


def _tail_members(window: ValidationWindow, segments: SegmentSettings) -> np.ndarray:
    of_item = segment_items(window.fit_state, segments)
    tail = of_item == TAIL
    with_tail = np.diff(window.targets.multiply(tail).tocsr().indptr)
    if (with_tail > 0).sum() >= FEWEST_TAIL_USERS:
        return np.asarray(tail)
    return np.asarray(of_item != HEAD)
