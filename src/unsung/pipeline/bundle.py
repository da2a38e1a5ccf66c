"""A fitted shop as one directory: written whole, verified before anything in it is read."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from unsung.artifacts import Folder, open_folder, write_arrays, write_folder, write_json
from unsung.data.event_kinds import EventKinds
from unsung.data.state import ShopState
from unsung.errors import BundleError, MissingLibraryError
from unsung.pipeline.components import (
    ComponentSettings,
    parse_components,
    restore_component,
)
from unsung.pipeline.outlook import Outlook, read_outlook
from unsung.pipeline.policy import Dial, Policy, with_rules
from unsung.pipeline.pools import item_facts
from unsung.pipeline.recommend import Recommendation, Request, recommend
from unsung.pipeline.review_files import read_item_reviews, read_title_advice
from unsung.pipeline.rules import Repeats, Rules
from unsung.pipeline.state_files import fingerprint, read_segments, read_state, write_state
from unsung.pipeline.two_stage import FirstStage, FirstStageSettings, TwoStage
from unsung.popularity.segments import SEGMENT_NAMES
from unsung.recommenders.base import Arrays, Scorer
from unsung.recommenders.blend import Blend
from unsung.recommenders.ranker import Ranker, RankerSettings
from unsung.text.documents import DocumentSettings
from unsung.text.onnx_encoder import OnnxEncoder
from unsung.text.term_vectors import TermSettings, TermVectors


@dataclass(frozen=True, eq=False)
class Model:
    """Everything that a list is made from.

    Parameters
    ----------
    first : FirstStage
        Fitted: the scorers and their blend.
    ranker : Ranker or None
        The second stage, where it serves.
    tail_boost : float
        Log-odds that it adds for the established tail.
    components : tuple of settings
        Of the scorers, in their order.
    state : ShopState
        With content vectors, as of the fit.
    segments : tuple of str, length n_items
    terms : TermVectors
        What the columns of the term vectors mean, and how later items get theirs.
    documents : DocumentSettings
        How later items get their documents.
    repeats : {"hide", "show"}
    events : EventKinds
        What later events mean.
    note : str
        What is to be said of it when it is used; empty for nothing.
    policy : Policy or None
        Where the dial stands; None for undialled lists.
    """

    first: FirstStage
    ranker: Ranker | None
    tail_boost: float
    components: tuple[ComponentSettings, ...]
    state: ShopState
    segments: tuple[str, ...]
    terms: TermVectors
    documents: DocumentSettings
    repeats: Repeats
    events: EventKinds
    note: str = ""
    policy: Policy | None = None

    @property
    def blend(self) -> Blend:
        """The first stage's scorers in one number."""
        return self.first.blend

    @cached_property
    def scorer(self) -> Scorer:
        """What lists are made with: two stages where there is a ranker, else the blend."""
        if self.ranker is None:
            return self.blend
        return TwoStage(self.first, self.ranker, self.tail_boost)

    @cached_property
    def dial(self) -> Dial | None:
        """The policy with what it knows of the items."""
        if self.policy is None or not self.policy.changes_lists:
            return None
        codes = np.full(self.state.n_items, SEGMENT_NAMES.index("cold"), dtype=np.int8)
        codes[: len(self.segments)] = [SEGMENT_NAMES.index(name) for name in self.segments]
        return Dial(self.policy, item_facts(self.state, codes))

    @cached_property
    def hash(self) -> str:
        """Of what a certificate speaks of (see ``model_hash``)."""
        return model_hash(self.components, self.blend.weights, self.ranker, self.tail_boost)


@dataclass(frozen=True, eq=False)
class Bundle:
    """A bundle that was opened and verified.

    Parameters
    ----------
    folder : Folder
    model : Model
    """

    folder: Folder
    model: Model

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.folder.path

    @property
    def metrics(self) -> dict[str, Any]:
        """Figures measured at the fit, by name."""
        return self.folder.manifest.metrics

    @cached_property
    def encoder_folder(self) -> Path | None:
        """The ONNX encoder for texts that come later; None where the shop was fitted without."""
        name = "encoder/model.onnx"
        return self.folder.file(name).parent if name in self.folder else None

    @cached_property
    def outlook(self) -> Outlook | None:
        """What tells the outlook of further items without a history; None where there is none."""
        if "outlook.json" not in self.folder:
            return None
        encoder = None if self.encoder_folder is None else OnnxEncoder(self.encoder_folder)
        return read_outlook(self.folder.file("outlook.json").parent / "outlook", encoder)

    @cached_property
    def item_reviews(self) -> dict[str, str]:
        """By item id, what its reviews say as JSON; items without reviews are absent."""
        return read_item_reviews(self.folder)

    @cached_property
    def title_advice(self) -> dict[str, dict[str, Any]]:
        """By item id, what its title lacks beside items that sell, and a better one."""
        return read_title_advice(self.folder)

    def recommend(
        self, user_id: str | int, k: int = 10, *, rules: Rules | None = None, explain: bool = False
    ) -> tuple[Recommendation, ...]:
        """The user's list, best first.

        Parameters
        ----------
        user_id : str or int
            Somebody the shop doesn't know gets what is good for anybody. A number is taken for
            its digits.
        k : int
            1 to 1,000.
        rules : Rules, optional
            Filters; hides what the user has bought where the shop is set so.
        explain : bool
            Whether each item comes with its reasons.

        Raises
        ------
        InputError
            Where k is out of range.
        """
        model = self.model
        request = Request(str(user_id), k, rules or Rules(repeats=model.repeats), explain)
        return recommend(
            request,
            model.scorer,
            model.state,
            segments=model.segments,
            vocabulary=model.terms.terms,
            dial=model.dial,
        )


@dataclass(frozen=True)
class Records:
    """What goes into a bundle beside the model.

    Parameters
    ----------
    settings, metrics : dict
        For the manifest.
    documents : dict of str to JSON value
        File name -> content, such as ``diagnosis.json``.
    pages : dict of str to str
        File name -> HTML.
    writers : sequence of callable
        Each writes files of its own into the folder that it is given.
    """

    settings: dict[str, Any]
    metrics: dict[str, Any]
    documents: dict[str, Any]
    pages: dict[str, str]
    writers: Sequence[Callable[[Path], None]] = ()


def write_bundle(
    target: Path, model: Model, records: Records, *, created: str, encoder: Path | None = None
) -> None:
    """Write a bundle; an older one at the same place stays until the new one is complete.

    Parameters
    ----------
    target : Path
    model : Model
    records : Records
    created : str
        ISO 8601 time.
    encoder : Path, optional
        Folder of the ONNX encoder, copied into the bundle.

    Raises
    ------
    InputError
        Where ``target`` is something else than a bundle.
    """
    with write_folder(target, created=created) as draft:
        draft.settings, draft.metrics = records.settings, records.metrics
        draft.fingerprint = fingerprint(model.state)
        _write_model(draft.path, model)
        write_state(draft.path, model.state, model.segments)
        for name, value in records.documents.items():
            write_json(draft.path / name, value)
        for name, html in records.pages.items():
            (draft.path / name).write_text(html, encoding="utf-8")
        for write in records.writers:
            write(draft.path)
        if encoder is not None:
            inside = draft.path / "encoder"
            inside.mkdir()
            for file in sorted(encoder.iterdir()):
                (inside / file.name).write_bytes(file.read_bytes())


def load_bundle(path: str | Path) -> Bundle:
    """Verify and open a bundle.

    Raises
    ------
    BundleError
        Where anything in it isn't as it was written; the message names the file.
    """
    folder = open_folder(Path(path))
    try:
        return Bundle(folder, _read_model(folder, read_state(folder)))
    except (KeyError, ValueError, TypeError) as error:
        raise BundleError(
            f"{folder.path} can't be read by this version of Unsung ({error}); fit it again."
        ) from error


def model_hash(
    components: Sequence[ComponentSettings],
    weights: Mapping[str, float],
    ranker: Ranker | None,
    tail_boost: float,
) -> str:
    """SHA-256 of how lists are made: scorers' settings, weights, trees and their lift of the tail.

    Parameters
    ----------
    components : sequence of settings
    weights : mapping of str to float
        Of the blend.
    ranker : Ranker or None
    tail_boost : float

    Returns
    -------
    digest : str

    Notes
    -----
    What the scorers have learnt isn't in it: they are fitted anew as of any moment, and it is with
    scorers as of the window's start that a window certifies.
    """
    digest = hashlib.sha256()
    card = [[json.loads(c.model_dump_json()) for c in components], dict(weights), tail_boost]
    digest.update(json.dumps(card, sort_keys=True).encode())
    for name, values in sorted((ranker.to_arrays() if ranker else {}).items()):
        digest.update(name.encode() + np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def _write_model(folder: Path, model: Model) -> None:
    named = {component.name: component.to_arrays() for component in model.first.components}
    arrays: Arrays = {
        f"{name}/{key}": value for name, parts in named.items() for key, value in parts.items()
    }
    write_arrays(folder / "model.safetensors", arrays)
    if model.ranker is not None:
        write_arrays(folder / "ranker.safetensors", model.ranker.to_arrays())
    if model.policy is not None:
        card = {**model.policy.to_json(), "model_hash": model.hash}
        write_json(folder / "policy.json", card)
    write_arrays(folder / "terms.safetensors", model.terms.to_arrays())
    write_json(
        folder / "model.json",
        {
            "components": [json.loads(c.model_dump_json()) for c in model.components],
            "weights": model.blend.weights,
            "n_fitted": model.blend.n_fitted,
            "repeats": model.repeats,
            "events": model.events.to_json(),
            "first_stage": json.loads(model.first.settings.model_dump_json()),
            "tail_boost": model.tail_boost,
            "ranker": None if model.ranker is None else _card_of(model.ranker),
            "terms": json.loads(model.terms.settings.model_dump_json()),
            "documents": json.loads(model.documents.model_dump_json()),
        },
    )


def _read_model(folder: Folder, state: ShopState) -> Model:
    card = folder.read_json("model.json")
    arrays = folder.read_arrays("model.safetensors")
    components = parse_components(card["components"])
    restored = [
        restore_component(settings, _below(arrays, f"{settings.name}/")) for settings in components
    ]
    blend = Blend(restored, card["weights"], card["n_fitted"])
    ranker, note = _read_ranker(folder, card["ranker"])
    model = Model(
        first=FirstStage(restored, blend, FirstStageSettings.model_validate(card["first_stage"])),
        ranker=ranker,
        tail_boost=card["tail_boost"],
        components=components,
        state=state,
        segments=read_segments(folder),
        terms=TermVectors.from_arrays(
            TermSettings.model_validate(card["terms"]), folder.read_arrays("terms.safetensors")
        ),
        documents=DocumentSettings.model_validate(card["documents"]),
        repeats=card["repeats"],
        events=EventKinds.from_json(card["events"]),
        note=note,
    )
    return _with_policy(model, folder)


def _with_policy(model: Model, folder: Folder) -> Model:
    """With the dial where it was set, as long as the model is the one that it was set for."""
    if "policy.json" not in folder:
        return model
    card = folder.read_json("policy.json")
    policy = Policy.from_json(card)
    if card["model_hash"] == model.hash or not policy.strengths:
        return replace(model, policy=policy)
    note = f"{model.note} The dial stands at 0: it was set for another model.".strip()
    return replace(model, note=note, policy=with_rules(None, policy.rules))


def _card_of(ranker: Ranker) -> dict[str, Any]:
    settings = json.loads(ranker.settings.model_dump_json())
    return {"settings": settings, "names": ranker.names, "of_user": ranker.of_user}


def _read_ranker(folder: Folder, card: dict[str, Any] | None) -> tuple[Ranker | None, str]:
    """The ranker; None and a sentence where this machine can't run it."""
    if card is None:
        return None, ""
    settings = RankerSettings.model_validate(card["settings"])
    arrays = folder.read_arrays("ranker.safetensors")
    try:
        return Ranker.from_arrays(settings, card["names"], card["of_user"], arrays), ""
    except MissingLibraryError as error:
        return None, f"Lists come from the blend alone: {error}"


def _below(arrays: Arrays, prefix: str) -> Arrays:
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
