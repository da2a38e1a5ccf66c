"""Tables for people, as lines of text."""

from collections.abc import Iterator
from typing import Any

COLUMNS = (
    ("ndcg_at_k", "NDCG"),
    ("hr_at_k", "HR"),
    ("head_ndcg_at_k", "head"),
    ("tail_ndcg_at_k", "est. tail"),
    ("fresh_ndcg_at_k", "fresh"),
    ("cold_ndcg_at_k", "cold"),
    ("catalogue_coverage_at_k", "coverage"),
    ("effective_items", "eff. items"),
)

SHOWN_CHANGES = {"ndcg_at_k": "NDCG", "tail_ndcg_at_k": "NDCG on the established tail"}


def check_lines(check: dict[str, Any]) -> Iterator[str]:
    """What became of the rows of every table, a line each."""
    for table in check["tables"]:
        yield (
            f"{table['name']}: {table['n_read']:,} rows read = {table['n_accepted']:,} accepted "
            f"+ {table['n_quarantined']:,} set aside + {table['n_duplicates']:,} duplicates"
        )


def evaluation_lines(record: dict[str, Any] | None, problem: str | None = None) -> Iterator[str]:
    """The models of an evaluation, a line each, with what the columns mean.

    Parameters
    ----------
    record : dict or None
        From ``evaluation_record``; None where there was no test.
    problem : str, optional
        Why there was none.
    """
    if record is None:
        yield problem or "Not tested."
        return
    since = f" from {record['cutoff'][:10]}" if record["cutoff"] else ""
    yield (
        f"Tested on {record['n_users']:,} users ({record['protocol']}{since}), "
        f"lists of {record['k']}:"
    )
    yield "  ".join([f"{'':14}"] + [f"{title:>10}" for _, title in COLUMNS])
    for model in record["models"]:
        cells = [_cell(model["summary"].get(metric)) for metric, _ in COLUMNS]
        yield "  ".join([f"{model['name'].replace('_', ' '):14}", *cells])
    yield (
        "NDCG judged by all targets, and by those in the head, the established tail, fresh and "
        "cold items apart; coverage = share of the catalogue that is listed at all."
    )
    for note in record["notes"]:
        yield f"- {note}"


def training_lines(training: dict[str, Any] | None) -> Iterator[str]:
    """What was fine-tuned, and what it changed for the established tail and in all."""
    if training is None:
        return
    for sentence in training["sentences"]:
        yield f"- {sentence}"
    for row in training["test"]:
        if row["metric"] in SHOWN_CHANGES:
            yield (
                f"  {SHOWN_CHANGES[row['metric']]} of {row['scorer']} on the test: "
                f"{row['before']:.4f} -> {row['after']:.4f} "
                f"(difference {row['low']:+.4f} to {row['high']:+.4f}, 95 %)"
            )


def dial_lines(dial: dict[str, Any] | None) -> Iterator[str]:
    """What the dial certifies, and what became of it a window later."""
    if dial is not None:
        yield from (f"- {sentence}" for sentence in dial["sentences"])


def _cell(value: float | None) -> str:
    if value is None:
        return f"{'-':>10}"
    return f"{value:>10,.0f}" if value >= 10 else f"{value:>10.4f}"
