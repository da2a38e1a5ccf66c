"""Every metric of a set of lists, overall and by segment and popularity band."""

import json
import math
from dataclasses import asdict, dataclass

import numpy as np
import scipy.sparse as sp

from unsung.errors import InputError
from unsung.evaluation.calibration import calibration_kl, history_mix, jensen_shannon, list_mix
from unsung.evaluation.definitions import metric_definitions
from unsung.evaluation.diversity import intra_list_diversity
from unsung.evaluation.exposure import (
    aclt,
    aplt,
    arp,
    catalogue_coverage_at_k,
    exposure_counts,
    exposure_gini,
    novelty,
    owner_metrics,
    share_in,
    slots,
)
from unsung.evaluation.hits import Hits, find_hits
from unsung.evaluation.items import ItemTable
from unsung.evaluation.protocols import TIME, EvaluationProtocol
from unsung.evaluation.ranking import (
    RANK_METRICS,
    captured_value_at_k,
    tail_ndcg_at_k,
    value_at_k,
)
from unsung.popularity.concentration import effective_number
from unsung.statistics.summary import summarise

Cuts = dict[str, dict[str, dict[str, float]]]
"""``segment`` or ``band`` -> its name -> metric -> number."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a set of lists achieved, with the definition of every number.

    Parameters
    ----------
    name : str
        What made the lists.
    k : int
        Slots that were judged.
    n_users, n_items : int
        Rows of the lists, and size of the catalogue.
    protocol : EvaluationProtocol
    per_user : dict of str to ndarray of float64, shape (n_users,)
        Metric -> its value for each user, NaN where it is not defined; for paired tests.
    summary : dict of str to float
        Metric -> mean over the users where it is defined, or the number of the catalogue.
    counts : dict of str to int
        Per-user metric -> users that its mean is over.
    cuts : dict
        ``segment`` or ``band`` -> name -> the rank metrics judged by the relevant items of that
        cut, with ``n``, and the cut's shares of slots, hits and relevant items.
    definitions : dict of str to str
        Metric -> one sentence, for every metric of ``summary`` and ``cuts``.
    """

    name: str
    k: int
    n_users: int
    n_items: int
    protocol: EvaluationProtocol
    per_user: dict[str, np.ndarray]
    summary: dict[str, float]
    counts: dict[str, int]
    cuts: Cuts
    definitions: dict[str, str]

    def to_dict(self) -> dict[str, object]:
        """Everything but the per-user values, ready for JSON: NaN has become None."""
        return {
            "name": self.name,
            "k": self.k,
            "n_users": self.n_users,
            "n_items": self.n_items,
            "protocol": asdict(self.protocol),
            "summary": _without_nan(self.summary),
            "counts": dict(self.counts),
            "cuts": {
                kind: {name: _without_nan(metrics) for name, metrics in cut.items()}
                for kind, cut in self.cuts.items()
            },
            "definitions": dict(self.definitions),
        }

    def to_json(self) -> str:
        """``to_dict`` as JSON text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False, ensure_ascii=False)


def evaluate_lists(
    lists: np.ndarray,
    targets: sp.csr_array,
    items: ItemTable,
    *,
    k: int = 10,
    name: str = "",
    history: sp.csr_array | None = None,
    protocol: EvaluationProtocol = TIME,
) -> Evaluation:
    """Judge lists by what their users turned out to want, and by what they show.

    Parameters
    ----------
    lists : ndarray of int32, shape (n_users, n_slots)
        Item indices, best first; -1 = empty slot, at the end only.
    targets : csr_array of bool or float, shape (n_users, n_items)
        Relevant items: stored values above 0 (see ``find_hits``). Users without any count in the
        list metrics only.
    items : ItemTable
        Segments, bands and popularity of the items, from training alone.
    k : int
        Slots that are judged, >= 1; may be more than n_slots.
    name : str
        What made the lists.
    history : csr_array of float, shape (n_users, n_items), optional
        What each user took before the cut-off; gives the calibration metrics.
    protocol : EvaluationProtocol
        What the targets are.

    Returns
    -------
    evaluation : Evaluation

    Raises
    ------
    InputError
        Where shapes differ, lists or targets are not as described, or the protocol can't have
        these targets.

    Notes
    -----
    Memory goes with n_users * k and the number of targets; no users x items matrix is made.
    """
    hits = find_hits(lists, targets, k)
    _check_shapes(hits, items, history)
    protocol.check(hits.n_relevant)
    per_user = {metric: function(hits) for metric, function in RANK_METRICS.items()}
    per_user["value_at_k"] = value_at_k(hits)
    for group, members in items.groups.items():
        per_user[f"{group}_ndcg_at_k"] = tail_ndcg_at_k(hits, members)
    per_user |= _list_metrics(hits.lists, items) | _calibration(hits.lists, items, history)
    means = {metric: summarise(values) for metric, values in per_user.items()}
    exposure = exposure_counts(hits.lists, len(items))
    summary = {metric: mean.mean for metric, mean in means.items()} | {
        "captured_value_at_k": captured_value_at_k(hits),
        "catalogue_coverage_at_k": catalogue_coverage_at_k(exposure),
        "effective_items": effective_number(exposure),
        "exposure_gini": exposure_gini(exposure),
        "n_lists": int((hits.lists[:, 0] >= 0).sum()),
    }
    for kind, owners in items.owners.items():
        summary |= owner_metrics(exposure, owners, kind)
    cuts = _cuts(hits, items, exposure)
    used = set(summary).union(*(metrics for cut in cuts.values() for metrics in cut.values()))
    definitions = metric_definitions(items.groups, items.owners)
    return Evaluation(
        name=name,
        k=k,
        n_users=len(hits.lists),
        n_items=len(items),
        protocol=protocol,
        per_user=per_user,
        summary=summary,
        counts={metric: mean.n for metric, mean in means.items()},
        cuts=cuts,
        definitions={metric: definitions[metric] for metric in sorted(used)},
    )


def _check_shapes(hits: Hits, items: ItemTable, history: sp.csr_array | None) -> None:
    shape = hits.relevant.shape
    if shape[1] != len(items):
        raise InputError(f"targets have {shape[1]} columns for {len(items)} items: give as many.")
    if history is not None and history.shape != shape:
        raise InputError(f"history has shape {history.shape}: give that of the targets, {shape}.")


def _list_metrics(lists: np.ndarray, items: ItemTable) -> dict[str, np.ndarray]:
    metrics = {
        "arp": arp(lists, items.buyers),
        "novelty": novelty(lists, items.buyers, items.n_training_users),
    }
    if items.vectors is not None:
        metrics["intra_list_diversity"] = intra_list_diversity(lists, items.vectors)
    for group, members in _outside_head(items).items():
        metrics[f"aplt_{group}"] = aplt(lists, members)
        metrics[f"aclt_{group}"] = aclt(lists, members)
    return metrics


def _calibration(
    lists: np.ndarray, items: ItemTable, history: sp.csr_array | None
) -> dict[str, np.ndarray]:
    if history is None:
        return {}
    n_segments = len(items.segment_names)
    liked = history_mix(history, items.segments, n_segments)
    listed = list_mix(lists, items.segments, n_segments)
    return {
        "calibration_js": jensen_shannon(liked, listed),
        "calibration_kl": calibration_kl(liked, listed),
    }


def _cuts(hits: Hits, items: ItemTable, exposure: np.ndarray) -> Cuts:
    parts = {"segment": items.groups, "band": items.band_members}
    cuts = {
        kind: {name: _cut(hits, members, exposure) for name, members in named.items()}
        for kind, named in parts.items()
        if named
    }
    shown = slots(hits.lists)
    for group, members in _outside_head(items).items():
        of_group = shown[members[shown]]
        for band, in_band in items.band_members.items():
            cuts["band"][band][f"{group}_slot_share"] = share_in(of_group, in_band)
    return cuts


def _cut(hits: Hits, members: np.ndarray, exposure: np.ndarray) -> dict[str, float]:
    inside = hits.within(members)
    return {
        "n": int((inside.n_relevant > 0).sum()),
        "n_items": int(members.sum()),
        **{metric: summarise(function(inside)).mean for metric, function in RANK_METRICS.items()},
        "captured_value_at_k": captured_value_at_k(inside),
        "catalogue_coverage_at_k": catalogue_coverage_at_k(exposure[members]),
        "slot_share": share_in(slots(hits.lists), members),
        "hit_share": share_in(hits.lists[hits.is_hit], members),
        "target_share": share_in(hits.relevant.indices, members),
    }


def _outside_head(items: ItemTable) -> dict[str, np.ndarray]:
    return {group: members for group, members in items.groups.items() if group != "head"}


def _without_nan(metrics: dict[str, float]) -> dict[str, float | None]:
    return {metric: None if math.isnan(value) else value for metric, value in metrics.items()}
