"""Which text encoder a shop gets."""

from pathlib import Path

from unsung.errors import InputError, MissingExtraError
from unsung.learning.export import encoder_folder
from unsung.progress import Progress, silent
from unsung.text.onnx_encoder import OnnxEncoder


def find_encoder(choice: str = "auto", progress: Progress = silent) -> OnnxEncoder | None:
    """The encoder that a choice names.

    Parameters
    ----------
    choice : str
        ``auto``: the pretrained all-MiniLM-L6-v2 where the extra [train] is installed, else none;
        ``none``; or the folder of an ONNX encoder.
    progress : Progress, optional

    Returns
    -------
    encoder : OnnxEncoder or None

    Raises
    ------
    InputError
        Where the folder doesn't exist.
    """
    if choice == "none":
        return None
    if choice != "auto":
        if not Path(choice).is_dir():
            raise InputError(f"{choice} is no folder of an encoder; give one, 'auto' or 'none'.")
        return OnnxEncoder(Path(choice))
    try:
        return OnnxEncoder(encoder_folder(progress=progress))
    except MissingExtraError:
        return None
