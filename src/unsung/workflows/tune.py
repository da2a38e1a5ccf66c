"""Choose the scorers' settings and the blend's weights on a validation window."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from unsung.data.settings import SegmentSettings
from unsung.errors import UnsungError
from unsung.pipeline.components import (
    ComponentSettings,
    default_weights,
    make_component,
    restore_component,
)
from unsung.pipeline.rules import Rules
from unsung.progress import Progress, silent
from unsung.recommenders.base import Recommender
from unsung.recommenders.linear import LinearSettings
from unsung.recommenders.weights import LearntWeights
from unsung.settings import Settings
from unsung.workflows.validation import Judge, ValidationWindow
from unsung.workflows.weighing import Weighing


class TuneSettings(Settings):
    """How much is tried on the validation window."""

    k: int = Field(default=10, ge=1)
    """Length of the lists that are judged."""
    relevance_budget: float = Field(default=0.05, ge=0, lt=1)
    """Share of the validation window's best NDCG that the weights may give up for NDCG on
    established tail and cold items. Kept on these users; no guarantee for later ones."""
    max_users: int = Field(default=1500, ge=1)
    """Validation users that are looked at, drawn at random where there are more."""
    min_users: int = Field(default=50, ge=1)
    """Fewer validation users decide nothing: default settings and weights are kept."""
    candidates: int = Field(default=100, ge=1)
    """Best items of every scorer among which the weights are learnt."""
    budget_s: float = Field(default=150.0, ge=0)
    """Seconds of a two-core machine for trying settings of the linear model. Turned into a number
    of trials by the size of the catalogue, so that a slow day doesn't change the result."""


@dataclass(frozen=True)
class Choice:
    """What was chosen, and what every trial reached.

    Parameters
    ----------
    components : tuple of settings
    learnt : LearntWeights
    trials : tuple of Trial
    n_users : int
        Validation users.
    is_default : bool
        Whether there were too few of them to choose on, so that defaults were kept.
    """

    components: tuple[ComponentSettings, ...]
    learnt: LearntWeights
    trials: tuple["Trial", ...]
    n_users: int
    is_default: bool


@dataclass(frozen=True)
class Trial:
    """Settings that were tried, and their NDCG on the validation window (None: not solvable)."""

    settings: ComponentSettings
    ndcg_at_k: float | None


@dataclass
class _Budget:
    """Seconds left for trying settings."""

    left_s: float

    def pays(self, cost_s: float) -> bool:
        """Take the cost if it can be paid."""
        if cost_s > self.left_s:
            return False
        self.left_s -= cost_s
        return True


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
    judge = Judge(window, k, rules)
    scorer = make_component(component).fit(window.fit_state, rng=np.random.default_rng(0))
    return judge.ndcg(scorer)


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
    judge = Judge(window, settings.k, rules)
    if len(window.users) < settings.min_users:
        fitted = [make_component(c).fit(window.fit_state, rng=rng) for c in components]
        return _untuned(
            components, Weighing(fitted, judge, segments, settings.candidates), len(window.users)
        )
    search = _Search(judge, _Budget(settings.budget_s), rng, progress)
    found = [search.best_of(component) for component in components]
    weighing = Weighing([scorer for _, scorer in found], judge, segments, settings.candidates)
    chosen = tuple(best for best, _ in found)
    return Choice(
        chosen,
        weighing.learn(default_weights(chosen), settings.relevance_budget, progress),
        tuple(search.trials),
        len(window.users),
        is_default=False,
    )


def _untuned(components: Sequence[ComponentSettings], weighing: Weighing, n_users: int) -> Choice:
    """Defaults, and what they reach."""
    weights = default_weights(components)
    blended = sum(np.float32(weights[name]) * few for name, few in weighing.scores.items())
    relevance = float(weighing.relevance(np.asarray(blended)).mean())
    tail = float(weighing.tail(np.asarray(blended)).mean())
    learnt = LearntWeights(weights, relevance, tail, relevance)
    return Choice(tuple(components), learnt, (), n_users, is_default=True)


class _Search:
    """Changes one field at a time and keeps what scores best."""

    def __init__(
        self, judge: Judge, budget: _Budget, rng: np.random.Generator, progress: Progress
    ) -> None:
        self.judge, self.budget, self.rng, self.progress = judge, budget, rng, progress
        self.trials: list[Trial] = []

    def best_of(self, start: ComponentSettings) -> tuple[ComponentSettings, Recommender]:
        """The best settings that can be paid for, and the scorer fitted with them."""
        window = self.judge.window
        scorer = make_component(start).fit(window.fit_state, rng=self.rng)
        if start.kind == "popular":
            return start, scorer
        best, best_value, seen = start, self._tried(start, scorer), [start]
        stage, changes = f"choosing settings of {start.name}", _changes(start, window)
        for done, change in enumerate(changes):
            self.progress(stage, done, len(changes))
            tried = best.model_copy(update=change)
            if tried in seen:
                continue
            seen.append(tried)
            other = self._fitted(tried, scorer, only_profile=set(change) == {"half_life"})
            value = -1.0 if other is None else self._tried(tried, other)
            if other is not None and value > best_value:
                best, best_value, scorer = tried, value, other
        self.progress(stage, len(changes), len(changes))
        return best, scorer

    def _tried(self, settings: ComponentSettings, scorer: Recommender) -> float:
        value = self.judge.ndcg(scorer)
        self.trials.append(Trial(settings, value))
        return value

    def _fitted(
        self, settings: ComponentSettings, scorer: Recommender, *, only_profile: bool
    ) -> Recommender | None:
        """The scorer of other settings; None where it can't be paid for or solved."""
        if only_profile:
            return restore_component(settings, scorer.to_arrays())
        state = self.judge.window.fit_state
        if not self.budget.pays(_cost_s(settings, state.n_items)):
            return None
        try:
            return make_component(settings).fit(state, rng=self.rng)
        except UnsungError:
            self.trials.append(Trial(settings, None))
            return None


def _changes(start: ComponentSettings, window: ValidationWindow) -> list[dict[str, float]]:
    """What is tried, one field at a time."""
    windows, in_steps = (0.5, 1.0, 2.0, 4.0, 8.0), (0.7, 1.0, 1.4, 2.0, 3.0, 6.0)
    in_days = tuple(n * window.days for n in windows)
    half_lives = in_days if window.state.has_clock else in_steps
    fields: dict[str, tuple[float, ...]] = {"half_life": half_lives}
    together: list[dict[str, float]] = []
    if isinstance(start, LinearSettings):
        # What all three weigh against is the shop's own co-occurrence: much or little of it.
        quarter = {"l2": start.l2, "term_weight": start.term_weight,
                   "encoder_weight": start.encoder_weight}  # fmt: skip
        together = [{field: value / 4 for field, value in quarter.items()}]
        if start.encoder_weight:
            fields["encoder_weight"] = (5.0, 50.0)
        if start.term_weight:
            fields["term_weight"] = (5.0, 50.0)
        fields["l2"] = (100.0, 600.0)
    elif start.kind == "encoder":
        fields["temperature"] = (0.1, 0.3)
    singly = [{field: value} for field, values in fields.items() for value in values]
    n_free = len(half_lives)
    return [*singly[:n_free], *together, *singly[n_free:]]


def _cost_s(settings: ComponentSettings, n_items: int) -> float:
    """Seconds reckoned for a fit on a busy machine: 27 s for 8,000 items solved as a whole."""
    if isinstance(settings, LinearSettings):
        if n_items > settings.dense_items:
            return n_items * 3e-3
        return 90 * float(n_items / 12_000) ** 3 + 0.2
    return 20 * float(n_items / 12_000) ** 2 + 0.2
