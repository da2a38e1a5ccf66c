"""What fine-tuning changed: before and after on the test, and the curves of the training."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from unsung.reports.charts import before_after_chart, training_curve_chart
from unsung.reports.metrics import METRICS, NDCG, metric_label
from unsung.reports.page import Column, DataTable, Panel, Section, chart, number

Json = Mapping[str, Any]

CUTS: Final = {
    NDCG: "all items",
    "head_ndcg_at_k": "head",
    "tail_ndcg_at_k": "established tail",
    "fresh_ndcg_at_k": "fresh",
    "cold_ndcg_at_k": "cold",
}
"""Metrics that are charted -> the items that they are judged by."""
_COLUMNS: Final = (
    Column("scorer", "scorer"),
    Column("label", "metric"),
    Column("before", "before", "metric", "With the pretrained encoder as it came."),
    Column("after", "after", "metric", "With the encoder fine-tuned on the shop's own text."),
    Column("difference", "difference", "metric", "Mean over users of after minus before."),
    Column("low", "from", "metric", "Lower end of the 95% interval of the difference."),
    Column("high", "to", "metric", "Upper end of the 95% interval of the difference."),
    Column("n", "users", "count", "Users that the metric is defined for."),
)


def before_after_sections(training: Json | None) -> list[Section]:
    """What the fine-tuning changed, as a part of a page.

    Parameters
    ----------
    training : mapping or None
        ``sentences`` (what was decided and why), ``k``, ``test`` and ``validation`` (rows with
        ``scorer, metric, before, after``, and where the metric is one a user ``difference, low,
        high, n``), ``runs`` (each with ``label``, ``metric`` and the record of its training) and
        ``notes``; None where nothing was fine-tuned.
    """
    if not training:
        return []
    k = training["k"]
    tables = [
        _table(name, title, about, training.get(name) or (), k)
        for name, title, about in (
            (
                "test",
                "Before and after, on the test",
                "Equal settings, equal users; the encoder alone differs.",
            ),
            (
                "validation",
                "What the choice rests on",
                "An earlier window, on which it was decided which encoder is kept.",
            ),
        )
        if training.get(name)
    ]
    return [
        Section(
            "before-after",
            "What fine-tuning changed",
            summary=training["sentences"],
            charts=[*_before_after(training), *_curves(training.get("runs", ()))],
            tables=tables,
            notes=[*map(_told, training.get("runs", ())), *training.get("notes", ())],
        )
    ]


def _before_after(training: Json) -> Iterator[Panel]:
    where = "test" if training.get("test") else "validation"
    by_scorer: dict[str, list[Json]] = {}
    for row in training.get(where, ()):
        if row["metric"] in CUTS and row.get("low") is not None:
            by_scorer.setdefault(row["scorer"], []).append(row)
    title = metric_label(NDCG, training["k"])
    for place, (scorer, rows) in enumerate(by_scorer.items()):
        named = [{**row, "name": CUTS[row["metric"]]} for row in rows]
        told = "; ".join(
            f"{row['name']}: {number(row['before'], 'metric')} to {number(row['after'], 'metric')}"
            for row in named
        )
        yield Panel(
            f"{scorer}: {title} by what is wanted",
            chart(
                f"before-after-{place}",
                f"{title} of {scorer} before and after fine-tuning",
                told,
                before_after_chart(named, title),
                54 + 30 * len(named),
            ),
            f"On the {where} window. Hollow: before; full: after. Green: better, orange: worse, "
            "by the 95% interval of the paired difference; grey: not settled.",
        )


def _curves(runs: Sequence[Json]) -> Iterator[Panel]:
    for place, run in enumerate(runs):
        record = run["training"]
        for key, column, title in (
            ("points", "loss", "training loss"),
            ("validations", "value", run["metric"]),
        ):
            points = [point for point in record.get(key, ()) if point.get(column) is not None]
            if len(points) < 2:
                continue
            best = record.get("best_step")
            yield Panel(
                f"{run['label']}: {title}",
                chart(
                    f"curve-{place}-{column}",
                    f"{title} of {run['label']} by step",
                    f"From {number(points[0][column], 'metric')} at step {points[0]['step']} to "
                    f"{number(points[-1][column], 'metric')} at step {points[-1]['step']}.",
                    training_curve_chart(points, column, title, best),
                    190,
                ),
                "" if best is None else f"Dashed: step {best}, whose weights were kept.",
            )


def _told(run: Json) -> str:
    record = run["training"]
    return (
        f"{run['label']}: {record['model']}, {number(record['n_trainable'])} of "
        f"{number(record['n_parameters'])} weights trained ({record['trained']}) in "
        f"{record['seconds']:.0f} s, {record['examples_per_s']:.0f} examples a second."
    )


def _table(name: str, title: str, about: str, rows: Sequence[Json], k: int) -> DataTable:
    return DataTable(
        f"before-after-{name}",
        title,
        _COLUMNS,
        [
            {
                **row,
                "label": metric_label(row["metric"], k),
                "best": [_better(row)] if _better(row) else [],
            }
            for row in rows
        ],
        about,
        note="Bold: better, where the interval settles it.",
    )


def _better(row: Json) -> str:
    """The column of the better value, where the interval of the difference says so."""
    sign = METRICS.get(row["metric"], ("", "", 1))[2]
    low, high = row.get("low"), row.get("high")
    if low is None or high is None or not sign:
        return ""
    gain = (low > 0) - (high < 0)
    return {1: "after", -1: "before"}.get(sign * gain, "")
