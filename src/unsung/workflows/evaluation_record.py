"""An evaluation as JSON: every model, paired comparisons, and what to bear in mind."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import numpy as np

from unsung.data.splits import LeaveOneOutSplit, SplitCounts
from unsung.evaluation.significance import Comparison, compare_evaluations
from unsung.workflows.evaluate import ShopEvaluation
from unsung.workflows.testing import TestResult

FEW_USERS = 100
COMPARED = ("ndcg_at_k", "tail_ndcg_at_k", "fresh_ndcg_at_k", "cold_ndcg_at_k", "head_ndcg_at_k")


def evaluation_record(found: ShopEvaluation, *, rng: np.random.Generator) -> dict[str, Any]:
    """Everything that an evaluation found, ready for JSON and for ``reports``.

    Parameters
    ----------
    found : ShopEvaluation
    rng : Generator
        For the bootstrap of the comparisons.

    Returns
    -------
    record : dict
        ``shop, protocol, cutoff, end, k, n_users, segments, counts, definitions, models,
        comparisons, chosen, serves, second_stage, notes``.
    """
    first = found.results[0].evaluation
    split = found.split
    comparisons = list(_comparisons(found, rng))
    segments = np.bincount(found.items.segments, minlength=len(found.items.segment_names))
    return {
        "shop": found.shop,
        "protocol": found.protocol,
        "protocol_terms": asdict(first.protocol),
        "cutoff": None if isinstance(split, LeaveOneOutSplit) else _iso(split.cutoff),
        "end": None if isinstance(split, LeaveOneOutSplit) else _iso(split.end),
        "k": first.k,
        "n_users": first.n_users,
        "n_targets": int(split.targets.nnz),
        "segments": {
            name: int(n) for name, n in zip(found.items.segment_names, segments, strict=True)
        },
        "counts": asdict(split.counts),
        "definitions": first.definitions,
        "models": [_model(result) for result in found.results],
        "comparisons": comparisons,
        "chosen": chosen_settings(found),
        "serves": found.serves,
        "second_stage": {
            "serves": found.second.serves,
            "reason": found.second.reason,
            "tail_boost": found.second.tail_boost,
            "validation": found.second.validation,
            "buyers": [rows.n_buyers for rows in found.second.rows],
        },
        "notes": [
            found.second.reason,
            *_size_notes(found),
            *_count_notes(split.counts),
            *_text_notes(comparisons),
        ],
    }


def chosen_settings(found: ShopEvaluation) -> dict[str, Any]:
    """What the validation part chose, and what was tried."""
    choice = found.choice
    return {
        "components": [component.model_dump(mode="json") for component in choice.components],
        "weights": choice.learnt.weights,
        "validation_users": choice.n_users,
        "validation_ndcg_at_k": choice.learnt.relevance,
        "validation_tail_ndcg_at_k": choice.learnt.tail,
        "validation_best_ndcg_at_k": choice.learnt.best_relevance,
        "is_default": choice.is_default,
        "trials": [
            {**trial.settings.model_dump(mode="json"), "ndcg_at_k": trial.ndcg_at_k}
            for trial in choice.trials
        ],
    }


def _model(result: TestResult) -> dict[str, Any]:
    return {**result.evaluation.to_dict(), "fit_s": result.fit_s, "score_s": result.score_s}


def _comparisons(found: ShopEvaluation, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    """What serves against all others, and the encoder against term vectors."""
    by_name = {result.evaluation.name: result.evaluation for result in found.results}
    pairs = [(found.serves, name) for name in by_name if name != found.serves]
    if {"encoder", "terms"} <= by_name.keys():
        pairs.append(("encoder", "terms"))
    for a, b in pairs:
        compared = compare_evaluations(by_name[a], by_name[b], COMPARED, rng=rng)
        for metric, comparison in compared.items():
            if comparison.n > 1:
                yield _comparison(a, b, metric, comparison)


def _comparison(a: str, b: str, metric: str, found: Comparison) -> dict[str, Any]:
    return {
        "a": a,
        "b": b,
        "metric": metric,
        "difference": found.mean_difference,
        "low": found.low,
        "high": found.high,
        "p_value": found.adjusted_p_value,
        "n": found.n,
    }


def _size_notes(found: ShopEvaluation) -> Iterator[str]:
    """Say where there is too little to choose or to test on."""
    n_users, choice = found.results[0].evaluation.n_users, found.choice
    if choice.is_default:
        yield (
            f"Only {choice.n_users} users could be chosen on, so default settings and weights "
            "were kept."
        )
    if n_users < FEW_USERS:
        yield f"Only {n_users} users could be tested on: differences may be chance."


def _count_notes(counts: SplitCounts) -> Iterator[str]:
    if counts.n_users_without_history:
        targets = counts.n_targets_without_history
        yield (
            f"Users left out because too little was known of them: {counts.n_users_without_history}"
            + (f", with {targets} targets." if targets else ".")
        )
    if counts.n_repeat_targets:
        yield (
            "Purchases of what the user had bought before, which are no targets because bought "
            f"items are hidden: {counts.n_repeat_targets}."
        )
    if counts.n_cold_targets:
        yield (
            "Targets on items without any interaction before the cut-off: "
            f"{counts.n_cold_targets}; they stay in, {counts.n_unlisted_targets} of them on items "
            "not listed yet, which nothing could have recommended."
        )


def _text_notes(comparisons: list[dict[str, Any]]) -> Iterator[str]:
    """Say where the encoder doesn't beat term vectors."""
    against = [c for c in comparisons if (c["a"], c["b"]) == ("encoder", "terms")]
    better = [c["metric"] for c in against if c["low"] > 0]
    worse = [c["metric"] for c in against if c["high"] < 0]
    open_ = [c["metric"] for c in against if c["metric"] not in (*better, *worse)]
    for metrics, what in (
        (better, "The text encoder beats plain term vectors on"),
        (worse, "Plain term vectors beat the text encoder on"),
        (open_, "The text encoder and plain term vectors can't be told apart on"),
    ):
        if metrics:
            yield f"{what} {', '.join(metrics)} (95 % intervals of the paired difference)."


def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1_000_000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
