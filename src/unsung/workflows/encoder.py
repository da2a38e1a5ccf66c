"""Which text encoder a shop gets."""

from pathlib import Path
from typing import Final, NamedTuple

from unsung import schema
from unsung.data.dataset import Dataset
from unsung.errors import BundleError, InputError, MissingExtraError
from unsung.learning.export import encoder_folder
from unsung.learning.weights import DEFAULT_MODEL, MULTILINGUAL_MODEL
from unsung.progress import Progress, silent
from unsung.text.language import catalogue_language
from unsung.text.onnx_encoder import CARD_FILE, OnnxEncoder

NONE: Final = "none"
AUTO: Final = "auto"
READ_BY_MULTILINGUAL: Final = {
    "zh": "Chinese",
    "ja": "Japanese",
    "ko": "Korean",
    "ru": "Russian",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "pt": "Portuguese",
    "nl": "Dutch",
    "pl": "Polish",
}
"""Languages other than English that the multilingual model was trained on and that are told apart
here: ISO 639-1 -> name."""


class EncoderChoice(NamedTuple):
    """A choice of encoder as ``find_encoder`` takes it, and why, in a sentence or none.

    Parameters
    ----------
    choice : str
    reason : str
        Empty where the choice wasn't left to the catalogue, or there is no encoder.
    """

    choice: str
    reason: str


def choose_encoder(
    choice: str, dataset: Dataset, progress: Progress = silent
) -> tuple[EncoderChoice, OnnxEncoder | None]:
    """Let the catalogue's language choose where the choice is ``auto``, and find the encoder.

    Parameters
    ----------
    choice : str
        As for ``find_encoder``.
    dataset : Dataset
        The language is that of its titles; of its reviews where no item has a title.
    progress : Progress, optional

    Returns
    -------
    choice : EncoderChoice
    encoder : OnnxEncoder or None

    Raises
    ------
    InputError, MissingExtraError
        As ``find_encoder``.
    """
    if choice != AUTO:
        return EncoderChoice(choice, ""), find_encoder(choice, progress)
    language = READ_BY_MULTILINGUAL.get(catalogue_language(_texts(dataset)))
    if language is not None:
        try:
            found = find_encoder(MULTILINGUAL_MODEL, progress)
        except MissingExtraError:
            found = None
        if found is not None:
            reason = f"The catalogue is mostly {language}: its language model is {found.name}."
            return EncoderChoice(MULTILINGUAL_MODEL, reason), found
    found = find_encoder(AUTO, progress)
    if found is None:
        return EncoderChoice(AUTO, ""), None
    if language is None:
        return EncoderChoice(AUTO, f"The language model is {found.name}."), found
    reason = f"The catalogue is mostly {language}, which {found.name} wasn't trained on."
    return EncoderChoice(AUTO, reason), found


def _texts(dataset: Dataset) -> list[str]:
    """Titles, else what reviews say."""
    titles = dataset.catalogue.get(schema.TITLE)
    found = list(dataset.titles) if titles is None else titles.dropna().tolist()
    return found or dataset.reviews[schema.TEXT].dropna().tolist()


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
