"""Bytes of a text file, unpacked and turned into UTF-8 as a stream."""

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from unsung.data.readers.paths import GZIP_MAGIC
from unsung.errors import InputError, Location

BLOCK_BYTES = 8 << 20
MAX_ROW_BYTES = 64 << 20
"""A line longer than this is no row of a table."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_LINES = 2_000


def _mark(error: UnicodeError) -> tuple[str, int]:
    # A lone surrogate is never valid UTF-8, so the row that holds it is found and set aside.
    return "\udcff", cast(UnicodeDecodeError, error).end


codecs.register_error("unsung-mark", _mark)


@dataclass(frozen=True)
class Block:
    """Whole lines as UTF-8 bytes (bad bytes stay bad); ``done`` of ``total`` bytes are read."""

    text: bytes
    is_last: bool
    done: int
    total: int


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn what can go wrong with a file into an InputError that names it."""
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise InputError(
            "is a damaged or cut-off .gz file; copy it again.", at=Location(str(path))
        ) from None
    except OSError as error:
        raise InputError(
            f"can't be read ({error.strerror or error}).", at=Location(str(path))
        ) from None


def open_bytes(path: Path) -> BinaryIO:
    """Open a file, looking through gzip."""
    with path.open("rb") as raw:
        zipped = raw.read(2) == GZIP_MAGIC
    return cast(BinaryIO, gzip.open(path)) if zipped else path.open("rb")


def detect_encoding(path: Path, limit: int | None = None) -> str:
    """The text encoding of a file, by looking.

    A byte order mark decides; else UTF-8 where at least half of the lines beyond ASCII are valid
    UTF-8, GB18030 where their bytes pair up as common Chinese characters, and Windows-1252 where
    bytes beyond ASCII stand alone, as accented letters and currency signs do.

    Parameters
    ----------
    path : Path
    limit : int, optional
        Bytes to look at; as many as it takes to see 2,000 lines beyond ASCII where not given.

    Returns
    -------
    encoding : str
        A name that Python knows.

    Raises
    ------
    InputError
        Where it is none of these.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "items.csv"
    >>> _ = path.write_bytes("商品,标题".encode("gbk"))
    >>> detect_encoding(path)
    'gb18030'
    """
    with naming(path), open_bytes(path) as stream:
        head = stream.read(4)
        for bom, name in _BOMS:
            if head.startswith(bom):
                return name
        head += stream.read(4_096)
        if head.count(0) > len(head) // 5:
            return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
        stream.seek(0)
        lines = _lines_beyond_ascii(stream, limit)
    valid = sum(_decodes(line, "utf-8") for line in lines)
    if 2 * valid >= len(lines):
        return "utf-8"
    text = b"".join(lines)
    if _looks_chinese(text):
        return "gb18030"
    runs = re.findall(rb"[\x80-\xff]+", text)
    if sum(len(run) == 1 for run in runs) >= 0.7 * len(runs):
        return "cp1252"
    raise InputError(
        "is neither UTF-8 nor GB18030 text; name its encoding in shop.toml, such as "
        'encoding = "cp1251".',
        at=Location(str(path)),
    )


def read_blocks(path: Path, encoding: str, size: int = BLOCK_BYTES) -> Iterator[Block]:
    """The text as blocks of whole lines in UTF-8.

    Raises
    ------
    InputError
        Where the file can't be read, the encoding isn't known or a line has no end.
    """
    total = path.stat().st_size
    rest = b""
    with naming(path), open_bytes(path) as stream:
        for chunk in _as_utf8(stream, encoding, size, path):
            rest += chunk
            end = _line_end(rest)
            if end == 0 and len(rest) > MAX_ROW_BYTES:
                raise InputError(
                    f"has a line of more than {MAX_ROW_BYTES >> 20} MB; is it a table?",
                    at=Location(str(path)),
                )
            if end:
                yield Block(rest[:end], False, _position(stream), total)
                rest = rest[end:]
    yield Block(rest, True, total, total)


def _as_utf8(stream: BinaryIO, encoding: str, size: int, path: Path) -> Iterator[bytes]:
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        raise InputError(
            f'encoding \'{encoding}\' isn\'t known to Python; try "utf-8" or "gb18030".',
            at=Location(str(path)),
        ) from None
    first = stream.read(max(size, 4))  # with the whole of a byte order mark
    chunks = iter(lambda: stream.read(size), b"")
    if name in ("utf-8", "utf-8-sig", "ascii"):
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder(name)("unsung-mark")
    yield decoder.decode(first).removeprefix("\ufeff").encode("utf-8", "surrogatepass")
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "surrogatepass")
    yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")


def _position(stream: BinaryIO) -> int:
    # Of a .gz, how much of the packed file is read.
    return int(getattr(stream, "fileobj", stream).tell())


def _line_end(text: bytes) -> int:
    # A lone carriage return ends a line in files of old Macs; not at the very end of the block,
    # where a line feed may still follow.
    return text.rfind(b"\n") + 1 or text.rfind(b"\r", 0, -1) + 1


def _lines_beyond_ascii(stream: BinaryIO, limit: int | None) -> list[bytes]:
    found, seen = [], 0
    for line in iter(lambda: stream.readline(1 << 20), b""):
        seen += len(line)
        if not line.isascii():
            found.append(line)
        if len(found) == _SAMPLE_LINES or (limit is not None and seen > limit):
            break
    return found


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _looks_chinese(text: bytes) -> bool:
    # First bytes of punctuation, full-width signs and the 3,755 most frequent characters of
    # GB 2312; other alphabets in 8 bits seldom pair up like this.
    pairs = re.findall(rb"[\x81-\xfe][\x40-\xfe]", text)
    common = re.findall(rb"[\xa1-\xa3\xb0-\xd7][\xa1-\xfe]", b" ".join(pairs))
    return len(pairs) > 0 and len(common) >= 0.7 * len(pairs)
