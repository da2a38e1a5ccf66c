"""The part of a shop's data that recommenders are judged on, and how one is judged there."""

import time
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.sparse as sp

from unsung import schema
from unsung.data.settings import ShopSettings
from unsung.data.splits import LeaveOneOutSplit, TimeSplit
from unsung.data.state import ShopState
from unsung.evaluation.evaluate import Evaluation, evaluate_lists
from unsung.evaluation.items import ItemTable
from unsung.evaluation.protocols import PROTOCOLS
from unsung.features.item import group_codes
from unsung.pipeline.components import USUAL_WINDOW_DAYS
from unsung.pipeline.policy import Dial
from unsung.pipeline.recommend import recommend_lists
from unsung.pipeline.rules import Rules
from unsung.pipeline.two_stage import FirstStage
from unsung.popularity.segments import (
    FINE_BAND_EDGES,
    FINE_BAND_NAMES,
    SEGMENT_NAMES,
    popularity_bands,
    segment_items,
)
from unsung.progress import Progress, silent
from unsung.recommenders.base import Scorer
from unsung.workflows.content import ContentBuilder
from unsung.workflows.validation import ValidationWindow

Protocol = Literal["time", "leave-one-out", "cold-items"]
Split = TimeSplit | LeaveOneOutSplit
Learner = Scorer | FirstStage
DIALLED = "dialled"
"""Name of what serves with its dial turned."""


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
class TestPart:
    """What recommenders are judged on.

    Parameters
    ----------
    window : ValidationWindow
    items : ItemTable
        As of the window's start.
    rules : Rules
        What the lists may hold.
    k : int
        Length of the lists.
    protocol : {"time", "leave-one-out", "cold-items"}
    """

    window: ValidationWindow
    items: ItemTable
    rules: Rules
    k: int
    protocol: Protocol

    __test__ = False  # pytest would take the name for a test

    def judge(
        self,
        scorer: Scorer,
        learner: Learner | None,
        rng: np.random.Generator,
        *,
        dial: Dial | None = None,
    ) -> TestResult:
        """Fit what has to learn, make the lists, measure them.

        Parameters
        ----------
        scorer : Scorer
        learner : Scorer, FirstStage or None
            What is fitted for it: mostly itself; None where all is fitted already.
        rng : Generator
        dial : Dial, optional
            Turns the lists, whose name is then ``dialled``.
        """
        window = self.window
        start = time.perf_counter()
        if learner is not None:
            learner.fit(window.fit_state, rng=rng)
        fitted = time.perf_counter()
        lists = recommend_lists(scorer, window.state, window.users, self.k, self.rules, dial=dial)
        scored = time.perf_counter()
        history = sp.csr_array(window.state.pairs.matrix(len(self.items), window.users))
        evaluation = evaluate_lists(
            lists,
            window.targets,
            self.items,
            k=self.k,
            name=scorer.name if dial is None else DIALLED,
            history=history,
            protocol=PROTOCOLS[self.protocol],
        )
        return TestResult(evaluation, fitted - start, scored - fitted)


def described_window(
    split: Split, builder: ContentBuilder, progress: Progress = silent
) -> ValidationWindow:
    """A split's users and targets, with content vectors of what was known before it."""
    fit_state, _, _ = builder.build(split.fit_state, progress)
    state = fit_state
    if split.state is not split.fit_state:
        state = split.state.with_content(fit_state.content)
    days = USUAL_WINDOW_DAYS
    if isinstance(split, TimeSplit):
        days = (split.end - split.cutoff) / schema.DAY_US
    return ValidationWindow(fit_state, state, split.users, split.targets, days)


def priced_targets(split: Split) -> sp.csr_array:
    """What users bought, valued at the money that it came to.

    Returns
    -------
    targets : csr_array of float32, shape (n, n_items)
        Above 0 at the places of ``split.targets``: what was free, or was returned, counts as a
        cent, so that it stays relevant.
    """
    values = sp.csr_array(split.values, copy=True)
    values.data = np.maximum(values.data, np.float32(0.01))
    return values


def item_table(state: ShopState, shop: ShopSettings) -> ItemTable:
    """Segments, bands and popularity of the items, as of the state's moment."""
    return ItemTable(
        segments=segment_items(state, shop.segments),
        buyers=state.buyers,
        n_training_users=int((np.diff(state.pairs.indptr) > 0).sum()),
        segment_names=SEGMENT_NAMES,
        bands=popularity_bands(state.buyers, state.listed, FINE_BAND_EDGES),
        band_names=FINE_BAND_NAMES,
        vectors=state.content.terms if state.content.terms.nnz else None,
        owners={
            name: codes
            for name, column in (("sellers", schema.SELLER_ID), ("brands", schema.BRAND))
            if (codes := group_codes(state, column)).max(initial=-1) >= 0
        },
    )
