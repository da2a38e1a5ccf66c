"""Which text encoder a shop gets."""

from pathlib import Path
from typing import Final

from unsung.errors import BundleError, InputError, MissingExtraError
from unsung.learning.export import encoder_folder
from unsung.learning.weights import DEFAULT_MODEL
from unsung.progress import Progress, silent
from unsung.text.onnx_encoder import CARD_FILE, OnnxEncoder

NONE: Final = "none"
AUTO: Final = "auto"


def find_encoder(choice: str = AUTO, progress: Progress = silent) -> OnnxEncoder | None:
    """The encoder that a choice names.

    Parameters
    ----------
    choice : str
        ``auto``: the pretrained all-MiniLM-L6-v2 where the extra [train] is installed, else none;
        ``none``; the folder of an ONNX encoder; or a model, as ``model_of`` says.
    progress : Progress, optional

    Returns
    -------
    encoder : OnnxEncoder or None

    Raises
    ------
    InputError
        Where there is no such folder or model, or its files aren't whole.
    MissingExtraError
        Where a model is named, and what reads it isn't installed.
    """
    if choice == NONE:
        return None
    model = model_of(choice)
    if model is None:
        try:
            return OnnxEncoder(Path(choice))
        except BundleError as error:
            raise InputError(f"the encoder can't be used: {error}") from None
    try:
        return OnnxEncoder(encoder_folder(model=model, progress=progress))
    except MissingExtraError:
        if choice == AUTO:
            return None
        raise


def model_of(choice: str) -> str | None:
    """The pretrained model that a choice stands for; None where there is none to fine-tune.

    Parameters
    ----------
    choice : str
        A packaged model's name, a folder in the layout of Hugging Face, a name on its hub, or
        ``auto``. An ONNX encoder's folder and ``none`` hold nothing that could be trained.

    Examples
    --------
    >>> model_of("auto"), model_of("none")
    ('all-MiniLM-L6-v2', None)
    """
    if choice == AUTO:
        return DEFAULT_MODEL
    if choice == NONE or (Path(choice) / CARD_FILE).is_file():
        return None
    return choice
