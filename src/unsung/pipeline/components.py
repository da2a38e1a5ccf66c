"""The only place where the name of a component becomes a class."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from unsung.data.state import ShopState
from unsung.recommenders.base import Arrays, Recommender
from unsung.recommenders.content_profile import (
    ContentProfile,
    EncoderProfileSettings,
    TermProfileSettings,
)
from unsung.recommenders.linear import Linear, LinearSettings
from unsung.recommenders.popular import Popular, PopularSettings
from unsung.rerankers.base import Reranker
from unsung.rerankers.calibrated import Calibrated, CalibratedSettings
from unsung.rerankers.mmr import MMR, MMRSettings
from unsung.rerankers.own_taste import OwnTaste, OwnTasteSettings
from unsung.rerankers.quota import Quota, QuotaSettings
from unsung.rerankers.segment_weight import DEEP_TAIL, SegmentWeight, SegmentWeightSettings
from unsung.rerankers.slot_weight import SlotWeight, SlotWeightSettings
from unsung.rerankers.xquad import XQuAD, XQuADSettings

ComponentSettings = Annotated[
    PopularSettings | TermProfileSettings | EncoderProfileSettings | LinearSettings,
    Field(discriminator="kind"),
]
"""Settings of any built-in scorer, told apart by ``kind``."""

# A class is looked up here and nowhere else. The values are Any because each class takes its own
# settings; the union above has checked them.
_CLASSES: Mapping[str, Any] = {
    "popular": Popular,
    "terms": ContentProfile,
    "encoder": ContentProfile,
    "linear": Linear,
}


def make_component(settings: ComponentSettings) -> Recommender:
    """A scorer that is not fitted yet."""
    component: Recommender = _CLASSES[settings.kind](settings)
    return component


def restore_component(settings: ComponentSettings, arrays: Arrays) -> Recommender:
    """A fitted scorer from its arrays."""
    component: Recommender = _CLASSES[settings.kind].from_arrays(settings, arrays)
    return component


def parse_components(values: Sequence[Mapping[str, Any]]) -> tuple[ComponentSettings, ...]:
    """Settings of components from JSON values; a ValueError where one is not known."""
    adapter: TypeAdapter[tuple[ComponentSettings, ...]] = TypeAdapter(tuple[ComponentSettings, ...])
    return adapter.validate_python(tuple(values))


RerankerSettings = Annotated[
    SegmentWeightSettings
    | SlotWeightSettings
    | QuotaSettings
    | XQuADSettings
    | CalibratedSettings
    | MMRSettings
    | OwnTasteSettings,
    Field(discriminator="kind"),
]
"""Settings of a balance method that needs nothing but them, told apart by ``kind``."""

_RERANKERS: Mapping[str, Any] = {
    "segment_weight": SegmentWeight,
    "slot_weight": SlotWeight,
    "quota": Quota,
    "xquad": XQuAD,
    "calibrated": Calibrated,
    "mmr": MMR,
    "own_taste": OwnTaste,
}


def make_reranker(settings: RerankerSettings) -> Reranker:
    """A balance method."""
    reranker: Reranker = _RERANKERS[settings.kind](settings)
    return reranker


def parse_reranker(values: Mapping[str, Any]) -> RerankerSettings:
    """Settings of a balance method from JSON values; a ValueError where it is not known."""
    adapter: TypeAdapter[RerankerSettings] = TypeAdapter(RerankerSettings)
    return adapter.validate_python(values)


def default_rerankers(*, deep: bool = False) -> tuple[RerankerSettings, ...]:
    """The balance methods that a dial chooses from.

    Parameters
    ----------
    deep : bool
        Whether those for the tail below its top are among them.
    """
    deeper = (
        DEEP_TAIL,
        DEEP_TAIL.model_copy(update={"name": "deep_tail_odds", "scale": "log_odds"}),
    )
    return (
        *(deeper if deep else ()),
        SegmentWeightSettings(),
        SegmentWeightSettings(name="tail_odds", scale="log_odds"),
        SlotWeightSettings(),
        QuotaSettings(),
        XQuADSettings(),
        CalibratedSettings(),
    )


USUAL_WINDOW_DAYS = 28.0
"""Length of the window that a shop with enough customers is tested on."""


def default_components(
    state: ShopState, window_days: float = USUAL_WINDOW_DAYS
) -> tuple[ComponentSettings, ...]:
    """The scorers that a shop can have: those of text only where it has text.

    Parameters
    ----------
    state : ShopState
    window_days : float
        How long the window is that is predicted; sets the pace of trends and histories, since a
        shop that needs half a year for five hundred customers forgets slowly.

    Returns
    -------
    components : tuple of settings
        The popularity scorers come last.
    """
    has_terms = state.content.terms.nnz > 0
    has_encoder = bool(state.content.embeddings.any())
    half_life = 2 * window_days if state.has_clock else 2.0
    text: list[ComponentSettings] = []
    if has_encoder:
        text.append(EncoderProfileSettings(half_life=half_life))
    if has_terms:
        text.append(TermProfileSettings(half_life=half_life))
    linear = LinearSettings(
        half_life=half_life,
        term_weight=20.0 if has_terms else 0.0,
        encoder_weight=20.0 if has_encoder else 0.0,
    )
    popular: list[ComponentSettings] = [PopularSettings(name="popular_log", log=True)]
    if state.has_clock:
        popular += [
            PopularSettings(name="trend_fast", half_life_days=window_days / 6),
            PopularSettings(name="trend_log", half_life_days=window_days / 2, log=True),
        ]
    return (linear, *text, *popular)


def default_weights(components: Sequence[ComponentSettings]) -> dict[str, float]:
    """Weights for a shop that is too small to learn them: taste first, popularity second."""
    taste = {"linear": 1.0, "encoder": 0.3, "terms": 0.3}
    trend = "trend_log" if any(c.name == "trend_log" for c in components) else "popular_log"
    return {c.name: taste.get(c.kind, 0.5 if c.name == trend else 0.0) for c in components}


def baseline_components(
    state: ShopState, window_days: float = USUAL_WINDOW_DAYS
) -> tuple[ComponentSettings, ...]:
    """The baselines that stand in every evaluation table.

    Parameters
    ----------
    state : ShopState
    window_days : float
        As in ``default_components``.

    Returns
    -------
    components : tuple of settings
    """
    named: list[ComponentSettings] = [PopularSettings(name="most_popular")]
    if state.has_clock:
        named.append(PopularSettings(name="trend", half_life_days=window_days / 2))
    half_life = 2 * window_days if state.has_clock else 2.0
    if state.content.terms.nnz > 0:
        named.append(TermProfileSettings(half_life=half_life))
    if state.content.embeddings.any():
        named.append(EncoderProfileSettings(half_life=half_life))
    named.append(LinearSettings(name="ease", term_weight=0.0, half_life=half_life))
    return tuple(named)
