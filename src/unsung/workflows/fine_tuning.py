"""When a shop's encoder learns, what may be known then, and what it changed on the test."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from unsung.data.dataset import Dataset
from unsung.data.settings import ShopSettings
from unsung.data.splits import Windows, split_by_time
from unsung.errors import MissingExtraError
from unsung.evaluation.evaluate import Evaluation
from unsung.pipeline.components import ComponentSettings, make_component
from unsung.progress import Progress, silent
from unsung.recommenders.linear import LinearSettings
from unsung.text.onnx_encoder import OnnxEncoder
from unsung.workflows.before_after import before_after_rows
from unsung.workflows.content import ContentBuilder
from unsung.workflows.interest import InterestSettings, learn_interest
from unsung.workflows.testing import Split, TestPart, described_window
from unsung.workflows.windows import label_windows

METRIC_OF_CUT: Final = {
    "all": "ndcg_at_k",
    "head": "head_ndcg_at_k",
    "tail": "tail_ndcg_at_k",
    "fresh": "fresh_ndcg_at_k",
    "cold": "cold_ndcg_at_k",
}


@dataclass(frozen=True, eq=False)
class FineTuned:
    """What fine-tuning came to.

    Parameters
    ----------
    content : ContentBuilder
        Describes items from now on, with the encoder that was kept.
    before : ContentBuilder or None
        The same with the pretrained encoder, where another is kept.
    record : dict or None
        As in ``Interest.record``; None where nothing could be fine-tuned.
    """

    content: ContentBuilder
    before: ContentBuilder | None = None
    record: dict[str, Any] | None = None

    @property
    def encoder_folder(self) -> Path | None:
        """The ONNX encoder that was kept; None where items have no text or it isn't on disk."""
        encoder = self.content.encoder
        return encoder.folder if isinstance(encoder, OnnxEncoder) else None


def interest_split(
    dataset: Dataset,
    shop: ShopSettings,
    validation: Split,
    windows: Windows | None,
    n_label_windows: int,
) -> Split:
    """What the encoder learns from, and the window that it is judged on.

    Parameters
    ----------
    dataset : Dataset
    shop : ShopSettings
    validation : TimeSplit or LeaveOneOutSplit
        What settings are chosen on.
    windows : Windows or None
        None where only order is known.
    n_label_windows : int
        Windows before the validation window that the second stage learns from.

    Returns
    -------
    split : TimeSplit or LeaveOneOutSplit
        The window before all of these, so that the second stage never sees embeddings that know its
        labels. Where the history is too short for one more window, the first of them; where there
        is none, ``validation``.
    """
    if windows is None:
        return validation
    length = windows.test_start - windows.validation_start
    labels = label_windows(dataset, windows.validation_start, length, n_label_windows)
    if not labels:
        return validation
    earlier = label_windows(dataset, labels[0].start, length, 1)
    start, end = (earlier or labels)[0]
    return split_by_time(dataset, start, end, repeats=shop.repeats)


def fine_tune(
    split: Split,
    shop: ShopSettings,
    builder: ContentBuilder,
    settings: InterestSettings,
    *,
    folder: Path,
    progress: Progress = silent,
) -> FineTuned:
    """Fine-tune a shop's encoder, and keep it where its window agrees.

    Parameters
    ----------
    split : TimeSplit or LeaveOneOutSplit
        From ``interest_split``.
    shop : ShopSettings
    builder : ContentBuilder
        With the pretrained encoder that the settings name.
    settings : InterestSettings
    folder : Path
        Gets the encoder and the checkpoints of its training.
    progress : Progress, optional
    """
    window = described_window(split, builder, progress)
    if not window.fit_state.content.embeddings.any():
        return FineTuned(builder)
    try:
        found = learn_interest(
            window, builder, settings, folder=folder, segments=shop.segments, progress=progress
        )
    except MissingExtraError:
        return FineTuned(builder)
    if found.folder is None:
        return FineTuned(builder, record=found.record)
    tuned = replace(builder, encoder=OnnxEncoder(found.folder), _known={})
    return FineTuned(tuned, builder, found.record)


def what_changed(
    tuned: FineTuned,
    test: TestPart,
    split: Split,
    components: Sequence[ComponentSettings],
    *,
    rng: np.random.Generator,
    progress: Progress = silent,
) -> list[dict[str, Any]]:
    """The scorers that read embeddings, with the pretrained and with the fine-tuned encoder.

    Parameters
    ----------
    tuned : FineTuned
    test : TestPart
        With the fine-tuned encoder's content.
    split : TimeSplit or LeaveOneOutSplit
        Of the test.
    components : sequence of settings
        As they were chosen.
    rng : Generator
    progress : Progress, optional

    Returns
    -------
    rows : list of dict
        As from ``before_after_rows``; empty where the pretrained encoder stays.
    """
    if tuned.before is None:
        return []
    reading = [c for c in components if c.kind == "encoder" or _reads_embeddings(c)]
    pretrained = replace(tuned.before, terms=tuned.content.terms)
    before = replace(test, window=described_window(split, pretrained, progress))
    evaluations: list[list[Evaluation]] = []
    for part in (before, test):
        progress("comparing before and after fine-tuning", len(evaluations), 2)
        scorers = [make_component(component) for component in reading]
        evaluations.append([part.judge(s, s, rng).evaluation for s in scorers])
    progress("comparing before and after fine-tuning", 2, 2)
    return before_after_rows(*evaluations, rng=rng)


def _reads_embeddings(component: ComponentSettings) -> bool:
    return isinstance(component, LinearSettings) and component.encoder_weight > 0


def training_record(
    interest: dict[str, Any] | None,
    changed: Sequence[dict[str, Any]],
    k: int,
    outlook: dict[str, Any] | None = None,
) -> dict[str, Any] | None:
    """All that fine-tuning did, for ``training.json`` and ``before_after_sections``.

    Parameters
    ----------
    interest : dict or None
        As in ``FineTuned.record``.
    changed : sequence of dict
        From ``what_changed``.
    k : int
        Length of the lists.
    outlook : dict or None
        As in ``outlook.json``.

    Returns
    -------
    record : dict or None
        None where nothing was fine-tuned.
    """
    pretraining = (interest or {}).get("pretraining") or {}
    runs = [
        {"label": label, "metric": run["metric"], "training": run}
        for label, run in (
            ("Continued pretraining", pretraining.get("model")),
            ("Interest encoder", (interest or {}).get("training")),
            ("Outlook of new items", (outlook or {}).get("training")),
        )
        if run is not None
    ]
    if interest is None and not runs:
        return None
    return {
        "sentences": [part["sentence"] for part in (pretraining, interest) if part],
        "k": k,
        "interest": interest,
        "test": list(changed),
        "validation": [_validated(cut) for cut in interest["cuts"]] if interest else [],
        "runs": runs,
    }


def _validated(cut: dict[str, Any]) -> dict[str, Any]:
    return {
        "scorer": "encoder",
        "metric": METRIC_OF_CUT[cut["cut"]],
        "before": cut["frozen"],
        "after": cut["fine_tuned"],
        "difference": cut["difference"],
        "low": cut["low"],
        "high": cut["high"],
        "n": cut["n"],
    }
