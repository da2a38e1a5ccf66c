"""The page of an evaluation: recommenders side by side."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from unsung.reports.charts import differences_chart, stacked_shares_chart, trade_off_chart
from unsung.reports.metrics import METRICS, NDCG, TAIL_NDCG, metric_label
from unsung.reports.page import Column, DataTable, Panel, Section, chart, number, render
from unsung.reports.theme import SEGMENTS

Json = Mapping[str, Any]

BLEND: Final = "blend"
"""What the shop gets, where the evaluation doesn't say."""

_SECONDS: Final = {
    "fit_s": ("fit, s", "Seconds of fitting, on the machine that made this page."),
    "score_s": ("score, s", "Seconds of scoring all users, on the machine that made this page."),
}
_PROTOCOLS: Final = {
    "time": "Later data predicted from earlier data",
    "leave-one-out": "Each user's last item predicted from those before",
    "cold-items": "Who takes items whose interactions were taken away",
}
_DIFFERENCE: Final = {
    "difference": ("difference", "Mean over users of the first minus the second."),
    "low": ("from", "Lower end of the 95% interval of the difference."),
    "high": ("to", "Upper end of the 95% interval of the difference."),
    "p_value": ("p", "Chance of a difference this large if the two were equally good."),
}


def evaluation_page(evaluation: Json) -> str:
    """HTML page of an evaluation.

    Parameters
    ----------
    evaluation : mapping
        ``shop, protocol, cutoff, k, n_users, segments, definitions, models, comparisons, notes``,
        and where known ``protocol_terms`` (what the protocol asks) and ``chosen`` (the settings
        that were chosen) and ``serves`` (name of the model that the shop gets).

    Returns
    -------
    html : str
        Complete in itself: style, charts and script are inside.
    """
    cutoff = evaluation.get("cutoff")
    protocol = _PROTOCOLS.get(evaluation["protocol"], evaluation["protocol"])
    context = f"{protocol}, {number(evaluation['n_users'])} users"
    context += f", fitted on everything before {str(cutoff)[:10]}." if cutoff else "."
    sections = [*evaluation_sections(evaluation), *chosen_sections(evaluation.get("chosen"))]
    return render("Evaluation", evaluation["shop"], context, sections)


def evaluation_sections(evaluation: Json) -> list[Section]:
    """The evaluation as parts of a page."""
    evaluation = _in_words(evaluation)
    models = evaluation["models"]
    if not models:
        return [
            Section("evaluation", "Recommenders side by side", summary=["Nothing was evaluated."])
        ]
    return [
        Section(
            "evaluation",
            "Recommenders side by side",
            summary=list(_verdict(evaluation)),
            charts=[*_charts(evaluation), *_difference_charts(evaluation)],
            tables=[_metrics_table(evaluation)],
            notes=[*_terms(evaluation), *evaluation.get("notes", ())],
        ),
        Section(
            "slots",
            "Where the places of the lists go",
            "Fresh items are not the long tail: they are counted apart everywhere.",
            tables=[_segments_table(evaluation), *_bands_table(evaluation)],
        ),
        Section("comparisons", "Differences", tables=[_comparisons_table(evaluation)]),
    ]


def _in_words(evaluation: Json) -> Json:
    """The same with names of recommenders as people write them."""
    models = [{**model, "name": _words(model["name"])} for model in evaluation["models"]]
    rows = [
        {**row, "a": _words(row["a"]), "b": _words(row["b"])} for row in evaluation["comparisons"]
    ]
    serves = _words(evaluation.get("serves", BLEND))
    return {**evaluation, "models": models, "comparisons": rows, "serves": serves}


def _words(name: str) -> str:
    return name.replace("_", " ")


def _verdict(evaluation: Json) -> Iterator[str]:
    label = metric_label(NDCG, evaluation["k"])
    best = _best(evaluation["models"], NDCG)
    tail = _best(evaluation["models"], TAIL_NDCG)
    if best is None:
        yield f"No user has a relevant item, so nothing can be said of {label}."
        return
    if tail is None:
        yield f"{best['name']} has the highest {label}, {_metric(best, NDCG)}."
    elif tail is best:
        yield (
            f"{best['name']} is best both overall ({label} {_metric(best, NDCG)}) and on the "
            f"established tail ({_metric(best, TAIL_NDCG)})."
        )
    else:
        yield (
            f"{best['name']} has the highest {label}, {_metric(best, NDCG)}, and "
            f"{_metric(best, TAIL_NDCG)} on the established tail; there {tail['name']} is best "
            f"with {_metric(tail, TAIL_NDCG)} ({_metric(tail, NDCG)} overall)."
        )
    named = {best["name"], evaluation["serves"]}
    rows = _of_metric(evaluation["comparisons"], NDCG)
    for row in [row for row in rows if {row["a"], row["b"]} & named][:3]:
        yield _difference_sentence(row, label)


def _difference_sentence(row: Json, label: str) -> str:
    interval = f"95% interval {row['low']:+.4f} to {row['high']:+.4f}"
    a, b, size = row["a"], row["b"], abs(row["difference"])
    if row["low"] > 0:
        return f"{a} beats {b} by {size:.4f} {label} ({interval})."
    if row["high"] < 0:
        return f"{a} falls short of {b} by {size:.4f} {label} ({interval})."
    return f"{a} and {b} can't be told apart in {label} ({interval})."


def _charts(evaluation: Json) -> list[Panel]:
    models, panels = evaluation["models"], []
    points = [
        {
            "name": model["name"],
            "x": model["summary"][NDCG],
            "y": model["summary"][TAIL_NDCG],
            "chosen": model["name"] == evaluation["serves"],
        }
        for model in models
        if None not in (model["summary"].get(NDCG), model["summary"].get(TAIL_NDCG))
    ]
    if points:
        panels.append(
            Panel(
                "Relevance and the long tail",
                chart(
                    "trade-off",
                    "NDCG of all items against NDCG of the established tail",
                    "; ".join(f"{p['name']}: {p['x']:.4f}, {p['y']:.4f}" for p in points),
                    lambda width: trade_off_chart(points, width, 300),
                    300,
                ),
                "Up and to the right is better.",
            )
        )
    shares = [
        {"measure": model["name"], "segment": name, "share": share}
        for model in models
        for name in SEGMENTS
        if (share := _slot_share(model, name)) is not None
    ]
    if shares:
        panels.append(
            Panel(
                "Places of the lists by segment",
                chart(
                    "slots-chart",
                    "Share of all list places by segment, for each recommender",
                    "; ".join(f"{s['measure']}, {s['segment']}: {s['share']:.0%}" for s in shares),
                    stacked_shares_chart(shares),
                    44 + 30 * len({share["measure"] for share in shares}),
                ),
                "What share of all shown places each segment has.",
                keyed=True,
            )
        )
    return panels


def _difference_charts(evaluation: Json) -> list[Panel]:
    panels = []
    for metric in (NDCG, TAIL_NDCG):
        rows = _of_metric(evaluation["comparisons"], metric)
        if not rows:
            continue
        alone = len({row["b"] for row in rows}) == 1
        label = metric_label(metric, evaluation["k"])
        named = [{**row, "name": row["a"] if alone else f"{row['a']} - {row['b']}"} for row in rows]
        panels.append(
            Panel(
                f"Difference in {label}" + (f" to {rows[0]['b']}" if alone else ""),
                chart(
                    f"differences-{metric}",
                    f"Differences in {label} with 95% intervals",
                    " ".join(_difference_sentence(row, label) for row in rows),
                    differences_chart(named),
                    54 + 26 * len(rows),
                ),
                "95% intervals, user by user. Green: better. Orange: worse. Grey: not settled.",
            )
        )
    return panels


def _metrics_table(evaluation: Json) -> DataTable:
    models, k = evaluation["models"], evaluation["k"]
    shown = [m for m in METRICS if any(model["summary"].get(m) is not None for model in models)]
    columns = [Column("name", "recommender")]
    columns += [
        Column(m, metric_label(m, k), METRICS[m][1], evaluation["definitions"].get(m, ""))
        for m in shown
    ]
    columns += [
        Column(key, label, "count", sentence)
        for key, (label, sentence) in _SECONDS.items()
        if any(model.get(key) is not None for model in models)
    ]
    winners = {m: _best(models, m) for m in shown if METRICS[m][2]}
    rows = [
        {
            **model["summary"],
            **{key: model.get(key) for key in _SECONDS},
            "name": model["name"],
            "chosen": model["name"] == evaluation["serves"],
            "best": [m for m, winner in winners.items() if winner is model],
        }
        for model in models
    ]
    return DataTable("metrics", "All metrics", columns, rows, note="Bold: the best of its column.")


def _segments_table(evaluation: Json) -> DataTable:
    counts = evaluation.get("segments", {})
    columns = [Column("name", "recommender")]
    for name, label in SEGMENTS.items():
        for metric, unit, kind in ((NDCG, "NDCG", "metric"), ("slot_share", "places", "share")):
            definition = evaluation["definitions"].get(metric, "")
            columns.append(
                Column(
                    f"{name}_{metric}", f"{label}, {unit}", kind, f"Within '{label}': {definition}"
                )
            )
    rows = [
        {"name": model["name"]}
        | {
            f"{name}_{metric}": _segment_cut(model, name).get(metric)
            for name in SEGMENTS
            for metric in (NDCG, "slot_share")
        }
        for model in evaluation["models"]
    ]
    counted = ", ".join(
        f"{SEGMENTS[name]} {number(counts[name])}" for name in SEGMENTS if name in counts
    )
    return DataTable(
        "segments-cut", "By segment", columns, rows, note=f"Items: {counted}." if counted else ""
    )


def _bands_table(evaluation: Json) -> list[DataTable]:
    models = evaluation["models"]
    bands = list(dict.fromkeys(band for model in models for band in model["cuts"].get("band", {})))
    if not bands:
        return []
    definition = evaluation["definitions"].get("tail_slot_share", "")
    columns = [Column("name", "recommender")]
    columns += [Column(band, f"{band}%", "bar", definition) for band in bands]
    rows = [
        {"name": model["name"]}
        | {
            band: model["cuts"].get("band", {}).get(band, {}).get("tail_slot_share")
            for band in bands
        }
        for model in models
    ]
    return [
        DataTable(
            "bands-cut",
            "Established-tail places by popularity band",
            columns,
            rows,
            "How the places that go to the established tail are spread over the catalogue, from "
            "the most to the least popular items: the band just under the head is where a model "
            "hides that only follows hits.",
        )
    ]


def _comparisons_table(evaluation: Json) -> DataTable:
    columns = [
        Column("a", "recommender"),
        Column("b", "against"),
        Column("label", "metric"),
        *(Column(key, label, "metric", text) for key, (label, text) in _DIFFERENCE.items()),
    ]
    rows = [
        {**row, "label": metric_label(row["metric"], evaluation["k"])}
        for row in evaluation["comparisons"]
    ]
    return DataTable(
        "comparisons-table",
        "Differences",
        columns,
        rows,
        empty="There is only one recommender, or no user to compare on.",
    )


def chosen_sections(chosen: Json | None) -> list[Section]:
    """What the validation part chose: the components with their weights and settings.

    Parameters
    ----------
    chosen : mapping or None
        ``components`` (each with ``name`` and its settings), ``weights`` by name, and
        ``validation_users``; None where nothing was chosen.
    """
    if not chosen:
        return []
    columns = [
        Column("name", "component"),
        Column("weight", "weight", "metric", "Factor of its standardised score in the blend."),
        Column("settings", "settings", "sentence"),
    ]
    rows = [
        {
            "name": component["name"],
            "weight": chosen["weights"].get(component["name"]),
            "settings": ", ".join(f"{key} {value}" for key, value in component.items()
                                  if key not in {"name", "kind"} and value is not None),
        }
        for component in chosen["components"]
    ]  # fmt: skip
    users = number(chosen["validation_users"])
    about = f"Chosen on {users} users of an earlier window, before the test was looked at."
    table = DataTable("chosen-table", "Chosen settings", columns, rows, cards=True)
    return [Section("chosen", "Chosen settings", about, tables=[table])]


def _terms(evaluation: Json) -> list[str]:
    terms = evaluation.get("protocol_terms") or {}
    parts = ("eligibility", "relevance", "ranking", "caution")
    return [terms[part] for part in parts if terms.get(part)]


def _metric(model: Json, metric: str) -> str:
    return number(model["summary"].get(metric), "metric")


def _best(models: Sequence[Json], metric: str) -> Json | None:
    known = [model for model in models if model["summary"].get(metric) is not None]
    return max(known, key=lambda m: METRICS[metric][2] * m["summary"][metric], default=None)


def _of_metric(comparisons: Sequence[Json], metric: str) -> list[Json]:
    of_metric = [row for row in comparisons if row["metric"] == metric]
    return [row for row in of_metric if row["difference"] is not None]


def _segment_cut(model: Json, name: str) -> Json:
    cut: Json = model["cuts"].get("segment", {}).get(name, {})
    return cut


def _slot_share(model: Json, name: str) -> float | None:
    return _segment_cut(model, name).get("slot_share")
