"""What a shop's reviews say, for its bundle and in its gems' reasons."""

from typing import Any

import numpy as np

from unsung.data.state import ShopState
from unsung.discovery.sentences import with_praise
from unsung.progress import Progress, silent
from unsung.text.review_insight import ReviewInsight, ReviewSettings, read_reviews


def review_insight(
    state: ShopState,
    gems: dict[str, Any] | None,
    settings: ReviewSettings,
    *,
    seed: int,
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
    progress : Progress, optional

    Returns
    -------
    insight : ReviewInsight or None
        None in a shop without reviews in words.
    """
    rng = np.random.default_rng(seed)
    reviews = read_reviews(state, settings, rng=rng, progress=progress)
    if gems is not None and reviews is not None:
        with_praise(gems["gems"], reviews.items)
    return reviews
