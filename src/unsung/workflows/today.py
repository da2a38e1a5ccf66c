"""The shop's lists of today against Unsung's, on what customers went on to buy."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import scipy.sparse as sp

from unsung import schema
from unsung.data.dataset import Dataset
from unsung.data.splits import TimeSplit
from unsung.evaluation.evaluate import Evaluation, evaluate_lists
from unsung.evaluation.significance import paired_difference
from unsung.pipeline.policy import Dial
from unsung.pipeline.pools import item_facts
from unsung.pipeline.recommend import recommend_lists
from unsung.pipeline.two_stage import TwoStage
from unsung.popularity.segments import SEGMENT_NAMES
from unsung.recommenders.base import Scorer
from unsung.schema import EMPTY
from unsung.statistics.summary import number_or_none
from unsung.workflows.before_after import per_user_rows
from unsung.workflows.evaluate import ShopEvaluation
from unsung.workflows.testing import DIALLED
from unsung.workflows.user_groups import user_groups
from unsung.workflows.validation import ValidationWindow

SHOWN: Final = "shown"
MIN_SHOWN_USERS = 100
"""Fewer test customers than this with a logged list: a baseline stands in for today's lists."""
METRICS: Final = (
    "ndcg_at_k",
    "hr_at_k",
    *(f"{name}_ndcg_at_k" for name in SEGMENT_NAMES),
    "aplt_tail",
    "aplt_fresh",
    "value_at_k",
)
OF_LISTS: Final = (
    "catalogue_coverage_at_k",
    "effective_items",
    "exposure_gini",
    "captured_value_at_k",
    "sellers_shown",
    "sellers_shown_share",
    "brands_shown",
    "brands_shown_share",
)
GROUP_METRICS: Final = ("ndcg_at_k", "aplt_tail")


@dataclass(frozen=True, eq=False)
class Sides:
    """Both sides on the same customers.

    Parameters
    ----------
    before, after : Evaluation
    before_name, after_name : str
        What made the lists.
    window : ValidationWindow
        Of these customers.
    """

    before: Evaluation
    after: Evaluation
    before_name: str
    after_name: str
    window: ValidationWindow


def today_record(
    found: ShopEvaluation, dataset: Dataset, *, rng: np.random.Generator
) -> dict[str, Any] | None:
    """Before and after, for ``before-after.json`` and ``today_sections``.

    Parameters
    ----------
    found : ShopEvaluation
        Its test window is the later data.
    dataset : Dataset
        Whose exposures are today's lists, where enough test customers have one in the window.
    rng : Generator
        For the intervals.

    Returns
    -------
    record : dict or None
        ``before, after`` (names), ``k``, ``n_users``, ``window``, ``is_shown`` (whether today's
        lists are the shop's own), ``rows`` (metrics with paired intervals), ``lists`` (figures of
        all lists together), ``segments``, ``groups``, ``verdict``, ``worse``, ``assumptions``.
        None in leave-one-out, which has no later data, and for a single customer.
    """
    if not isinstance(found.split, TimeSplit) or len(found.tested.users) < 2:
        return None
    sides = _sides(found, dataset, found.split)
    rows = list(per_user_rows(sides.before, sides.after, METRICS, rng=rng))
    record = {
        "before": sides.before_name,
        "after": sides.after_name,
        "is_shown": sides.before_name == SHOWN,
        "k": sides.after.k,
        "n_users": sides.after.n_users,
        "rows": rows,
        "lists": [
            {"metric": name, "before": before, "after": sides.after.summary[name]}
            for name, before in sides.before.summary.items()
            if name in OF_LISTS
        ],
        "segments": list(_segments(sides)),
        "groups": list(_groups(sides, rng)),
        "worse": [row["metric"] for row in rows if row["high"] < 0],
    }
    return {**record, "verdict": _verdict(record), "assumptions": list(_assumptions(record))}


def shown_lists(dataset: Dataset, split: TimeSplit, k: int) -> np.ndarray:
    """The first list that each test customer was shown in the window.

    Parameters
    ----------
    dataset : Dataset
    split : TimeSplit
    k : int

    Returns
    -------
    lists : ndarray of int32, shape (len(split.users), k)
        By rank, no item twice; ``EMPTY`` all over for customers without one.
    """
    lists = np.full((len(split.users), k), EMPTY, dtype=np.int32)
    shown = dataset.exposures
    wanted = {"request_id", "user_index", "rank", schema.TIMESTAMP}
    if shown is None or not wanted <= set(shown.columns):
        return lists
    inside = shown[schema.TIMESTAMP].between(split.cutoff, split.end, inclusive="left")
    inside &= (shown["item_index"] >= 0) & shown["user_index"].isin(split.users)
    ordered = shown[inside].sort_values([schema.TIMESTAMP, "rank"], kind="stable")
    first = ordered.groupby("user_index")["request_id"].transform("first")
    kept = ordered[ordered["request_id"] == first].drop_duplicates(["user_index", "item_index"])
    place = kept.groupby("user_index").cumcount().to_numpy()
    row = np.searchsorted(split.users, kept["user_index"].to_numpy())
    lists[row[place < k], place[place < k]] = kept["item_index"].to_numpy()[place < k]
    return lists


def _sides(found: ShopEvaluation, dataset: Dataset, split: TimeSplit) -> Sides:
    by_name = {result.evaluation.name: result.evaluation for result in found.results}
    after_name = found.applied
    shown = shown_lists(dataset, split, found.trial.k)
    rows = np.flatnonzero(shown[:, 0] != EMPTY)
    if len(rows) < MIN_SHOWN_USERS:
        baselines = [name for name in ("trend", "most_popular") if name in by_name]
        best = max(baselines, key=lambda name: by_name[name].summary["ndcg_at_k"])
        return Sides(by_name[best], by_name[after_name], best, after_name, found.tested)
    tested = found.tested
    window = replace(tested, users=tested.users[rows], targets=sp.csr_array(tested.targets[rows]))
    k, rules = found.trial.k, found.trial.rules
    lists = recommend_lists(
        _scorer(found), window.state, window.users, k, rules, dial=_dial(found, after_name)
    )
    before, after = (
        evaluate_lists(some, window.targets, found.items, k=k, name=name)
        for some, name in ((shown[rows], SHOWN), (lists, after_name))
    )
    return Sides(before, after, SHOWN, after_name, window)


def _scorer(found: ShopEvaluation) -> Scorer:
    if found.second.ranker is None or not found.second.serves:
        return found.stage.first.blend
    return TwoStage(found.stage.first, found.second.ranker, found.second.tail_boost)


def _dial(found: ShopEvaluation, after: str) -> Dial | None:
    if found.dial is None or after == found.serves:
        return None
    return Dial(found.dial.policy, item_facts(found.tested.state, found.items.segments))


def _segments(sides: Sides) -> Iterator[dict[str, Any]]:
    """Slots, hits and items reached of each segment, on both sides."""
    for name in SEGMENT_NAMES:
        cuts = [side.cuts["segment"][name] for side in (sides.before, sides.after)]
        for label, cut in zip(("before", "after"), cuts, strict=True):
            reached = cut["catalogue_coverage_at_k"] * cut["n_items"]
            yield {
                "segment": name,
                "side": label,
                "slot_share": number_or_none(cut["slot_share"]),
                "hit_share": number_or_none(cut["hit_share"]),
                "target_share": number_or_none(cut["target_share"]),
                "n_items": cut["n_items"],
                "n_reached": round(reached) if cut["n_items"] else 0,
            }


def _groups(sides: Sides, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    members = user_groups(sides.window.state, sides.window.users)
    for name, inside in members.items():
        for metric in GROUP_METRICS:
            before, after = (side.per_user[metric][inside] for side in (sides.before, sides.after))
            if len(before) < 2:
                continue
            found = paired_difference(after, before, rng=rng)
            yield {
                "group": name,
                "metric": metric,
                "before": float(np.nanmean(before)),
                "after": float(np.nanmean(after)),
                "difference": found.mean_difference,
                "low": found.low,
                "high": found.high,
                "n": found.n,
            }


def _verdict(record: dict[str, Any]) -> str:
    rows = {row["metric"]: row for row in record["rows"]}
    relevance, tail = rows["ndcg_at_k"], rows["aplt_tail"]
    if relevance["low"] > 0:
        said = "find more of what customers went on to buy"
    elif relevance["high"] < 0:
        said = "find less of what customers went on to buy"
    else:
        said = "find as much of what customers went on to buy, as far as can be told,"
    return (
        f"Unsung's lists {said} (NDCG@{record['k']} {relevance['before']:.4f} to "
        f"{relevance['after']:.4f}), and the established tail has {tail['after']:.1%} of a list's "
        f"places in place of {tail['before']:.1%}."
    )


def _assumptions(record: dict[str, Any]) -> Iterator[str]:
    if record["is_shown"]:
        yield (
            "Today's lists are the first that each customer was shown in the window. What was "
            "shown was also more likely to be bought, which favours them."
        )
    else:
        yield (
            f"The shop gave too few exposures, so that {record['before'].replace('_', ' ')} stands "
            "in for today's lists; the shop's own recommender may be better or worse."
        )
    yield (
        "Captured value is the money that customers spent later on items in their lists. It is not "
        "uplift: they bought these items without Unsung's lists. Only an experiment tells what "
        "lists cause."
    )
    if record["after"] == DIALLED:
        yield (
            "Unsung's lists are turned as far as was certified a window earlier. The dial that "
            "serves was set on this page's own window, and may stand elsewhere."
        )
    else:
        yield (
            "Unsung's lists are undialled here, since no dial was certified a window earlier. "
            "Where a dial serves, it shows more of the tail than this page."
        )
    yield "Customers who bought nothing new in the window are not counted."
