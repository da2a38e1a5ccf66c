"""The vocabulary file of SentencePiece, read into a tokeniser of the library that serves."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from unsung.errors import InputError

UNKNOWN, START, END = 0, 1, 2
"""Places of the three marks in a vocabulary that was trained with the defaults."""
MARKS: Final = ("<unk>", "<s>", "</s>")
# Numbers of fields in sentencepiece_model.proto.
PIECES, NORMALISER = 1, 3
PIECE, SCORE = 1, 2
CHARACTER_MAP = 2


def read_sentencepiece(path: Path) -> Any:
    """Read a unigram model of SentencePiece, whose texts get marks of start and end.

    Parameters
    ----------
    path : Path
        A ``.model`` file.

    Returns
    -------
    tokeniser : tokenizers.Tokenizer
        Neither cuts nor pads. Several unknown characters in a row are one token, as in
        SentencePiece itself.

    Raises
    ------
    InputError
        Where the file has other marks, or isn't a vocabulary at all.

    References
    ----------
    Kudo, Subword Regularization, ACL 2018, arXiv:1804.10959; Kudo and Richardson, SentencePiece,
    EMNLP 2018, arXiv:1808.06226.
    """
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    try:
        fields = list(_fields(path.read_bytes()))
        parts = [dict(_fields(value)) for number, value in fields if number == PIECES]
        pieces = [(part[PIECE].decode(), _float(part.get(SCORE))) for part in parts]
        spec = dict(_fields(dict(fields)[NORMALISER]))
    except (KeyError, ValueError, IndexError, struct.error):
        raise InputError(f"{path} is no vocabulary of SentencePiece; name another one.") from None
    if tuple(piece for piece, _ in pieces[: len(MARKS)]) != MARKS:
        raise InputError(f"{path} doesn't begin with {', '.join(MARKS)}; name another vocabulary.")
    tokeniser = Tokenizer(models.Unigram(pieces, UNKNOWN))
    tokeniser.normalizer = normalizers.Sequence(
        [
            normalizers.Precompiled(spec[CHARACTER_MAP]),
            normalizers.Strip(),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokeniser.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokeniser.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", START), ("</s>", END)]
    )
    return tokeniser


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of each field of a Protocol Buffers message; plain numbers are passed."""
    place = 0
    while place < len(message):
        key, place = _number(message, place)
        kind = key & 7
        if kind == 0:
            _, place = _number(message, place)
            continue
        sizes = {1: 8, 5: 4}
        size, place = _number(message, place) if kind == 2 else (sizes[kind], place)
        yield key >> 3, message[place : place + size]
        place += size


def _number(message: bytes, place: int) -> tuple[int, int]:
    """A number in groups of seven bits, the lowest first, and the place behind it."""
    value, shift = 0, 0
    while message[place] & 0x80:
        value |= (message[place] & 0x7F) << shift
        place, shift = place + 1, shift + 7
    return value | message[place] << shift, place + 1


def _float(content: bytes | None) -> float:
    found: float = struct.unpack("<f", content)[0] if content else 0.0
    return found
