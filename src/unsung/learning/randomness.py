"""Draws of torch that depend on a seed and on nothing that was drawn before."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def torch_draws(*key: int) -> Iterator[None]:
    """Let torch draw as ``key`` says within the block, and as before after it.

    Parameters
    ----------
    *key : int
        Such as the seed and the number of the step.

    Notes
    -----
    Dropout of step 812 is the same whether or not the process began at step 0, so that a resumed
    training gives the weights of an unbroken one.

    Examples
    --------
    >>> import torch
    >>> with torch_draws(7, 812):
    ...     first = torch.rand(2)
    >>> with torch_draws(7, 812):
    ...     print(torch.equal(torch.rand(2), first))
    True
    """
    import torch

    # Its length belongs to the key: numpy takes zeros at its end for nothing. Torch takes 63 bits.
    seed = int(np.random.SeedSequence([len(key), *key]).generate_state(1, np.uint64)[0] >> 1)
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        torch.default_generator.manual_seed(seed)
        if torch.cuda.is_available():
            for generator in torch.cuda.default_generators:
                generator.manual_seed(seed)
        yield
