"""The outlook of items without a history: which of them will sell, and how much."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.special import expit

from unsung import schema
from unsung.artifacts import write_json, write_table
from unsung.data.dataset import Dataset
from unsung.errors import MissingExtraError, NotEnoughDataError
from unsung.evaluation.classification import (
    calibration_bins,
    demand_metrics,
    tail_metrics,
)
from unsung.learning.export import export_onnx
from unsung.pipeline.outlook import ModelName, Outlook
from unsung.progress import Progress, silent
from unsung.text.base import TextEncoder
from unsung.text.onnx_encoder import OnnxEncoder
from unsung.workflows.outlook_examples import (
    OutlookExamples,
    OutlookSettings,
    outlook_examples,
)
from unsung.workflows.outlook_linear import Parts, split_labelled
from unsung.workflows.outlook_models import FittedOutlook, OutlookModels, documents_at

FORMAT: Final = 1
MARGIN: Final = 0.01
"""By how much a model must beat the simpler ones before it: fine-tuning was stopped, and made to
fit the labels, on the same validation items."""
MODEL_NAMES: Final[dict[ModelName, str]] = {
    "prior": "the same for every item",
    "terms": "term vectors",
    "frozen": "pretrained encoder",
    "fine_tuned": "fine-tuned encoder",
    "fine_tuned_terms": "fine-tuned encoder and term vectors",
}
"""Models from the simplest to the most elaborate."""


def fit_outlook(
    dataset: Dataset,
    settings: OutlookSettings | None = None,
    *,
    encoder: TextEncoder | None = None,
    folder: Path | None = None,
    as_of: int | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> Outlook:
    """Learn from items whose first weeks are over what to expect of others.

    Parameters
    ----------
    dataset : Dataset
    settings : OutlookSettings, optional
    encoder : TextEncoder, optional
        A pretrained one, which knows nothing of the shop's sales: vectors that were fine-tuned on
        purchases know what became of the validation items. Without one, and without ``folder``,
        term vectors are all there is.
    folder : Path, optional
        For the fine-tuned encoder and checkpoints; it must stay until the outlook is written. Not
        given: nothing is fine-tuned.
    as_of : int, optional
        Microseconds since 1970 UTC; nothing at or after it is read.
    seed : int
    progress : Progress

    Returns
    -------
    outlook : Outlook
        The simplest model that validation items didn't tell from the best.

    Raises
    ------
    NotEnoughDataError
        Where too few items have a label, or none has a text; the message says which.
    InputError
        Where the checkpoint in ``folder`` is of another training.
    """
    settings = settings or OutlookSettings()
    progress("learning the outlook of new items", 0, 1)
    examples = outlook_examples(dataset, settings, as_of)
    _check_enough(examples, settings)
    rows = np.flatnonzero(examples.labels.labelled)
    parts = split_labelled(rows, settings.validation_share, np.random.default_rng([seed, 28]))
    models = OutlookModels(examples, settings, encoder, progress=progress)
    vectors, columns = models.terms(parts)
    candidates = [models.prior(parts), models.linear("terms", columns, parts)]
    candidates += _with_encoders(models, parts, candidates[1], folder, seed)
    chosen = _choose(examples, parts, candidates)
    record = _record(examples, parts, candidates, chosen, settings)
    tuned = chosen.trained
    own: TextEncoder | None = encoder if chosen.name == "frozen" else None
    if tuned is not None:
        assert folder is not None
        record["training"] = tuned.record.to_json()
        tuned.encoder.name = f"{tuned.encoder.name}, outlook"
        made = export_onnx(tuned.encoder, folder / "encoder", replace=True, progress=progress)
        own = OnnxEncoder(made)
    progress("learning the outlook of new items", 1, 1)
    return Outlook(
        model=chosen.name,
        documents=examples.settings,
        terms=vectors if chosen.name in ("terms", "fine_tuned_terms") else None,
        encoder=own,
        tail=chosen.tail,
        demand=chosen.demand,
        record=record,
    )


@dataclass(frozen=True, eq=False)
class ShopOutlook:
    """An outlook, and what it says of the items without a history.

    Parameters
    ----------
    outlook : Outlook
    table : DataFrame
        As in ``outlook_table``.
    """

    outlook: Outlook
    table: pd.DataFrame


def outlook_table(
    outlook: Outlook,
    dataset: Dataset,
    settings: OutlookSettings | None = None,
    *,
    as_of: int | None = None,
    all_items: bool = False,
    progress: Progress = silent,
) -> pd.DataFrame:
    """What to expect of every listed item without a history.

    Parameters
    ----------
    outlook : Outlook
    dataset : Dataset
    settings : OutlookSettings, optional
    as_of : int, optional
    all_items : bool
        Of all listed items, with what is expected of their text alone.
    progress : Progress

    Returns
    -------
    table : DataFrame
        ``item_id, title, buyers`` (so far), ``p_tail, demand`` (most first), ``words`` and
        ``changes`` (lists of equal length: words that move the log-odds of the tail, and by how
        much; empty where they weren't asked for).
    """
    settings = settings or OutlookSettings()
    state = dataset.as_of(as_of)
    examples = outlook_examples(dataset, settings, as_of)
    rows = np.flatnonzero(state.listed if all_items else examples.new)
    documents = documents_at(examples.documents, rows)
    found = outlook.forecast(documents, progress)
    order = np.lexsort((rows, found.p_tail, -found.demand))
    explained = order[: settings.most_explained] if settings.n_words else order[:0]
    words = outlook.driving_words(documents_at(documents, explained), settings.n_words, progress)
    # Lists of unlike length in one column.
    texts = [[word for word, _ in row] for row in words]
    changes = [[change for _, change in row] for row in words]
    unexplained: list[list[Any]] = [[] for _ in range(len(order) - len(explained))]
    return pd.DataFrame(
        {
            schema.ITEM_ID: pd.array(state.items.values[rows[order]], dtype="str"),
            schema.TITLE: pd.array([documents.titles[row] for row in order], dtype="str"),
            "buyers": state.buyers[rows[order]],
            "p_tail": found.p_tail[order].round(4),
            "demand": found.demand[order].round(3),
            "words": texts + unexplained,
            "changes": changes + unexplained,
        }
    )


def write_outlook(found: ShopOutlook, shop_encoder: str | None, folder: Path) -> None:
    """Write ``outlook.json``, ``outlook.parquet`` and, in ``outlook/``, the model into a folder.

    Parameters
    ----------
    found : ShopOutlook
    shop_encoder : str or None
        Name of the encoder that the folder has already.
    folder : Path
        ``unsung.pipeline.outlook.read_outlook(folder / "outlook", encoder)`` reads the model back.
    """
    found.outlook.write(folder / "outlook", shop_encoder)
    write_json(folder / "outlook.json", found.outlook.record)
    write_table(folder / "outlook.parquet", found.table)


def _check_enough(examples: OutlookExamples, settings: OutlookSettings) -> None:
    n = int(examples.labels.labelled.sum())
    n_rare = int(examples.labels.is_rare().sum())
    if n < settings.min_labelled:
        raise NotEnoughDataError(
            f"only {n:,} items have had their first {settings.window_days:g} days within the data, "
            f"and {settings.min_labelled:,} are needed to tell the outlook of others."
        )
    if min(n_rare, n - n_rare) < settings.min_rare:
        raise NotEnoughDataError(
            f"of {n:,} items with a label only {n_rare:,} sold more than the others of their "
            f"time, and {settings.min_rare:,} are needed to learn what sets them apart."
        )


def _with_encoders(
    models: OutlookModels, parts: Parts, terms: FittedOutlook, folder: Path | None, seed: int
) -> Iterator[FittedOutlook]:
    if models.encoder is not None:
        yield models.linear("frozen", models.frozen_vectors, parts)
    if models.settings.fine_tuning is None or folder is None:
        return
    try:
        tuned = models.fine_tuned(parts, seed=seed, folder=folder / "training")
    except MissingExtraError:
        return
    yield tuned
    yield models.together(terms, tuned)


def _choose(
    examples: OutlookExamples, parts: Parts, candidates: list[FittedOutlook]
) -> FittedOutlook:
    best, best_value = candidates[0], 0.25  # by chance: ROC-AUC .5, Spearman 0
    for candidate in candidates[1:]:
        figures = _figures(examples, parts, candidate)
        value = (figures["roc_auc"] + figures["spearman"]) / 2
        if value > best_value + (0 if best.name == "prior" else MARGIN):
            best, best_value = candidate, value
    return best


def _figures(examples: OutlookExamples, parts: Parts, model: FittedOutlook) -> dict[str, float]:
    rows = parts.validation
    return {
        **tail_metrics(examples.labels.is_rare()[rows], expit(model.validated.log_odds)),
        **demand_metrics(examples.labels.buyers[rows], model.validated.logarithm),
    }


def _record(
    examples: OutlookExamples,
    parts: Parts,
    candidates: list[FittedOutlook],
    chosen: FittedOutlook,
    settings: OutlookSettings,
) -> dict[str, Any]:
    labels, rows = examples.labels, parts.validation
    n_cohorts = len(np.unique(labels.cohort[labels.labelled]))
    return {
        "kind": "outlook",
        "format": FORMAT,
        "definition": examples.definition,
        "window_days": settings.window_days,
        "model": chosen.name,
        "model_name": MODEL_NAMES[chosen.name],
        "chosen": chosen.chosen,
        "n_labelled": int(labels.labelled.sum()),
        "n_rare": int(labels.is_rare().sum()),
        "n_cohorts": n_cohorts,
        "n_validation": len(rows),
        "n_new": int(examples.new.sum()),
        "models": [
            {
                "name": model.name,
                "label": MODEL_NAMES[model.name],
                "chosen": model.name == chosen.name,
                **{
                    metric: None if np.isnan(value) else round(value, 5)
                    for metric, value in _figures(examples, parts, model).items()
                },
            }
            for model in candidates
        ],
        "calibration": calibration_bins(~labels.is_rare()[rows], expit(chosen.validated.log_odds)),
    }
