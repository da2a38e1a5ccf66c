"""What a shop's reviews say, for its bundle and in its gems' reasons."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from unsung.data.state import ShopState
from unsung.discovery.sentences import with_praise
from unsung.pipeline.bundle import Model
from unsung.progress import Progress, silent
from unsung.text.base import TextEncoder
from unsung.text.review_insight import ReviewInsight, ReviewSettings, read_reviews
from unsung.workflows.fine_tuning import FineTuned
from unsung.workflows.gems import GemSettings, gems_where_known
from unsung.workflows.prepare import Shop


class InsightSettings(NamedTuple):
    """What is wanted of gems and reviews.

    Parameters
    ----------
    gems : GemSettings
    reviews : ReviewSettings
    seed : int
    """

    gems: GemSettings
    reviews: ReviewSettings
    seed: int


def gems_and_reviews(
    shop: Shop,
    model: Model,
    tuned: FineTuned,
    diagnosis: Mapping[str, Any],
    settings: InsightSettings,
    rng: np.random.Generator,
    progress: Progress = silent,
) -> tuple[dict[str, Any] | None, ReviewInsight | None]:
    """The gems of a shop, and what its reviews say, which the gems' reasons name.

    Parameters
    ----------
    shop : Shop
    model : Model
    tuned : FineTuned
        Gems are looked for with the pretrained encoder, reviews are read with the bundle's.
    diagnosis : mapping
        As in ``diagnosis.json``.
    settings : InsightSettings
    rng : Generator
    progress : Progress, optional
    """
    content = tuned.before or tuned.content
    gems = gems_where_known(
        shop, model, content, diagnosis, settings.gems, rng=rng, progress=progress
    )
    reviews = review_insight(
        model.state,
        gems,
        settings.reviews,
        seed=settings.seed,
        encoder=tuned.content.encoder,
        progress=progress,
    )
    return gems, reviews


def review_insight(
    state: ShopState,
    gems: dict[str, Any] | None,
    settings: ReviewSettings,
    *,
    seed: int,
    encoder: TextEncoder | None = None,
    progress: Progress = silent,
) -> ReviewInsight | None:
    """Read the reviews of a state, and let the gems' reasons name what reviewers praise.

    Parameters
    ----------
    state : ShopState
    gems : dict or None
        As in ``gems.json``; changed in place.
    settings : ReviewSettings
    seed : int
    encoder : TextEncoder, optional
        The one that the bundle keeps.
    progress : Progress, optional

    Returns
    -------
    insight : ReviewInsight or None
        None in a shop without reviews in words.
    """
    rng = np.random.default_rng(seed)
    reviews = read_reviews(state, settings, rng=rng, encoder=encoder, progress=progress)
    if gems is not None and reviews is not None:
        with_praise(gems["gems"], reviews.items)
    return reviews
