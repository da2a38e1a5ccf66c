"""A training's state in one file: safetensors, with JSON in its header."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from unsung.artifacts.files import replacing, sync
from unsung.errors import BundleError, InputError

if TYPE_CHECKING:
    import torch

CHECKPOINT_FILE: Final = "checkpoint.safetensors"
FORMAT: Final = 1
"""Raised whenever an older or newer program could misread a checkpoint."""


@dataclass(frozen=True)
class Checkpoint:
    """A training between two steps.

    Parameters
    ----------
    identity : dict of str to str
        Name of what must be the same when the training goes on -> its value.
    state : dict
        Plain values: step, record so far.
    tensors : dict of str to Tensor
        Weights that train, the best of them so far, and the moments of the optimiser.
    """

    identity: dict[str, str]
    state: dict[str, Any]
    tensors: "dict[str, torch.Tensor]"


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint into a folder; the one before is replaced whole or not at all."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    header = {"format": FORMAT, "identity": checkpoint.identity, "state": checkpoint.state}
    plain = {
        name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()
    }
    with replacing(folder / CHECKPOINT_FILE) as draft:
        save_file(plain, draft, metadata={"unsung": json.dumps(header, allow_nan=False)})
    sync(folder)


def read_checkpoint(folder: Path, identity: Mapping[str, str]) -> Checkpoint | None:
    """The checkpoint of a folder, or None where there is none yet.

    Parameters
    ----------
    folder : Path
    identity : mapping of str to str
        Of the training that wants to go on.

    Raises
    ------
    BundleError
        Where the file is damaged, or of another version of the format.
    InputError
        Where it is of a training with other settings, data or weights.
    """
    from safetensors import SafetensorError, safe_open

    path = folder / CHECKPOINT_FILE
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {})["unsung"])
            if header["format"] != FORMAT:
                raise ValueError(f"format {header['format']}")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            found = Checkpoint(header["identity"], header["state"], tensors)
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        raise BundleError(
            f"{path} can't be read ({error}); delete it, and the training begins anew."
        ) from None
    names = sorted({*identity, *found.identity})
    other = [name for name in names if identity.get(name) != found.identity.get(name)]
    if other:
        raise InputError(
            f"{path} is of a training with another {' and '.join(other)}; name another folder, "
            "or delete it to begin anew."
        )
    return found


def weights_fingerprint(module: "torch.nn.Module") -> str:
    """SHA-256 of all weights of a module, by name."""
    digest = hashlib.sha256()
    for name, parameter in sorted(module.named_parameters()):
        values = np.ascontiguousarray(parameter.detach().cpu().numpy())
        digest.update(f"{name}{values.dtype.str}{values.shape}".encode())
        digest.update(values.data)
    return digest.hexdigest()
