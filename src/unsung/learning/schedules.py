"""How the learning rate changes over a training."""

import math

from unsung.learning.settings import Schedule


def learning_rate_factor(step: int, n_steps: int, schedule: Schedule, warmup_share: float) -> float:
    """Learning rate of a step, as a share of the highest.

    Parameters
    ----------
    step : int
        From 0.
    n_steps : int
        Steps of the whole training.
    schedule : str
        ``linear``, ``cosine`` or ``constant``.
    warmup_share : float
        Share of the steps in which the rate rises along a line.

    Returns
    -------
    factor : float
        Above 0, at most 1.

    Examples
    --------
    >>> [learning_rate_factor(step, 6, "linear", 1 / 3) for step in range(6)]
    [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]
    >>> [round(learning_rate_factor(step, 4, "cosine", 0), 2) for step in range(4)]
    [1.0, 0.85, 0.5, 0.15]
    """
    warmup = round(warmup_share * n_steps)
    if step < warmup:
        return (step + 1) / warmup
    left = (n_steps - step) / (n_steps - warmup)
    if schedule == "linear":
        return left
    if schedule == "cosine":
        return (1 - math.cos(math.pi * left)) / 2
    return 1.0
