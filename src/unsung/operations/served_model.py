"""A model in service: a verified bundle with the shop as of now."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from unsung.data.state import ShopState
from unsung.operations.kept_scores import KeptScores
from unsung.operations.ladder import BestRung, Rung, rungs_of
from unsung.operations.live_items import Describer
from unsung.operations.live_shop import LiveShop
from unsung.pipeline.bundle import Bundle, load_bundle
from unsung.pipeline.policy import Dial, Policy
from unsung.pipeline.pools import item_facts
from unsung.popularity.segments import SEGMENT_NAMES
from unsung.recommenders.base import Scorer
from unsung.rerankers.base import ItemFacts
from unsung.store.dial import DialSetting
from unsung.store.models import ModelEntry
from unsung.text.onnx_encoder import OnnxEncoder

NOBODY = ""
"""Stands for whoever isn't known, or doesn't want to be."""
MOST_DIALS: Final = 32
"""Positions of the dial whose methods are held ready."""


@dataclass(eq=False)
class ServedModel:
    """What answers requests; another one takes its place whole.

    Parameters
    ----------
    bundle : Bundle
    version : str
        Tells this fit from any other.
    describer : Describer
    shop : LiveShop
    position : int, optional
        Where the dial stands: 0 for undialled lists, ``n_positions`` for all that is certified.
        All where not given.
    best_rung : {"full", "blend"}
        Which rung of the ladder answers when nothing is missing.
    """

    bundle: Bundle
    version: str
    describer: Describer
    shop: LiveShop
    position: int | None = None
    best_rung: BestRung = "full"
    rungs: tuple[Rung, ...] = field(init=False)
    kept: KeptScores = field(default_factory=KeptScores, init=False)
    _facts: tuple[ShopState, ItemFacts] | None = field(default=None, init=False)
    _dials: tuple[ShopState, dict[int, Dial | None]] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.rungs = rungs_of(self.bundle.model, self.best_rung)

    @property
    def n_positions(self) -> int:
        """Positions of the dial beyond 0, each of them certified."""
        policy = self.bundle.model.policy
        return 0 if policy is None else len(policy.strengths)

    def at(self, position: int | None = None) -> int:
        """The position that is meant, within what is certified."""
        wanted = self.position if position is None else position
        return self.n_positions if wanted is None else min(max(wanted, 0), self.n_positions)

    def set_dial(self, setting: DialSetting) -> None:
        """Put the dial where somebody set it; a setting for another model leaves it alone."""
        if setting.model == self.version:
            self.position = setting.strength_index

    def policy_name(self, position: int) -> str:
        """How exposures name what made a list."""
        policy = self.bundle.model.policy
        if policy is None or not position:
            return "undialled"
        return f"{policy.settings.kind} {position}/{self.n_positions}"

    def refresh(self, now: int) -> None:
        """Count anew and bring in new items; what is derived is made before anybody asks for it."""
        whole = self.shop.refresh(now)
        warm(self.bundle.model.scorer, whole)
        self._facts, self._dials = self._facts_of(whole), None
        self.shop.use(whole)

    def dial_at(self, position: int, whole: ShopState) -> Dial | None:
        """What turns lists at a position of the dial; None where they stay as they are.

        Parameters
        ----------
        position : int
            Up to ``n_positions``.
        whole : ShopState
            Of the shop that lists are made from.
        """
        kept = self._dials
        if kept is None or kept[0] is not whole or len(kept[1]) > MOST_DIALS:
            kept = self._dials = (whole, {})
        if position not in kept[1]:
            kept[1][position] = self._made_dial(position, whole)
        return kept[1][position]

    def _made_dial(self, position: int, whole: ShopState) -> Dial | None:
        policy = self.bundle.model.policy
        if policy is None:
            return None
        policy = _up_to(policy, position)
        if not policy.changes_lists:
            return None
        kept = self._facts
        facts = kept[1] if kept is not None and kept[0] is whole else self._facts_of(whole)[1]
        return Dial(policy, facts)

    def _facts_of(self, whole: ShopState) -> tuple[ShopState, ItemFacts]:
        segments = self.bundle.model.segments
        codes = np.full(whole.n_items, SEGMENT_NAMES.index("cold"), dtype=np.int8)
        codes[: len(segments)] = [SEGMENT_NAMES.index(name) for name in segments]
        return whole, item_facts(whole, codes)


def load_model(path: Path, best_rung: BestRung = "full") -> ServedModel:
    """Verify a bundle and make it ready to answer.

    Parameters
    ----------
    path : Path
        Of the bundle.
    best_rung : {"full", "blend"}

    Raises
    ------
    BundleError
        Where anything in it isn't as it was written.
    """
    bundle = load_bundle(path)
    model = bundle.model
    folder = bundle.encoder_folder
    encoder = None if folder is None else OnnxEncoder(folder, threads=1)
    describer = Describer(model.documents, model.terms, encoder)
    # Asked once, a state knows which trends are wanted of it.
    warm(model.scorer, model.state)
    shop = LiveShop(model, describer, round(_created(bundle).timestamp() * 1e6))
    return ServedModel(bundle, version_of(bundle), describer, shop, best_rung=best_rung)


def version_of(bundle: Bundle) -> str:
    """Tells a fit from any other: when it was made, and what it was made of."""
    return f"{_created(bundle):%Y%m%dT%H%M%SZ}-{bundle.model.hash[:8]}"


def entry_of(bundle: Bundle, now: int) -> ModelEntry:
    """What the store keeps of a bundle, with the NDCG of every model that its fit tested."""
    figures = {
        name: float(summary["ndcg_at_k"])
        for name, summary in bundle.metrics.items()
        if isinstance(summary, dict) and summary.get("ndcg_at_k") is not None
    }
    path, fingerprint = str(bundle.path.resolve()), bundle.folder.manifest.fingerprint
    return ModelEntry(version_of(bundle), path, fingerprint, "loaded", now, figures)


def _created(bundle: Bundle) -> datetime:
    return datetime.fromisoformat(bundle.folder.manifest.created).astimezone(UTC)


def warm(scorer: Scorer, state: ShopState) -> None:
    """Make what all users of a state share."""
    scorer.score(state.seen_by(NOBODY, state.interactions.take(slice(0, 0)), state.as_of), _FIRST)


_FIRST = np.zeros(1, dtype=np.int32)


def _up_to(policy: Policy, position: int) -> Policy:
    return replace(policy, strengths=policy.strengths[:position])
