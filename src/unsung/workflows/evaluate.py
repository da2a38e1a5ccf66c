"""Test a shop's recommenders on its own later data: chosen on validation, reported on test once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from unsung.data.cold_items import split_cold_items
from unsung.data.dataset import Dataset
from unsung.data.settings import ShopSettings
from unsung.data.splits import (
    Windows,
    choose_windows,
    split_by_time,
    split_leave_one_out,
)
from unsung.errors import NotEnoughDataError
from unsung.evaluation.certificate import Subject
from unsung.evaluation.items import ItemTable
from unsung.pipeline.components import (
    baseline_components,
    default_components,
    make_component,
)
from unsung.pipeline.policy import Dial
from unsung.pipeline.pools import item_facts
from unsung.pipeline.rules import Rules
from unsung.pipeline.two_stage import FirstStageSettings, TwoStage
from unsung.progress import Progress, silent
from unsung.recommenders.base import Recommender, Scorer
from unsung.recommenders.content_profile import TermProfileSettings
from unsung.settings import Settings
from unsung.text.base import TextEncoder
from unsung.workflows.content import ContentBuilder
from unsung.workflows.dial import BUYERS, DialSettings, SetDial, Stand, set_dial
from unsung.workflows.fine_tuning import FineTuned, fine_tune, interest_split, what_changed
from unsung.workflows.held_out import HeldOut
from unsung.workflows.interest import InterestSettings
from unsung.workflows.second_stage import SecondStage, Trial, try_second_stage
from unsung.workflows.testing import (
    DIALLED,
    Learner,
    Protocol,
    Split,
    TestPart,
    TestResult,
    described_window,
    item_table,
    priced_targets,
)
from unsung.workflows.tune import (
    Choice,
    TuneSettings,
    profile_ndcg,
    tune,
)
from unsung.workflows.user_parts import UserParts, part_users
from unsung.workflows.validation import ValidationWindow
from unsung.workflows.windows import NOBODY, Recipe, SecondStageSettings, Stage


class EvaluateSettings(Settings):
    """How a shop is tested."""

    protocol: Protocol | None = None
    """``time``: the shop's last weeks are predicted from what came before. ``leave-one-out``: each
    user's last item. ``cold-items``: who takes a tenth of the items, drawn at random, whose
    interactions are taken away. Time where the shop has a clock and nothing else is asked for."""
    among: Literal["all", "cold"] = "all"
    """What competes for the places: every item, or only those without any interaction."""
    k: int = 10
    """Length of the lists."""
    refit: bool = False
    """In leave-one-out, fit on the validation items too before the test (as most published figures
    do); without it figures are called strict."""
    min_users: int = 500
    """Test users that a window should have; decides its length."""
    tuning: TuneSettings = TuneSettings()
    fine_tune: bool = True
    """Whether the language model is fine-tuned on the shop's own text, where it is installed."""
    interest: InterestSettings = InterestSettings()
    second_stage: SecondStageSettings = SecondStageSettings()
    dial: DialSettings = DialSettings()


@dataclass(frozen=True, eq=False)
class ShopEvaluation:
    """What an evaluation found.

    Parameters
    ----------
    shop : str
    protocol : {"time", "leave-one-out", "cold-items"}
    split : TimeSplit or LeaveOneOutSplit
        The test split.
    items : ItemTable
        Segments, bands and popularity at the cut-off.
    results : tuple of TestResult
        Baselines first, then the blend, then the second stage where there is one.
    choice : Choice
        What the validation window chose for the blend.
    content : ContentBuilder
        With the term settings that the validation window chose.
    second : SecondStage
        Whether it serves, and why.
    trial : Trial
        How it was tried.
    stage : Stage
        The first stage as of the test's start.
    tested : ValidationWindow
        The test window's users and what they bought.
    dial : SetDial or None
        Set on the validation window, where the second stage serves; its lists are the last of the
        results, ``dialled``: what became of the budget a window later.
    tuned : FineTuned
        What became of the encoder.
    changed : list of dict
        What fine-tuning changed on the test, as from ``what_changed``.
    """

    shop: str
    protocol: Protocol
    split: Split
    items: ItemTable
    results: tuple[TestResult, ...]
    choice: Choice
    content: ContentBuilder
    second: SecondStage
    trial: Trial
    stage: Stage
    tested: ValidationWindow
    dial: SetDial | None
    tuned: FineTuned
    changed: list[dict[str, Any]]

    @property
    def serves(self) -> str:
        """Name of what a fitted shop is served by."""
        return "two_stage" if self.second.serves else "blend"

    @property
    def applied(self) -> str:
        """The same with its dial turned, where the validation window certified that."""
        turned = self.dial is not None and bool(self.dial.policy.strengths)
        return DIALLED if turned else self.serves


def evaluate(
    dataset: Dataset,
    shop: ShopSettings,
    settings: EvaluateSettings | None = None,
    *,
    encoder: TextEncoder | None = None,
    work: Path | None = None,
    rng: np.random.Generator,
    progress: Progress = silent,
) -> ShopEvaluation:
    """Choose settings on the validation part, then test the blend and the baselines once.

    Parameters
    ----------
    dataset : Dataset
    shop : ShopSettings
    settings : EvaluateSettings, optional
    encoder : TextEncoder, optional
        Without one, text counts by its words alone.
    work : Path, optional
        Folder for the fine-tuned encoder and the checkpoints of its training; nothing is fine-tuned
        without one.
    rng : Generator
    progress : Progress, optional

    Raises
    ------
    InputError
        Where the protocol doesn't fit the data, or the checkpoint in ``work`` is of another
        training; NotEnoughDataError where nobody is left to test on.
    """
    settings = settings or EvaluateSettings()
    protocol = settings.protocol or ("time" if dataset.has_clock else "leave-one-out")
    validation, test, windows = _split(dataset, protocol, shop, settings)
    if len(test.users) == 0 or len(validation.users) == 0:
        raise NotEnoughDataError(
            "no user has both a history and a later new item, so there is nobody to test on; "
            "bring more interactions."
        )
    rules = _rules(validation, shop, settings)
    tuned = FineTuned(ContentBuilder(encoder, one_of_variants=shop.variants == "one"))
    if work is not None and settings.fine_tune:
        told = interest_split(dataset, shop, validation, windows, settings.second_stage.windows)
        folder = work / "interest"
        tuned = fine_tune(told, shop, tuned.content, settings.interest, folder=folder,
                          progress=progress)  # fmt: skip
    builder, window = _choose_terms(
        validation, tuned.content, settings.tuning, rules, rng, progress
    )
    choice = tune(
        window,
        default_components(window.fit_state, window.days),
        settings.tuning,
        shop.segments,
        rules,
        rng=rng,
        progress=progress,
    )
    trial = _trial(dataset, shop, settings, choice, builder, rules)
    parts = _parts(window, protocol, settings, rng)
    second = _second_stage(trial, windows, choice, window, parts, rng, progress)
    stand = _stand(second, window, parts, trial, shop)
    dial = None
    if stand is not None:
        subject = Subject("", "", BUYERS, "the validation window", trial.k)
        dial = set_dial(stand, subject, settings.dial, rng=rng, progress=progress)
    tested = described_window(test, builder, progress)
    tested = replace(tested, targets=priced_targets(test))
    items = item_table(tested.fit_state, shop)
    stage = Stage(tested.fit_state, trial.recipe.first_stage())
    baselines = [make_component(c) for c in baseline_components(tested.fit_state, window.days)]
    test_part = TestPart(tested, items, _rules(test, shop, settings), settings.k, protocol)
    results = _results(test_part, stage, baselines, second, dial, rng, progress)
    tuned = replace(tuned, content=builder)
    changed = what_changed(tuned, test_part, test, choice.components, rng=rng, progress=progress)
    return ShopEvaluation(
        shop.name,
        protocol,
        test,
        items,
        results,
        choice,
        builder,
        second,
        trial,
        stage,
        tested,
        dial,
        tuned,
        changed,
    )


def _results(
    part: TestPart,
    stage: Stage,
    baselines: Sequence[Recommender],
    second: SecondStage,
    dial: SetDial | None,
    rng: np.random.Generator,
    progress: Progress,
) -> tuple[TestResult, ...]:
    """Everybody on the test part: baselines, the blend, and the second stage with and without dial.

    What has to learn stands beside each: the second stage's scorers are the blend's.
    """
    scorers: list[tuple[Scorer, Learner | None, Dial | None]] = [(s, s, None) for s in baselines]
    scorers.append((stage.first.blend, stage.first, None))
    if second.ranker is not None:
        two_stage = TwoStage(stage.first, second.ranker, second.tail_boost)
        scorers.append((two_stage, None, None))
        if dial is not None:
            facts = item_facts(part.window.state, part.items.segments)
            scorers.append((two_stage, None, Dial(dial.policy, facts)))
    results = []
    for number, (scorer, learner, turned) in enumerate(scorers):
        progress("testing recommenders", number, len(scorers))
        results.append(part.judge(scorer, learner, rng, dial=turned))
    progress("testing recommenders", len(scorers), len(scorers))
    return tuple(results)


def _choose_terms(
    split: Split,
    builder: ContentBuilder,
    tuning: TuneSettings,
    rules: Rules,
    rng: np.random.Generator,
    progress: Progress,
) -> tuple[ContentBuilder, ValidationWindow]:
    """Whether words of a single item count: they tell items apart, and thin out shared words."""
    tried = []
    seed = int(rng.integers(2**32))  # the same users for both
    for min_documents in (1, 2):
        terms = builder.terms.model_copy(update={"min_documents": min_documents})
        other = replace(builder, terms=terms)
        drawn = np.random.default_rng(seed)
        window = described_window(split, other, progress).sampled(tuning.max_users, drawn)
        half_life = 2 * window.days if window.state.has_clock else 2.0
        profile = TermProfileSettings(half_life=half_life)
        tried.append((profile_ndcg(window, profile, tuning.k, rules), other, window))
    # Of equals the first, so that a shop without text keeps the default.
    _, chosen, window = max(tried, key=lambda trial: trial[0])
    return chosen, window


def _rules(split: Split, shop: ShopSettings, settings: EvaluateSettings) -> Rules:
    """What the lists of a split may hold."""
    warm: tuple[str, ...] = ()
    if settings.among == "cold":
        state = split.fit_state
        sold = np.unique(state.interactions.item_index)
        warm = tuple(state.items.values[sold].tolist())
    return Rules(exclude=warm, repeats=shop.repeats, in_stock_only=False)


def _split(
    dataset: Dataset, protocol: Protocol, shop: ShopSettings, settings: EvaluateSettings
) -> tuple[Split, Split, Windows | None]:
    """Validation and test split; the validation split knows nothing of the test part."""
    if protocol == "leave-one-out":
        return (
            split_leave_one_out(dataset, holdout="validation"),
            split_leave_one_out(dataset, holdout="test", refit=settings.refit),
            None,
        )
    if protocol == "cold-items":
        return (
            split_cold_items(dataset, holdout="validation"),
            split_cold_items(dataset, holdout="test"),
            None,
        )
    windows = choose_windows(dataset, min_users=settings.min_users, repeats=shop.repeats)
    return (
        split_by_time(dataset, windows.validation_start, windows.test_start, repeats=shop.repeats),
        split_by_time(dataset, windows.test_start, windows.end, repeats=shop.repeats),
        windows,
    )


def _trial(
    dataset: Dataset,
    shop: ShopSettings,
    settings: EvaluateSettings,
    choice: Choice,
    builder: ContentBuilder,
    rules: Rules,
) -> Trial:
    first = FirstStageSettings(
        candidates=settings.second_stage.candidates, segments=shop.segments, repeats=shop.repeats
    )
    recipe = Recipe(choice.components, choice.learnt.weights, builder, first)
    budget = settings.tuning.relevance_budget
    return Trial(dataset, recipe, settings.second_stage, rules, settings.tuning.k, budget)


def _second_stage(
    trial: Trial,
    windows: Windows | None,
    choice: Choice,
    window: ValidationWindow,
    parts: UserParts | None,
    rng: np.random.Generator,
    progress: Progress,
) -> SecondStage:
    why = ""
    if not trial.settings.enabled:
        why = "the second stage is switched off."
    elif windows is None:
        why = "a second stage learns from past windows, and only a clock tells what was before."
    elif choice.is_default:
        why = "there are too few customers to try a second stage on."
    if why or windows is None:
        return SecondStage(serves=False, reason=f"The blend serves: {why}")
    withheld = NOBODY if parts is None else parts.withheld
    return try_second_stage(trial, windows, window, withheld=withheld, rng=rng, progress=progress)


def _parts(
    window: ValidationWindow,
    protocol: Protocol,
    settings: EvaluateSettings,
    rng: np.random.Generator,
) -> UserParts | None:
    """Who teaches in the validation window, and who sets the dial there."""
    if protocol != "time" or not settings.dial.enabled:
        return None
    return part_users(window.state, settings.dial.shares, rng=rng)


def _stand(
    second: SecondStage,
    window: ValidationWindow,
    parts: UserParts | None,
    trial: Trial,
    shop: ShopSettings,
) -> Stand | None:
    """What the dial is set on in the validation window, to be measured on the test."""
    if parts is None or second.scorer is None or not second.serves:
        return None
    items = item_table(window.fit_state, shop)
    scorer = HeldOut(second.scorer, parts.teaching)
    return Stand(scorer, window, parts, items, trial.rules, trial.k)
