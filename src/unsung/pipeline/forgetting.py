"""A fitted model without some of the customers that it was fitted on."""

from dataclasses import replace

import numpy as np

from unsung.data.joining import state_without_users
from unsung.pipeline.bundle import Model
from unsung.pipeline.two_stage import FirstStage
from unsung.progress import Progress, silent
from unsung.recommenders.blend import Blend
from unsung.recommenders.linear import Linear


def forget_users(model: Model, gone: np.ndarray, *, progress: Progress = silent) -> Model:
    """The model as if its scorers had never met some users.

    Parameters
    ----------
    model : Model
    gone : ndarray of bool, shape (n_users,)
    progress : Progress, optional

    Returns
    -------
    model : Model
        Its state and the linear model are those of a new fit without these users; popularity is
        counted in the state, and the text profiles never knew anybody. The trees of the second
        stage, the encoder, the blend's weights and the items' segments stay: they have learnt from
        these users among all others.
    """
    state = state_without_users(model.state, gone)
    first = model.first
    scorers = [
        scorer.refreshed(model.state, state, progress=progress)
        if isinstance(scorer, Linear)
        else scorer
        for scorer in first.components
    ]
    blend = Blend(scorers, first.blend.weights, first.blend.n_fitted)
    return replace(model, first=FirstStage(scorers, blend, first.settings), state=state)
