"""What the shop's latest window teaches the model that is served, and certifies of it."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from unsung.data.splits import TimeSplit
from unsung.evaluation.certificate import Subject
from unsung.pipeline.bundle import Model
from unsung.pipeline.two_stage import TwoStage
from unsung.progress import Progress, silent
from unsung.recommenders.base import Scorer
from unsung.recommenders.ranker import Ranker
from unsung.workflows.dial import BUYERS, DialSettings, SetDial, Stand, set_dial
from unsung.workflows.evaluate import ShopEvaluation
from unsung.workflows.held_out import HeldOut
from unsung.workflows.second_stage import retrained
from unsung.workflows.user_parts import UserParts, part_users
from unsung.workflows.windows import NOBODY, LabelWindow


@dataclass(frozen=True, eq=False)
class Latest:
    """The window that was tested on, once the test is over.

    Parameters
    ----------
    found : ShopEvaluation
    parts : UserParts or None
        Who teaches and who certifies; None where there is no dial and everybody teaches.
    """

    found: ShopEvaluation
    parts: UserParts | None

    @classmethod
    def of(
        cls, found: ShopEvaluation, settings: DialSettings, *, rng: np.random.Generator
    ) -> "Latest":
        """Draw the parts: where no second stage learns from the window, nobody has to teach."""
        if not settings.enabled:
            return cls(found, None)
        teaching, choosing, certifying = settings.shares
        if not found.second.serves:
            choosing = max(choosing, certifying / 2)
            others = choosing + certifying
            teaching, choosing, certifying = 0.0, choosing / others, certifying / others
        shares = (teaching, choosing, certifying)
        return cls(found, part_users(found.tested.state, shares, rng=rng))

    def ranker(self, *, rng: np.random.Generator, progress: Progress = silent) -> Ranker | None:
        """The second stage, trained up to the end of the data, where it serves."""
        found = self.found
        if not found.second.serves or not isinstance(found.split, TimeSplit):
            return None
        return retrained(
            found.second,
            found.trial,
            LabelWindow(found.split.cutoff, found.split.end),
            found.stage,
            withheld=NOBODY if self.parts is None else self.parts.withheld,
            rng=rng,
            progress=progress,
        )

    def dial(
        self,
        model: Model,
        settings: DialSettings,
        *,
        rng: np.random.Generator,
        progress: Progress = silent,
    ) -> SetDial | None:
        """How far the window certifies the model's dial, with scorers as of the window's start.

        None without parts, or where too few customers bought something.
        """
        if self.parts is None:
            return None
        found, trial = self.found, self.found.trial
        scorer: Scorer = found.stage.first.blend
        if model.ranker is not None:
            served = TwoStage(found.stage.first, model.ranker, model.tail_boost)
            scorer = HeldOut(served, self.parts.teaching)
        stand = Stand(scorer, found.tested, self.parts, found.items, trial.rules, trial.k)
        subject = Subject(model.hash, model.hash, BUYERS, self._name(), trial.k)
        return set_dial(stand, subject, settings, rng=rng, progress=progress)

    def _name(self) -> str:
        split = self.found.split
        if not isinstance(split, TimeSplit):
            return "their last purchases"
        first, last = (
            datetime.fromtimestamp(moment / 1_000_000, tz=UTC).date()
            for moment in (split.cutoff, split.end - 1)
        )
        return f"{first} to {last}"
