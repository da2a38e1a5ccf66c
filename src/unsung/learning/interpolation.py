"""Between the pretrained and the fine-tuned model."""

import copy

from unsung.errors import InputError
from unsung.learning.encoder import TorchEncoder


def interpolate(frozen: TorchEncoder, tuned: TorchEncoder, share: float) -> TorchEncoder:
    """An encoder whose weights lie on the line between two of them.

    Fine-tuning gains where there were examples and may lose elsewhere; a model in between often
    keeps most of both. ``share`` is to be chosen by validation.

    Parameters
    ----------
    frozen : TorchEncoder
        As it was before fine-tuning.
    tuned : TorchEncoder
        The same architecture, fine-tuned; adapters merged.
    share : float
        0 is ``frozen``, 1 is ``tuned``.

    Returns
    -------
    encoder : TorchEncoder
        A new one; both others are left as they are.

    Raises
    ------
    InputError
        Where the two are not of one architecture.

    References
    ----------
    Wortsman et al., Robust fine-tuning of zero-shot models, CVPR 2022, arXiv:2109.01903.
    """
    import torch

    start, end = (dict(e.transformer.named_parameters()) for e in (frozen, tuned))
    shapes = [{name: p.shape for name, p in part.items()} for part in (start, end)]
    if shapes[0] != shapes[1]:
        raise InputError(
            f"{frozen.name} and {tuned.name} have other layers; interpolate between a model and "
            "its own fine-tuning."
        )
    between = copy.copy(tuned)
    between.transformer = copy.deepcopy(tuned.transformer)
    with torch.no_grad():
        for name, parameter in between.transformer.named_parameters():
            first = start[name].to(parameter)
            # Exact at both ends, which first + share * (last - first) isn't.
            parameter.copy_((1 - share) * first + share * parameter)
    return between
