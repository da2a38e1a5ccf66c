"""Which files a source names, and what kind of file each is."""

import difflib
import glob
from pathlib import Path

from unsung.data.settings import Source
from unsung.errors import InputError, Location

# Ending -> format, after a ".gz" is taken off. The first bytes of a file overrule it.
ENDINGS = {
    ".csv": "csv",
    ".txt": "csv",
    ".dat": "csv",
    ".data": "csv",
    ".inter": "csv",
    ".item": "csv",
    ".user": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
}
GZIP_MAGIC = b"\x1f\x8b"


def resolve_paths(source: Source, base: Path) -> tuple[Path, ...]:
    """The files that ``source`` names, in a fixed order and each once.

    Parameters
    ----------
    source : Source
        With ``path``: files, folders (searched through; hidden files are passed over) or globs.
    base : Path
        The folder that relative paths start from.

    Returns
    -------
    files : tuple of Path

    Raises
    ------
    InputError
        Where a path leads to no file; the message suggests the nearest name.
    """
    found: dict[Path, None] = {}
    for pattern in source.paths:
        files = _files(base / Path(pattern).expanduser())
        if not files:
            raise InputError(_missing(base / pattern), at=Location(pattern))
        found.update(dict.fromkeys(files))
    return tuple(found)


def is_table_file(path: Path) -> bool:
    """Whether the name says that a file holds a table (and isn't hidden or a marker)."""
    name = path.name.lower().removesuffix(".gz")
    return not name.startswith((".", "_")) and Path(name).suffix in ENDINGS


def source_name(path: Path, base: Path) -> str:
    """What ``source_file`` calls a file: its path from the shop's folder where it lies inside."""
    inside = path.resolve().is_relative_to(base.resolve())
    return str(path.resolve().relative_to(base.resolve()).as_posix() if inside else path)


def detect_format(path: Path, declared: str = "auto") -> str:
    """``csv``, ``tsv``, ``jsonl``, ``parquet`` or ``xlsx``.

    Raises
    ------
    InputError
        Where a file can't be opened, or is of a kind that can't be read.
    """
    head = _first_bytes(path)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError(
            "is a password-protected or an old .xls workbook; save it as .xlsx without a password.",
            at=Location(str(path)),
        )
    if declared != "auto":
        return declared
    if head.startswith(b"PAR1"):
        return "parquet"
    zipped = head.startswith(GZIP_MAGIC)
    ending = Path(path.name.lower().removesuffix(".gz") if zipped else path.name.lower()).suffix
    known = ENDINGS.get(ending)
    if head.startswith(b"PK\x03\x04") and known != "xlsx":
        raise InputError("is a zip archive; unpack it first.", at=Location(str(path)))
    if known is not None:
        return known
    return "jsonl" if head.lstrip()[:1] in (b"{", b"[") else "csv"


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(64)
    except OSError as error:
        raise InputError(f"can't be opened ({error.strerror}).", at=Location(str(path))) from None


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if path.is_dir():
        return sorted(p for p in path.rglob("*") if p.is_file() and is_table_file(p))
    # glob, not Path.glob: a pattern may be absolute.
    matches = (Path(found) for found in glob.glob(str(path), recursive=True))  # noqa: PTH207
    return sorted(p for p in matches if p.is_file())


def _missing(path: Path) -> str:
    if path.is_dir():
        return f"holds no table file ({', '.join(sorted(ENDINGS))})."
    if not path.parent.is_dir():
        return f"doesn't exist: there is no folder '{path.parent}'."
    names = sorted(p.name for p in path.parent.iterdir())
    near = difflib.get_close_matches(path.name, names, n=1, cutoff=0.5)
    hint = f"; did you mean '{near[0]}'?" if near else "; check 'path' in shop.toml."
    return f"doesn't exist in '{path.parent}'{hint}"
