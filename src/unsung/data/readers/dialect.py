"""How a delimited text file is written: encoding, delimiter, quotes, header."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from unsung.data.readers.encoding import detect_encoding, read_blocks
from unsung.data.readers.parts import unique_names
from unsung.data.settings import Source
from unsung.errors import InputError, Location

HEAD_BYTES = 1 << 18
DELIMITERS = (",", "\t", ";", "|", "::", "\x01")
_SNIFFED_LINES = 200


@dataclass(frozen=True)
class RecordPattern:
    """Regular expressions over UTF-8 bytes for one delimiter.

    Possessive throughout: linear in the text, and nothing to backtrack into.

    Parameters
    ----------
    delimiter : bytes
        One byte.
    quoting : bool
        Whether a quote at the start of a field opens a quoted field.
    """

    delimiter: bytes
    quoting: bool

    @cached_property
    def record(self) -> re.Pattern[bytes]:
        """One record with its line end; its fields may hold quoted line ends."""
        return re.compile(self._record())

    @cached_property
    def run(self) -> re.Pattern[bytes]:
        """As many well-formed records as follow each other."""
        return re.compile(rb"(?:" + self._record() + rb")*+")

    @cached_property
    def open_record(self) -> re.Pattern[bytes]:
        """A record that ends inside a quoted field."""
        field, mark = self._field(), re.escape(self.delimiter)
        return re.compile(rb"(?:" + field + mark + rb')*+"(?:[^"]++|"")*+')

    @cached_property
    def line(self) -> re.Pattern[bytes]:
        """One line with its end, whatever is in it."""
        return re.compile(rb"[^\r\n]*+(?:\r\n|\n|\r|\Z)")

    def _field(self) -> bytes:
        plain = rb"[^" + re.escape(self.delimiter) + rb"\r\n]*+"
        return rb'(?:"(?:[^"]++|"")*+"|(?!")' + plain + rb")" if self.quoting else plain

    def _record(self) -> bytes:
        field, mark = self._field(), re.escape(self.delimiter)
        return field + rb"(?:" + mark + field + rb")*+(?:\r\n|\n|\r)"


@dataclass(frozen=True)
class Dialect:
    """How to read one delimited text file.

    Parameters
    ----------
    encoding : str
    delimiter : str
        Of one character or more; with more than one byte (``::``) quotes mean nothing.
    quoting : bool
    names : tuple of str or None
        Column names of a file without a header line; None where the first line has them.
    """

    encoding: str
    delimiter: str
    quoting: bool
    names: tuple[str, ...] | None = None

    mark = b"\x1f"
    """Stands in for a long delimiter while a file is parsed."""

    @cached_property
    def pattern(self) -> RecordPattern:
        """The record pattern of this dialect."""
        written = self.delimiter.encode()
        return RecordPattern(written if len(written) == 1 else self.mark, self.quoting)


def detect_dialect(path: Path, source: Source, format_: str) -> Dialect:
    """What ``source`` says about a file, and the rest by looking at its first lines.

    In tab-separated files quotes count only where the first lines are well formed with them: many
    programs write such files without quoting anything.

    Raises
    ------
    InputError
        Where the file can't be read, or its encoding is not known.
    """
    encoding = detect_encoding(path) if source.encoding == "auto" else source.encoding
    head = next(read_blocks(path, encoding, HEAD_BYTES)).text
    text = head.decode("utf-8", "replace")
    delimiter = source.delimiter
    if delimiter is None:
        delimiter = "\t" if format_ == "tsv" else sniff_delimiter(text)
    if set(delimiter) & set('\r\n"') or not delimiter:
        raise InputError(f"{delimiter!r} can't be a delimiter.", at=Location(str(path)))
    quoting = len(delimiter.encode()) == 1
    if quoting and delimiter == "\t":
        run = RecordPattern(b"\t", True).run.match(head)
        quoting = run is not None and run.end() >= head.rfind(b"\n")
    names = None if source.header is None else tuple(unique_names(source.header))
    return Dialect(encoding, delimiter, quoting, names)


def sniff_delimiter(text: str) -> str:
    """The delimiter that splits most lines into as many fields as the first line.

    Examples
    --------
    >>> sniff_delimiter("id;price")
    ';'
    >>> sniff_delimiter("one column")
    ','
    """
    lines = [line for line in text.splitlines()[: _SNIFFED_LINES + 1] if line]
    # The last line may be cut off.
    lines = lines[:-1] if len(lines) > 1 and not text.endswith(("\n", "\r")) else lines
    best, best_score = ",", (0.0, 1)
    for delimiter in DELIMITERS:
        counts = [len(row) for row in _split(lines, delimiter)]
        if not counts or counts[0] < 2:
            continue
        score = (round(Counter(counts)[counts[0]] / len(counts), 1), counts[0])
        if score > best_score:
            best, best_score = delimiter, score
    return best


def parse_header(line: str, dialect: Dialect) -> tuple[str, ...]:
    """The column names in a header line, made distinct."""
    mark = dialect.pattern.delimiter.decode()
    fields = next(iter(_split([line], mark, quoting=dialect.quoting)), [])
    return tuple(unique_names(fields))


def _split(lines: Sequence[str], delimiter: str, *, quoting: bool = True) -> list[list[str]]:
    if len(delimiter) > 1 or not quoting:
        return [line.rstrip("\r\n").split(delimiter) for line in lines]
    try:
        return list(csv.reader(lines, delimiter=delimiter))
    except csv.Error:
        return [line.split(delimiter) for line in lines]
