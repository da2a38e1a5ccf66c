"""One sentence for each number of an evaluation, to stand beside it in a report."""

from collections.abc import Iterable

_MEANINGS = {
    "head": "head items (the most popular ones)",
    "tail": "items of the established tail (not head, not fresh, not cold)",
    "fresh": "fresh items (first seen recently, not head)",
    "cold": "cold items (without an interaction before the cut-off)",
    "tail_fresh": "items of the established tail or fresh",
    "not_head": "items outside the head (established tail, fresh and cold together)",
}

_METRICS = {
    "hr_at_k": "Share of users with at least one relevant item in the k slots.",
    "recall_at_k": "Relevant items in the k slots / all relevant items of the user, mean of users.",
    "precision_at_k": "Relevant items in the k slots / k, mean of users.",
    "ndcg_at_k": (
        "Sum of 1/log2(rank + 1) over the hits / its largest value for min(k, relevant) hits, mean"
        " of users; gains are 0 or 1."
    ),
    "mrr_at_k": "1 / rank of the first relevant item (0 without one), mean of users.",
    "map_at_k": (
        "Sum of the precisions at the ranks that hit / min(k, relevant items), mean of users."
    ),
    "value_at_k": "Summed value of the relevant items in the k slots, mean of users.",
    "captured_value_at_k": (
        "Value of all hits / value of all relevant items, over all users together."
    ),
    "catalogue_coverage_at_k": (
        "Distinct items listed / items of the catalogue; within a cut, of the cut's items."
    ),
    "effective_items": (
        "Exponential of the entropy of exposure: as varied as this many equally exposed items."
    ),
    "exposure_gini": (
        "Gini coefficient of exposure over the whole catalogue, items never shown included; 0 is"
        " even."
    ),
    "n_lists": "Users whose list has at least one item.",
    "arp": "Mean training popularity (distinct buyers) of a list's items, mean of users.",
    "novelty": (
        "-log2((buyers + 1) / (training users + 1)), mean of a list's items, mean of users, in"
        " bits."
    ),
    "intra_list_diversity": (
        "1 - mean cosine over the pairs of a list's items, mean of users with two items or more."
    ),
    "calibration_js": (
        "Jensen-Shannon divergence between the segment mix of history and of list, mean of users,"
        " in bits; 0 is the user's own mix."
    ),
    "calibration_kl": (
        "Kullback-Leibler divergence of the list's segment mix (smoothed by .01) from the"
        " history's, mean of users, in bits."
    ),
    "n": "Users with a relevant item in the cut: those that the cut's rank metrics are means of.",
    "n_items": "Items of the catalogue in the cut.",
    "slot_share": "Share of all filled slots that lie in the cut.",
    "hit_share": "Share of all hits that lie in the cut.",
    "target_share": "Share of all relevant items that lie in the cut.",
}

_GROUP_METRICS = {
    "{group}_ndcg_at_k": (
        "NDCG judged by {meaning} only: users who want one, ideal over these alone, lists"
        " unchanged."
    ),
    "aplt_{group}": "Share of a list's items that are {meaning}, mean of users.",
    "aclt_{group}": "Number of a list's items that are {meaning}, mean of users.",
    "{group}_slot_share": "Share of the slots with {meaning} that lie in this popularity band.",
}

_OWNER_METRICS = {
    "{kind}_shown": "Distinct {kind} with an item in any list.",
    "{kind}_shown_share": "Distinct {kind} with an item in any list / all {kind} of the catalogue.",
    "{kind}_gini": (
        "Gini coefficient of exposure over all {kind} of the catalogue, those never shown included."
    ),
}


def metric_definitions(groups: Iterable[str], owners: Iterable[str] = ()) -> dict[str, str]:
    """Metric -> its definition in one sentence.

    Parameters
    ----------
    groups : iterable of str
        Segments and unions of segments that metrics are given for (``ItemTable.groups``).
    owners : iterable of str
        ``sellers``, ``brands``, where items have them (``ItemTable.owners``).

    Returns
    -------
    definitions : dict of str to str

    Examples
    --------
    >>> metric_definitions(["fresh"])["aplt_fresh"]
    "Share of a list's items that are fresh items (first seen recently, not head), mean of users."
    """
    definitions = dict(_METRICS)
    for group in groups:
        meaning = _MEANINGS.get(group, f"items of the segment '{group}'")
        for metric, sentence in _GROUP_METRICS.items():
            definitions[metric.format(group=group)] = sentence.format(meaning=meaning)
    for kind in owners:
        for metric, sentence in _OWNER_METRICS.items():
            definitions[metric.format(kind=kind)] = sentence.format(kind=kind)
    return definitions
