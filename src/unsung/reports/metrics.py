"""What pages call the metrics."""

from typing import Final

NDCG: Final = "ndcg_at_k"
TAIL_NDCG: Final = "tail_ndcg_at_k"

# Metric -> label, kind, and whether more (1) or less (-1) is better; 0 = neither.
METRICS: Final[dict[str, tuple[str, str, int]]] = {
    NDCG: ("NDCG@{k}", "metric", 1),
    "hr_at_k": ("HR@{k}", "metric", 1),
    "recall_at_k": ("recall@{k}", "metric", 1),
    "mrr_at_k": ("MRR@{k}", "metric", 1),
    "head_ndcg_at_k": ("NDCG, head", "metric", 1),
    TAIL_NDCG: ("NDCG, established tail", "metric", 1),
    "fresh_ndcg_at_k": ("NDCG, fresh", "metric", 1),
    "cold_ndcg_at_k": ("NDCG, cold", "metric", 1),
    "aplt_tail": ("tail in lists", "share", 1),
    "aplt_fresh": ("fresh in lists", "share", 0),
    "value_at_k": ("money found by a list", "money", 1),
    "captured_value_at_k": ("captured value", "share", 1),
    "catalogue_coverage_at_k": ("coverage", "share", 1),
    "effective_items": ("effective items", "count", 1),
    "exposure_gini": ("Gini of exposure", "metric", -1),
    "sellers_shown": ("sellers with a place in a list", "count", 1),
    "sellers_shown_share": ("of all sellers", "share", 1),
    "sellers_gini": ("Gini of exposure, sellers", "metric", -1),
    "brands_shown": ("brands with a place in a list", "count", 1),
    "brands_shown_share": ("of all brands", "share", 1),
    "brands_gini": ("Gini of exposure, brands", "metric", -1),
    "arp": ("mean popularity", "count", 0),
    "novelty": ("novelty, bits", "metric", 0),
    "intra_list_diversity": ("diversity", "metric", 0),
}


def metric_label(metric: str, k: int) -> str:
    """How a page calls a metric of lists of length k.

    Examples
    --------
    >>> metric_label("ndcg_at_k", 10), metric_label("own_metric", 10)
    ('NDCG@10', 'own metric')
    """
    label = METRICS[metric][0] if metric in METRICS else metric.replace("_", " ")
    return label.format(k=k)
