"""What an outlook learns from: items as they were described at birth, and what became of them."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from pydantic import Field

from unsung import schema
from unsung.data.dataset import Dataset
from unsung.data.interactions import Interactions
from unsung.data.state import ShopState
from unsung.errors import NotEnoughDataError
from unsung.learning.settings import FineTuneSettings
from unsung.popularity.cohorts import (
    BIRTH_CUT,
    MIN_COHORT,
    RARE_SHARE,
    WINDOW_CUT,
    TailLabels,
    buyers_within,
    label_first_weeks,
    labels_of_totals,
)
from unsung.popularity.segments import NEVER
from unsung.schema import DAY_US
from unsung.settings import Settings
from unsung.text.documents import Documents, DocumentSettings, build_documents, settled
from unsung.text.term_vectors import TermSettings


class OutlookSettings(Settings):
    """How the outlook of items without a history is learned."""

    window_days: float = Field(default=28.0, gt=0)
    """Days from an item's first sale on in which its buyers are counted."""
    min_cohort: int = Field(default=MIN_COHORT, ge=1)
    """Calendar months of birth are joined until they hold as many items."""
    min_labelled: int = Field(default=200, ge=1)
    """With fewer labelled items there is no outlook."""
    min_rare: int = Field(default=20, ge=2)
    """With fewer top sellers, or fewer items of the tail, among them there is no outlook."""
    validation_share: float = Field(default=0.15, gt=0, lt=0.5)
    """Share of the labelled items on which models are chosen and calibrated."""
    l2: tuple[float, ...] = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
    """Penalties that are tried for models without fine-tuning."""
    established_weights: tuple[float, ...] = (0.0, 0.1, 0.3)
    """What an item that was there when the data begin counts for, beside one with a birth; tried
    for models without fine-tuning."""
    terms: TermSettings = TermSettings()
    fine_tuning: FineTuneSettings | None = FineTuneSettings(
        learning_rate=2e-4, batch_size=32, epochs=10, patience=5, max_tokens=64
    )
    """How the language model is fine-tuned; not at all where null."""
    rare_weight: float = Field(default=1.0, gt=0)
    """What a top seller counts for in fine-tuning beside an item of the tail; above 1 the training
    looks harder at the few. Probabilities are set right again."""
    established_epochs: float = Field(default=8.0, ge=0)
    """Times that the items which were there when the data begin are gone through first."""
    min_established: int = Field(default=200, ge=1)
    """With fewer of these nothing is learned from them."""
    refit: bool = False
    """Whether the fine-tuning is done once more with the validation items, for as many epochs as
    were best without them; it takes twice as long."""
    most_examples: int = Field(default=40_000, ge=1)
    """Texts that are read in each part of the fine-tuning; more epochs are cut off."""
    n_words: int = Field(default=3, ge=0)
    """Words that are shown for an item."""
    most_explained: int = Field(default=200, ge=0)
    """Items whose words are found, those with the most demand first."""


@dataclass(frozen=True, eq=False)
class OutlookExamples:
    """Documents and labels of all items as of a moment; rows are items.

    Parameters
    ----------
    documents : Documents
        As each item was described at its birth: its first title where titles come from order
        lines, no reviews.
    settings : DocumentSettings
        How later items get theirs.
    labels, longer : TailLabels
        Of the first window, and of one twice as long.
    established : TailLabels
        By all buyers so far, of the items whose birth is cut off.
    new : ndarray of bool, shape (n_items,)
        Listed items without a history: never sold, or first sold so late that their window isn't
        over.
    definition : str
        What the labels are, in a sentence.
    """

    documents: Documents
    settings: DocumentSettings
    labels: TailLabels
    longer: TailLabels
    established: TailLabels
    new: np.ndarray
    definition: str


def outlook_examples(
    dataset: Dataset, settings: OutlookSettings, moment: int | None = None
) -> OutlookExamples:
    """Label a shop's items as of a moment.

    Parameters
    ----------
    dataset : Dataset
    settings : OutlookSettings
    moment : int, optional
        Microseconds since 1970 UTC: only windows that ended before it are known. The end of the
        data where not given.

    Raises
    ------
    InputError
        Where no item has any text.
    """
    state = dataset.as_of(moment)
    catalogue = _as_born(dataset)
    listed = catalogue[state.listed]
    chosen = settled(DocumentSettings(review_characters=0), listed if len(listed) else catalogue)
    documents = build_documents(catalogue, settings=chosen, attributes=chosen.attributes)
    if not any(documents.texts):
        raise NotEnoughDataError("no item has a title or another text to tell its outlook by.")
    sold = state.interactions.take(state.interactions.is_target)
    born = state.first_seen
    if not dataset.has_clock:
        labels = labels_of_totals(state.buyers)
        none = labels_of_totals(state.buyers, np.zeros(len(born), dtype=bool))
        new = state.listed & (state.buyers == 0)
        definition = (
            "By all distinct buyers, since the data have an order but no dates: the tail is all "
            f"but the {RARE_SHARE:.0%} of items bought by most (equally bought ones all or none)."
        )
        return OutlookExamples(documents, chosen, labels, none, none, new, definition)
    labels, longer = (
        _first_weeks(state, sold, round(settings.window_days * factor * DAY_US), settings)
        for factor in (1, 2)
    )
    new = state.listed & ((born == NEVER) | (labels.status == WINDOW_CUT))
    definition = (
        f"By distinct buyers in the {settings.window_days:g} days from the first sale: the tail is "
        f"all but the {RARE_SHARE:.0%} bought by most among the items first sold in the same month "
        f"(months joined up to {settings.min_cohort} items; equally bought ones all or none). "
        f"Items first sold in the first {settings.window_days:g} days of the data, or so late that "
        "their days aren't over, have no label."
    )
    established = labels_of_totals(state.buyers, labels.status == BIRTH_CUT)
    return OutlookExamples(documents, chosen, labels, longer, established, new, definition)


def _first_weeks(
    state: ShopState, sold: Interactions, window: int, settings: OutlookSettings
) -> TailLabels:
    born = state.first_seen
    times = state.interactions.timestamp
    start = int(times[0]) if len(times) else 0
    known = np.zeros(len(born), dtype=bool)
    if schema.CREATED_AT in state.catalogue:
        created = state.catalogue[schema.CREATED_AT].to_numpy(dtype=np.float64, na_value=np.nan)
        known = created >= start
    counted = buyers_within(sold.item_index, sold.user_index, sold.timestamp, born, window)
    return label_first_weeks(
        counted,
        born,
        start=start,
        end=state.as_of or 0,
        window=window,
        known_birth=known,
        min_cohort=settings.min_cohort,
    )


def _as_born(dataset: Dataset) -> pd.DataFrame:
    """The catalogue, its missing titles filled with the first that an order line named."""
    if not len(dataset.titles):
        return dataset.catalogue
    rows = dataset.interactions
    named = np.flatnonzero(rows.title >= 0)[::-1]
    first = np.full(dataset.n_items, -1)
    # Rows run by time: put in backwards, the earliest stays.
    first[rows.item_index[named]] = rows.title[named]
    texts = np.concatenate([dataset.titles, np.array([None], dtype=object)])[first]
    titles = pd.Series(texts, index=dataset.catalogue.index).astype("str")
    titles[first < 0] = None
    own = dataset.catalogue.get(schema.TITLE)
    filled = titles if own is None else own.where(own.notna(), titles)
    return dataset.catalogue.assign(**{schema.TITLE: filled})


def only_labelled(labels: TailLabels, kept: np.ndarray) -> TailLabels:
    """The same labels for some of the items.

    Parameters
    ----------
    labels : TailLabels
    kept : ndarray of bool, shape (n_items,)
    """
    return replace(labels, place=np.where(kept, labels.place, np.nan))
