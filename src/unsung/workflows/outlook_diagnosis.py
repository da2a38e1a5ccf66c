"""The outlook as a part of a diagnosis."""

from collections.abc import Iterator
from typing import Any

from unsung.data.dataset import Dataset
from unsung.data.state import ShopState
from unsung.errors import NotEnoughDataError
from unsung.popularity.diagnosis import Table
from unsung.popularity.sentences import count_of
from unsung.progress import Progress, silent
from unsung.workflows.outlook import ShopOutlook, fit_outlook, outlook_table
from unsung.workflows.outlook_examples import OutlookSettings, outlook_examples

COLUMNS = {
    "item_id": "The shop's own id.",
    "title": "Title as the item was first described.",
    "buyers": "Distinct buyers so far.",
    "p_tail": "Probability that the item will be in the long tail of its time, by its text alone.",
    "demand": "Distinct buyers to expect in the window, by the item's text alone.",
    "for_sales": "Words that make a top seller of the item likelier: without them the odds of the "
    "tail would be higher; the strongest first.",
    "for_tail": "Words that make the tail likelier, the strongest first.",
}
MODEL_COLUMNS = {
    "label": "What the text is read by.",
    "chosen": "Whether the diagnosis uses it: the simplest model that none beats clearly.",
    "pr_auc_rare": "Area under the precision-recall curve for the top sellers (average precision); "
    "their prevalence is what scores without information give.",
    "prevalence_rare": "Share of top sellers among the validation items.",
    "roc_auc": "How often a top seller gets a lower probability of the tail than another item; "
    "0.5 is chance.",
    "brier": "Mean squared distance of the probability from what happened; 0 is best.",
    "ece": "Expected calibration error over 15 bins of equally many items; 0 is best.",
    "spearman": "Rank correlation of expected and real buyers.",
    "top_decile_lift": "Buyers of the tenth of the items that was expected to sell best, over the "
    "mean of all.",
}
CALIBRATION_COLUMNS = {
    "items": "Validation items in the bin.",
    "predicted": "Mean probability of the tail that they were given.",
    "observed": "Share of them that came to be in the tail.",
}


def outlook_tables(
    dataset: Dataset,
    state: ShopState,
    found: ShopOutlook | None = None,
    progress: Progress = silent,
) -> dict[str, Table]:
    """What to expect of the items without a history, or the sentence that says why nothing.

    Parameters
    ----------
    dataset : Dataset
    state : ShopState
        Of the diagnosis; its moment counts.
    found : ShopOutlook, optional
        Made here on term vectors alone where not given.
    progress : Progress

    Returns
    -------
    tables : dict of str to Table
        ``outlook`` (items), ``outlook_models`` and ``outlook_calibration``.
    """
    if found is None:
        settings = OutlookSettings(fine_tuning=None)
        try:
            if not outlook_examples(dataset, settings, state.as_of).new.any():
                return _nothing("Every listed item has a history.")
            outlook = fit_outlook(dataset, settings, as_of=state.as_of, progress=progress)
        except NotEnoughDataError as error:
            return _nothing(f"There is no outlook: {error}")
        table = outlook_table(outlook, dataset, settings, as_of=state.as_of, progress=progress)
        found = ShopOutlook(outlook, table)
    record = found.outlook.record
    note = "" if len(found.table) else "Every listed item has a history."
    definition = (
        "Listed items that were never sold, or first sold so lately that their first days aren't "
        f"over, and what their text makes likely, read by {record['model_name']}; learned from "
        f"{count_of(record['n_labelled'], 'item')} of this shop. {record['definition']}"
    )
    of_validation = f"On {count_of(record['n_validation'], 'item')} that were not learned from."
    return {
        "outlook": Table(definition, COLUMNS, tuple(_rows(found)), note),
        "outlook_models": Table(
            of_validation,
            MODEL_COLUMNS,
            tuple({key: model[key] for key in MODEL_COLUMNS} for model in record["models"]),
        ),
        "outlook_calibration": Table(
            of_validation, CALIBRATION_COLUMNS, tuple(record["calibration"])
        ),
    }


def outlook_sentence(tables: dict[str, Table]) -> str | None:
    """The finding, where there is one."""
    rows = tables["outlook"].rows
    if not rows:
        return None
    likely = sum(row["p_tail"] < 0.5 for row in rows)
    return (
        f"Of {count_of(len(rows), 'listed item')} without a history, {likely:,} will by their text "
        "rather be a top seller of their time than in its tail."
    )


def _nothing(note: str) -> dict[str, Table]:
    definition = "Listed items without a history, and what their text makes likely."
    return {
        "outlook": Table(definition, COLUMNS, (), note),
        "outlook_models": Table(definition, MODEL_COLUMNS, (), note),
        "outlook_calibration": Table(definition, CALIBRATION_COLUMNS, (), note),
    }


def _rows(found: ShopOutlook) -> Iterator[dict[str, Any]]:
    table = found.table
    moves = [
        list(zip(words, changes, strict=True))
        for words, changes in zip(table["words"], table["changes"], strict=True)
    ]
    for row, found_moves in zip(table.to_dict("records"), moves, strict=True):
        yield {
            **{key: row[key] for key in ("item_id", "title", "buyers", "p_tail", "demand")},
            "for_sales": ", ".join(word for word, change in found_moves if change < 0),
            "for_tail": ", ".join(word for word, change in found_moves if change > 0),
        }
