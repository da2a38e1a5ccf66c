"""The shop's own encoder: fine-tuned on its associations, and kept only where validation agrees."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from pydantic import Field

from unsung import schema
from unsung.data.settings import SegmentSettings
from unsung.data.state import ShopState
from unsung.evaluation.significance import paired_difference
from unsung.learning.contrastive import ContrastiveSettings
from unsung.learning.export import export_onnx
from unsung.learning.interest import FineTunedInterest, Positives, fine_tune_interest
from unsung.learning.quantise import quantise
from unsung.learning.settings import FineTuneSettings
from unsung.pipeline.rules import Rules
from unsung.progress import Progress, silent
from unsung.recommenders.associations import (
    Associations,
    AssociationSettings,
    find_associations,
)
from unsung.settings import Settings
from unsung.statistics.summary import Summary, number_or_none, summarise
from unsung.text.documents import documents_of, settled
from unsung.text.onnx_encoder import embed
from unsung.workflows.content import ContentBuilder
from unsung.workflows.content_judge import ContentJudge, Measured
from unsung.workflows.pretraining import continue_pretraining
from unsung.workflows.validation import ValidationWindow

FORMAT: Final = 1
MOST_QUERIES: Final = 1_000
"""Items whose neighbours are compared between an encoder and its 8-bit version."""
CUT_NAMES: Final = {
    "all": "all targets",
    "head": "head targets",
    "tail": "established tail targets",
    "fresh": "fresh targets",
    "cold": "cold targets",
}


class InterestSettings(Settings):
    """How the interest encoder is learned and judged."""

    training: FineTuneSettings = FineTuneSettings(learning_rate=1e-4, max_tokens=64, epochs=2.0)
    pretraining: FineTuneSettings | None = None
    """Continued pretraining on documents and reviews before anything else is learned; none where
    null. The model and the seed are those of ``training``."""
    associations: AssociationSettings = AssociationSettings()
    objective: ContrastiveSettings = ContrastiveSettings()
    shares: tuple[float, ...] = (1.0, 0.75, 0.5, 0.25)
    """Shares of the way from the pretrained to the fine-tuned weights that validation chooses
    from."""
    temperatures: tuple[float, ...] = (0.1, 0.2, 0.3)
    """Temperatures of the encoder profile; each encoder is judged at its own best one."""
    k: int = Field(default=10, ge=1)
    """Length of the lists that are judged."""
    max_users: int = Field(default=1_000, ge=1)
    """Validation users that are looked at, drawn at random where there are more."""
    min_users: int = Field(default=50, ge=1)
    """A cut with fewer validation users isn't judged; with fewer in all, nothing is learned."""
    n_boot: int = Field(default=1_000, ge=1)
    """Resamples of the intervals in the record."""
    int8: bool = False
    """Whether a fine-tuned encoder that is kept is put into 8-bit integers, where these find the
    same items and lose at most 1 % of the profile's NDCG."""


@dataclass(frozen=True, eq=False)
class Interest:
    """What fine-tuning came to.

    Parameters
    ----------
    folder : Path or None
        The fine-tuned encoder as ONNX; None where the shop's own encoder stays.
    record : dict
        Plain values: ``sentence``, ``kept`` (``fine-tuned`` or ``frozen``), ``share``, ``cuts``,
        ``shares``, ``positives``, ``pretraining``, ``training``, ``int8``, ``settings``.
    """

    folder: Path | None
    record: dict[str, Any]


def learn_interest(
    window: ValidationWindow,
    builder: ContentBuilder,
    settings: InterestSettings | None = None,
    *,
    folder: Path,
    segments: SegmentSettings | None = None,
    rules: Rules | None = None,
    progress: Progress = silent,
) -> Interest:
    """Fine-tune on what was known before a validation window, and judge on the window.

    Parameters
    ----------
    window : ValidationWindow
        ``fit_state``, with content, is learned from. Both lie before every window whose labels
        will be predicted.
    builder : ContentBuilder
        What documents are made of; its encoder is the one to beat.
    settings : InterestSettings, optional
    folder : Path
        Gets ``encoder`` (the ONNX encoder, where it is kept) and ``training`` (checkpoints, from
        which an interrupted call goes on).
    segments : SegmentSettings, optional
    rules : Rules, optional
    progress : Progress

    Returns
    -------
    interest : Interest
        The fine-tuned encoder is kept where its profile's NDCG is above the shop's encoder's, and
        on no cut below it: at the smallest share of the way that is as good as the best one.

    Raises
    ------
    MissingExtraError
        Where torch isn't installed.
    """
    settings = settings or InterestSettings()
    seed = settings.training.seed
    judge = ContentJudge.of(
        window.sampled(settings.max_users, np.random.default_rng([seed, 1])),
        segments or SegmentSettings(),
        rules or Rules(in_stock_only=False),
        settings.k,
    )
    associations = find_associations(
        window.fit_state,
        settings.associations,
        rng=np.random.default_rng([seed, 2]),
        progress=progress,
    )
    report = _Report(settings, judge, associations)
    frozen = judge.measure(window.fit_state.content.embeddings, settings.temperatures)
    problem = _problem(associations, judge, settings)
    if problem is not None:
        return Interest(None, report.stays(f"The pretrained encoder stays: {problem}."))
    begin = None
    if settings.pretraining is not None:
        begin, report.pretraining = continue_pretraining(
            window.fit_state,
            builder.documents,
            settings.pretraining,
            settings.training,
            folder=folder / "pretraining",
            progress=progress,
        )
    positives = _positives(window.fit_state, builder, associations)
    tuned = fine_tune_interest(
        positives,
        settings.training,
        settings.objective,
        begin=begin,
        validate=lambda vectors: judge.measure(vectors, settings.temperatures).value,
        folder=folder / "training",
        progress=progress,
    )
    report.training = tuned.record.to_json()
    share = report.choose(frozen, _measured_shares(tuned, judge, settings, progress))
    if share is None:
        return Interest(None, report.stays(report.refusal()))
    encoder = tuned.encoder(share)
    encoder.name = f"{encoder.name}, interest"
    exported = export_onnx(encoder, folder / "encoder", replace=True, progress=progress)
    if settings.int8:
        exported, report.int8 = _in_int8(
            exported, folder / "int8", positives.texts, judge, settings
        )
    return Interest(exported, report.kept(share))


def _in_int8(
    encoder: Path,
    folder: Path,
    texts: Sequence[str],
    judge: ContentJudge,
    settings: InterestSettings,
) -> tuple[Path, dict[str, Any]]:
    """The encoder in 8-bit integers, or as it was where these lose too much, and the comparison."""
    shutil.rmtree(folder, ignore_errors=True)
    known = sorted({text for text in texts if text})
    drawn = np.random.default_rng([settings.training.seed, 4]).permutation(len(known))
    record = quantise(
        encoder,
        folder,
        known,
        [known[place] for place in drawn[:MOST_QUERIES]],
        validate=lambda one: judge.measure(embed(texts, one), settings.temperatures).value,
    )
    return folder, record.to_json()


def _problem(
    associations: Associations, judge: ContentJudge, settings: InterestSettings
) -> str | None:
    """Why there is nothing to learn or to judge by, if so."""
    if associations.weights.nnz == 0:
        return "no two items were found to belong together"
    n_users = len(judge.window.users)
    if n_users < settings.min_users:
        return f"{n_users} validation users are too few to judge another one by"
    return None


def _positives(state: ShopState, builder: ContentBuilder, associations: Associations) -> Positives:
    chosen = settled(builder.documents, state.catalogue[state.listed])
    texts = documents_of(state, chosen).texts
    groups = np.zeros(state.n_items, dtype=np.int64)
    if schema.CATEGORY in state.catalogue:
        groups = pd.factorize(state.catalogue[schema.CATEGORY])[0].astype(np.int64)
    return Positives(
        [text if listed else "" for text, listed in zip(texts, state.listed, strict=True)],
        associations.weights,
        state.buyers,
        groups,
    )


def _measured_shares(
    tuned: FineTunedInterest, judge: ContentJudge, settings: InterestSettings, progress: Progress
) -> dict[float, Measured]:
    stage, found = "choosing between pretrained and fine-tuned", {}
    for done, share in enumerate(settings.shares):
        progress(stage, done, len(settings.shares))
        found[share] = judge.measure(tuned.vectors(share), settings.temperatures)
    progress(stage, len(settings.shares), len(settings.shares))
    return found


class _Report:
    """Holds what was measured against what is asked for, and says so."""

    def __init__(
        self, settings: InterestSettings, judge: ContentJudge, associations: Associations
    ) -> None:
        self.settings, self.judge, self.associations = settings, judge, associations
        self.training: dict[str, Any] | None = None
        self.pretraining: dict[str, Any] | None = None
        self.int8: dict[str, Any] | None = None
        self.frozen: Measured | None = None
        self.shares: dict[float, Measured] = {}

    def choose(self, frozen: Measured, shares: dict[float, Measured]) -> float | None:
        """The smallest share that is worse on no cut and as good as the best of those.

        As good: its mean is within one standard error of the paired difference. What the window
        can't tell apart stays near the pretrained model, which knows later seasons as well.
        """
        self.frozen, self.shares = frozen, shares
        passing = [s for s in shares if not self._worse(s) and shares[s].value > frozen.value]
        best = max(passing, key=lambda share: shares[share].value, default=None)
        if best is None:
            return None
        top = shares[best].values["all"]
        losses = {share: summarise(top - shares[share].values["all"]) for share in passing}
        return min(s for s, loss in losses.items() if loss.mean <= _standard_error(loss))

    def _worse(self, share: float) -> list[str]:
        """Judged cuts on which a share is below the frozen encoder."""
        assert self.frozen is not None
        tuned, frozen = self.shares[share].means, self.frozen.means
        return [cut for cut in self._judged() if tuned[cut] < frozen[cut]]

    def _judged(self) -> list[str]:
        assert self.frozen is not None
        return [c for c, n in self.frozen.counts.items() if n >= self.settings.min_users]

    def _best(self) -> float:
        return max(self.shares, key=lambda share: self.shares[share].value)

    def refusal(self) -> str:
        """Why no share was kept."""
        assert self.frozen is not None
        best = self._best()
        cuts = self._worse(best) if self.shares[best].value > self.frozen.value else ["all"]
        figures = ", ".join(
            f"{CUT_NAMES[cut]} {self.frozen.means[cut]:.4f} -> {self.shares[best].means[cut]:.4f}"
            for cut in cuts
        )
        return (
            "The pretrained encoder stays: fine-tuned, it found no more on the validation window "
            f"or lost a cut (NDCG@{self.settings.k} of its profile: {figures})."
        )

    def kept(self, share: float) -> dict[str, Any]:
        """The record of a fine-tuned encoder that is used."""
        assert self.frozen is not None
        sources = " and ".join(self.associations.counts)
        sentence = (
            f"The encoder was fine-tuned on this shop's associations ({sources}): its profile's "
            f"NDCG@{self.settings.k} on the validation window went from {self.frozen.value:.4f} "
            f"to {self.shares[share].value:.4f}, and on no cut down."
        )
        return self._record("fine-tuned", sentence, share)

    def stays(self, sentence: str) -> dict[str, Any]:
        """The record of an encoder that stays as it was."""
        return self._record("frozen", sentence, self._best() if self.shares else None)

    def _record(self, kept: str, sentence: str, share: float | None) -> dict[str, Any]:
        weights = self.associations.weights
        return {
            "format": FORMAT,
            "kept": kept,
            "sentence": sentence,
            "share": share,
            "n_users": len(self.judge.window.users),
            "cuts": [] if share is None else self._cuts(share),
            "shares": [self._share(share) for share in self.shares],
            "positives": {
                "pairs": self.associations.counts,
                "n_pairs": int(weights.nnz),
                "n_items": int((np.diff(weights.indptr) > 0).sum()),
            },
            "pretraining": self._pretraining(),
            "training": self.training,
            "int8": self.int8,
            "settings": self.settings.model_dump(mode="json"),
        }

    def _pretraining(self) -> dict[str, Any] | None:
        """What continued pretraining did, alone: the training's first validation comes after it."""
        if self.pretraining is None or self.training is None or self.frozen is None:
            return None
        found, value = self.pretraining, self.training["validations"][0]["value"]
        sentence = (
            f"Continued pretraining on {found['n_texts']} texts took the loss on texts that it "
            f"didn't read from {found['loss_before']:.3f} to {found['loss_after']:.3f} nats a "
            f"token, and the profile's NDCG@{self.settings.k} from {self.frozen.value:.4f} to "
            f"{value:.4f}."
        )
        return {**found, "ndcg_at_k": value, "sentence": sentence}

    def _share(self, share: float) -> dict[str, Any]:
        measured = self.shares[share]
        return {
            "share": share,
            "ndcg_at_k": measured.value,
            "temperature": measured.temperature,
            "worse_on": self._worse(share),
        }

    def _cuts(self, share: float) -> list[dict[str, Any]]:
        assert self.frozen is not None
        judged, tuned = self._judged(), self.shares[share]
        cuts = []
        for cut, n in self.frozen.counts.items():
            if n == 0:
                continue
            found = paired_difference(
                tuned.values[cut],
                self.frozen.values[cut],
                rng=np.random.default_rng([self.settings.training.seed, 3]),
                n_boot=self.settings.n_boot,
            )
            cuts.append(
                {
                    "cut": cut,
                    "n": n,
                    "judged": cut in judged,
                    "frozen": self.frozen.means[cut],
                    "fine_tuned": tuned.means[cut],
                    "difference": found.mean_difference,
                    "low": number_or_none(found.low),
                    "high": number_or_none(found.high),
                }
            )
        return cuts


def _standard_error(differences: Summary) -> float:
    """0 where there are too few users for one."""
    return 0.0 if np.isnan(differences.sd) else differences.sd / float(np.sqrt(differences.n))
