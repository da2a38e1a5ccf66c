"""Fit a shop: diagnose, test honestly, fit on everything, write a bundle with its report."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from unsung.artifacts import check_target
from unsung.data.settings import ShopSettings
from unsung.data.splits import TimeSplit
from unsung.data.state import ShopState
from unsung.errors import InputError
from unsung.pipeline.bundle import Bundle, Model, Records, load_bundle, write_bundle
from unsung.pipeline.components import default_components, default_weights
from unsung.pipeline.two_stage import FirstStageSettings
from unsung.popularity.segments import SEGMENT_NAMES, segment_items
from unsung.progress import Progress, silent
from unsung.recommenders.ranker import Ranker
from unsung.reports.fit import fit_report_page
from unsung.settings import Settings, load_settings
from unsung.workflows.content import ContentBuilder
from unsung.workflows.diagnose import diagnose
from unsung.workflows.encoder import find_encoder
from unsung.workflows.evaluate import EvaluateSettings, ShopEvaluation, evaluate
from unsung.workflows.evaluation_record import evaluation_record
from unsung.workflows.prepare import Shop
from unsung.workflows.second_stage import retrained
from unsung.workflows.windows import LabelWindow, Recipe


class FitSettings(Settings):
    """How a shop is fitted."""

    encoder: str = "auto"
    """``auto``, ``none`` or the folder of an ONNX encoder; see ``find_encoder``."""
    seed: int = 0
    """Seed of everything that is drawn at random."""
    evaluation: EvaluateSettings = EvaluateSettings()


def fit_settings(shop: ShopSettings, flags: Mapping[str, Any] | None = None) -> FitSettings:
    """Merge defaults, the shop's ``[fit]`` and flags.

    Variables such as ``UNSUNG_FIT__SEED`` are in the shop's settings already.

    Parameters
    ----------
    shop : ShopSettings
    flags : mapping, optional
        Dotted names of fields to values; ``None`` means "not given".

    Raises
    ------
    SettingsError
        Where a key is unknown or a value out of range.
    """
    return load_settings(FitSettings, shop.fit, environment={}, flags=flags, source="[fit]")


@dataclass(frozen=True, eq=False)
class Fitted:
    """What a fit leaves.

    Parameters
    ----------
    bundle : Bundle
        Loaded again from the disk.
    diagnosis : dict
        As in ``diagnosis.json``.
    evaluation : dict or None
        As in ``evaluation.json``; None where nobody could be tested on.
    problem : str or None
        The sentence that says why there is no evaluation.
    """

    bundle: Bundle
    diagnosis: dict[str, Any]
    evaluation: dict[str, Any] | None
    problem: str | None = None


def fit(
    shop: Shop,
    out: str | Path,
    settings: FitSettings | None = None,
    *,
    progress: Progress = silent,
) -> Fitted:
    """Fit a shop and write its bundle.

    Parameters
    ----------
    shop : Shop
        From ``read_shop``.
    out : str or Path
        The bundle's folder; a bundle that is there is replaced when the new one is complete.
    settings : FitSettings, optional
        Those of the shop's ``[fit]`` where not given.
    progress : Progress, optional

    Raises
    ------
    InputError
        Where the shop has no interactions, ``out`` is something else than a bundle, or a shop with
        a clock is to be tested by leave-one-out, whose settings count in steps and not in days.

    Notes
    -----
    Settings and weights are chosen on the window before the last and tested on the last, once;
    then the same settings are fitted on everything. Where nobody is left to test on, defaults are
    used and the report says so.
    """
    settings = settings or fit_settings(shop.settings)
    if len(shop.dataset.interactions) == 0:
        raise InputError(
            f"'{shop.settings.name}' has no interactions that could be used, so there is nothing "
            "to learn from; 'unsung check' says what was set aside and why."
        )
    check_target(Path(out))
    if settings.evaluation.protocol == "leave-one-out" and shop.dataset.has_clock:
        raise InputError(
            "a shop with a clock is fitted with settings that the protocol time chose; leave "
            "evaluation.protocol out, and use evaluate() for leave-one-out figures."
        )
    rng = np.random.default_rng(settings.seed)
    encoder = find_encoder(settings.encoder, progress)
    builder = ContentBuilder(encoder)
    chosen, problem = _test(shop, builder, settings, rng, progress)
    tested = None if chosen is None else evaluation_record(chosen, rng=rng)
    if chosen is not None:
        builder = chosen.content
    state, terms, documents = builder.build(shop.dataset.as_of(), progress)
    diagnosis = diagnose(
        shop.dataset, shop.settings, content=state.content, progress=progress
    ).to_json()
    recipe = _recipe(shop, settings, chosen, state, builder)
    first = recipe.first_stage().fit(state, rng=rng, progress=progress)
    ranker = None if chosen is None else _ranker(chosen, rng, progress)
    segments = segment_items(state, shop.settings.segments)
    model = Model(
        first=first,
        ranker=ranker,
        tail_boost=0.0 if chosen is None else chosen.second.tail_boost,
        components=recipe.components,
        state=state,
        segments=tuple(SEGMENT_NAMES[code] for code in segments),
        terms=terms,
        documents=documents,
        repeats=shop.settings.repeats,
    )
    records = _records(shop, settings, tested, diagnosis, problem)
    progress("writing the bundle", 0, 1)
    write_bundle(
        Path(out),
        model,
        records,
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        encoder=None if encoder is None else encoder.folder,
    )
    bundle = load_bundle(out)
    progress("writing the bundle", 1, 1)
    return Fitted(bundle, diagnosis, tested, problem)


def _test(
    shop: Shop,
    builder: ContentBuilder,
    settings: FitSettings,
    rng: np.random.Generator,
    progress: Progress,
) -> tuple[ShopEvaluation | None, str | None]:
    """The evaluation, or the sentence that says why there is none."""
    try:
        found = evaluate(
            shop.dataset,
            shop.settings,
            settings.evaluation,
            content=builder,
            rng=rng,
            progress=progress,
        )
    except InputError as error:
        return None, f"Not tested: {error} Default settings were used."
    return found, None


def _recipe(
    shop: Shop,
    settings: FitSettings,
    chosen: ShopEvaluation | None,
    state: ShopState,
    builder: ContentBuilder,
) -> Recipe:
    """What the validation window chose, else defaults."""
    if chosen is not None:
        return chosen.trial.recipe
    components = default_components(state)
    first = FirstStageSettings(
        candidates=settings.evaluation.second_stage.candidates,
        segments=shop.settings.segments,
        repeats=shop.settings.repeats,
    )
    return Recipe(components, default_weights(components), builder, first)


def _ranker(found: ShopEvaluation, rng: np.random.Generator, progress: Progress) -> Ranker | None:
    """The second stage, trained up to the end of the data, where it serves."""
    if not found.second.serves or not isinstance(found.split, TimeSplit):
        return None
    latest = LabelWindow(found.split.cutoff, found.split.end)
    return retrained(found.second, found.trial, latest, found.stage, rng=rng, progress=progress)


def _records(
    shop: Shop,
    settings: FitSettings,
    tested: dict[str, Any] | None,
    diagnosis: dict[str, Any],
    problem: str | None,
) -> Records:
    shop_settings = shop.settings.model_dump(mode="json", exclude={"folder"})
    documents: dict[str, Any] = {"diagnosis.json": diagnosis, "quality.json": shop.check}
    metrics: dict[str, Any] = {}
    if tested is not None:
        documents["evaluation.json"] = tested
        metrics = {model["name"]: model["summary"] for model in tested["models"]}
    page = {
        "shop": shop.settings.name,
        "check": shop.check,
        "diagnosis": diagnosis,
        "evaluation": tested,
        "chosen": tested["chosen"] if tested else None,
        "notes": [problem] if problem else [],
    }
    return Records(
        settings={"shop": shop_settings, "fit": settings.model_dump(mode="json")},
        metrics=metrics,
        documents=documents,
        pages={"report.html": fit_report_page(page)},
    )
