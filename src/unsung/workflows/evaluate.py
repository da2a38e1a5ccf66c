"""Test a shop's recommenders on its own later data: chosen on validation, reported on test once."""

import time
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import scipy.sparse as sp

from unsung.data.dataset import Dataset
from unsung.data.settings import ShopSettings
from unsung.data.splits import (
    LeaveOneOutSplit,
    TimeSplit,
    choose_windows,
    split_by_time,
    split_leave_one_out,
)
from unsung.data.state import ShopState
from unsung.errors import InputError
from unsung.evaluation.evaluate import Evaluation, evaluate_lists
from unsung.evaluation.items import ItemTable
from unsung.evaluation.protocols import LEAVE_ONE_OUT, TIME
from unsung.pipeline.components import (
    USUAL_WINDOW_DAYS,
    baseline_components,
    default_components,
    make_component,
)
from unsung.pipeline.recommend import recommend_lists
from unsung.pipeline.rules import Rules
from unsung.popularity.segments import (
    FINE_BAND_EDGES,
    FINE_BAND_NAMES,
    SEGMENT_NAMES,
    popularity_bands,
    segment_items,
)
from unsung.progress import Progress, silent
from unsung.recommenders.base import Scorer
from unsung.recommenders.blend import Blend
from unsung.recommenders.content_profile import TermProfileSettings
from unsung.schema import DAY_US
from unsung.settings import Settings
from unsung.text.base import TextEncoder
from unsung.workflows.content import ContentBuilder
from unsung.workflows.tune import (
    Choice,
    TuneSettings,
    profile_ndcg,
    tune,
)
from unsung.workflows.validation import ValidationWindow

Protocol = Literal["time", "leave-one-out"]
Split = TimeSplit | LeaveOneOutSplit


class EvaluateSettings(Settings):
    """How a shop is tested."""

    protocol: Protocol | None = None
    """``time``: the shop's last weeks are predicted from what came before. ``leave-one-out``: each
    user's last item. Time where the shop has a clock and nothing else is asked for."""
    k: int = 10
    """Length of the lists."""
    refit: bool = False
    """In leave-one-out, fit on the validation items too before the test (as most published figures
    do); without it figures are called strict."""
    min_users: int = 500
    """Test users that a window should have; decides its length."""
    tuning: TuneSettings = TuneSettings()


@dataclass(frozen=True, eq=False)
class TestResult:
    """One recommender on the test part.

    Parameters
    ----------
    evaluation : Evaluation
    fit_s, score_s : float
        Wall time of the fit, and of all lists.
    """

    evaluation: Evaluation
    fit_s: float
    score_s: float

    __test__ = False  # pytest would take the name for a test


@dataclass(frozen=True, eq=False)
class ShopEvaluation:
    """What an evaluation found.

    Parameters
    ----------
    shop : str
    protocol : {"time", "leave-one-out"}
    split : TimeSplit or LeaveOneOutSplit
        The test split.
    items : ItemTable
        Segments, bands and popularity at the cut-off.
    results : tuple of TestResult
        Baselines first, the blend last.
    choice : Choice
        What the validation window chose for the blend.
    content : ContentBuilder
        With the term settings that the validation window chose.
    """

    shop: str
    protocol: Protocol
    split: Split
    items: ItemTable
    results: tuple[TestResult, ...]
    choice: Choice
    content: ContentBuilder


def evaluate(
    dataset: Dataset,
    shop: ShopSettings,
    settings: EvaluateSettings | None = None,
    *,
    encoder: TextEncoder | None = None,
    content: ContentBuilder | None = None,
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
    content : ContentBuilder, optional
        To share encoded texts with other work; made from ``encoder`` where not given.
    rng : Generator
    progress : Progress, optional

    Raises
    ------
    InputError
        Where the protocol doesn't fit the data, or nobody is left to test on.
    """
    settings = settings or EvaluateSettings()
    protocol = settings.protocol or ("time" if dataset.has_clock else "leave-one-out")
    builder = content or ContentBuilder(encoder)
    rules = Rules(repeats=shop.repeats, in_stock_only=False)
    validation, test = _split(dataset, protocol, shop, settings)
    if len(test.users) == 0 or len(validation.users) == 0:
        raise InputError(
            "no user has both a history and a later new item, so there is nobody to test on; "
            "bring more interactions."
        )
    builder, window = _choose_terms(validation, builder, settings.tuning, rules, rng, progress)
    choice = tune(
        window,
        default_components(window.fit_state, window.days),
        settings.tuning,
        shop.segments,
        rules,
        rng=rng,
        progress=progress,
    )
    tested = _window(test, builder, progress)
    items = _item_table(tested.fit_state, shop)
    blend = Blend([make_component(c) for c in choice.components], choice.learnt.weights)
    baselines = [make_component(c) for c in baseline_components(tested.fit_state, window.days)]
    results = []
    scorers: list[Scorer] = [*baselines, blend]
    for number, scorer in enumerate(scorers):
        progress("testing recommenders", number, len(scorers))
        results.append(_test(scorer, tested, items, rules, settings.k, rng, protocol))
    progress("testing recommenders", len(scorers), len(scorers))
    return ShopEvaluation(shop.name, protocol, test, items, tuple(results), choice, builder)


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
        window = _window(split, other, progress).sampled(tuning.max_users, drawn)
        half_life = 2 * window.days if window.state.has_clock else 2.0
        profile = TermProfileSettings(half_life=half_life)
        tried.append((profile_ndcg(window, profile, tuning.k, rules), other, window))
    # Of equals the first, so that a shop without text keeps the default.
    _, chosen, window = max(tried, key=lambda trial: trial[0])
    return chosen, window


def _split(
    dataset: Dataset, protocol: Protocol, shop: ShopSettings, settings: EvaluateSettings
) -> tuple[Split, Split]:
    """Validation and test split; the validation split knows nothing of the test part."""
    if protocol == "leave-one-out":
        return (
            split_leave_one_out(dataset, holdout="validation"),
            split_leave_one_out(dataset, holdout="test", refit=settings.refit),
        )
    windows = choose_windows(dataset, min_users=settings.min_users, repeats=shop.repeats)
    return (
        split_by_time(dataset, windows.validation_start, windows.test_start, repeats=shop.repeats),
        split_by_time(dataset, windows.test_start, windows.end, repeats=shop.repeats),
    )


def _window(split: Split, builder: ContentBuilder, progress: Progress) -> ValidationWindow:
    fit_state, _, _ = builder.build(split.fit_state, progress)
    state = fit_state
    if split.state is not split.fit_state:
        state = split.state.with_content(fit_state.content)
    days = USUAL_WINDOW_DAYS
    if isinstance(split, TimeSplit):
        days = (split.end - split.cutoff) / DAY_US
    return ValidationWindow(fit_state, state, split.users, split.targets, days)


def _item_table(state: ShopState, shop: ShopSettings) -> ItemTable:
    return ItemTable(
        segments=segment_items(state, shop.segments),
        buyers=state.buyers,
        n_training_users=int((np.diff(state.pairs.indptr) > 0).sum()),
        segment_names=SEGMENT_NAMES,
        bands=popularity_bands(state.buyers, state.listed, FINE_BAND_EDGES),
        band_names=FINE_BAND_NAMES,
        vectors=state.content.terms if state.content.terms.nnz else None,
    )


def _test(
    scorer: Scorer,
    tested: ValidationWindow,
    items: ItemTable,
    rules: Rules,
    k: int,
    rng: np.random.Generator,
    protocol: Protocol,
) -> TestResult:
    start = time.perf_counter()
    scorer.fit(tested.fit_state, rng=rng)
    fitted = time.perf_counter()
    lists = recommend_lists(scorer, tested.state, tested.users, k, rules)
    scored = time.perf_counter()
    history = sp.csr_array(tested.state.pairs.matrix(len(items), tested.users))
    evaluation = evaluate_lists(
        lists,
        tested.targets,
        items,
        k=k,
        name=scorer.name,
        history=history,
        protocol=TIME if protocol == "time" else LEAVE_ONE_OUT,
    )
    return TestResult(evaluation, fitted - start, scored - fitted)
