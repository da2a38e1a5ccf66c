"""Fit a shop: diagnose, test honestly, fit on everything, write a bundle with its report."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from unsung.artifacts import check_target
from unsung.data.settings import ShopSettings
from unsung.data.state import ShopState
from unsung.discovery.text_advice import TextAdviceSettings
from unsung.errors import InputError, NotEnoughDataError
from unsung.pipeline.bundle import Bundle, Model, Records, load_bundle, write_bundle
from unsung.pipeline.components import default_components, default_weights
from unsung.pipeline.policy import check_rules, with_rules
from unsung.pipeline.review_files import ADVICE_FILE, write_reviews
from unsung.pipeline.two_stage import FirstStageSettings
from unsung.popularity.segments import SEGMENT_NAMES, segment_items
from unsung.progress import Progress, silent
from unsung.reports.fit import fit_report_page
from unsung.reports.today import today_page
from unsung.rerankers.slot_rules import SlotRules
from unsung.settings import Settings, load_settings
from unsung.text.base import TextEncoder
from unsung.text.review_insight import ReviewInsight, ReviewSettings
from unsung.workflows.content import ContentBuilder
from unsung.workflows.diagnose import diagnose
from unsung.workflows.dial_record import dial_record
from unsung.workflows.encoder import AUTO, choose_encoder, model_of
from unsung.workflows.evaluate import EvaluateSettings, ShopEvaluation, evaluate
from unsung.workflows.evaluation_record import evaluation_record
from unsung.workflows.fine_tuning import FineTuned, training_record
from unsung.workflows.gems import GemSettings
from unsung.workflows.latest_window import Latest
from unsung.workflows.outlook import ShopOutlook, fit_outlook, outlook_table, write_outlook
from unsung.workflows.outlook_examples import OutlookSettings
from unsung.workflows.prepare import Shop, without_opted_out
from unsung.workflows.reviews import InsightSettings, gems_and_reviews
from unsung.workflows.text_advice import title_advice
from unsung.workflows.today import today_record
from unsung.workflows.windows import Recipe


class FitSettings(Settings):
    """How a shop is fitted."""

    encoder: str = AUTO
    """The language model that is fine-tuned: ``auto`` (use-m3 for a catalogue in one of its
    languages but English, else all-MiniLM-L6-v2), one of these, a folder in the layout of Hugging
    Face, or a name on its hub; it stands in place of ``model`` wherever something is fine-tuned.
    ``none``, or the folder of an ONNX encoder, which is taken as it is."""
    seed: int = Field(default=0, ge=0)
    """Seed of everything that is drawn at random."""
    work: str | None = None
    """Folder for checkpoints of what is fine-tuned: a fit that was interrupted goes on from them. A
    temporary one where not given."""
    evaluation: EvaluateSettings = EvaluateSettings()
    outlook: OutlookSettings = OutlookSettings()
    gems: GemSettings = GemSettings()
    reviews: ReviewSettings = ReviewSettings()
    titles: TextAdviceSettings = TextAdviceSettings()
    rules: SlotRules = SlotRules()
    """What the shop wants of every served list, after the dial."""

    def of_encoder(self) -> EvaluateSettings:
        """The evaluation's settings, with the language model that ``encoder`` names."""
        model = model_of(self.encoder)
        if model is None:
            return self.evaluation.model_copy(update={"fine_tune": False})
        interest = self.evaluation.interest
        training = interest.training.model_copy(update={"model": model, "seed": self.seed})
        interest = interest.model_copy(update={"training": training})
        return self.evaluation.model_copy(update={"interest": interest})

    @contextmanager
    def work_folder(self) -> Iterator[Path]:
        """The folder ``work``, or one that is gone afterwards."""
        if self.work is not None:
            yield Path(self.work)
            return
        with tempfile.TemporaryDirectory(prefix="unsung-") as folder:
            yield Path(folder)


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
    training : dict or None
        As in ``training.json``; None where nothing was fine-tuned.
    dial : dict or None
        As in ``frontier.json``; None where too few customers could set it.
    problem : str or None
        The sentence that says why there is no evaluation.
    encoder_reason : str
        The sentence that says which language model the catalogue's language chose, and why; empty
        where another was named or there is none.
    """

    bundle: Bundle
    diagnosis: dict[str, Any]
    evaluation: dict[str, Any] | None
    training: dict[str, Any] | None = None
    dial: dict[str, Any] | None = None
    problem: str | None = None
    encoder_reason: str = ""


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
        Where the shop has no interactions, ``out`` is something else than a bundle, or the protocol
        is cold-items, or leave-one-out in a shop with a clock (its settings count in steps).

    Notes
    -----
    Customers whose consent to profiling is false are left out of everything from the start.
    Settings and weights are chosen on the window before the last and tested on the last, once;
    then the same settings are fitted on everything. Where nobody is left to test on, defaults are
    used and the report says so.
    """
    settings = settings or fit_settings(shop.settings)
    shop = without_opted_out(shop)
    if len(shop.dataset.interactions) == 0:
        raise InputError(
            f"'{shop.settings.name}' has no interactions that could be used, so there is nothing "
            "to learn from; 'unsung check' says what was set aside and why."
        )
    check_target(Path(out))
    check_rules(settings.rules, shop.dataset.catalogue.columns)
    protocol = settings.evaluation.protocol
    if protocol == "cold-items" or (protocol == "leave-one-out" and shop.dataset.has_clock):
        raise InputError(
            f"a shop isn't fitted with settings that the protocol {protocol} chose; leave "
            "evaluation.protocol out, and use 'unsung evaluate' for its figures."
        )
    with settings.work_folder() as work:
        return _fit(shop, Path(out), settings, work, progress)


def _fit(shop: Shop, out: Path, settings: FitSettings, work: Path, progress: Progress) -> Fitted:
    rng = np.random.default_rng(settings.seed)
    told, encoder = choose_encoder(settings.encoder, shop.dataset, progress)
    settings = settings.model_copy(update={"encoder": told.choice})
    chosen, problem = _test(shop, encoder, settings, work, rng, progress)
    tested = None if chosen is None else evaluation_record(chosen, rng=rng)
    plain = ContentBuilder(encoder, one_of_variants=shop.settings.variants == "one")
    tuned = FineTuned(plain) if chosen is None else chosen.tuned
    state, terms, documents = tuned.content.build(shop.dataset.as_of(), progress)
    outlook = _outlook(shop, settings, encoder, work, progress)
    diagnosis = diagnose(
        shop.dataset, shop.settings, content=state.content, outlook=outlook, progress=progress
    ).to_json()
    recipe = _recipe(shop, settings, chosen, state, tuned.content)
    first = recipe.first_stage().fit(state, rng=rng, progress=progress)
    segments = segment_items(state, shop.settings.segments)
    latest = None if chosen is None else Latest.of(chosen, settings.evaluation.dial, rng=rng)
    model = Model(
        first=first,
        ranker=None if latest is None else latest.ranker(rng=rng, progress=progress),
        tail_boost=0.0 if chosen is None else chosen.second.tail_boost,
        components=recipe.components,
        state=state,
        segments=tuple(SEGMENT_NAMES[code] for code in segments),
        terms=terms,
        documents=documents,
        repeats=shop.settings.repeats,
        events=shop.event_kinds,
    )
    dial = None
    if latest is not None:
        dial = latest.dial(model, settings.evaluation.dial, rng=rng, progress=progress)
    policy = with_rules(None if dial is None else dial.policy, settings.rules)
    model = replace(model, policy=policy)
    today = None if chosen is None else today_record(chosen, shop.dataset, rng=rng)
    turned = None
    if dial is not None and chosen is not None:
        turned = dial_record(dial, chosen, rng=rng, progress=progress)
    changed = [] if chosen is None else chosen.changed
    foretold = None if outlook is None else outlook.outlook.record
    training = training_record(tuned.record, changed, settings.evaluation.k, foretold)
    wanted = InsightSettings(settings.gems, settings.reviews, settings.seed)
    gems, reviews = gems_and_reviews(shop, model, tuned, diagnosis, wanted, rng, progress)
    advice = title_advice(model, diagnosis, outlook, gems, settings.titles)
    name = tuned.content.encoder.name if tuned.content.encoder else None
    told_of = (gems, outlook, name, told.reason, problem, reviews, advice)
    found = _Found(tested, diagnosis, training, turned, today, *told_of)
    progress("writing the bundle", 0, 1)
    write_bundle(
        out,
        model,
        _records(shop, settings, found),
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        encoder=tuned.encoder_folder,
    )
    bundle = load_bundle(out)
    progress("writing the bundle", 1, 1)
    return Fitted(bundle, diagnosis, tested, training, turned, problem, told.reason)


def _outlook(
    shop: Shop,
    settings: FitSettings,
    encoder: TextEncoder | None,
    work: Path,
    progress: Progress,
) -> ShopOutlook | None:
    """What is expected of items without a history; the diagnosis says where it isn't known."""
    fine_tuning, model = settings.outlook.fine_tuning, model_of(settings.encoder)
    if fine_tuning is not None:
        fine_tuning = fine_tuning.model_copy(update={"model": model}) if model else None
    wanted = settings.outlook.model_copy(update={"fine_tuning": fine_tuning})
    try:
        outlook = fit_outlook(
            shop.dataset,
            wanted,
            encoder=encoder,
            folder=work / "outlook",
            seed=settings.seed,
            progress=progress,
        )
    except NotEnoughDataError:
        return None
    return ShopOutlook(outlook, outlook_table(outlook, shop.dataset, wanted, progress=progress))


def _test(
    shop: Shop,
    encoder: TextEncoder | None,
    settings: FitSettings,
    work: Path,
    rng: np.random.Generator,
    progress: Progress,
) -> tuple[ShopEvaluation | None, str | None]:
    """The evaluation, or the sentence that says why there is none."""
    try:
        found = evaluate(
            shop.dataset,
            shop.settings,
            settings.of_encoder(),
            encoder=encoder,
            work=work,
            rng=rng,
            progress=progress,
        )
    except NotEnoughDataError as error:
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


@dataclass(frozen=True, eq=False)
class _Found:
    """What a fit tells beside the model."""

    tested: dict[str, Any] | None
    diagnosis: dict[str, Any]
    training: dict[str, Any] | None
    dial: dict[str, Any] | None
    today: dict[str, Any] | None
    gems: dict[str, Any] | None
    outlook: ShopOutlook | None
    encoder: str | None
    encoder_reason: str
    problem: str | None
    reviews: ReviewInsight | None
    advice: dict[str, Any] | None


def _records(shop: Shop, settings: FitSettings, found: _Found) -> Records:
    shop_settings = shop.settings.model_dump(mode="json", exclude={"folder"})
    documents: dict[str, Any] = {"diagnosis.json": found.diagnosis, "quality.json": shop.check}
    metrics: dict[str, Any] = {}
    tested = found.tested
    if tested is not None:
        documents["evaluation.json"] = tested
        metrics = {model["name"]: model["summary"] for model in tested["models"]}
    shown = found.outlook
    if found.training is not None:
        documents["training.json"] = found.training
    if found.dial is not None:
        documents["frontier.json"] = found.dial
    if found.gems is not None:
        documents["gems.json"] = found.gems
    if found.advice is not None:
        documents[ADVICE_FILE] = found.advice
    pages = {}
    if found.today is not None:
        documents["before-after.json"] = found.today
        pages["before-after.html"] = today_page(shop.settings.name, found.today)
    page = {
        "shop": shop.settings.name,
        "check": shop.check,
        "diagnosis": found.diagnosis,
        "evaluation": tested,
        "chosen": tested["chosen"] if tested else None,
        "training": found.training,
        "dial": found.dial,
        "today": found.today,
        "notes": [*filter(None, (found.problem, found.encoder_reason))],
    }
    return Records(
        settings={"shop": shop_settings, "fit": settings.model_dump(mode="json")},
        metrics=metrics,
        documents=documents,
        pages={**pages, "report.html": fit_report_page(page)},
        writers=[
            *([] if shown is None else [partial(write_outlook, shown, found.encoder)]),
            partial(write_reviews, found.reviews),
        ],
    )
