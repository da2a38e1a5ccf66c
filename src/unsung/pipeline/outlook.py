"""What to expect of items without a history: read from their text, without torch."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.special import expit

from unsung.artifacts import read_arrays, read_json, write_arrays, write_json
from unsung.errors import BundleError
from unsung.progress import Progress, silent
from unsung.statistics.linear_fit import LinearFit
from unsung.text.base import TextEncoder
from unsung.text.documents import Documents, DocumentSettings
from unsung.text.language import words
from unsung.text.onnx_encoder import OnnxEncoder, embed
from unsung.text.term_vectors import TermSettings, TermVectors

FORMAT: Final = 1
CARD_FILE = "model.json"
ARRAYS_FILE = "arrays.safetensors"
ENCODER_FOLDER = "encoder"
# Words of scripts without spaces have other words beside them.
_LATIN: Final = "[A-Za-z0-9\u00c0-\u024f]"
ModelName = Literal["prior", "terms", "frozen", "fine_tuned", "fine_tuned_terms"]


class Forecast(NamedTuple):
    """What is expected of items; both of shape (n,).

    Parameters
    ----------
    p_tail : ndarray of float64
        Probability that the item will be in the long tail of its cohort, 0 to 1.
    demand : ndarray of float64
        Distinct buyers to expect within the window, >= 0: e to the power of the expected
        logarithm, less 1, as the many small ones and the few large ones balance in it.
    """

    p_tail: np.ndarray
    demand: np.ndarray


class DrivingWord(NamedTuple):
    """A word and how much it moves the log-odds of the tail.

    Parameters
    ----------
    word : str
    change : float
        Log-odds with the word minus log-odds without it: above 0 it speaks for the tail.
    """

    word: str
    change: float


@dataclass(frozen=True, eq=False)
class Outlook:
    """Two linear heads on what an item's text says as numbers.

    Parameters
    ----------
    model : str
        ``prior``: the same for every item; ``terms``: on term vectors; ``frozen``: on the vectors
        of the pretrained encoder; ``fine_tuned``: on those of an encoder that was fine-tuned for
        this; ``fine_tuned_terms``: on these and term vectors together.
    documents : DocumentSettings
        How items get their documents.
    terms : TermVectors or None
    encoder : TextEncoder or None
    tail, demand : LinearFit
        Log-odds of the tail, and ln(1 + buyers), over the columns of the term vectors followed by
        those of the encoder.
    record : dict
        What the labels are and how well the models did, ready for JSON.
    """

    model: ModelName
    documents: DocumentSettings
    terms: TermVectors | None
    encoder: TextEncoder | None
    tail: LinearFit
    demand: LinearFit
    record: dict[str, Any]

    def forecast(self, documents: Documents, progress: Progress = silent) -> Forecast:
        """Say what to expect of items with these documents."""
        log_odds, logarithm = self._linear(documents, progress)
        return Forecast(expit(log_odds), np.expm1(np.maximum(logarithm, 0)))

    def driving_words(
        self, documents: Documents, k: int = 3, progress: Progress = silent
    ) -> list[tuple[DrivingWord, ...]]:
        """The words that move each item's log-odds of the tail most, by leaving each out.

        Parameters
        ----------
        documents : Documents
            Of a few items: every word of an item is a text to be read again.
        k : int
            Words of each item.
        progress : Progress

        Returns
        -------
        words : list of tuple of DrivingWord, length len(documents)
            The strongest first; words that change nothing are left out. A value such as
            ``brand=opi`` counts as one word.
        """
        parts = [_words_of(documents, row) for row in range(len(documents))]
        left_out = [
            _without(documents, row, word) for row, found in enumerate(parts) for word in found
        ]
        whole, _ = self._linear(documents, silent)
        without, _ = self._linear(_concatenated(left_out), progress)
        strongest, start = [], 0
        for row, found in enumerate(parts):
            changes = whole[row] - without[start : start + len(found)]
            start += len(found)
            order = np.argsort(-np.abs(changes), kind="stable")[:k]
            strongest.append(
                tuple(
                    DrivingWord(found[place], round(float(changes[place]), 4))
                    for place in order
                    if abs(changes[place]) >= 1e-4
                )
            )
        return strongest

    def write(self, folder: Path, shop_encoder: str | None = None) -> None:
        """Write what ``read_outlook`` reads into a folder, which is made where it's absent.

        Parameters
        ----------
        folder : Path
        shop_encoder : str, optional
            Name of an encoder that ``read_outlook`` will be given; another one is copied.
        """
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {
            f"{name}/coefficients": head.coefficients
            for name, head in (("tail", self.tail), ("demand", self.demand))
        }
        if self.terms is not None:
            arrays |= {f"terms/{key}": value for key, value in self.terms.to_arrays().items()}
        write_arrays(folder / ARRAYS_FILE, arrays)
        write_json(
            folder / CARD_FILE,
            {
                "format": FORMAT,
                "model": self.model,
                "documents": self.documents.model_dump(mode="json"),
                "terms": None
                if self.terms is None
                else self.terms.settings.model_dump(mode="json"),
                "encoder": None if self.encoder is None else self.encoder.name,
                "intercepts": {"tail": self.tail.intercept, "demand": self.demand.intercept},
                "record": self.record,
            },
        )
        own = getattr(self.encoder, "folder", None)
        if self.encoder is not None and self.encoder.name != shop_encoder and own is not None:
            inside = folder / ENCODER_FOLDER
            inside.mkdir(exist_ok=True)
            for file in sorted(Path(own).iterdir()):
                shutil.copyfile(file, inside / file.name)

    def _linear(self, documents: Documents, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
        log_odds = np.full(len(documents), self.tail.intercept)
        logarithm = np.full(len(documents), self.demand.intercept)
        start = 0
        for rows in self._columns(documents, progress):
            span = slice(start, start + rows.shape[1])
            log_odds += rows @ self.tail.coefficients[span]
            logarithm += rows @ self.demand.coefficients[span]
            start = span.stop
        return log_odds, logarithm

    def _columns(self, documents: Documents, progress: Progress) -> list[Any]:
        found: list[np.ndarray | sp.csr_array] = []
        if self.terms is not None:
            found.append(self.terms.transform(documents))
        if self.encoder is not None:
            # Equal texts, such as those of many groceries, are read once.
            distinct = sorted(set(documents.texts))
            place = {text: row for row, text in enumerate(distinct)}
            vectors = embed(distinct, self.encoder, progress)
            found.append(vectors[[place[text] for text in documents.texts]])
        return found


def read_outlook(folder: Path, encoder: TextEncoder | None = None) -> Outlook:
    """Read what ``Outlook.write`` wrote.

    Parameters
    ----------
    folder : Path
    encoder : TextEncoder, optional
        The shop's own, for an outlook that was written without a copy of it.

    Raises
    ------
    BundleError
        Where a file is damaged, or the encoder that it needs is neither there nor given.
    """
    card = read_json(folder / CARD_FILE)
    arrays = read_arrays(folder / ARRAYS_FILE)
    try:
        if card["format"] != FORMAT:
            raise BundleError(f"{folder} is of another version of Unsung; fit the shop again.")
        terms = None
        if card["terms"] is not None:
            parts = {key: arrays[f"terms/{key}"] for key in ("terms", "ends", "idf")}
            terms = TermVectors.from_arrays(TermSettings.model_validate(card["terms"]), parts)
        heads = [
            LinearFit(arrays[f"{name}/coefficients"], float(card["intercepts"][name]))
            for name in ("tail", "demand")
        ]
        outlook = Outlook(
            model=card["model"],
            documents=DocumentSettings.model_validate(card["documents"]),
            terms=terms,
            encoder=_encoder_of(card, folder, encoder),
            tail=heads[0],
            demand=heads[1],
            record=card["record"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{folder} can't be read ({error}); fit the shop again.") from None
    return outlook


def _encoder_of(
    card: dict[str, Any], folder: Path, given: TextEncoder | None
) -> TextEncoder | None:
    if card["encoder"] is None:
        return None
    if (folder / ENCODER_FOLDER).is_dir():
        return OnnxEncoder(folder / ENCODER_FOLDER)
    if given is None or given.name != card["encoder"]:
        raise BundleError(
            f"{folder} needs the encoder {card['encoder']}; fit the shop again with its encoder."
        )
    return given


def _words_of(documents: Documents, row: int) -> list[str]:
    """Distinct words of the title, then whole values, each of them something to leave out."""
    return list(dict.fromkeys([*words(documents.titles[row]), *documents.tokens[row]]))


def _without(documents: Documents, row: int, word: str) -> Documents:
    """An item's document with one word, or one value, left out of all its parts."""
    kept = tuple(token for token in documents.tokens[row] if token != word)
    title, text = documents.titles[row], documents.texts[row]
    if len(kept) < len(documents.tokens[row]):
        value = word.partition("=")[2]
        # The title stands first in the text and may hold the same words.
        rest = _left_out(text[len(title) :], value)
        return Documents((text[: len(title)] + rest,), (title,), (kept,))
    return Documents((_left_out(text, word),), (_left_out(title, word),), (kept,))


def _left_out(text: str, word: str) -> str:
    """A text without a word, wherever and in whatever case it stands by itself."""
    found = re.sub(f"(?<!{_LATIN}){re.escape(word)}(?!{_LATIN})", " ", text, flags=re.IGNORECASE)
    return " ".join(found.split())


def _concatenated(documents: Sequence[Documents]) -> Documents:
    return Documents(
        tuple(text for part in documents for text in part.texts),
        tuple(title for part in documents for title in part.titles),
        tuple(tokens for part in documents for tokens in part.tokens),
    )
